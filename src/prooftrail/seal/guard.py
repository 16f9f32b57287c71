"""What the sealer looks at before it seals: evidence must never be buried.

Guarantees: with the heads locked, a stream fits only if its log ends with the entry
that its head names, under the registry's stream id, and extends its newest checkpoint:
the leaf at size - 1, appended to the checkpoint's own compact range, gives the signed
root. The clock by which a batch was prepared and chained is at most 5 s away from the
database's. What does not fit is a value, one text a stream.

Does not: check signatures nor the whole log; `verification` does. A checkpoint that
nobody signed and that fits ties the log as well as a true one (`docs/adr/0011`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import entry, instants, merkle, vkey
from prooftrail.errors import FormatError, SealError
from prooftrail.store import sealing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head, Newest, Tail
    from prooftrail.store.streams import Stream

APART_US = 5 * instants.SECOND
STEP_US = 1 * instants.SECOND

_REMEDY = (
    "Nothing more is sealed there, so that no evidence is buried; its events wait "
    "safely in the inbox. Run prooftrail verify --anchor DIR"
)


class Guard:
    """Remembers which checkpoints were looked at.

    A checkpoint is remembered with all that its comparison depends on, the log's own
    leaf included: a memory of less would outlast a log that was rewritten meanwhile.
    """

    def __init__(self) -> None:
        self._seen: dict[int, Newest] = {}  # as it was found to fit, by stream

    def misfits(
        self,
        connection: Connection,
        heads: Mapping[int, Head],
        streams: Mapping[int, Stream],
    ) -> dict[int, str]:
        """Look at tail and newest checkpoint; return what does not fit, by stream.

        Args:
            connection: which holds the heads.
            heads: by stream number; those that are to be looked at.
            streams: by number.
        """
        tails = sealing.tails(connection)
        newest = sealing.newest_checkpoints(connection)
        found: dict[int, str] = {}
        for number, head in heads.items():
            told = _tail(head, tails[number], streams[number].stream_id)
            if told is None and number in newest:
                told = self._checkpoint(head, newest[number])
            if told is not None:
                found[number] = f"stream {streams[number].name!r}: {told}. {_REMEDY}"
        return found

    def all_misfits(
        self,
        connection: Connection,
        heads: Mapping[int, Head],
        streams: Mapping[int, Stream],
    ) -> dict[int, str]:
        """Look at the same and at what can only be moved from outside, once a lead.

        A head without a stream, or the other way round, is one of those.
        """
        found = {
            number: f"stream number {number}: it has a head and is not in the "
            f"registry: the registry was altered. {_REMEDY}"
            for number in heads.keys() - streams.keys()
        }
        for number in streams.keys() - heads.keys():
            found[number] = (
                f"stream {streams[number].name!r}: its head is gone. {_REMEDY}"
            )
        known = {at: head for at, head in heads.items() if at in streams}
        found |= self.misfits(connection, known, streams)
        for number, first in sealing.beyond(connection).items():
            if number in known:
                found[number] = (
                    f"stream {streams[number].name!r}: entry {first} lies beyond the "
                    f"head ({heads[number].seq}): the head was moved back. {_REMEDY}"
                )
        return found

    def _checkpoint(self, head: Head, newest: Newest) -> str | None:
        if newest.size > head.seq + 1:
            return (
                f"a checkpoint was signed over {newest.size} entries, the log has "
                f"{head.seq + 1}: entries are gone"
            )
        if self._seen.get(head.stream) != newest:
            if not extends(newest):
                return (
                    f"entry {newest.size - 1} is not the one that the newest "
                    "checkpoint covers: the log was rewritten"
                )
            self._seen[head.stream] = newest
        return None


def _tail(head: Head, tail: Tail, stream_id: bytes) -> str | None:
    if tail.registered != stream_id:
        return "the registry was altered: it had another id for it a moment ago"
    if head.seq < 0:
        if head.leaf == entry.genesis(stream_id):
            return None
        return "the registry was altered: its head begins a stream of another id"
    if tail.leaf != head.leaf:
        return f"the log does not end with entry {head.seq} as its head says"
    if tail.stream_id != stream_id:
        return f"the registry was altered: entry {head.seq} has another stream id"
    return None


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
    """Return whether the log's leaf at size - 1 gives the checkpoint's root.

    The database looks at the same when a checkpoint comes in, and at nothing else of
    the note (the function `compare`): what it let in holds up no stream by itself.
    """
    if newest.leaf is None:
        return False
    try:
        held = merkle.Range(newest.size - 1, merkle.split(newest.peaks))
    except FormatError:
        return False
    held.append(newest.leaf)
    stated = newest.note.split("\n")[1:3]
    return stated == [str(newest.size), vkey.encode_base64(held.root())]
