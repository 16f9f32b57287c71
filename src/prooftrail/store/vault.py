"""What the keeper does in the database; a turn is one transaction, all or nothing.

Guarantees: envelopes that were taken out, the values that they held and what did not
fit commit together; whoever is slower of two keepers takes nothing. Events are read
through functions that give those alone which have an envelope or a value here.

Does not: know a key. Everything here is encrypted, or a keyed digest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from prooftrail.store.connect import Connection


class Enveloped(NamedTuple):
    """An envelope that waits."""

    stream: int
    stream_id: UUID
    event_id: UUID
    envelope: bytes
    event: bytes | None  # None: it is not in the log, or was redacted


class Sealed(NamedTuple):
    """A value, encrypted under its subject's key."""

    stream: int
    event_id: UUID
    pointer: str
    cls: str
    subject: str
    sealed: bytes
    digest: bytes  # by which it can be found


class Misfit(NamedTuple):
    """What did not fit, for the sealer to state."""

    stream: int
    event_id: UUID
    reason: str


class Held(NamedTuple):
    """A value as it stands in the vault."""

    stream: int
    stream_id: bytes  # 16 bytes
    cls: str
    subject: str
    sealed: bytes
    wrapped: bytes | None  # its subject's key; None: erased
    event: bytes | None


class Erased(NamedTuple):
    """What went with a subject's key."""

    keys: int  # 0: there was none
    looked_up: int  # rows of the index
    values: int  # that nobody can open now


def enveloped(connection: Connection, rows: int) -> list[Enveloped]:
    """Return envelopes that wait, at most so many."""
    with driver_errors():
        found = connection.execute(
            "select * from prooftrail.enveloped(%s)", (rows,), binary=True
        ).fetchall()
    return [Enveloped(*row) for row in cast("list[Any]", found)]


def take(connection: Connection, found: Sequence[Enveloped]) -> bool:
    """Take envelopes out; False where another keeper took some of them."""
    with driver_errors():
        done = connection.execute(
            files.query("keep_taken"),
            {
                "streams": [one.stream for one in found],
                "ids": [one.event_id for one in found],
            },
        )
    return done.rowcount == len(found)


def subject_keys(connection: Connection, subjects: Sequence[str]) -> dict[str, bytes]:
    """Return wrapped keys, by subject; those that there are."""
    with driver_errors():
        rows = connection.execute(
            "select subject, wrapped from prooftrail.subject_key"
            " where subject = any(%s)",
            (list(subjects),),
            binary=True,
        ).fetchall()
    return dict(cast("list[tuple[str, bytes]]", rows))


def add_subject_keys(connection: Connection, wrapped: Mapping[str, bytes]) -> None:
    """Keep new subjects' keys; one that is there stays."""
    with driver_errors():
        connection.execute(
            files.query("keep_subjects"),
            {"subjects": list(wrapped), "wrapped": list(wrapped.values())},
        )


def add_values(connection: Connection, values: Sequence[Sealed]) -> None:
    """Keep values, and by what they are found."""
    where: dict[str, Any] = {
        "streams": [one.stream for one in values],
        "ids": [one.event_id for one in values],
        "pointers": [one.pointer for one in values],
        "subjects": [one.subject for one in values],
    }
    classes = [one.cls for one in values]
    sealed = [one.sealed for one in values]
    digests = [one.digest for one in values]
    with driver_errors():
        connection.execute(
            files.query("keep_values"), {**where, "classes": classes, "sealed": sealed}
        )
        connection.execute(files.query("keep_exact"), {**where, "digests": digests})


def add_mismatches(connection: Connection, found: Sequence[Misfit]) -> None:
    """Hand over to the sealer what is to be stated."""
    with driver_errors():
        connection.execute(
            files.query("keep_mismatches"),
            {
                "streams": [one.stream for one in found],
                "ids": [one.event_id for one in found],
                "reasons": [one.reason for one in found],
            },
        )


def streams(connection: Connection) -> dict[str, bytes]:
    """Return the ids of all streams (16 bytes), by name."""
    with driver_errors():
        rows = connection.execute(
            "select name, uuid_send(stream_id) from prooftrail.stream order by number",
            binary=True,
        ).fetchall()
    return {str(name): bytes(one) for name, one in cast("list[Any]", rows)}


def awaits(connection: Connection, key_id: bytes) -> bool:
    """Return whether an envelope for this epoch key waits anywhere."""
    with driver_errors():
        row = connection.execute("select prooftrail.awaits(%s)", (key_id,)).fetchone()
    return row is None or bool(row[0])


def value(
    connection: Connection, stream: str, event_id: UUID, pointer: str
) -> Held | None:
    """Return one value as it stands there; None if there is none."""
    with driver_errors():
        row = connection.execute(
            files.query("keep_value"),
            {"stream": stream, "id": event_id, "pointer": pointer},
            binary=True,
        ).fetchone()
    return None if row is None else Held(*cast("Any", row))


def found(connection: Connection, digest: bytes) -> list[tuple[int, UUID, str]]:
    """Return where a value stands, by its keyed digest: stream, event, pointer."""
    with driver_errors():
        rows = connection.execute(
            "select stream, event_id, pointer from prooftrail.exact where digest = %s"
            " order by stream, event_id, pointer",
            (digest,),
            binary=True,
        ).fetchall()
    return cast("list[Any]", rows)


def erase(connection: Connection, subject: str) -> Erased:
    """Destroy a subject's key, and what could be looked up of him."""
    with driver_errors():
        row = connection.execute(
            files.query("keep_erase"), {"subject": subject}
        ).fetchone()
    return Erased(*cast("Any", row))
