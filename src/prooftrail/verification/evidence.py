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
from prooftrail.integrity.findings import Finding, Kind, failure, incomplete, warning
from prooftrail.sign import anchor_reading
from prooftrail.verification.claims import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from prooftrail.core.vkey import VerificationKey
    from prooftrail.sign.anchor_reading import AnchorContents, AnchoredNote

LISTED = 5  # names of other things in an anchor that are told
_USUAL = {"lost+found"}  # a file system's own


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
            return
        if contents.logs:
            self.anchors.append((directory, contents))
        else:
            told = f"the anchor {directory} holds no log: is its share mounted?"
            self.findings.append(incomplete("", told))
        if others := [name for name in contents.other_names if name not in _USUAL]:
            told = (
                f"the anchor {directory} holds {len(others)} other things, which are "
                f"not read: {_listed(others)}. A log's directory that was renamed is "
                "one"
            )
            self.findings.append(warning(Kind.NOTE, "", told))

    def _read_file(self, path: Path) -> None:
        place = f"the file {path}"
        count = 0
        try:
            with path.open("rb") as file:
                for record in anchor_reading.read_notes(file):
                    count += 1
                    if isinstance(record, anchor_reading.Damaged):
                        # no evidence of anything: another file, or one that a mail
                        # program altered
                        told = (
                            f"{place}, line {record.line}, is no checkpoint: "
                            f"{record.reason}. It is as prooftrail checkpoint prints "
                            "it, with line ends of LF"
                        )
                        self.findings.append(incomplete("", told))
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
        self,
        origins: Iterable[str],
        keys: Sequence[VerificationKey],
        chosen: Sequence[str] = (),
    ) -> Iterator[Finding]:
        """Name evidence of logs that the database does not have.

        Args:
            origins: of the streams that it has.
            keys: given by the caller.
            chosen: origins of the streams that the caller named, where all are there;
                an anchor that has each of them may hold other databases' logs as well.
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
                        "the anchor of another database, which needs one of its own"
                    )
                    stream = log.stream_id.hex()
                    if chosen and all(_holds(contents, one) for one in chosen):
                        yield warning(Kind.MISSING, stream, told)
                    else:
                        yield failure(Kind.MISSING, stream, 0, told)
        for origin, records in self.records.items():
            if origin not in there:
                yield _of_other(origin, records, keys)
        for origin in dict.fromkeys(key.name for key in keys):
            if origin not in there:
                told = (
                    f"a key was given for {origin}, which this database does not have: "
                    "that log was deleted or replaced, or the key is another one's"
                )
                yield incomplete(origin, told)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


def _holds(contents: AnchorContents, origin: str) -> bool:
    places = {f"{log.stream_id.hex()}/{log.incarnation}" for log in contents.logs}
    return _place(origin) in places


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
