"""Claims: checkpoints from the database, from anchors and from files, checked.

Guarantees: a checkpoint counts only with a valid signature by a key that is trusted:
given by the caller, kept with the anchor, or (for the database's own) stated by entry
0, in which case the log remains self-attested. A checkpoint that no known key signed,
or whose signature is wrong, is a finding and no claim. A row of the database must be
just what the signer wrote: both its signatures, nothing besides, and its own columns.

Does not: compare with the log (`integrity.tree` does). A stream that states no keys has
its rows compared all the same, and a warning says that nobody vouches for them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import checkpoint, entry, instants, note, vkey
from prooftrail.core.note import NoteVerdict
from prooftrail.core.vkey import KeyKind
from prooftrail.errors import AnchorError, FormatError
from prooftrail.integrity.findings import Finding, Kind, failure, incomplete, warning
from prooftrail.integrity.tree import Claim
from prooftrail.sign import anchor_reading
from prooftrail.signing import keys as signing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prooftrail.core.checkpoint import Checkpoint
    from prooftrail.core.note import NoteCheck, SignedNote
    from prooftrail.core.vkey import VerificationKey
    from prooftrail.integrity.stored import StoredCheckpoint
    from prooftrail.sign.anchor_reading import AnchoredLog, AnchoredNote


# The plain signatures of one size's heartbeats are equal: one check serves them all.
check_signature = lru_cache(maxsize=1024)(signing.check_ed25519)

DATABASE = "the database"


class _Read(NamedTuple):
    """A record that reads as a checkpoint of this log."""

    signed: SignedNote
    stated: Checkpoint
    checked: NoteCheck


class Claims:
    """The claims about one stream, gathered from all places.

    Args:
        stream: its name, for findings.
        origin: the origin line that its checkpoints must bear.
        stated: the vkeys that entry 0 states.
        given: keys given by the caller; with any, no other key counts.
    """

    def __init__(
        self,
        stream: str,
        origin: str,
        stated: Sequence[str],
        given: Sequence[VerificationKey],
    ) -> None:
        self._stream = stream
        self._origin = origin
        self._stated = _parsed(stated)
        self._trusted = [key for key in given if key.name == origin]
        self._given = bool(given)
        self._unvouched = False  # whether rows of the database count without a key
        self._largest: dict[str, int] = {}  # size of the claims from one place so far
        self.claims: list[Claim] = []
        self.findings: list[Finding] = []
        # by size: the compact ranges that stand beside the database's checkpoints
        self.stored: dict[int, set[bytes]] = {}

    @property
    def strange(self) -> bool:
        """Whether keys were given and none is of this log: then nothing counts."""
        return self._given and not self._trusted

    def end(self, *, empty: bool) -> None:
        """Say where no given key vouches for anything.

        Args:
            empty: the log has no entries.
        """
        if self.strange:
            told = (
                f"none of the keys given is of this log ({self._origin}): give one, or "
                "name the streams to verify with --stream"
            )
            self.findings.append(incomplete(self._stream, told))
        elif self._given and not (self.claims or self.findings or empty):
            told = "nothing of this log is signed by a key that was given"
            self.findings.append(incomplete(self._stream, told))

    def add_stored(self, rows: Iterable[StoredCheckpoint]) -> None:
        """Add the database's own checkpoints."""
        if self.strange:
            return
        keys = list({*self._stated, *self._trusted})
        unsigned = 0
        for row in rows:
            read = self._read(row.note, keys, DATABASE)
            if read is None:
                continue
            if not keys:
                unsigned += 1
            elif not self._signed(read, DATABASE, self._trusted or keys):
                continue
            if told := self._differs(row, read, keys):
                self._forged(f"{DATABASE}: {told}", read.stated.size)
                continue
            self.stored.setdefault(read.stated.size, set()).add(row.peaks or b"")
            self._keep(read, DATABASE, outside=False)
        if unsigned:
            self._unvouched = True
            told = (
                f"{unsigned} checkpoints in the database cannot be checked: entry 0 "
                "states no key, and none is given (--key)"
            )
            self.findings.append(warning(Kind.NOTE, self._stream, told))

    def covering(self, seq: int, end: int) -> int | None:
        """Return the size of the next claim that covers an entry.

        One from outside comes before those of the database, however near they are; one
        that nobody signed proves nothing.

        Args:
            seq: of the entry.
            end: the log's size; larger claims are left out.
        """
        sizes: dict[bool, int] = {}
        for claim in self.claims:
            if seq < claim.size <= end and self.proves(claim):
                known = sizes.get(claim.outside, claim.size)
                sizes[claim.outside] = min(known, claim.size)
        return sizes.get(True, sizes.get(False))

    def proves(self, claim: Claim) -> bool:
        """Whether somebody signed a claim: a row that nobody did can be made to fit."""
        return claim.outside or not self._unvouched

    def add_anchor(
        self, log: AnchoredLog | None, directory: Path, newest: int | None = None
    ) -> None:
        """Add what an anchor holds of this stream, or about so many of its newest."""
        if self.strange:
            return
        place = f"the anchor {directory}"
        if log is None or log.checkpoints is not anchor_reading.FileState.PRESENT:
            told = f"{place} holds no checkpoint of this stream"
            self.findings.append(incomplete(self._stream, told))
            return
        keys = self._trusted
        if not self._given:
            keys = [key for key in log.keys if key.name == self._origin]
            self._check_anchor_keys(keys, place)
        self._tell_damaged_keys(log, place)
        if not keys:
            told = f"{place} has no key of this stream: give one with --key"
            self.findings.append(incomplete(self._stream, told))
            return
        try:
            for record in log.records(newest):
                self._add_record(record, keys, place)
        except AnchorError as error:
            self.findings.append(incomplete(self._stream, str(error)))

    def add_file(self, records: Iterable[tuple[str, AnchoredNote]]) -> None:
        """Add checkpoints of files, each with its place; needs keys of the caller."""
        if self.strange:
            return
        for place, record in records:
            self._add_record(record, self._trusted, place)

    def _add_record(
        self,
        record: AnchoredNote | anchor_reading.Damaged,
        keys: Sequence[VerificationKey],
        place: str,
    ) -> None:
        where = f"{place}, line {record.line}"
        if isinstance(record, anchor_reading.Damaged):
            told = f"{where}: {record.reason}"
            if record.torn:
                self.findings.append(warning(Kind.NOTE, self._stream, told))
            else:
                self._forged(told, None)
            return
        read = self._read(record.note.encode(), keys, where)
        if read is None or not self._signed(read, where, keys):
            return
        if not self._whole(read, where, keys):
            return
        size, largest = read.stated.size, self._largest.get(place, 0)
        if size < largest:
            told = (
                f"{where}: a checkpoint over {size} entries follows one over "
                f"{largest}: an old one was put there as the newest"
            )
            self.findings.append(warning(Kind.NOTE, self._stream, told))
        self._largest[place] = max(size, largest)
        self._keep(read, place, outside=True)

    def _read(
        self, text: str | None, keys: Sequence[VerificationKey], place: str
    ) -> _Read | None:
        try:
            signed = note.parse_note(text or "")
            stated = checkpoint.parse_checkpoint(signed.text)
        except FormatError as error:
            self._forged(f"{place} holds a record that is no checkpoint: {error}", None)
            return None
        if stated.origin != self._origin:
            told = f"{place} holds a checkpoint of another log, {stated.origin}"
            self._forged(told, None)
            return None
        return _Read(signed, stated, note.verify_note(signed, keys, check_signature))

    def _signed(self, read: _Read, place: str, keys: Sequence[VerificationKey]) -> bool:
        """Tell whether a key that counts signed, and no known key did so wrongly."""
        checked = read.checked
        if checked.verdict is not NoteVerdict.INVALID and any(
            found.key in keys for found in checked.valid
        ):
            return True
        wrong = (
            "carries a wrong signature"
            if checked.verdict is NoteVerdict.INVALID
            else "is signed by no known key"
        )
        told = f"{place}: the checkpoint over {read.stated.size} entries {wrong}"
        self._forged(told, read.stated.size)
        return False

    def _whole(self, read: _Read, place: str, keys: Sequence[VerificationKey]) -> bool:
        """Tell whether a record has the signer's own signature, and warn of half."""
        missing = {key.kind for key in keys} - {
            found.key.kind for found in read.checked.valid
        }
        what = f"{place}: the checkpoint over {read.stated.size} entries"
        if KeyKind.ED25519 in missing:
            self._forged(f"{what} lacks the signer's signature", read.stated.size)
            return False
        if missing:
            told = f"{what} lacks its timed signature: cut off, or taken away"
            self.findings.append(warning(Kind.NOTE, self._stream, told))
        return True

    def _differs(
        self, row: StoredCheckpoint, read: _Read, keys: Sequence[VerificationKey]
    ) -> str | None:
        """Say how a row is not what the signer wrote."""
        what = f"the checkpoint over {read.stated.size} entries"
        if row.size != read.stated.size:
            return f"{what} stands as one over {row.size}"
        if row.peaks is None or len(row.peaks) % entry.HASH_BYTES:
            return f"{what} has no whole compact range beside it"
        if not keys:
            return None
        by = [found.key for found in read.checked.valid]
        if self._stated and (
            len(read.signed.signatures) != len(by) or by != self._stated
        ):
            return f"{what} does not carry the signer's two signatures and no other"
        times = {found.time_s for found in read.checked.valid} - {None}
        if times and (
            row.signed_us is None or {row.signed_us // instants.SECOND} != times
        ):
            return f"{what} states another time than its signature"
        return None

    def _check_anchor_keys(self, keys: Sequence[VerificationKey], place: str) -> None:
        """Compare an anchor's keys with those that entry 0 states."""
        known = {key for key in self._stated if key.kind in KeyKind}
        for key in keys:
            if known and key not in known:
                told = (
                    f"{place} has a key that entry 0 does not state "
                    f"({key.key_id.hex()}): one of them is not genuine"
                )
                self._forged(told, None)

    def _tell_damaged_keys(self, log: AnchoredLog, place: str) -> None:
        """Tell of lines that are no keys; they matter where the file's keys count."""
        for line in log.damaged_keys:
            told = f"{place}, line {line.line} of its keys: {line.reason}"
            if line.torn or self._given:
                self.findings.append(warning(Kind.NOTE, self._stream, told))
            else:
                told += ": what this key signed cannot be checked"
                self.findings.append(incomplete(self._stream, told))

    def _keep(self, read: _Read, place: str, *, outside: bool) -> None:
        """Keep a claim; heartbeats of one size and place only move its time on."""
        stated, time_s = read.stated, read.checked.time_s
        claim = Claim(stated.size, stated.root, time_s, place, outside)
        last = self.claims[-1] if self.claims else None
        if last is not None and last[:2] == claim[:2] and last.place == claim.place:
            self.claims[-1] = claim
        else:
            self.claims.append(claim)

    def _forged(self, told: str, size: int | None) -> None:
        seq = None if size is None else max(size - 1, 0)
        self.findings.append(failure(Kind.FORGED, self._stream, seq, told))


def _parsed(texts: Sequence[str]) -> list[VerificationKey]:
    found = []
    for text in texts:
        try:
            found.append(vkey.parse_vkey(text))
        except FormatError:
            continue  # of a kind that a later release knows; it verifies nothing here
    return found
