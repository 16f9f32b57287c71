"""A signed report checked offline: signature, enclosed files, entries and their proof.

Guarantees: "verified" only if the certificate is the one that the caller gave, and the
checkpoint that is enclosed is signed by a key that he gave: whoever makes a report anew
signs it with a key of his own. Files are taken out of a PDF only once such a signature
holds over all of its bytes; of a file by somebody else nothing is parsed, and the
answer is "could not verify". Each file is the one that `run.json` names, none is
missing and none is besides; rows and evidence are of the same entries, of the streams
that `run.json` names (`rows`). Never raises for what a report holds.

Does not: compare what the pages say with the enclosed rows; the signature covers both.

Source: `spec/evidence.md`; docs/adr/0018.
"""

from __future__ import annotations

import io
import json
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from prooftrail import bundles
from prooftrail.bundles import checking, naming, several, telling
from prooftrail.bundles.checking import Checked
from prooftrail.errors import FormatError
from prooftrail.integrity.findings import Kind, incomplete
from prooftrail.reports import seals, stamps
from prooftrail.reports.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from cryptography.x509 import Certificate

    from prooftrail.core.vkey import VerificationKey
    from prooftrail.reports.seals import Seal

RUN = "run.json"
ROWS = "rows.jsonl"
MOST_FILES = 1_000


def check(
    name: str,
    pdf: bytes,
    keys: Sequence[VerificationKey],
    certificate: Certificate | None,
    authorities: Sequence[Certificate] = (),
) -> Checked:
    """Check a report.

    Args:
        name: what findings call it.
        pdf: the file.
        keys: of logs, that the caller has from elsewhere; may be empty.
        certificate: the one that signs reports, from elsewhere.
        authorities: of trusted times, from elsewhere; where any is given, a report
            without a trusted time could not be verified.

    Raises:
        ReportError: the extra `report` is not installed.
    """
    found = Checked(name)
    seal = seals.look(pdf)
    if seal is None:
        what = "this is no PDF" if pdf[:5] != b"%PDF-" else "no signature is in it"
        found.findings.append(incomplete(name, f"{what}: nothing can be verified"))
    elif seal.wrong is not None:
        found.fail(Kind.EDITED, seal.wrong)
    elif _counts(found, seal, certificate):
        _tell_time(found, seal, authorities)
        files = _enclosed(found, pdf)
        if files is not None:
            _compare_files(found, files)
            _prove(found, files, keys)
    return found


def _counts(found: Checked, seal: Seal, given: Certificate | None) -> bool:
    """Say whose signature it is, and whether it counts."""
    found.notes.append(
        f"signed, all of the file, by the certificate {seal.fingerprint} (SHA-256)"
    )
    if given is None:
        told = (
            "nobody vouches for that certificate, and the enclosed files were not "
            "looked at: get the one that signs reports from elsewhere, and give it "
            "with --certificate"
        )
        found.findings.append(incomplete(found.name, told))
        return False
    der = given.public_bytes(serialization.Encoding.DER)
    if sha256(der).hexdigest() != seal.fingerprint:
        told = "it is not signed by the certificate that was given (--certificate)"
        found.fail(Kind.FORGED, told)
        return False
    return True


def _tell_time(found: Checked, seal: Seal, authorities: Sequence[Certificate]) -> None:
    """Say when it was signed, and who vouches for that."""
    if seal.token is None:
        told = "no trusted time is in it: the time stated is that of whoever made it"
        if authorities:
            found.findings.append(incomplete(found.name, told))
        else:
            found.notes.append(told)
        return
    try:
        stamp = stamps.look(seal.token, seal.signature, authorities)
    except FormatError as error:
        found.fail(Kind.EDITED, str(error))
        return
    there = f"signed before {stamp.time}, as {stamp.by} states"
    if stamp.trusted:
        found.notes.append(f"{there}, by a certificate that was given")
    elif authorities:
        told = "its time-stamp is by no authority that was given (--tsa-certificate)"
        found.fail(Kind.FORGED, f"{told}: {stamp.by}")
    else:
        found.notes.append(
            f"{there}; nobody vouches for that authority: give its certificate, or its "
            "issuer's, from elsewhere, with --tsa-certificate"
        )


def _enclosed(found: Checked, pdf: bytes) -> dict[str, bytes] | None:
    """Return the files that are enclosed."""
    try:
        return enclosed(pdf)
    except FormatError as error:
        found.fail(Kind.EDITED, str(error))
    except Exception as error:  # noqa: BLE001  whatever the library raises
        told = f"what is enclosed cannot be taken out ({type(error).__name__}: {error})"
        found.findings.append(incomplete(found.name, told))
    return None


def enclosed(pdf: bytes) -> dict[str, bytes]:
    """Return the files that are enclosed in a PDF, by name.

    Raises:
        FormatError: one is enclosed twice, or the file has several signatures.
        Exception: whatever pyHanko raises of a file that is none.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  an extra

    files: dict[str, bytes] = {}
    reader = PdfFileReader(io.BytesIO(pdf))
    if len(reader.embedded_signatures) > 1:
        raise FormatError("the file has more than one signature")
    names = reader.root.get("/Names", {}).get("/EmbeddedFiles", {})
    for name, specification in _named(names):
        if name in files or len(files) >= MOST_FILES:
            raise FormatError(f"{name!r} is enclosed twice")
        files[name] = bytes(specification["/EF"]["/F"].data)
    return files


def _named(tree: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield the names of a name tree, and what they stand for."""
    flat = tree.get("/Names", [])
    for at in range(0, len(flat) - 1, 2):
        yield str(flat[at]), flat[at + 1]
    if depth < MOST_FILES.bit_length():
        for kid in tree.get("/Kids", []):
            yield from _named(kid, depth + 1)


def _compare_files(found: Checked, files: dict[str, bytes]) -> None:
    """Compare what is enclosed with what `run.json` names."""
    try:
        run = json.loads(files[RUN])
        named = dict(run["files"])
    except (KeyError, TypeError, ValueError, RecursionError):
        found.fail(Kind.EDITED, f"{RUN} is not there, or names no files")
        return
    for name in sorted({*named, *files} - {RUN}):
        if name not in files:
            found.fail(Kind.DELETED, f"{name!r} is named by {RUN} and not enclosed")
        elif name not in named:
            found.fail(Kind.INSERTED, f"{name!r} is enclosed, and {RUN} names it not")
        elif sha256(files[name]).hexdigest() != named[name]:
            found.fail(Kind.EDITED, f"{name!r} is not the file that {RUN} names")
    found.notes.append(f"{len(files)} files enclosed: {', '.join(sorted(files))}")


def _prove(
    found: Checked, files: dict[str, bytes], keys: Sequence[VerificationKey]
) -> None:
    """Check the enclosed evidence, and that it is of the rows."""
    if bundles.CHECKPOINT not in files:
        found.notes.append("no checkpoint is enclosed: no entry is proven by it")
        return
    rows = Rows(found.name)
    opened = {name: partial(io.BytesIO, data) for name, data in files.items()}
    parts = several.parts(opened)
    proven = False
    for part in parts:
        there = [one for one in naming.ALONE if one in part]
        if len(there) == 1:
            found.fail(Kind.DELETED, f"{there[0]} stands alone, without its other half")
            continue
        proven |= bool(there)
        nothing: dict[str, Callable[[], BinaryIO]] = dict.fromkeys(
            bundles.FILES, partial(io.BytesIO, b"")
        )
        checked = checking.check(
            found.name, nothing | part, keys, told=rows.keep, withheld=True
        )
        if checked.checkpoint is not None:
            rows.cover(checked.checkpoint)
        if len(parts) > 1:
            found.notes.append(telling.what(checked))
        found.take(checked)
    if proven:
        found.findings += rows.compare(files.get(ROWS, b""), _logs(files))
    else:
        found.notes.append("no evidence of entries is enclosed: checkpoints alone")


def _logs(files: dict[str, bytes]) -> dict[str, str]:
    """Return the origins of checkpoints by the names of streams, as the run has it."""
    try:
        logs = json.loads(files[RUN])["logs"]
        return {str(name): str(origin) for name, origin in logs.items()}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return {}
