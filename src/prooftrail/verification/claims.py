"""Claims: checkpoints from the database, from anchors and from files, checked.

Guarantees: a checkpoint counts only with a valid signature by a key that is trusted:
given by the caller, kept with the anchor, or (for the database's own) registered
there, in which case the log remains self-attested. A checkpoint that a known key did
not sign, or whose signature is wrong, is a finding and no claim.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from prooftrail.core import checkpoint, note, vkey
from prooftrail.core.note import NoteVerdict
from prooftrail.errors import AnchorError, FormatError
from prooftrail.integrity.findings import Finding, Kind, failure, incomplete, warning
from prooftrail.integrity.tree import Claim
from prooftrail.sign import anchor_reading
from prooftrail.signing import keys as signing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prooftrail.core.vkey import VerificationKey
    from prooftrail.sign.anchor_reading import AnchoredLog
    from prooftrail.store.reading import StoredCheckpoint


# The plain signatures of one size's heartbeats are equal: one check serves them all.
_check = lru_cache(maxsize=1024)(signing.check_ed25519)

DATABASE = "the database"


class Claims:
    """The claims about one stream, gathered from all places.

    Args:
        stream: its name, for findings.
        origin: the origin line that its checkpoints must bear.
        trusted: keys given by the caller; with any, no other key counts.
    """

    def __init__(
        self, stream: str, origin: str, trusted: Sequence[VerificationKey]
    ) -> None:
        self._stream = stream
        self._origin = origin
        self._trusted = [key for key in trusted if key.name == origin]
        self._given = bool(trusted)
        self.claims: list[Claim] = []
        self.findings: list[Finding] = []
        self.outside = False  # whether any place outside the database was looked at

    def add_stored(
        self, stored: Iterable[StoredCheckpoint], registered: Sequence[str]
    ) -> None:
        """Add the database's own checkpoints.

        Args:
            stored: its rows.
            registered: the vkeys that the database registers for the stream.
        """
        keys = self._trusted or _parsed(registered)
        unsigned = 0
        for row in stored:
            claim = self._claim(row.note, keys, DATABASE, outside=False)
            if claim is None:
                unsigned += 1
            elif claim.size != row.size:
                told = (
                    f"a checkpoint row says {row.size} entries, its note {claim.size}"
                )
                self._forged(told, row.size)
            else:
                self._keep(claim)
        if unsigned and not keys:
            told = f"{unsigned} checkpoints cannot be checked: no key is known"
            self.findings.append(warning(Kind.NOTE, self._stream, told))

    def add_anchor(self, log: AnchoredLog | None, directory: Path) -> None:
        """Add what an anchor holds of this stream."""
        self.outside = True
        place = f"the anchor {directory}"
        if log is None or log.checkpoints is not anchor_reading.FileState.PRESENT:
            told = f"{place} holds no checkpoint of this stream"
            self.findings.append(incomplete(self._stream, told))
            return
        keys = self._trusted
        if not self._given:
            keys = [key for key in log.keys if key.name == self._origin]
        if not keys:
            told = f"{place} has no key of this stream: give one with --key"
            self.findings.append(incomplete(self._stream, told))
            return
        for record in log.records():
            if isinstance(record, anchor_reading.Damaged):
                told = f"{place}, line {record.line}: {record.reason}"
                if record.torn:
                    self.findings.append(warning(Kind.NOTE, self._stream, told))
                else:
                    self._forged(told, None)
                continue
            where = f"{place}, line {record.line}"
            claim = self._claim(record.note.encode(), keys, where, outside=True)
            if claim is not None:
                self._keep(claim._replace(place=place))

    def add_file(self, path: Path) -> None:
        """Add the checkpoints of a file; needs a key from the caller."""
        self.outside = True
        with path.open("rb") as file:
            for record in anchor_reading.read_notes(file):
                place = f"the file {path}"
                if isinstance(record, anchor_reading.Damaged):
                    self._forged(f"{place}: {record.reason}", None)
                elif record.checkpoint.origin == self._origin:
                    text = record.note.encode()
                    claim = self._claim(text, self._trusted, place, outside=True)
                    if claim is not None:
                        self._keep(claim)

    def _claim(
        self, text: str, keys: Sequence[VerificationKey], place: str, *, outside: bool
    ) -> Claim | None:
        try:
            signed = note.parse_note(text)
            stated = checkpoint.parse_checkpoint(signed.text)
        except FormatError as error:
            self._forged(f"{place} holds a record that is no checkpoint: {error}", None)
            return None
        if stated.origin != self._origin:
            told = f"{place} holds a checkpoint of another log, {stated.origin}"
            self._forged(told, None)
            return None
        if not keys:
            return None
        checked = note.verify_note(signed, keys, _check)
        if checked.verdict is NoteVerdict.VALID:
            return Claim(stated.size, stated.root, checked.time_s, place, outside)
        wrong = (
            "carries a wrong signature"
            if checked.verdict is NoteVerdict.INVALID
            else "is signed by no known key"
        )
        told = f"{place}: the checkpoint over {stated.size} entries {wrong}"
        self._forged(told, stated.size)
        return None

    def _keep(self, claim: Claim) -> None:
        """Keep a claim; heartbeats of one size and place only move its time on."""
        last = self.claims[-1] if self.claims else None
        if last is not None and last[:2] == claim[:2] and last.place == claim.place:
            self.claims[-1] = claim
        else:
            self.claims.append(claim)

    def _forged(self, told: str, size: int | None) -> None:
        seq = None if size is None else size - 1
        self.findings.append(failure(Kind.FORGED, self._stream, seq, told))


def _parsed(texts: Sequence[str]) -> list[VerificationKey]:
    found = []
    for text in texts:
        try:
            found.append(vkey.parse_vkey(text))
        except FormatError:
            continue  # entry 0 states the keys: the registry is compared with it
    return found


def read_anchors(
    directories: Sequence[Path],
) -> tuple[list[tuple[Path, anchor_reading.AnchorContents]], list[Finding]]:
    """Read the anchors; one that is not there is an incomplete."""
    found = []
    findings = []
    for directory in directories:
        try:
            contents = anchor_reading.read_anchor(directory)
        except AnchorError as error:
            findings.append(incomplete("", str(error)))
            continue
        if contents is None:
            told = f"the anchor {directory} is not there: is its share mounted?"
            findings.append(incomplete("", told))
        else:
            found.append((directory, contents))
    return found, findings
