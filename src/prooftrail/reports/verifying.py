"""A signed report checked offline: signature, enclosed files, entries and their proof.

Guarantees: "verified" only if the certificate is the one that the caller gave, and the
checkpoint that is enclosed is signed by a key that he gave: whoever makes a report anew
signs it with a key of his own. Files are taken out of a PDF only once such a signature
holds over all of its bytes; of a file by somebody else nothing is parsed, and the
answer is "could not verify". Each file is the one that `run.json` names, none is
missing and none is besides; rows and evidence are of the same entries. Never raises for
what a report holds.

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
from prooftrail.bundles import checking, telling
from prooftrail.bundles.checking import Checked
from prooftrail.core.note import SIGNATURE_MARK
from prooftrail.core.origin import parse_origin
from prooftrail.errors import FormatError
from prooftrail.integrity.findings import Kind, failure, incomplete
from prooftrail.reports import seals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.x509 import Certificate

    from prooftrail.core.evidence import Item
    from prooftrail.core.vkey import VerificationKey
    from prooftrail.reports.seals import Seal

RUN = "run.json"
ROWS = "rows.jsonl"
_MARK = SIGNATURE_MARK.encode()
MOST_FILES = 1_000
# What a row may repeat of its event, spelled as the event has it.
_REPEATED = ("eventId", "action", "result")


def check(
    name: str,
    pdf: bytes,
    keys: Sequence[VerificationKey],
    certificate: Certificate | None,
) -> Checked:
    """Check a report.

    Args:
        name: what findings call it.
        pdf: the file.
        keys: of logs, that the caller has from elsewhere; may be empty.
        certificate: the one that signs reports, from elsewhere.

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


def _enclosed(found: Checked, pdf: bytes) -> dict[str, bytes] | None:
    """Return the files that are enclosed."""
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  an extra

    files: dict[str, bytes] = {}
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        if len(reader.embedded_signatures) != 1:
            found.fail(Kind.EDITED, "the file has more than one signature")
            return None
        names = reader.root.get("/Names", {}).get("/EmbeddedFiles", {})
        for name, specification in _named(names):
            if name in files or len(files) >= MOST_FILES:
                found.fail(Kind.EDITED, f"{name!r} is enclosed twice")
                return None
            files[name] = bytes(specification["/EF"]["/F"].data)
    except Exception as error:  # noqa: BLE001  whatever the library raises
        told = f"what is enclosed cannot be taken out ({type(error).__name__}: {error})"
        found.findings.append(incomplete(found.name, told))
        return None
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
    items: dict[int, list[Item]] = {}

    def keep(item: Item) -> None:
        items.setdefault(item.header.seq, []).append(item)

    notes = _notes(files[bundles.CHECKPOINT])
    proven = False
    for origin, note in notes:
        named = _named_for(origin if len(notes) > 1 else None)
        there = [one for one in named.values() if one in files]
        if len(there) == 1:
            found.fail(Kind.DELETED, f"{there[0]} stands alone, without its other half")
            continue
        proven |= bool(there)
        part = {one: files.get(name, b"") for one, name in named.items()}
        part[bundles.CHECKPOINT] = note
        part[bundles.PUBLIC_KEY] = _keys(files.get(bundles.PUBLIC_KEY, b""), origin)
        opened = {one: partial(io.BytesIO, data) for one, data in part.items()}
        checked = checking.check(found.name, opened, keys, told=keep)
        if len(notes) > 1:
            found.notes.append(telling.what(checked))
        found.take(checked)
    if proven:
        _compare_rows(found, files.get(ROWS, b""), items)
    else:
        found.notes.append("no evidence of entries is enclosed: checkpoints alone")


def _notes(text: bytes) -> list[tuple[bytes, bytes]]:
    """Return signed notes that stand one after another, each with its first line."""
    found: list[list[bytes]] = []
    signed = True
    for line in text.splitlines(keepends=True):
        if signed and not line.startswith(_MARK):
            found.append([])
        signed = line.startswith(_MARK)
        if not found:
            found.append([])
        found[-1].append(line)
    return [(lines[0].strip(), b"".join(lines)) for lines in found] or [(b"", text)]


def _named_for(origin: bytes | None) -> dict[str, str]:
    """Return the names of evidence and tree, of one stream among several."""
    names = (bundles.EVIDENCE, bundles.TREE)
    if origin is None:
        return dict(zip(names, names, strict=True))
    try:
        place = parse_origin(origin.decode("ascii", "replace")).place()
    except FormatError:
        place = "unknown"
    return {name: name.replace(".", f"-{place}.") for name in names}


def _keys(text: bytes, origin: bytes) -> bytes:
    """Return the keys of one log."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if line.startswith(origin + b"+"))


def _compare_rows(found: Checked, rows: bytes, items: dict[int, list[Item]]) -> None:
    """Compare the rows' entries with those that are proven."""
    left = {seq: len(those) for seq, those in items.items()}
    for number, line in enumerate(rows.splitlines(), 1):
        try:
            row = json.loads(line)
            seq = row["seq"]
            left[seq] -= 1
            events = [json.loads(one.event) for one in items[seq] if one.event]
        except (KeyError, TypeError, ValueError, RecursionError):
            told = f"{ROWS}, line {number}: of no entry that is proven"
            found.fail(Kind.INSERTED, told)
            continue
        said = {name: row[name] for name in _REPEATED if name in row}
        if events and not any(said.items() <= _said(event) for event in events):
            told = f"{ROWS}, line {number}: it is not what the event says"
            found.findings.append(failure(Kind.EDITED, found.name, seq, told))
    wrong = sorted(seq for seq, many in left.items() if many)
    if wrong:
        told = f"{len(wrong):,} entries are proven that no row is of, or more than one"
        found.findings.append(failure(Kind.DELETED, found.name, wrong[0], told))


def _said(event: Any) -> Any:  # noqa: ANN401  JSON
    """Return what a row may repeat of an event."""
    return {name: event.get(name) for name in _REPEATED}.items()
