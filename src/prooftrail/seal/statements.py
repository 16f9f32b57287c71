"""What the sealer itself states: creation, clock, claims and quarantine.

Guarantees: a statement about a row names where the row came from (columns that its
writer cannot set) and a digest, never a value that a writer chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from prooftrail.core import instants, statement
from prooftrail.seal import chain
from prooftrail.store import sealing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.core.jcs import Value
    from prooftrail.seal.chain import Body
    from prooftrail.seal.prepare import Ready, Refused
    from prooftrail.store.connect import Connection
    from prooftrail.store.sealing import Head, Mismatch
    from prooftrail.store.streams import Stream
    from prooftrail.store.waiting import InboxRow


@dataclass
class Statements:
    """Makes the statements of one batch in one stream."""

    stream: Stream
    now_us: int
    random: Callable[[int], bytes]

    def before(self, head: Head, *, stepped: bool) -> list[Body]:
        """Return what stands before the batch's events: creation, a clock step."""
        if head.seq < 0:
            stream = self.stream
            created = statement.stream_create(
                stream.origin, stream.name, list(stream.keys)
            )
            return [self._state(statement.STREAM_CREATE, created)]
        if stepped:
            told: dict[str, Value] = {
                "clock": instants.text(self.now_us),
                "newest": instants.text(head.recorded_us),
            }
            return [self._state(statement.CLOCK, told)]
        return []

    def after(
        self,
        connection: Connection,
        ready: Sequence[Ready],
        refused: Sequence[Refused],
        mismatches: Sequence[Mismatch] = (),
    ) -> list[Body]:
        """Return what stands behind them: claims, quarantined rows, the keeper's."""
        found = []
        for item in ready:
            if item.claim:
                claimed = _of_row(item.row)
                claimed["eventId"] = str(id_of(item))
                found.append(self._state(statement.CLAIM, claimed))
        for row, reason, _ in refused:
            digest = sealing.digest(connection, row.id)
            kept = _of_row(row)
            kept["reason"] = reason
            kept["digest"] = "sha256:" + digest.hex()
            found.append(self._state(statement.QUARANTINE, kept))
        for one in mismatches:
            misfit: dict[str, Value] = {
                "eventId": str(one.event_id),
                "reason": one.reason,
            }
            found.append(self._state(statement.MISMATCH, misfit))
        return found

    def _state(self, action: str, details: dict[str, Value]) -> Body:
        return chain.state(
            action, self.stream, details, at_us=self.now_us, random=self.random
        )


def id_of(item: Ready) -> UUID:
    """Return a prepared event's id."""
    return UUID(bytes=item.projection.event_id)


def _of_row(row: InboxRow) -> dict[str, Value]:
    """Return where a row came from, for a statement."""
    return {
        "inboxId": row.id,
        "login": row.login,
        "channel": row.channel,
        "receivedAt": instants.text(row.received_us),
    }
