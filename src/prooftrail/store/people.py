"""People: let in by invitation, in sessions that end; as `access`, or the owner.

Guarantees: of a link, a session and an address that failed, digests alone are kept.
Nobody is deleted, and what has ended stays ended. Of two who use one link or one code
at the same moment, one is refused: the database decides.

Does not: judge passwords, codes or times (`access` does); every time is an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast, get_args

from prooftrail.errors import ConfigurationError
from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection

Role: TypeAlias = Literal["auditor", "security", "privacy_officer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class Grant(NamedTuple):
    """What somebody may do and see."""

    email: str  # folded
    name: str
    role: Role
    streams: tuple[str, ...] | None  # None: all, future ones too
    from_us: int  # event time, half-open
    to_us: int
    until: datetime | None  # when the access ends by itself


class Person(NamedTuple):
    """Somebody who accepted an invitation."""

    id: int
    grant: Grant
    opened: dict[str, int]  # streams by name: their numbers
    created_at: datetime
    disabled_at: datetime | None

    def state(self, now: datetime) -> Literal["good", "expired", "disabled"]:
        """Return whether he is let in at `now`."""
        if self.disabled_at is not None:
            return "disabled"
        until = self.grant.until
        return "good" if until is None or now < until else "expired"


class Secrets(NamedTuple):
    """What a person logs in with."""

    password_hash: str
    totp: bytes  # under the access key
    totp_step: int  # of the newest code that was accepted


class Invitation(NamedTuple):
    """A link that lets somebody in, once."""

    id: int
    grant: Grant
    opened: dict[str, int]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    withdrawn_at: datetime | None

    def state(self, now: datetime) -> Literal["good", "expired", "used", "withdrawn"]:
        """Return whether it lets anybody in at `now`."""
        if self.used_at is not None:
            return "used"
        if self.withdrawn_at is not None:
            return "withdrawn"
        ends = min(self.expires_at, self.grant.until or self.expires_at)
        return "good" if now < ends else "expired"


class Session(NamedTuple):
    """Somebody who is, or was, logged in."""

    id: int
    person_id: int
    created_at: datetime
    seen_at: datetime
    idle_ends_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def state(self, now: datetime) -> Literal["good", "ended", "idle", "expired"]:
        """Return whether it opens anything at `now`."""
        if self.ended_at is not None:
            return "ended"
        if now >= self.expires_at:
            return "expired"
        return "good" if now < self.idle_ends_at else "idle"


def find(
    connection: Connection, *, email: str | None = None, person_id: int | None = None
) -> list[Person]:
    """Return people, by number: of an address, of a number, or all."""
    rows = _all(connection, "people_find", email=email, id=person_id)
    return [
        Person(
            row[0],
            _grant((*row[1:9], row[10])),
            _opened(row),
            _utc(row[9]),
            _at(row[11]),
        )
        for row in rows
    ]


def secrets(connection: Connection, person_id: int) -> Secrets:
    """Return what a person who is there logs in with."""
    return Secrets(*_all(connection, "people_secrets", id=person_id)[0])


def take_step(connection: Connection, person_id: int, step: int) -> bool:
    """Accept the code of a time step; return whether that is the first time."""
    return _count(connection, "people_step", id=person_id, step=step) == 1


def streams(connection: Connection) -> dict[str, int]:
    """Return all streams by name: their numbers, the first one first."""
    with driver_errors():
        rows = connection.execute(
            "select name, number from prooftrail.stream order by number"
        ).fetchall()
    return {str(name): int(str(number)) for name, number in rows}


def invite(
    connection: Connection,
    grant: Grant,
    *,
    token_hash: bytes,
    now: datetime,
    expires_at: datetime,
) -> Invitation:
    """Add an invitation; earlier ones for the address open nothing any more.

    Raises:
        ConfigurationError: it could let nobody in: a stream that is not there, ...
    """
    _check(grant)
    known = streams(connection)
    if missing := [name for name in grant.streams or () if name not in known]:
        raise ConfigurationError(
            f"there is no stream {missing[0]!r}: prooftrail stream list shows them"
        )
    _count(connection, "people_withdraw", email=grant.email, now=now)
    numbers = None
    if grant.streams is not None:
        numbers = sorted({known[name] for name in grant.streams})
    _count(
        connection,
        "people_invite",
        token_hash=token_hash,
        email=grant.email,
        name=grant.name,
        role=grant.role,
        streams=numbers,
        from_us=grant.from_us,
        to_us=grant.to_us,
        access_ends_at=grant.until,
        expires_at=expires_at,
    )
    return cast("Invitation", invitation(connection, token_hash))


def invitation(connection: Connection, token_hash: bytes) -> Invitation | None:
    """Return the invitation of a link, good or not; None if there is none."""
    found = _invitations(connection, token_hash=token_hash, now=None)
    return found[0] if found else None


def invitations(connection: Connection, now: datetime) -> list[Invitation]:
    """Return the invitations that let somebody in at `now`."""
    return _invitations(connection, token_hash=None, now=now)


def accept(
    connection: Connection,
    invited: Invitation,
    *,
    password_hash: str,
    totp: bytes,
    totp_step: int,
    now: datetime,
) -> Person | None:
    """Use an invitation; None if somebody else did, or it is not good any more.

    Sessions that the person had end: whoever sets both factors anew logs in anew.
    """
    if _count(connection, "people_use", id=invited.id, now=now) != 1:
        return None
    rows = _all(
        connection,
        "people_accept",
        id=invited.id,
        password_hash=password_hash,
        totp=totp,
        totp_step=totp_step,
    )
    person_id = rows[0][0]
    _count(connection, "people_end", id=None, person=person_id, now=now)
    return find(connection, person_id=person_id)[0]


def disable(connection: Connection, person_id: int, now: datetime) -> Person | None:
    """Let a person in no more: sessions end, links are withdrawn. None: no such one."""
    if not (found := find(connection, person_id=person_id)):
        return None
    # invitations first, as who accepts one does: nobody waits in a circle
    _count(connection, "people_withdraw", email=found[0].grant.email, now=now)
    _count(connection, "people_disable", id=person_id, now=now)
    _count(connection, "people_end", id=None, person=person_id, now=now)
    return find(connection, person_id=person_id)[0]


def begin_session(
    connection: Connection,
    person_id: int,
    *,
    token_hash: bytes,
    now: datetime,
    idle_ends_at: datetime,
    expires_at: datetime,
) -> Session:
    """Begin a session."""
    _count(
        connection,
        "people_begin",
        token_hash=token_hash,
        person=person_id,
        now=now,
        idle_ends_at=idle_ends_at,
        expires_at=expires_at,
    )
    return cast("Session", session(connection, token_hash))


def session(connection: Connection, token_hash: bytes) -> Session | None:
    """Return the session of a token, good or not; None if there is none."""
    if not (rows := _all(connection, "people_session", token_hash=token_hash)):
        return None
    number, person_id, *times, ended = rows[0]
    return Session(number, person_id, *map(_utc, times), _at(ended))  # type: ignore[call-arg]


def seen(
    connection: Connection, session_id: int, now: datetime, idle_ends_at: datetime
) -> None:
    """Keep that a session is used."""
    _count(connection, "people_seen", id=session_id, now=now, idle_ends_at=idle_ends_at)


def end_session(connection: Connection, session_id: int, now: datetime) -> bool:
    """End a session; return whether it had not ended."""
    return _count(connection, "people_end", id=session_id, person=None, now=now) == 1


def failures(connection: Connection, subject: bytes, now: datetime) -> list[int]:
    """Return when something failed of late, and lock that until the transaction ends.

    Args:
        connection: in a transaction.
        subject: a keyed digest, 32 bytes.
        now: the present.
    """
    _count(connection, "throttle_begin", subject=subject, now=now)
    rows = _all(connection, "throttle_lock", subject=subject)
    return list(rows[0][0])


def note_failures(
    connection: Connection, subject: bytes, times: Sequence[int], now: datetime
) -> None:
    """Keep when something failed of late, in microseconds since the epoch."""
    _count(connection, "throttle_note", subject=subject, times=list(times), now=now)


def forget_failures(connection: Connection, before: datetime) -> int:
    """Remove what failed before a time that still counts; return how much."""
    return _count(connection, "throttle_forget", before=before)


def _check(grant: Grant) -> None:
    if not (0 < len(grant.name) <= 80 and grant.name.isprintable()):  # noqa: PLR2004
        raise ConfigurationError(
            "a name has 1 to 80 characters and no control characters: say whose it is"
        )
    if grant.from_us >= grant.to_us:
        raise ConfigurationError("no time lies between --from and --to: swap them")
    if grant.streams is not None and not grant.streams:
        raise ConfigurationError("no stream is named: leave the limit out for all")


def _invitations(connection: Connection, **values: object) -> list[Invitation]:
    return [
        Invitation(
            row[0],
            _grant(row[1:10]),
            _opened(row),
            _utc(row[10]),
            _utc(row[11]),
            _at(row[12]),
            _at(row[13]),
        )
        for row in _all(connection, "people_invitations", **values)
    ]


def _grant(row: Sequence[Any]) -> Grant:
    email, name, role, every, names, _, from_us, to_us, until = row
    streams = None if every else tuple(names)
    return Grant(email, name, role, streams, from_us, to_us, _at(until))


def _opened(row: Sequence[Any]) -> dict[str, int]:
    return dict(zip(row[5], row[6], strict=True))


def _all(connection: Connection, query: str, /, **values: object) -> list[Any]:
    with driver_errors():
        return connection.execute(files.query(query), values).fetchall()


def _count(connection: Connection, query: str, /, **values: object) -> int:
    with driver_errors():
        return connection.execute(files.query(query), values).rowcount


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _at(value: datetime | None) -> datetime | None:
    return None if value is None else _utc(value)
