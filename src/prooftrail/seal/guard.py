"""What the sealer looks at before it seals: evidence must never be buried.

Guarantees: with the heads locked, a batch goes on only if the sealer's clock is not
more than 5 s ahead of the database's, the log ends with the entry that its head
names, and the log extends its newest checkpoint: the leaf at size - 1, appended to
the checkpoint's own compact range, gives the signed root.

Does not: check signatures (it has no key) nor the whole log; `verification` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import checkpoint, instants, merkle, note
from prooftrail.errors import FormatError, SealError
from prooftrail.store import sealing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head, Newest
    from prooftrail.store.streams import Stream

AHEAD_US = 5 * instants.SECOND
STEP_US = 1 * instants.SECOND

_REMEDY = (
    "Nothing more is sealed, so that no evidence is buried; events wait safely in the "
    "inbox. Run prooftrail verify --anchor DIR"
)


class Guard:
    """Remembers which checkpoints were looked at, and which step back was told.

    A checkpoint is remembered with all that its comparison depends on, the log's own
    leaf included: a memory of less would outlast a log that was rewritten meanwhile.
    """

    def __init__(self) -> None:
        self._seen: dict[int, Newest] = {}  # as it was found to fit, by stream
        self._told: set[int] = set()  # streams whose clock is behind and said so

    def check(
        self,
        connection: Connection,
        locked: tuple[list[Head], int],
        now_us: int,
        streams: Iterable[Stream],
    ) -> None:
        """Look at clock, tail and newest checkpoint of every stream.

        Raises:
            SealError: says which does not fit.
        """
        heads, database_us = locked
        if now_us > database_us + AHEAD_US:
            raise SealError(
                f"the sealer's clock ({instants.text(now_us)}) is more than 5 s ahead "
                f"of the database's ({instants.text(database_us)}): set both right"
            )
        newest = sealing.newest_checkpoints(connection)
        names = {stream.number: stream.name for stream in streams}
        for head in heads:
            name = names[head.stream]
            if head.seq >= 0 and sealing.tail_leaf(connection, head) != head.leaf:
                raise SealError(
                    f"stream {name!r}: the log does not end with entry {head.seq} as "
                    f"its head says. {_REMEDY}"
                )
            found = newest.get(head.stream)
            if found is not None:
                self._check_checkpoint(head, found, name)

    def stepped_back(self, head: Head, now_us: int) -> bool:
        """Return whether the clock is over 1 s behind the head, once a step."""
        if now_us >= head.recorded_us:
            self._told.discard(head.stream)
        elif now_us < head.recorded_us - STEP_US and head.stream not in self._told:
            self._told.add(head.stream)
            return True
        return False

    def _check_checkpoint(self, head: Head, newest: Newest, name: str) -> None:
        if newest.size > head.seq + 1:
            raise SealError(
                f"stream {name!r}: a checkpoint was signed over {newest.size} entries, "
                f"the log has {head.seq + 1}: entries are gone. {_REMEDY}"
            )
        if self._seen.get(head.stream) == newest:
            return
        if not extends(newest):
            raise SealError(
                f"stream {name!r}: entry {newest.size - 1} is not the one that the "
                f"newest checkpoint covers: the log was rewritten. {_REMEDY}"
            )
        self._seen[head.stream] = newest


def extends(newest: Newest) -> bool:
    """Return whether the log's leaf at size - 1 gives the checkpoint's root."""
    if newest.leaf is None:
        return False
    try:
        signed = checkpoint.parse_checkpoint(note.parse_note(newest.note.encode()).text)
        held = merkle.Range(newest.size - 1, merkle.split(newest.peaks))
    except FormatError:
        return False
    held.append(newest.leaf)
    return signed.size == newest.size and held.root() == signed.root


def check_nothing_beyond(connection: Connection, head: Head, name: str) -> None:
    """Refuse to lead while entries lie beyond the head.

    Raises:
        SealError: there are some.
    """
    first = sealing.beyond(connection, head)
    if first is not None:
        raise SealError(
            f"stream {name!r}: entry {first} lies beyond the head ({head.seq}): the "
            f"head was moved back. {_REMEDY}"
        )
