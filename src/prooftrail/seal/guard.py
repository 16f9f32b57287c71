"""What the sealer looks at before it seals: evidence must never be buried.

Guarantees: with the heads locked, a batch goes on only if the log ends with the entry
that its head names and extends its newest checkpoint: the leaf at size - 1, appended to
the checkpoint's own compact range, gives the signed root. The clock by which a batch
was prepared and chained was at most 5 s away from the database's.

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

APART_US = 5 * instants.SECOND
STEP_US = 1 * instants.SECOND

_REMEDY = (
    "Nothing more is sealed, so that no evidence is buried; events wait safely in the "
    "inbox. Run prooftrail verify --anchor DIR"
)


class Guard:
    """Remembers which checkpoints were looked at.

    A checkpoint is remembered with all that its comparison depends on, the log's own
    leaf included: a memory of less would outlast a log that was rewritten meanwhile.
    """

    def __init__(self) -> None:
        self._seen: dict[int, Newest] = {}  # as it was found to fit, by stream

    def check(
        self,
        connection: Connection,
        heads: Iterable[Head],
        streams: Iterable[Stream],
    ) -> None:
        """Look at tail and newest checkpoint of every stream.

        Raises:
            SealError: says which does not fit.
        """
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


def check_ahead(now_us: int, database_us: int) -> None:
    """Refuse what was recorded by a clock that is ahead.

    Args:
        now_us: what the sealer's clock showed for the batch.
        database_us: the database's clock, read afterwards.

    Raises:
        SealError: says both times.
    """
    if now_us > database_us + APART_US:
        raise _apart("ahead of", now_us, database_us)


def check_behind(now_us: int, database_us: int) -> None:
    """Refuse to prepare events by a clock that is behind: they would lie in its future.

    Args:
        now_us: what the sealer's clock shows.
        database_us: the database's clock, read before.

    Raises:
        SealError: says both times.
    """
    if now_us < database_us - APART_US:
        raise _apart("behind", now_us, database_us)


def _apart(side: str, now_us: int, database_us: int) -> SealError:
    return SealError(
        f"the sealer's clock ({instants.text(now_us)}) is more than 5 s {side} the "
        f"database's ({instants.text(database_us)}): set both right. Nothing is sealed "
        "meanwhile; events wait safely in the inbox"
    )


def stepped_back(head: Head, now_us: int) -> bool:
    """Return whether the clock is over 1 s behind the newest entry."""
    return now_us < head.recorded_us - STEP_US


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
