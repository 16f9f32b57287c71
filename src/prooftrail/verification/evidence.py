"""What left the database, as it is found: anchor directories and files of checkpoints.

Guarantees: what is not there, or cannot be read, is an incomplete and never an error;
evidence of a log that this database does not have is named.

Does not: check signatures of this database's streams (`claims` does).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import note
from prooftrail.core.note import NoteVerdict
from prooftrail.errors import AnchorError
from prooftrail.integrity.findings import Finding, Kind, failure, incomplete
from prooftrail.sign import anchor_reading
from prooftrail.verification.claims import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from prooftrail.core.vkey import VerificationKey
    from prooftrail.sign.anchor_reading import AnchorContents, AnchoredNote


class Evidence:
    """All that the caller named."""

    def __init__(self, anchors: Sequence[Path], files: Sequence[Path]) -> None:
        self.anchors: list[tuple[Path, AnchorContents]] = []
        self.records: dict[str, list[tuple[str, AnchoredNote]]] = {}  # by origin
        self.findings: list[Finding] = []
        for directory in anchors:
            self._read_anchor(directory)
        for path in files:
            self._read_file(path)

    def _read_anchor(self, directory: Path) -> None:
        try:
            contents = anchor_reading.read_anchor(directory)
        except AnchorError as error:
            self.findings.append(incomplete("", str(error)))
            return
        if contents is None:
            told = f"the anchor {directory} is not there: is its share mounted?"
            self.findings.append(incomplete("", told))
        elif not contents.logs:
            told = f"the anchor {directory} is empty: is its share mounted?"
            self.findings.append(incomplete("", told))
        else:
            self.anchors.append((directory, contents))

    def _read_file(self, path: Path) -> None:
        place = f"the file {path}"
        count = 0
        try:
            with path.open("rb") as file:
                for record in anchor_reading.read_notes(file):
                    count += 1
                    if isinstance(record, anchor_reading.Damaged):
                        told = f"{place}, line {record.line}: {record.reason}"
                        self.findings.append(failure(Kind.FORGED, "", None, told))
                    else:
                        origin = record.checkpoint.origin
                        self.records.setdefault(origin, []).append((place, record))
        except OSError as error:
            told = f"{place} cannot be read: {error.strerror or error}"
            self.findings.append(incomplete("", told))
            return
        if not count:
            told = f"{place} holds no checkpoint"
            self.findings.append(incomplete("", told))

    def of_others(
        self, origins: Iterable[str], keys: Sequence[VerificationKey]
    ) -> Iterator[Finding]:
        """Name evidence of logs that the database does not have.

        Args:
            origins: of the streams that it has.
            keys: given by the caller.
        """
        there = set(origins)
        places = {_place(origin) for origin in there}
        for directory, contents in self.anchors:
            for log in contents.logs:
                place = f"{log.stream_id.hex()}/{log.incarnation}"
                if place not in places:
                    told = (
                        f"the anchor {directory} holds checkpoints of stream "
                        f"{log.stream_id.hex()}, incarnation {log.incarnation}, which "
                        "this database does not have: it was deleted, or this is "
                        "another log's anchor"
                    )
                    yield failure(Kind.MISSING, log.stream_id.hex(), 0, told)
        for origin, records in self.records.items():
            if origin not in there:
                yield _of_other(origin, records, keys)


def _place(origin: str) -> str:
    return "/".join(origin.rsplit("/", 2)[1:])


def _of_other(
    origin: str,
    records: list[tuple[str, AnchoredNote]],
    keys: Sequence[VerificationKey],
) -> Finding:
    place, _ = records[0]
    for _, record in records:
        checked = note.verify_note(record.note, keys, check_signature)
        if checked.verdict is NoteVerdict.VALID:
            told = (
                f"{place} holds a checkpoint of {origin}, signed by a key that was "
                "given; this database does not have that log: it was deleted, or the "
                "file belongs to another database"
            )
            return failure(Kind.MISSING, origin, 0, told)
    told = f"{place} holds a checkpoint of another log, {origin}, and no key fits it"
    return incomplete(origin, told)
