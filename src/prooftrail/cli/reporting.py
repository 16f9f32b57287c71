"""What all reports of the command line share: reading, who and when, and the files.

Guarantees: what a report shows is recorded in the trail before its first file is
there; each file appears whole or not at all, and none that is there is overwritten by
half of another one.
"""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from prooftrail.cli.reader import Reader
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.enclosing import Draft
    from prooftrail.reports.signing import Signing
    from prooftrail.reports.stamping import Authority
    from prooftrail.verification.report import Asked, Report

KEY = "PROOFTRAIL_REPORT_KEY"  # the file of the key that signs reports


@contextmanager
def desk(
    streams: Sequence[str],
    given: Mapping[str, Any],
    query: str = "",
    options: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[Reader, Desk]]:
    """Give who reads, and the desk.

    Args:
        streams: names; empty for all that the key may read.
        given: options of every report.
        query: what the report is about, in the query language.
        options: of this report alone.
    """
    from prooftrail.cli import caller
    from prooftrail.cli.querying import asking
    from prooftrail.cli.reader import Reader, clock
    from prooftrail.core import ids
    from prooftrail.reports.desk import Desk, Stated
    from prooftrail.reports.typesetting import ready

    if not is_page(given["output"]):
        ready()
    gc.freeze()  # what was imported stays, and is not walked through with each page
    told = [query, f"during:{given['during']}" if given["during"] else ""]
    filters = [("stream", one) for one in streams]
    filters += [
        (name, given[option])
        for name, option in (("from", "since"), ("to", "until"))
        if given[option] is not None
    ]
    if any(told):
        filters.append(("q", " ".join(filter(None, told))))
    with Reader() as reader:
        now_us = clock()
        yield (
            reader,
            Desk(
                reader.reading,
                reader.holder,
                asking(filters, reader.streams),
                Stated(*(given[name] for name in Stated._fields)),
                f"{reader.holder.user_id} ({reader.holder.role})",
                f"the command line, by os:{caller.user()}",
                ids.uuid7(now_us, os.urandom(8)),
                now_us,
                clock,
                options=options,
            ),
        )


def base(given: Mapping[str, Any]) -> Asked:
    """Return against what a report's log is verified, as the options say."""
    from prooftrail.core import vkey
    from prooftrail.verification.report import Asked

    if given["checkpoints"] and not given["keys"]:
        click.get_current_context().fail(
            "--checkpoint needs --key: a file cannot vouch for itself"
        )
    return Asked(
        (),
        anchors=given["anchors"],
        checkpoints=given["checkpoints"],
        keys=tuple(vkey.parse_vkey(key) for key in given["keys"]),
        processes=given["processes"] or os.cpu_count() or 1,
    )


def verified(wanted: Asked) -> Report:
    """Verify, and record that."""
    from prooftrail.cli import verify
    from prooftrail.verification import recording

    report = verify.run(wanted)
    verify.record(recording.events(wanted, report, actor=verify.actor()))
    return report


def write(reader: Reader, desk: Desk, draft: Draft, output: Path) -> None:
    """Record a report, and write it: as a page, or as its volumes.

    Rows are proven, and volumes signed, where what that takes is there.

    Raises:
        ProoftrailError: it is not recorded, or cannot be set or written.
    """
    from hashlib import sha256

    from prooftrail.reports.document import count
    from prooftrail.reports.enclosing import enclosing
    from prooftrail.reports.page import page
    from prooftrail.reports.proving import proven
    from prooftrail.reports.typesetting import typeset

    draft = proven(draft)
    if is_page(output):
        content = page(draft.report)
        _record(reader, desk, draft, 0)
        _put(output, content)
        click.echo(f"{output}  SHA-256 {sha256(content).hexdigest()}")
        return
    signing = _signing()
    _record(reader, desk, draft, count(draft.report))
    pages = typeset(enclosing(draft), draft.made_us)
    for number, pdf in enumerate(pages, 1):
        path = output if number == 1 else numbered(output, number)
        if signing is not None:
            pdf = signing.sign(pdf, draft.made_us)  # noqa: PLW2901
        _put(path, pdf)
        click.echo(f"{path}  SHA-256 {sha256(pdf).hexdigest()}")
    if signing is not None and signing.without is not None:
        _tell_no_time(signing.without)


def is_page(output: Path) -> bool:
    """Return whether a report is to be an HTML page, by its file's name."""
    return output.suffix.lower() in {".html", ".htm"}


def _record(reader: Reader, desk: Desk, draft: Draft, volumes: int) -> None:
    details = desk.exported(draft, "pdf" if volumes else "html", volumes)
    reader.record("audit.log.export", list(desk.chosen.values()), details)


def authority() -> Authority | None:
    """Return who gives signatures a trusted time, None where nobody is named."""
    from prooftrail.reports.stamping import TSA, Authority

    named = os.environ.get(TSA)
    return Authority(named, os.urandom) if named else None


def _tell_no_time(why: str) -> None:
    from prooftrail.cli.telling import tell
    from prooftrail.reports.stamping import TSA

    tell(f"Signed without a trusted time: {why}.")
    tell("The report is whole, and states its maker's time. For a trusted one make it")
    tell(f"again once the authority answers, or name another one in {TSA}.")


def _signing() -> Signing | None:
    """Return what signs reports, None where nothing does: that is said."""
    from pathlib import Path

    from prooftrail.cli.telling import tell
    from prooftrail.reports.signing import Signing
    from prooftrail.reports.stamping import TSA
    from prooftrail.signing import report_key

    named = os.environ.get(KEY)
    if named:
        asked = authority()
        if asked is None:
            tell(
                "Signed without a trusted time, by nobody's word but the signer's own:"
            )
            tell(f"{TSA} names no time-stamping authority (RFC 3161).")
        return Signing(report_key.load(Path(named)), asked)
    tell(f"The report is not signed: {KEY} names no key (prooftrail key report makes")
    tell("one). Nobody can tell later whether it was altered.")
    return None


def numbered(path: Path, number: int) -> Path:
    """Return the path of a further volume.

    >>> from pathlib import PurePath
    >>> numbered(PurePath("a/report.pdf"), 2).as_posix()
    'a/report-2.pdf'
    """
    return path.with_name(f"{path.stem}-{number}{path.suffix}")


def _put(path: Path, content: bytes) -> None:
    from prooftrail.errors import ReportError

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ReportError(
            f"{path} cannot be written: {error.strerror or error}. Name another place"
            " with -o"
        ) from error
