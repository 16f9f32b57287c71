"""A reader sees the streams and the period granted to it (event time), no more."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect
from tests.trail import Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Callable

Connection = psycopg.Connection[Any]

TOKEN = "a token that nobody guesses"
# the view my_grant cannot be updated by anybody
REFUSED = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.ObjectNotInPrerequisiteState,
)
ALL_TIME = (-9223372036854775807, 9223372036854775807)
TIMES = (
    "2026-02-28T23:59:59.999999Z",
    "2026-03-01T00:00:00Z",
    "2026-03-15T12:00:00Z",
    "2026-03-31T23:59:59.999999Z",
    "2026-04-01T00:00:00Z",
)
MARCH_DAYS = {20513, 20527, 20543}


def us(year: int, month: int, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000_000


MARCH = (us(2026, 3), us(2026, 4))


class Seen(NamedTuple):
    """What a session sees: occurrences by stream number or name."""

    log: set[tuple[int, int]]
    subject: set[tuple[int, int, str]]
    daily: set[tuple[int, int]]
    checkpoint: set[tuple[int, int]]
    stream: set[str]
    entry: set[str]


NOTHING = Seen(set(), set(), set(), set(), set(), set())


@pytest.fixture
def filled(trail: Trail) -> Trail:
    """Two streams, `main` (1) and `b` (2), with events around March."""
    trail.stream("b")
    admin = trail.superuser()
    for stream in ("main", "b"):
        for time in TIMES:
            event = {
                "timestamp": time,
                "actor": {"userId": "usr_1"},
                "action": "customer.pii.export",
                "resource": {"type": "customer", "id": "cust_1"},
                "subjects": [f"of {stream}"],
                "result": "success",
            }
            admin.execute(
                "insert into prooftrail.inbox (stream, event) values (%s, %s)",
                (stream, json.dumps(event)),
            )
    sealer = Sealer(
        lambda: connect.connect("sealer", dsn=trail.dsn),
        clock=now_us,
        random=os.urandom,
    )
    assert sealer.drain().events == 2 * len(TIMES)
    sealer.close()
    admin.execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " select stream, 1, signed_us, e'x\\n1\\n' || encode(leaf, 'base64'), ''"
        " from prooftrail.log, unnest(%s::bigint[]) signed_us where seq = 0",
        ([us(2026, 2), us(2026, 3), us(2026, 4)],),
    )
    return trail


def seen(reader: Connection) -> Seen:
    def rows(query: Any) -> list[Any]:
        return reader.execute(query).fetchall()

    return Seen(
        {
            (row[0], row[1])
            for row in rows("select stream, occurred_us from prooftrail.log")
        },
        set(rows("select stream, occurred_us, subject from prooftrail.subject")),
        {(row[0], row[1]) for row in rows("select stream, day from prooftrail.daily")},
        set(rows("select stream, signed_us from prooftrail.checkpoint")),
        {row[0] for row in rows("select name from prooftrail.stream")},
        {row[0] for row in rows("select stream from prooftrail.entry")},
    )


def grant(
    trail: Trail,
    *,
    stream: int = 1,
    period: tuple[int, int] = MARCH,
    token: bool = False,
    role: str = "auditor",
    expired: bool = False,
) -> None:
    ends = "-1 s" if expired else "1 h"
    if token:
        trail.superuser().execute(
            "insert into prooftrail.api_key"
            " (name, role, token_hash, streams, from_us, to_us, expires_at)"
            " values (%s, %s, sha256(convert_to(%s, 'UTF8')), %s, %s, %s, now() + %s)",
            ("of a test", role, TOKEN, [stream], *period, ends),
        )
    else:
        trail.superuser().execute(
            "insert into prooftrail.reader_grant"
            " (role, streams, from_us, to_us, expires_at)"
            " values ('prooftrail_reader', %s, %s, %s, now() + %s)",
            ([stream], *period, ends),
        )


def by_role(trail: Trail) -> Connection:
    grant(trail)
    return trail.login("reader")


def by_token(trail: Trail) -> Connection:
    grant(trail, token=True)
    reader = trail.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (TOKEN,))
    return reader


@pytest.mark.parametrize("way", [by_role, by_token])
def test_a_grant_of_one_stream_and_march_shows_just_that(
    filled: Trail, way: Callable[[Trail], Connection]
) -> None:
    times = {us(2026, 3), us(2026, 3, 15) + 43_200_000_000, us(2026, 4) - 1}
    assert seen(way(filled)) == Seen(
        {(1, time) for time in times},
        {(1, time, "of main") for time in times},
        {(1, day) for day in MARCH_DAYS},
        {(1, us(2026, 3))},
        {"main"},
        {"main"},
    )


@pytest.mark.parametrize("way", [by_role, by_token])
def test_all_time_shows_the_whole_stream_and_no_other(
    filled: Trail, way: Callable[[Trail], Connection]
) -> None:
    reader = way(filled)
    for table in ("reader_grant", "api_key"):
        filled.superuser().execute(
            f"update prooftrail.{table} set from_us = %s, to_us = %s", ALL_TIME
        )
    found = seen(reader)
    assert len(found.log) == len(TIMES) + 1  # and the statement that opens the stream
    assert {row[0] for row in found.log} == {1}
    assert found.stream == found.entry == {"main"}


def test_a_session_without_a_grant_sees_nothing(filled: Trail) -> None:
    assert seen(filled.login("reader")) == NOTHING


def test_without_a_token_no_table_and_no_view_shows_a_row(filled: Trail) -> None:
    admin = filled.superuser()
    grant(filled, token=True)
    admin.execute("insert into prooftrail.retention_policy (policy) values ('{}')")
    admin.execute(
        "insert into prooftrail.check_run (id, asked_by) values (%s, 'x')",
        ("0190a5a0-0000-7000-8000-000000000001",),
    )
    there = admin.execute(
        "select c.oid::regclass::text,"
        " has_any_column_privilege('prooftrail_reader', c.oid, 'select')"
        "  from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname like 'prooftrail%' and c.relkind in ('r', 'p', 'v', 'm')"
    ).fetchall()
    may = {name for name, readable in there if readable}
    assert {"prooftrail.log", "prooftrail.retention_policy"} <= may
    reader = filled.login("reader")
    for token in ("", "another"):
        reader.execute("select set_config('prooftrail.token', %s, false)", (token,))
        for name, readable in there:
            query: Any = f"select count(*) from {name}"
            if readable:
                assert (name, reader.execute(query).fetchone()) == (name, (0,))
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(query)
    reader.execute("select set_config('prooftrail.token', %s, false)", (TOKEN,))
    empty = {
        name
        for name in may
        if reader.execute(f"select from {name} limit 1").fetchone() is None
    }
    # so it was the token: with it, these have rows
    assert empty == {"prooftrail.my_head"}  # whoever sees a period only gets no end


def test_an_expired_grant_shows_nothing(filled: Trail) -> None:
    grant(filled, expired=True)
    grant(filled, expired=True, token=True)
    reader = filled.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (TOKEN,))
    assert seen(reader) == NOTHING


def test_a_token_is_read_alone_and_a_second_row_of_a_grantee_is_refused(
    filled: Trail,
) -> None:
    grant(filled, period=ALL_TIME)
    reader = by_token(filled)
    assert {row[1] for row in seen(reader).log} == {
        us(2026, 3),
        us(2026, 3, 15) + 43_200_000_000,
        us(2026, 4) - 1,
    }
    for token in (False, True):
        with pytest.raises(psycopg.errors.UniqueViolation):
            grant(filled, stream=2, token=token)


@pytest.mark.parametrize("token", ["another", TOKEN.upper(), "1"])
def test_another_token_shows_nothing(filled: Trail, token: str) -> None:
    grant(filled, token=True)
    reader = filled.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (token,))
    assert seen(reader) == NOTHING


def test_a_writers_token_and_a_revoked_one_show_nothing(filled: Trail) -> None:
    grant(filled, token=True, role="writer")
    reader = filled.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (TOKEN,))
    assert seen(reader) == NOTHING
    mine = reader.execute("select role, streams from prooftrail.my_key").fetchall()
    assert mine == [("writer", [1])]
    filled.superuser().execute(
        "update prooftrail.api_key set role = 'auditor', revoked_at = now()"
    )
    assert seen(reader) == NOTHING
    assert reader.execute("select role from prooftrail.my_key").fetchall() == []


def test_where_a_stream_ends_is_told_only_to_whom_sees_all_of_it(
    filled: Trail,
) -> None:
    reader = by_token(filled)
    ends = "select stream, seq from prooftrail.my_head"
    assert reader.execute(ends).fetchall() == []
    filled.superuser().execute(
        "update prooftrail.api_key set from_us = %s, to_us = %s", ALL_TIME
    )
    assert reader.execute(ends).fetchall() == [(1, len(TIMES))]


def test_a_key_of_all_streams_sees_those_that_come_later(filled: Trail) -> None:
    grant(filled, token=True, period=ALL_TIME)
    filled.superuser().execute("update prooftrail.api_key set streams = null")
    filled.stream("newer")
    reader = filled.login("reader")
    reader.execute("select set_config('prooftrail.token', %s, false)", (TOKEN,))
    assert "newer" in seen(reader).stream


def test_a_reader_cannot_read_or_give_grants(filled: Trail) -> None:
    reader = by_role(filled)
    assert reader.execute("select stream from prooftrail.my_grant").fetchall() == [(1,)]
    for statement in (
        "select * from prooftrail.reader_grant",
        "select * from prooftrail.api_key",
        "update prooftrail.reader_grant set streams = '{2}'",
        "update prooftrail.my_grant set stream = 2",
        "set row_security = off; select count(*) from prooftrail.log",
    ):
        with pytest.raises(REFUSED):
            reader.execute(statement)


def test_row_security_holds_where_it_is_switched_off_for_the_session(
    filled: Trail,
) -> None:
    reader = by_role(filled)
    reader.execute("set row_security = off")
    for table in ("log", "subject", "daily", "checkpoint", "stream", "entry"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
            reader.execute(f"select count(*) from prooftrail.{table}")


@pytest.mark.parametrize("login", ["sealer", "signer", "verifier"])
def test_those_who_need_the_whole_log_see_it(filled: Trail, login: str) -> None:
    found = filled.login(login).execute("select count(seq) from prooftrail.log")
    assert found.fetchone() == (2 * len(TIMES) + 2,)


def test_the_owner_may_read_all_of_the_log_and_none_of_it_goes_unseen_in_a_dump(
    filled: Trail,
) -> None:
    owner = filled.superuser()
    owner.execute("set role prooftrail_owner")
    whole = owner.execute("select count(*) from prooftrail.log").fetchone()
    parts = owner.execute(
        "select relname from pg_class where relkind = 'r' and relname ~ '^log_'"
        " and relnamespace = 'prooftrail_part'::regnamespace"
    ).fetchall()
    told = 0
    for (part,) in parts:
        row = owner.execute(f"select count(*) from prooftrail_part.{part}").fetchone()
        told += row[0] if row else 0
    assert whole == (told,) == (2 * len(TIMES) + 2,)
