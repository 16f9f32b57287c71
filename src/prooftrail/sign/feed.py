"""Feeding an anchor: every checkpoint once, and after an absence what it missed.

Guarantees: nothing is appended to an anchor whose newest checkpoint is larger than
what is signed, or of another root, or by other keys; the anchor is read before the
first write, and again whenever its file is not as it was left. After an absence the
newest checkpoint of each size that it missed is appended in order, then the newest of
all. An anchor that held checkpoints in this run and is
empty now is taken for one that is not mounted.

Does not: read an anchor's whole file (its last megabyte tells the newest), nor notice
by itself that a place stopped keeping what it got; `prooftrail verify` compares.

Source: design, "Checkpoints"; layout in `sign.anchor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prooftrail.errors import AnchorError, SignError
from prooftrail.sign.anchor import CHECKPOINTS_FILE
from prooftrail.sign.anchor_reading import AnchoredNote, read_notes
from prooftrail.sign.book import Known, read_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from prooftrail.core.origin import Origin
    from prooftrail.sign.anchor import Anchor
    from prooftrail.sign.book import Book
    from prooftrail.signing.keys import SigningKeys

_AT_ONCE = 100  # notes in one write
_TAIL_BYTES = 1_048_576  # some 2,500 notes


@dataclass(frozen=True, slots=True)
class _Left:
    """How a log's file was left."""

    length: int  # bytes
    note: str  # the newest


class Feed:
    """One anchor, and what is known of it."""

    def __init__(self, anchor: Anchor) -> None:
        self.anchor = anchor
        self._left: dict[str, _Left] = {}  # by origin; absent: to be looked at
        self._largest: dict[str, int] = {}  # size, by origin, seen in this run

    def newest(self, origin: Origin, keys: SigningKeys) -> Known | None:
        """Return the newest checkpoint of a log that the anchor holds.

        Raises:
            AnchorError: it cannot be read, or has less than it had.
            SignError: it holds checkpoints by other keys.
        """
        self.anchor.check()
        path = self._path(origin)
        found = _newest(path)
        known = None
        if found is not None:
            known = read_note(found.note.encode(), keys)
            if known is None:
                raise SignError(
                    f"anchor {path} holds a checkpoint at line {found.line} that this "
                    "signer's keys did not sign: nothing is added to it. Use the key "
                    "file that belongs to it, or give this signer another --anchor"
                )
        size = known.size if known else 0
        before = self._largest.get(keys.origin, 0)
        if size < before:
            raise AnchorError(
                f"anchor {path} held a checkpoint of {before} entries and now has "
                f"{'one of ' + str(size) if size else 'none'}: check that it is "
                "mounted and unharmed; restart the signer if you replaced it on purpose"
            )
        self._largest[keys.origin] = size
        return known

    def put(
        self,
        book: Book,
        fresh: Sequence[Known],
        *,
        missed: Callable[[int], Iterable[str]],
        root_of: Callable[[int], bytes],
    ) -> int:
        """Bring the anchor up to the newest checkpoint; return how many were added.

        Args:
            book: of the log.
            fresh: the checkpoints signed last, in order.
            missed: gives the notes of all sizes above one, the newest left out.
            root_of: gives the root of the log's first entries, of a signed size.

        Raises:
            AnchorError: it cannot be read or written; try again later.
            SignError: what it holds does not lead to what is signed.
        """
        origin, newest = book.keys.origin, fresh[-1]
        left = self._left.pop(origin, None)
        if left is None or left.length != _length(self._path(book.origin)):
            there = self.newest(book.origin, book.keys)
            _check(self.anchor.directory, book, there, newest, root_of)
            before = there.note if there else ""
            notes = [*missed(there.size if there else 0), newest.note]
        else:
            before = left.note
            notes = [known.note for known in fresh]
        if before == newest.note:
            notes = []
        for start in range(0, len(notes), _AT_ONCE):
            self.anchor.append_all(
                book.origin,
                notes[start : start + _AT_ONCE],
                book.keys.verification_keys,
            )
        self._largest[origin] = newest.size
        self._left[origin] = _Left(_length(self._path(book.origin)), newest.note)
        return len(notes)

    def _path(self, origin: Origin) -> Path:
        return self.anchor.directory / origin.place() / CHECKPOINTS_FILE


def _check(
    directory: Path,
    book: Book,
    there: Known | None,
    newest: Known,
    root_of: Callable[[int], bytes],
) -> None:
    if there is None:
        return
    name = book.stream.name
    if there.size > newest.size:
        raise SignError(
            f"stream {name!r}: anchor {directory} holds a checkpoint of {there.size} "
            f"entries, this signer is at {newest.size}: entries are gone, or another "
            "signer has these keys. Nothing is added to it. Stop the other signer, or "
            f"run prooftrail verify --anchor {directory}"
        )
    same = there.size == newest.size
    root = newest.root if same else root_of(there.size)
    if there.root != root:
        raise SignError(
            f"stream {name!r}: anchor {directory} holds another root of the first "
            f"{there.size} entries than this log has: the log was rewritten. Nothing "
            f"is added to it. Run prooftrail verify --anchor {directory}"
        )


def _newest(path: Path) -> AnchoredNote | None:
    found: AnchoredNote | None = None
    harmed = False
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
            for record in read_notes(file):
                if not isinstance(record, AnchoredNote):
                    harmed = harmed or not record.torn
                elif not found or record.checkpoint.size >= found.checkpoint.size:
                    found = record
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    if found is None and harmed:
        raise AnchorError(
            f"anchor {path} is damaged: nothing in it reads as a checkpoint. Restore "
            "it, or move it away so that the signer starts a new file"
        )
    return found


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> AnchorError:
    return AnchorError(
        f"anchor {path} cannot be read: {error.strerror or error}. Check that it is "
        "mounted and that this user may read it"
    )
