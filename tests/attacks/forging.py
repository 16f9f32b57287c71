"""Forging: what whoever owns the database and knows the format can write into it."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.core import entry, events, jcs, projection

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from prooftrail.store.streams import Stream

_HEADER = "seq, recorded_us, kind, uuid_send(stream_id), prev, body, leaf, salt, event"


class Stored(NamedTuple):
    seq: int
    recorded_us: int
    kind: int
    stream_id: bytes
    prev: bytes
    body: bytes
    leaf: bytes
    salt: bytes
    event: bytes

    def hashed(self) -> Stored:
        """Return it with body and leaf recomputed."""
        body = entry.body(self.salt, self.event)
        header = entry.Header(
            self.kind, self.stream_id, self.prev, self.seq, self.recorded_us, body
        )
        return self._replace(body=body, leaf=header.leaf())


class Forger:
    """Rewrites entries of one stream; triggers and checks must be off."""

    def __init__(
        self, superuser: psycopg.Connection[tuple[Any, ...]], stream: Stream
    ) -> None:
        self.superuser = superuser
        self.stream = stream

    def rows(self, since: int = 0) -> list[Stored]:
        found = self.superuser.execute(
            f"select {_HEADER} from prooftrail.log"
            " where stream = %s and seq >= %s order by seq",
            (self.stream.number, since),
        )
        return [Stored(*row) for row in found.fetchall()]

    def row(self, seq: int) -> Stored:
        return self.rows(seq)[0]

    def write(self, row: Stored) -> None:
        """Put an entry over the one of its seq, with columns from its bytes."""
        found, _ = projection.read(row.event)
        address = None if found.ip is None else str(ip_address(found.ip))
        self.superuser.execute(
            "update prooftrail.log set recorded_us = %s, kind = %s, prev = %s,"
            " body = %s, leaf = %s, salt = %s, event = %s, event_id = %s,"
            " occurred_us = %s, actor = %s, role = %s, action = %s,"
            " resource_type = %s, resource_id = %s, result = %s, ip = %s, pii = %s,"
            " continues = %s, authority = %s where stream = %s and seq = %s",
            (
                row.recorded_us,
                row.kind,
                row.prev,
                row.body,
                row.leaf,
                row.salt,
                row.event,
                found.event_id.hex(),
                *found[1:-4],
                address,
                found.pii,
                found.continues and found.continues.hex(),
                found.authority,
                self.stream.number,
                row.seq,
            ),
        )

    def copy(self, source: int, seq: int, stream: int | None = None) -> None:
        """Insert a copy of an entry's whole row under another seq."""
        self.superuser.execute(
            "insert into prooftrail.log select %s, %s, recorded_us, kind, stream_id,"
            " prev, body, leaf, salt, event, event_id, occurred_us, actor, role,"
            " action, resource_type, resource_id, result, ip, pii, continues, authority"
            " from prooftrail.log where stream = %s and seq = %s",
            (stream or self.stream.number, seq, self.stream.number, source),
        )

    def chain(self, since: int, rows: list[Stored]) -> None:
        """Write rows over those from `since` on, each chained to the one before."""
        prev = (
            self.row(since - 1).leaf if since else entry.genesis(self.stream.stream_id)
        )
        for seq, row in enumerate(rows, since):
            made = row._replace(seq=seq, prev=prev).hashed()
            self.write(made)
            prev = made.leaf

    def rewrite(self, since: int, change: Callable[[Any], None]) -> None:
        """Change the event of an entry, and recompute every hash from there on."""
        rows = self.rows(since)
        rows[0] = altered(rows[0], change)
        self.chain(since, rows)

    def delete(self, first: int, last: int | None = None) -> None:
        self.superuser.execute(
            "delete from prooftrail.log where stream = %s and seq between %s and %s",
            (self.stream.number, first, first if last is None else last),
        )

    def correct_head(self) -> None:
        """Make the head name the newest entry that is there."""
        self.superuser.execute(
            "update prooftrail.head h set (seq, leaf, recorded_us) ="
            " (select l.seq, l.leaf, l.recorded_us from prooftrail.log l"
            " where l.stream = h.stream order by l.seq desc limit 1)"
            " where h.stream = %s and exists"
            " (select from prooftrail.log l where l.stream = h.stream)",
            (self.stream.number,),
        )

    def cover_tracks(self) -> None:
        """Make head, rollup and subjects fit the entries; delete the checkpoints."""
        number = (self.stream.number,)
        run = self.superuser.execute
        self.correct_head()
        run("delete from prooftrail.daily where stream = %s", number)
        run(
            "insert into prooftrail.daily select stream,"
            " prooftrail.day_of(occurred_us), action, role, result, pii, count(*)"
            " from prooftrail.log where stream = %s and continues is null"
            " group by 1, 2, 3, 4, 5, 6",
            number,
        )
        run("delete from prooftrail.subject where stream = %s", number)
        for row in self.rows():
            found, subjects = projection.read(row.event)
            for subject in subjects:
                run(
                    "insert into prooftrail.subject values (%s, %s, %s, %s, %s)",
                    (*number, row.seq, subject, found.occurred_us, row.recorded_us),
                )
        run("delete from prooftrail.checkpoint where stream = %s", number)


def altered(row: Stored, change: Callable[[Any], None]) -> Stored:
    """Return an entry whose event was changed; its hashes are not."""
    value: Any = jcs.parse(row.event)
    change(value)
    data = jcs.canonical(value)
    events.decode(data)
    return row._replace(event=data)
