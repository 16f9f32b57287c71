"""API keys: made, listed and revoked by the administrator, as the owner.

Guarantees: only the SHA-256 of a token is kept; a key is never deleted, so that what
it did has a name for ever; revoking takes effect with the next statement that reads.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import (
    TYPE_CHECKING,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
)

from prooftrail.errors import ConfigurationError
from prooftrail.store import files, roles, streams
from prooftrail.store.connect import driver_errors, installed_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prooftrail.store.connect import Connection

Role: TypeAlias = Literal["writer", "auditor", "security", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Made = TypeVar("Made")

# no beginning and no end: the policies know these two
FIRST_US = -(2**63) + 1
LAST_US = 2**63 - 1


class Key(NamedTuple):
    """An API key, without its token."""

    id: int
    name: str
    role: Role
    streams: tuple[str, ...] | None  # None: all, future ones too
    from_us: int  # event time, half-open
    to_us: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def state(self, now: datetime) -> Literal["good", "expired", "revoked"]:
        """Return whether it opens anything at `now`."""
        if self.revoked_at is not None:
            return "revoked"
        return "good" if now < self.expires_at else "expired"


def create(
    connection: Connection,
    *,
    name: str,
    role: Role,
    token_hash: bytes,
    expires_at: datetime,
    names: Sequence[str] | None = None,
    from_us: int = FIRST_US,
    to_us: int = LAST_US,
) -> Key:
    """Add a key.

    Args:
        connection: the administrator's, in autocommit.
        name: whose it is.
        role: what it may do.
        token_hash: SHA-256 of its token.
        expires_at: when it ends.
        names: of the streams it is limited to; None for all.
        from_us: event time that it may see, from
        to_us: and before.

    Raises:
        ConfigurationError: no such stream, or no name that can be shown.
    """
    if not (0 < len(name) <= 80 and name.isprintable()):  # noqa: PLR2004
        raise ConfigurationError(
            "a key's name has 1 to 80 characters and no control characters: say whose "
            "it is"
        )
    if from_us >= to_us:
        raise ConfigurationError("no time lies between --from and --to: swap them")
    with owning(connection):
        numbers = None if names is None else _numbers(connection, names)
        row = connection.execute(
            files.query("key_create"),
            {
                "name": name,
                "role": role,
                "token_hash": token_hash,
                "streams": numbers,
                "from_us": from_us,
                "to_us": to_us,
                "expires_at": expires_at,
            },
        ).fetchone()
    return _key(cast("tuple[object, ...]", row))


def read(connection: Connection) -> list[Key]:
    """Return all keys, the newest last."""
    with owning(connection):
        rows = connection.execute(files.query("key_list")).fetchall()
    return [_key(row) for row in rows]


def revoke(connection: Connection, key_id: int) -> Key:
    """Revoke a key; one that is revoked already stays as it was.

    Raises:
        ConfigurationError: there is none of that number.
    """
    with owning(connection):
        row = connection.execute(files.query("key_revoke"), {"id": key_id}).fetchone()
    if row is None:
        raise ConfigurationError(
            f"there is no key {key_id}: prooftrail key list shows them"
        )
    return _key(row)


@contextmanager
def owning(connection: Connection) -> Iterator[None]:
    """Act as the owner in a transaction.

    Raises:
        ConfigurationError: the database has no trail.
    """
    with driver_errors(), connection.transaction():
        prefix = installed_prefix(connection)
        if prefix is None:
            raise ConfigurationError(
                "this database has no trail yet: run prooftrail init"
            )
        with roles.as_owner(connection, prefix):
            yield


@contextmanager
def told(
    connection: Connection, tell: Callable[[Connection, Made], None]
) -> Iterator[Callable[[Made], Made]]:
    """Make or revoke something and record it, in one transaction: both or neither.

    Args:
        connection: the administrator's, in autocommit.
        tell: records the event, on the connection that it is given, which acts as the
            writer; what it raises undoes everything.

    Yields:
        A function that takes what was made or revoked, a key, and returns it.
    """
    given: list[Made] = []

    def note(made: Made) -> Made:
        given.append(made)
        return made

    with driver_errors(), connection.transaction():
        yield note
        prefix = installed_prefix(connection)
        if prefix is not None:
            with roles.as_login(connection, prefix, "writer"):
                for made in given:
                    tell(connection, made)


def _numbers(connection: Connection, names: Sequence[str]) -> list[int]:
    known = {stream.name: stream.number for stream in streams.read(connection)}
    if missing := [name for name in names if name not in known]:
        raise ConfigurationError(
            f"there is no stream {missing[0]!r}: prooftrail stream list shows them"
        )
    return sorted({known[name] for name in names})


def _key(row: tuple[object, ...]) -> Key:
    key_id, name, role, names, every, from_us, to_us, created, expires, revoked = row
    return Key(
        int(str(key_id)),
        str(name),
        cast("Role", role),
        None if every else tuple(cast("list[str]", names) or ()),
        int(str(from_us)),
        int(str(to_us)),
        _utc(created),
        _utc(expires),
        None if revoked is None else _utc(revoked),
    )


def _utc(value: object) -> datetime:
    return cast("datetime", value).astimezone(UTC)
