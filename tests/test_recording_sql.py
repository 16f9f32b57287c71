from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.recording import event, seal

if TYPE_CHECKING:
    from tests.trail import Trail


def test_a_writer_may_do_nothing_but_insert(trail: Trail) -> None:
    writing = trail.login("writer")
    for statement in (
        "insert into prooftrail.inbox (event) values ('{}') returning id",
        "insert into prooftrail.inbox (event, login) values ('{}', 'x')",
        (
            "insert into prooftrail.inbox (event, id) overriding system value"
            " values ('{}', 1)"
        ),
        "insert into prooftrail.inbox (event, channel) values ('{}', 'x')",
        "insert into prooftrail.inbox (event, received_at) values ('{}', now())",
        "select event from prooftrail.inbox",
        "update prooftrail.inbox set event = ''",
        "delete from prooftrail.inbox",
        "truncate prooftrail.inbox",
    ):
        with pytest.raises(
            psycopg.errors.InsufficientPrivilege,
            match=r"permission denied for table inbox",
        ):
            writing.execute(statement.encode())


def test_plain_inserts_from_any_language_are_sealed(trail: Trail) -> None:
    writing = trail.login("writer")
    text = json.dumps(event())
    writing.execute(
        "insert into prooftrail.inbox (stream, event) values (%s, %s)", ("main", text)
    )
    writing.execute("insert into prooftrail.inbox (event) values (%s)", (text,))
    writing.execute(
        "insert into prooftrail.inbox (event) values (%s) on conflict do nothing",
        (text,),
    )
    with writing.cursor().copy("copy prooftrail.inbox (event) from stdin") as copy:
        copy.write_row((text,))
    done = seal(trail)
    assert (done.events, done.quarantined) == (4, 0)
    row: Any = (
        trail.superuser()
        .execute(
            "select convert_from(event, 'UTF8') from prooftrail.log where kind = 0"
        )
        .fetchone()
    )
    assert json.loads(row[0])["$source"]["login"] == "prooftrail_writer"
