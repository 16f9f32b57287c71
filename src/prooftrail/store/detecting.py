"""The events of a stream as the rules of `detections` see them.

As the reader over history, as the verifier while the log grows.

Guarantees: events come in the order of their own time, as of one moment and under
row-level security; memory holds a batch of them, however many there are. Columns are
read where they say what a rule needs, and the event itself of few actions only.

Does not: give what no rule looks at.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec

from prooftrail.core import projection
from prooftrail.detections import STANDARD, Seen, families
from prooftrail.errors import DatabaseError
from prooftrail.store import asking, searching
from prooftrail.store.asking import Values
from prooftrail.store.connect import driver_errors
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.question import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg import sql

    from prooftrail.detections import Rule
    from prooftrail.store.connect import Connection

BATCH: Final = 20_000  # events; the fewer, the more often the database is asked
NEAR: Final = 20  # seqs; whatever lies nearer is one run
_GRANTS: Final = ("admin.permission.grant", "admin.role.change")
_STATED: Final = ("%.login.failure", *_GRANTS)
_LOGINS: Final = ("%.login.failure", "%.login.success", "%.account.lock")


class Share(NamedTuple):
    """A part of those who did something: one of so many parts."""

    number: int
    of: int


ALL: Final = Share(0, 1)


class _Stated(msgspec.Struct, gc=False):
    """What rules need of an event beside its columns."""

    details: object = None
    authorization: object = None
    changes: object = None


_DECODER: Final = msgspec.json.Decoder(_Stated)


def events(
    connection: Connection,
    stream: int,
    last: int,
    *,
    from_us: int | None = None,
    to_us: int | None = None,
    actors: Sequence[str] = (),
    rules: Sequence[Rule] = STANDARD,
    share: Share = ALL,
) -> Iterator[Seen]:
    """Yield what rules need of a stream's events, those first that happened first.

    Args:
        connection: inside `Readers.reading`.
        stream: its number.
        last: the newest seq that counts.
        from_us: events from this time on; None from the first.
        to_us: and before this one; None to the last.
        actors: of whom each event is needed.
        rules: that look at them.
        share: of those who did something; of logins there are no shares.

    Raises:
        DatabaseError: an entry is no event: the log was altered.
    """
    statement, bound = asked(
        connection, stream, last, from_us, to_us, actors, rules, share
    )
    with connection.cursor("detecting") as cursor:
        cursor.execute(statement, bound, binary=True)
        while True:
            rows = cast("list[Any]", cursor.fetchmany(BATCH))
            if not rows:
                return
            yield from _seen(rows, _subjects(connection, stream, rows))


def after(
    connection: Connection, stream: int, seq: int, until: int, since_us: int
) -> Iterator[tuple[Seen, int]]:
    """Yield what rules need of the entries after a seq, and when each was recorded.

    Args:
        connection: the verifier's.
        stream: its number.
        seq: of the entry before the first one.
        until: the last seq that is looked at.
        since_us: none of them was recorded before.

    Raises:
        DatabaseError: the database cannot be asked, or an entry is no event.
    """
    bound = Values()
    statement = asking.query(
        "detect_after",
        found=_found(bound),
        needed=_needed(bound),
        stream=bound(stream),
        after=bound(seq),
        until=bound(until),
        since=bound(since_us),
    )
    with driver_errors():
        asked = connection.execute(statement, bound, prepare=False, binary=True)
        rows = cast("list[Any]", asked.fetchall())
        subjects = _subjects(connection, stream, rows)
    for row, seen in zip(rows, _seen(rows, subjects), strict=True):
        yield seen, row[2]


def raised(connection: Connection, stream: int, since_us: int) -> list[bytes]:
    """Return the events of a stream's alerts since a time; as the verifier."""
    bound = Values()
    statement = asking.query(
        "detect_raised", stream=bound(stream), since=bound(since_us)
    )
    with driver_errors():
        rows = connection.execute(statement, bound, prepare=False, binary=True)
        return [cast("bytes", row[0]) for row in rows.fetchall()]


def tested_us(connection: Connection, stream: int) -> int | None:
    """Return the time of a stream's newest event that tests detection."""
    bound = Values()
    statement = asking.query("detect_tested", stream=bound(stream))
    with driver_errors():
        row = connection.execute(statement, bound, prepare=False).fetchone()
    return None if row is None else cast("int | None", row[0])


def ends(connection: Connection) -> dict[str, tuple[int, int, bytes]]:
    """Return every stream's number, newest seq and id, by name; as the verifier."""
    with driver_errors():
        rows = connection.execute(
            "select s.name, s.number, h.seq, uuid_send(s.stream_id)"
            " from prooftrail.stream s join prooftrail.head h on h.stream = s.number",
            binary=True,
        ).fetchall()
    return {row[0]: row[1:] for row in cast("list[Any]", rows)}


def asked(
    connection: Connection,
    stream: int,
    last: int,
    from_us: int | None,
    to_us: int | None,
    actors: Sequence[str],
    rules: Sequence[Rule] = STANDARD,
    share: Share = ALL,
) -> tuple[sql.Composed, Values]:
    """Return the statement of `events`, and its values."""
    seen = searching.begin(connection, Question((), from_us, to_us), workers=0)
    bound = Values()
    statement = asking.query(
        "detect_events",
        found=_found(bound),
        needed=_needed(bound, actors, rules, share),
        stream=bound(stream),
        last=bound(last),
        from_us=bound(FIRST_US if seen.from_us is None else seen.from_us),
        to_us=bound(LAST_US if seen.to_us is None else seen.to_us),
    )
    return statement, bound


def _found(bound: Values) -> sql.Composed:
    return asking.query(
        "detect_found", authority=asking.AUTHORITY, stated=bound(list(_STATED))
    )


def _needed(
    bound: Values,
    actors: Sequence[str] = (),
    rules: Sequence[Rule] = STANDARD,
    share: Share = ALL,
) -> sql.Composed:
    logins, others = families.split(rules)
    return asking.query(
        "detect_needed",
        logins=bound(list(_LOGINS) if logins else []),
        others=bound(bool(others)),
        grants=bound(list(_GRANTS)),
        actors=bound(list(actors)),
        number=bound(share.number),
        of=bound(share.of),
    )


def _seen(
    rows: Sequence[Any], subjects: Mapping[int, tuple[str, ...]]
) -> Iterator[Seen]:
    for seq, at, _, action, result, actor, resource, ip, pii, authority, event in rows:
        found = Seen(
            seq, at, action, result, actor, resource, ip, pii, authority,
            None, None, None, None, subjects.get(seq, ()),
        )  # fmt: skip
        yield found if event is None else _with(found, event)


def _with(seen: Seen, event: bytes) -> Seen:
    """Return it with what the event itself states."""
    try:
        stated = _DECODER.decode(event)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DatabaseError(
            f"entry {seen.seq} holds bytes that are no event: the log was altered. "
            "Verify it (prooftrail verify), and go by "
            "docs/how-to/when-verification-fails.md"
        ) from error
    details = _object(stated.details)
    approval = _object(_object(stated.authorization).get("approval"))
    role = _text(details.get("new_role"))
    if role is None and isinstance(stated.changes, list) and stated.changes:
        role = _text(_object(stated.changes[0]).get("after"))
    return msgspec.structs.replace(
        seen,
        reason=_text(details.get("reason")),
        name=_text(details.get("attempted_login")),
        role=role,
        approver=_text(approval.get("by")),
    )


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return projection.cut(value) if isinstance(value, str) else None


def _subjects(
    connection: Connection, stream: int, rows: Sequence[Any]
) -> dict[int, tuple[str, ...]]:
    """Return whose data the entries of a batch touched, beside their resources."""
    seqs = sorted(row[0] for row in rows if row[8])
    if not seqs:
        return {}
    firsts, lasts = [seqs[0]], []
    for before, seq in itertools.pairwise(seqs):
        if seq - before > NEAR:
            lasts.append(before)
            firsts.append(seq)
    bound = Values()
    statement = asking.query(
        "detect_subjects",
        stream=bound(stream),
        firsts=bound(firsts),
        lasts=bound([*lasts, seqs[-1]]),
        since=bound(min(row[2] for row in rows)),
        until=bound(max(row[2] for row in rows)),
    )
    asked = connection.execute(statement, bound, prepare=False, binary=True)
    found: dict[int, list[str]] = {}
    for seq, subject in cast("list[tuple[int, str]]", asked.fetchall()):
        found.setdefault(seq, []).append(subject)
    return {seq: tuple(several) for seq, several in found.items()}
