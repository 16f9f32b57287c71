"""Retention policies as stored, and what the log has of each month and action.

Guarantees: a policy is a new row, and nothing about a former one is lost; it is set
and told in one transaction, so that there is none without its event. What a plan needs
is counted from indexes: no event is read but those that seal a month.

Does not: know what a policy says (`retention` does), nor drop anything.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple, cast

from prooftrail.errors import ConfigurationError, DatabaseError
from prooftrail.store import files, roles, streams
from prooftrail.store.connect import driver_errors, installed_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prooftrail.store.connect import Connection

_SECOND = 1_000_000
_DECEMBER = 12
_PARTITION = re.compile(r"log_([0-9]{4})(0[1-9]|1[0-2])")


class Stored(NamedTuple):
    """A policy that was set."""

    id: int
    stream: str | None  # None: for all streams that have none of their own
    policy: str  # JSON
    set_at: datetime
    set_by: str  # the administrator's login


class Held(NamedTuple):
    """Entries of one action in the partition of one month of `recordedAt`."""

    month: date  # its first day
    action: str  # folded, as in the log
    entries: int


class Span(NamedTuple):
    """A stream's entries in the partition of one month of `recordedAt`."""

    month: date  # its first day
    first: int  # the first seq
    stop: int  # one past the last


class StoredSeal(NamedTuple):
    """An event that states that a month is sealed, unless it is another's."""

    seq: int
    recorded_us: int
    event: bytes


def read(connection: Connection) -> list[Stored]:
    """Return all policies that the present role sees, the newest last."""
    with driver_errors():
        rows = connection.execute(files.query("retention_read")).fetchall()
    return [
        Stored(
            int(str(number)),
            # a stream that is gone from the registry matches no name
            None if every else str(name or ""),
            str(policy),
            cast("datetime", at).astimezone(UTC),
            str(by),
        )
        for number, name, every, policy, at, by in rows
    ]


def newest(stored: Iterable[Stored], stream: str | None) -> Stored | None:
    """Return the policy that holds for a stream: its own, or that for all.

    Args:
        stored: all policies, the newest last.
        stream: its name; None asks for the one for all.
    """
    own = {one.stream: one for one in stored}
    return own.get(stream) or own.get(None)


def add(
    connection: Connection,
    *,
    stream: str | None,
    policy: str,
    expected: int | None,
    tell: Callable[[Connection, Stored], None],
) -> Stored:
    """Set a policy, and tell it, in one transaction.

    Args:
        connection: the administrator's, in autocommit.
        stream: whose it is; None: for all that have none of their own.
        policy: as JSON.
        expected: the id of the newest policy of all when the change was thought out;
            None where there was none.
        tell: records the event, on the connection that it is given, which acts as the
            writer; what it raises undoes everything.

    Raises:
        ConfigurationError: no such stream, no installation, or another policy was set
            meanwhile.
        DatabaseError: the login may not do what is needed.
    """
    with driver_errors(), connection.transaction():
        prefix = installed_prefix(connection)
        if prefix is None:
            raise ConfigurationError(
                "this database has no trail yet: run prooftrail init"
            )
        with roles.as_owner(connection, prefix):
            # one at a time; whoever reads is not held up
            connection.execute(
                "lock table prooftrail.retention_policy in share row exclusive mode"
            )
            there = read(connection)
            if (there[-1].id if there else None) != expected:
                raise ConfigurationError(
                    "another policy was set just now: look at it (prooftrail retention "
                    "show), then set yours"
                )
            row = connection.execute(
                files.query("retention_set"),
                {"stream": _number(connection, stream), "policy": policy},
            ).fetchone()
        number, at, by = cast("tuple[object, ...]", row)
        made = Stored(
            int(str(number)),
            stream,
            policy,
            cast("datetime", at).astimezone(UTC),
            str(by),
        )
        with roles.as_login(connection, prefix, "writer"):
            tell(connection, made)
    return made


def held(connection: Connection, stream: int) -> list[Held]:
    """Count a stream's entries by month of `recordedAt` and action, from indexes.

    Args:
        connection: the verifier's, in autocommit.
        stream: its number.

    Raises:
        DatabaseError: a partition is none that Prooftrail made.
    """
    with driver_errors(), connection.transaction():
        # one snapshot: what is sealed meanwhile is in all answers or in none
        connection.execute("set transaction isolation level repeatable read, read only")
        begun = _begun(connection, stream)
        rows = connection.execute(
            files.query("retention_counts"),
            {"stream": stream, "firsts": [first for first, _ in begun]},
        ).fetchall()
    return [
        Held(begun[int(str(span)) - 1][1], str(action), int(str(count)))
        for span, action, count in rows
    ]


def spans(connection: Connection, stream: int, size: int) -> list[Span]:
    """Return which entries of a stream each month of `recordedAt` has, from indexes.

    Args:
        connection: the verifier's, in autocommit.
        stream: its number.
        size: how many entries to look at; what stands behind them is left out.

    Raises:
        DatabaseError: a partition is none that Prooftrail made.
    """
    with driver_errors():
        begun = [one for one in _begun(connection, stream) if one[0] < size]
    stops = [*(first for first, _ in begun), size][1:]
    return [
        Span(month, first, stop)
        for (first, month), stop in zip(begun, stops, strict=True)
    ]


def seals(
    connection: Connection, stream: int, months: Iterable[date]
) -> list[StoredSeal]:
    """Return the events that state that one of these months is sealed, in order.

    Args:
        connection: the verifier's.
        stream: its number.
        months: their first days.
    """
    with driver_errors():
        rows = connection.execute(
            files.query("retention_seals"),
            {"stream": stream, "periods": [period(month) for month in months]},
        ).fetchall()
    return [
        StoredSeal(int(str(seq)), int(str(recorded_us)), cast("bytes", event))
        for seq, recorded_us, event in rows
    ]


def _begun(connection: Connection, stream: int) -> list[tuple[int, date]]:
    """Return the first seq in each month that has entries.

    `recordedAt` never decreases along seq: each month is one span of it.
    """
    begun = []
    for month in _months(connection):
        row = connection.execute(
            files.query("retention_first"),
            {
                "stream": stream,
                "from_us": _microseconds(month),
                "to_us": _microseconds(after(month)),
            },
        ).fetchone()
        if row is not None and row[0] is not None:
            begun.append((int(str(row[0])), month))
    return begun


def _months(connection: Connection) -> list[date]:
    """Return the first days of the months that have a partition, in order."""
    found = []
    for (name,) in connection.execute(files.query("retention_months")).fetchall():
        month = _PARTITION.fullmatch(str(name))
        if month is None:
            raise DatabaseError(
                f"the log has a partition {str(name)[:63]!r} that is none of a month: "
                "run prooftrail doctor"
            )
        found.append(date(int(month[1]), int(month[2]), 1))
    return found


def after(month: date) -> date:
    """Return the first day of the next month."""
    if month.month == _DECEMBER:
        return date(month.year + 1, 1, 1)
    return date(month.year, month.month + 1, 1)


def period(month: date) -> str:
    """Return a month as people write it: 2026-10."""
    return month.isoformat()[: len("2026-10")]


def _microseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _SECOND


def _number(connection: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    for stream in streams.read(connection):
        if stream.name == name:
            return stream.number
    raise ConfigurationError(
        f"there is no stream {name!r}: prooftrail stream list shows them"
    )
