"""What is told of a server that is away, full, busy or closed: what really happened."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from prooftrail.errors import DatabaseError, UnavailableError
from prooftrail.store import connect, outage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

SECRET = "4111111111111111"  # stands for what an event holds
NO_ANSWER = "does not answer"

# What a server of PostgreSQL 15 to 18, or a pooler, says when it refuses a connection.
SENTENCES = [
    ('password authentication failed for user "app"', "refuses the password"),
    ("sorry, too many clients already", "takes no more connections"),
    ('too many connections for database "app"', "takes no more connections"),
    ("remaining connection slots are reserved for", "takes no more connections"),
    ('database "app" does not exist', "no such database"),
    ("the database system is shutting down", "starts, stops or recovers"),
    ("the database system is starting up", "starts, stops or recovers"),
    ('role "app" is not permitted to log in', "does not let this login in"),
    ('no pg_hba.conf entry for host "10.0.0.9"', "does not let this login in"),
    ("SSL connection is required", "refuses the connection"),
]
# What a statement meets: its state, what is told, whether its sentence is repeated.
STATES = [
    ("53100", "disk is full", True),
    ("53200", "out of memory", True),
    ("53300", "no more connections", True),
    ("53400", "used up what it may", True),
    ("55P03", "a lock was not to be had", True),
    ("55006", "is in use", True),
    ("57014", "canceled the statement", True),
    ("57P01", "shuts down, or somebody ended it", True),
    ("57P03", "starts, stops or recovers", True),
    ("58030", "cannot read or write its files", True),
    ("40001", "collided with another one", True),
    ("40P01", "collided with another one", True),
    ("08006", NO_ANSWER, True),
    ("HV000", "refused, with SQLSTATE HV000", False),
    ("38000", "refused, with SQLSTATE 38000", False),
]


def changed(dsn: str, user: str, password: str, database: str | None = None) -> str:
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    path = parts.path if database is None else f"/{database}"
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}", path=path))


def kept_out(dsn: str) -> str:
    """Return what is told to somebody who does not get in."""
    with pytest.raises(UnavailableError) as raised:
        connect.connect(None, dsn=dsn, env={}).close()
    return str(raised.value)


def refused(
    connection: connect.Connection, statement: sql.SQL | sql.Composed
) -> DatabaseError:
    with pytest.raises(DatabaseError) as raised, connect.driver_errors():
        connection.execute(statement)
    return raised.value


@pytest.fixture
def own(trail: Trail) -> Iterator[connect.Connection]:
    with connect.connect("sealer", dsn=trail.dsn, autocommit=True) as opened:
        yield opened


def test_a_connection_ended_in_an_idle_transaction(own: connect.Connection) -> None:
    """Its SQLSTATE, 25P03, is of a class where everything else is a fault of ours."""
    own.autocommit = False
    own.execute("set idle_in_transaction_session_timeout = '50ms'")
    time.sleep(0.3)
    error = refused(own, sql.SQL("select 1"))
    assert isinstance(error, UnavailableError)
    assert "idle for too long" in str(error)


def test_a_wrong_password_is_told_as_one(trail: Trail) -> None:
    for user in ("prooftrail_sealer", "nobody_has_this_name"):
        found = kept_out(changed(trail.dsn, user, "wr0ng"))
        assert "refuses the password" in found
        assert NO_ANSWER not in found
        assert "wr0ng" not in found
    assert "refuses the password" in kept_out(
        trail.login_dsn("sealer").replace("only-for-tests", "")
    )


def test_a_database_that_is_not_there_is_told_as_one(trail: Trail) -> None:
    dsn = trail.cluster.dsn("no_such_trail", "prooftrail_sealer")
    found = kept_out(dsn)
    assert "there is no such database" in found
    assert "only-for-tests" not in found


def test_too_many_connections_are_told_as_such(trail: Trail) -> None:
    admin = trail.superuser()
    role, database = sql.Identifier(f"few_{trail.database}"), trail.database
    admin.execute(
        sql.SQL("create role {} login password 'few' connection limit 1").format(role)
    )
    try:
        dsn = changed(trail.dsn, f"few_{database}", "few")
        with psycopg.connect(dsn):
            assert "takes no more connections" in kept_out(dsn)
    finally:
        admin.execute(sql.SQL("drop role {}").format(role))


def test_a_database_that_takes_nobody_is_told_as_such(trail: Trail) -> None:
    name = sql.Identifier(trail.database)
    dsn = trail.login_dsn("sealer")
    with trail.cluster.admin() as admin:
        admin.execute(sql.SQL("alter database {} allow_connections false").format(name))
    assert "takes no connections at present" in kept_out(dsn)


def test_a_statement_that_is_canceled_is_told_as_one(own: connect.Connection) -> None:
    own.execute("set statement_timeout = 20")
    error = refused(own, sql.SQL("select pg_sleep(20)"))
    assert isinstance(error, UnavailableError)
    assert "canceled the statement: canceling statement due to statement timeout" in (
        str(error)
    )


def test_a_lock_that_is_not_to_be_had_is_told(
    trail: Trail, own: connect.Connection
) -> None:
    own.execute("set lock_timeout = 20")
    with psycopg.connect(trail.dsn) as holding:
        holding.execute("lock table prooftrail.head in access exclusive mode")
        error = refused(own, sql.SQL("select from prooftrail.head"))
    assert isinstance(error, UnavailableError)
    assert "a lock was not to be had in time" in str(error)


def test_an_ended_connection_is_told_as_one(
    trail: Trail, own: connect.Connection
) -> None:
    ended = threading.Timer(
        0.2,
        lambda: trail.superuser().execute(
            "select pg_terminate_backend(%s)", (own.info.backend_pid,)
        ),
    )
    ended.start()
    error = refused(own, sql.SQL("select pg_sleep(20)"))
    ended.join()
    assert isinstance(error, UnavailableError)
    assert "somebody ended it" in str(error)
    error = refused(own, sql.SQL("select 1"))  # and now there is no connection at all
    assert NO_ANSWER in str(error)


@pytest.mark.parametrize(("state", "expected", "quoted"), STATES)
def test_each_state_is_told_by_its_name_and_no_detail(
    own: connect.Connection,
    state: str,
    expected: str,
    quoted: bool,  # noqa: FBT001
) -> None:
    said = f"the server's own sentence of {state}"
    raising = sql.SQL(
        "do $$ begin raise exception {} using errcode = {}, detail = {}, hint = {};"
        " end $$"
    ).format(
        sql.SQL("'" + said.replace("'", "''") + "'"),
        sql.Literal(state),
        sql.Literal(f"Failing row contains ({SECRET})."),
        sql.Literal(f"See {SECRET}."),
    )
    error = refused(own, raising)
    assert isinstance(error, UnavailableError)  # it is tried again, as ever
    found = str(error)
    assert expected in found
    assert (said in found) is quoted
    assert (NO_ANSWER in found) is (expected == NO_ANSWER)
    assert SECRET not in found
    assert "\n" not in found


def test_what_is_too_long_is_refused_and_not_tried_again(
    own: connect.Connection,
) -> None:
    error = refused(own, sql.SQL("select repeat('[', 1000000)::json"))
    assert not isinstance(error, UnavailableError)
    assert str(error).startswith("the database refused: stack depth limit exceeded")


@pytest.mark.parametrize(("sentence", "expected"), SENTENCES)
def test_a_refused_connection_is_known_by_its_sentence(
    sentence: str, expected: str
) -> None:
    found = outage.told(
        psycopg.OperationalError(
            'connection failed: connection to server at "10.0.0.1", port 5432 failed: '
            f"FATAL:  {sentence}\nDETAIL:  {SECRET}"
        )
    )
    assert expected in found
    assert sentence in found
    assert SECRET not in found
    assert NO_ANSWER not in found


@pytest.mark.parametrize(
    "text",
    [
        'connection to server at "10.0.0.1", port 5432 failed: Connection refused',
        "server closed the connection unexpectedly",
        "connection timeout expired",
        # another language: not known, and not taken for something else
        "Verbindung zum Server fehlgeschlagen: Passwort-Authentifizierung gescheitert",
        "",
    ],
)
def test_anything_else_does_not_answer(text: str) -> None:
    assert NO_ANSWER in outage.told(psycopg.OperationalError(text))
    assert NO_ANSWER in outage.told(psycopg.InterfaceError("the connection is closed"))
