"""What a database superuser can do: the two alterations that the demonstration makes.

Guarantees: done by plain SQL over an administrator's connection, with the guards that
stand in the way taken down first, as an attacker would; and in a copy of the database.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from prooftrail.store import connect
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection

COPY = "attacked"  # the database that is attacked in place of the one to keep
GONE = 40  # entries that the second alteration deletes

_PARTITIONS = (
    "select inhrelid::regclass::text from pg_inherits"
    " where inhparent = 'prooftrail.log'::regclass"
)


def refused(connection: Connection, seq: int) -> str:
    """Try to edit an entry with the guards in place; return what the database says."""
    try:
        with driver_errors():
            connection.execute(
                "update prooftrail.log set event = event where seq = %s", (seq,)
            )
    except Exception as error:  # noqa: BLE001  whatever it is, it is shown
        return str(error)
    return "nothing: the entry was edited"


def victim(connection: Connection) -> tuple[int, bytes]:
    """Return seq and bytes of the entry whose author the superuser would change."""
    row = connection.execute(
        "select seq, event from prooftrail.log where kind = 0"
        " order by (action = 'customer.pii.export') desc, seq limit 1"
    ).fetchone()
    seq, event = cast("tuple[int, bytes]", row)
    return seq, bytes(event)


def copied(url: str) -> str:
    """Copy a database that nobody is connected to; return where the copy is."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    other = parts._replace(path="/template1").geturl()
    with (
        closing(connect.connect(None, dsn=other, autocommit=True)) as link,
        driver_errors(),
    ):
        link.execute(f'drop database if exists "{COPY}"')
        link.execute(f'create database "{COPY}" template "{name}"')
    return parts._replace(path=f"/{COPY}").geturl()


def blamed_on_another(event: bytes) -> bytes:
    """Return an event's bytes with another author."""
    author = json.loads(event)["actor"]["userId"]
    return event.replace(json.dumps(author).encode(), b'"usr_omar"')


def disarm(connection: Connection) -> None:
    """Take the guards down: triggers on every partition, the CHECKs."""
    with driver_errors():
        tables = ["prooftrail.log"]
        tables += [str(row[0]) for row in connection.execute(_PARTITIONS)]
        for table in tables:
            connection.execute(f"alter table {table} disable trigger all")
        connection.execute("alter table prooftrail.log drop constraint body_is_hash")


def edit(connection: Connection, seq: int, event: bytes) -> None:
    """Put other bytes into an entry."""
    with driver_errors():
        connection.execute(
            "update prooftrail.log set event = %s where seq = %s", (event, seq)
        )


def truncate(connection: Connection) -> int:
    """Delete the newest entries and correct head, rollup and checkpoints to match.

    Returns:
        How many entries are left.
    """
    with driver_errors():
        row = connection.execute(
            "select max(seq) - %s from prooftrail.log", (GONE,)
        ).fetchone()
        last = cast("tuple[int]", row)[0]
        columns = {"log": "seq", "subject": "seq", "checkpoint": "size - 1"}
        for table, column in columns.items():
            connection.execute(f"alter table prooftrail.{table} disable trigger all")
            connection.execute(
                f"delete from prooftrail.{table} where {column} > {last}"  # noqa: S608
            )
        connection.execute(
            "update prooftrail.head h set seq = l.seq, leaf = l.leaf,"
            " recorded_us = l.recorded_us from prooftrail.log l where l.seq = %s",
            (last,),
        )
        connection.execute("delete from prooftrail.daily")
        connection.execute(
            "insert into prooftrail.daily select stream,"
            " prooftrail.day_of(occurred_us), action, role, result, pii, count(*)"
            " from prooftrail.log where continues is null group by 1, 2, 3, 4, 5, 6"
        )
    return last + 1
