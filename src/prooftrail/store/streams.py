"""Streams: the registry of chains; made by the administrator, as the owner."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from prooftrail.core import entry, origin
from prooftrail.errors import ConfigurationError
from prooftrail.store import roles
from prooftrail.store.connect import driver_errors, installed_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection

MAX_STREAMS = 32_767
BASE = "prooftrail.internal"  # where no --origin is given

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


class Stream(NamedTuple):
    """A registered stream."""

    number: int
    name: str
    stream_id: bytes  # 16 bytes
    base: str
    incarnation: int
    keys: tuple[str, ...]  # vkeys, as entry 0 states them

    @property
    def origin(self) -> str:
        """The origin line of this stream's checkpoints."""
        return origin.line(self.base, self.stream_id, self.incarnation)


def check_name(name: str) -> str:
    """Return a stream's name.

    Raises:
        ConfigurationError: no stream can have this name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"no stream is named {name[:80]!r}: use lower-case letters, digits, '_', "
            "'.' and '-', at most 63"
        )
    return name


def read(connection: Connection) -> list[Stream]:
    """Return all streams that the present role sees, by number."""
    with driver_errors():
        rows = connection.execute(
            "select number, name, encode(uuid_send(stream_id), 'hex'), base,"
            " incarnation, keys from prooftrail.stream order by number"
        ).fetchall()
    return [
        Stream(
            int(str(row[0])),
            str(row[1]),
            bytes.fromhex(str(row[2])),
            str(row[3]),
            int(str(row[4])),
            tuple(row[5]) if isinstance(row[5], list) else (),
        )
        for row in rows
    ]


def create(
    connection: Connection,
    name: str,
    *,
    stream_id: bytes,
    base: str = BASE,
    keys: Sequence[str] = (),
) -> Stream:
    """Register a stream; the sealer writes its entry 0.

    Args:
        connection: the administrator's.
        name: lower-case letters, digits, '_', '.', '-'.
        stream_id: 16 random bytes.
        base: the first part of the origin of its checkpoints.
        keys: its public keys.

    Raises:
        ConfigurationError: an unusable or taken name, no installation.
    """
    check_name(name)
    with driver_errors(), connection.transaction():
        prefix = installed_prefix(connection)
        if prefix is None:
            raise ConfigurationError(
                "this database has no trail yet: run prooftrail init"
            )
        with roles.as_owner(connection, prefix):
            there = read(connection)
            if any(stream.name == name for stream in there):
                raise ConfigurationError(f"there is a stream {name!r} already")
            number = max((stream.number for stream in there), default=0) + 1
            if number > MAX_STREAMS:
                raise ConfigurationError(f"at most {MAX_STREAMS} streams fit")
            connection.execute(
                "insert into prooftrail.stream (number, name, stream_id, base, keys)"
                " values (%s, %s, %s, %s, %s)",
                (number, name, UUID(bytes=stream_id), base, list(keys)),
            )
            connection.execute(
                "insert into prooftrail.head (stream, seq, leaf, recorded_us)"
                " values (%s, -1, %s, 0)",
                (number, entry.genesis(stream_id)),
            )
    return Stream(number, name, stream_id, base, 1, tuple(keys))
