from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import django
import django.conf
import psycopg
import psycopg.rows
import pytest
import sqlalchemy
from django.db import models
from django.db.utils import ConnectionHandler
from django.utils.connection import ConnectionProxy
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import prooftrail
from prooftrail import EventError, Recorder
from prooftrail.errors import ConfigurationError, DatabaseError
from tests.recording import event, recorder, seal, sealed, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

if not django.conf.settings.configured:
    django.conf.settings.configure(USE_TZ=True, INSTALLED_APPS=[])
    django.setup()


class Inbox(models.Model):  # type: ignore[misc]  # noqa: DJ008
    """As docs/how-to/record-from-sql.md has it."""

    event = models.TextField(primary_key=True)
    stream = models.TextField()

    class Meta:
        app_label = "audit"
        managed = False
        db_table = '"prooftrail"."inbox"'


@pytest.fixture
def made(trail: Trail) -> Iterator[Recorder]:
    """Give a recorder, and a business table beside the trail."""
    admin = trail.superuser()
    admin.execute("create table public.account (id int primary key, plan text)")
    admin.execute("grant all on public.account to prooftrail_writer")
    with recorder(trail) as one:
        yield one


def plans(trail: Trail) -> list[tuple[Any, ...]]:
    rows = trail.superuser().execute("select id, plan from public.account order by id")
    return rows.fetchall()


def engine(trail: Trail) -> sqlalchemy.Engine:
    dsn = trail.login_dsn("writer")
    return sqlalchemy.create_engine(
        dsn.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=sqlalchemy.pool.NullPool,
    )


@contextmanager
def django_connections(trail: Trail) -> Iterator[ConnectionHandler]:
    parts = urlsplit(trail.login_dsn("writer"))
    given = psycopg.conninfo.conninfo_to_dict(trail.login_dsn("writer"))
    handler = ConnectionHandler(
        {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": given["dbname"],
                "USER": given["user"],
                "PASSWORD": parts.password,
                "HOST": given.get("host"),
                "PORT": given.get("port", ""),
            },
            "other": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        }
    )
    try:
        yield handler
    finally:
        handler.close_all()


def test_an_event_commits_with_the_change_that_it_describes(
    trail: Trail, made: Recorder
) -> None:
    with psycopg.connect(trail.login_dsn("writer")) as own:
        own.execute("insert into public.account values (1, 'pro')")
        kept = made.record(event(), connection=own)
        assert waiting(trail) == []
        own.commit()
        own.execute("insert into public.account values (2, 'pro')")
        made.record(event(), connection=own)
        own.rollback()
    assert plans(trail) == [(1, "pro")]
    assert waiting(trail) == [kept]


def test_a_large_export_rides_whole(trail: Trail, made: Recorder) -> None:
    subjects = [f"cust_{n}" for n in range(3_500)]
    with psycopg.connect(trail.login_dsn("writer")) as own:
        made.record(event(subjects=subjects), connection=own)
    assert seal(trail).events == 4


def test_the_callers_cursor_keeps_its_result(trail: Trail, made: Recorder) -> None:
    with psycopg.connect(
        trail.login_dsn("writer"), row_factory=psycopg.rows.dict_row
    ) as own:
        cursor = own.execute("select generate_series(1, 3) as n")
        assert cursor.fetchone() == {"n": 1}
        made.record(event(), connection=cursor)
        assert cursor.fetchall() == [{"n": 2}, {"n": 3}]
    with psycopg.connect(
        trail.login_dsn("writer"), cursor_factory=psycopg.RawCursor, autocommit=True
    ) as raw:
        made.record(event(), connection=raw)
    assert len(waiting(trail)) == 2


def test_a_refused_event_leaves_the_transaction_alone(
    trail: Trail, made: Recorder
) -> None:
    with psycopg.connect(trail.login_dsn("writer")) as own:
        own.execute("insert into public.account values (1, 'pro')")
        with pytest.raises(EventError):
            made.record(event(result="maybe"), connection=own)
    assert plans(trail) == [(1, "pro")]


def test_sqlalchemy_core(trail: Trail, made: Recorder) -> None:
    add = sqlalchemy.text("insert into public.account values (:id, 'pro')")
    made_engine = engine(trail)
    with made_engine.begin() as own:
        own.execute(add, {"id": 1})
        kept = made.record(
            event(details={"sql": ":not %(a) parameter"}), connection=own
        )
    with made_engine.connect() as own:
        own.execute(add, {"id": 2})
        made.record(event(), connection=own)
        own.rollback()
    with pytest.raises(ConfigurationError, match="pass the Connection or Session"):
        made.record(event(), connection=made_engine)
    assert plans(trail) == [(1, "pro")]
    assert waiting(trail) == [kept]


def test_sqlalchemy_sessions(trail: Trail, made: Recorder) -> None:
    add = sqlalchemy.text("insert into public.account values (:id, 'pro')")
    maker = sessionmaker(engine(trail))
    with maker() as session:
        session.execute(add, {"id": 1})
        first = made.record(event(), connection=session)
        session.commit()
        session.execute(add, {"id": 2})
        made.record(event(), connection=session)
        session.rollback()
    scoped = scoped_session(maker)
    second = made.record(event(subjects=["a"] * 1_500), connection=scoped)
    scoped.commit()
    scoped.remove()

    class Own(Session):
        pass

    with Own(engine(trail)) as session, session.begin():
        with session.begin_nested() as savepoint:
            made.record(event(), connection=session)
            savepoint.rollback()
        third = made.record(event(), connection=session)
    assert plans(trail) == [(1, "pro")]
    seal(trail)
    there = sealed(trail)
    assert len(there) == 4
    assert [one for one in there if one in (first, second, third)] == [
        first,
        second,
        third,
    ]


def test_django(trail: Trail, made: Recorder) -> None:
    with django_connections(trail) as handler:
        own = handler["default"]
        proxy = ConnectionProxy(handler, "default")
        first = made.record(event(), connection=own)
        assert waiting(trail) == [first]  # Django's autocommit
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("insert into public.account values (1, 'pro')")
            second = made.record(event(details={"percent": "100%s"}), connection=proxy)
            own.commit()
            cursor.execute("insert into public.account values (2, 'pro')")
            made.record(event(), connection=cursor)
            own.rollback()
        with pytest.raises(ConfigurationError, match="sqlite"):
            made.record(event(), connection=handler["other"])
    assert plans(trail) == [(1, "pro")]
    assert waiting(trail) == [first, second]


def test_any_other_driver_executes_the_statement(trail: Trail, made: Recorder) -> None:
    statement = made.statement(event(subjects=[str(n) for n in range(1_200)]))
    with psycopg.connect(trail.login_dsn("writer")) as own:
        own.cursor().execute(*statement)
    assert waiting(trail)[0] == statement.event_id
    assert len(waiting(trail)) == 2
    assert prooftrail.statement(event()).parameters["stream"] == "main"


def test_asynchronous_connections_are_told_their_way(
    trail: Trail, made: Recorder
) -> None:
    async def run() -> None:
        dsn = trail.login_dsn("writer")
        async with await psycopg.AsyncConnection.connect(dsn) as own:
            with pytest.raises(ConfigurationError, match=r"await connection\.execute"):
                made.record(event(), connection=own)
            with pytest.raises(ConfigurationError, match=r"await connection\.execute"):
                made.record(event(), connection=own.cursor())
            await own.execute(*made.statement(event()))

    asyncio.run(run())
    assert len(waiting(trail)) == 1
    session = type("AsyncSession", (), {"__module__": "sqlalchemy.ext.asyncio.session"})
    with pytest.raises(ConfigurationError, match=r"session.run_sync\(lambda s"):
        made.record(event(), connection=session())


def test_what_is_no_connection_is_refused_by_name(made: Recorder) -> None:
    for wrong in (object(), "postgresql://h/db", 7):
        with pytest.raises(ConfigurationError, match=r"prooftrail\.statement"):
            made.record(event(), connection=wrong)


def test_a_database_without_a_trail_says_so(trail: Trail, made: Recorder) -> None:
    admin = trail.cluster.dsn("postgres")
    with psycopg.connect(admin) as own:
        with pytest.raises(DatabaseError, match="prooftrail init"):
            made.record(event(), connection=own)
        own.rollback()
    with (
        psycopg.connect(trail.login_dsn("reader")) as own,
        pytest.raises(DatabaseError, match="--app-role"),
    ):
        made.record(event(), connection=own)
    url = admin.replace("postgresql://", "postgresql+psycopg://", 1)
    other = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    with (
        other.connect() as connection,
        pytest.raises(DatabaseError, match="prooftrail init"),
    ):
        made.record(event(), connection=connection)


def test_the_drivers_own_errors_stay_the_callers(trail: Trail, made: Recorder) -> None:
    with psycopg.connect(trail.login_dsn("writer")) as own:
        with pytest.raises(psycopg.errors.DivisionByZero):
            own.execute("select 1 / 0")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            made.record(event(), connection=own)


def test_orm_inserts_of_the_how_to_need_no_returning(trail: Trail) -> None:
    """The recipes of docs/how-to/record-from-sql.md."""
    table = sqlalchemy.table(
        "inbox", sqlalchemy.column("stream"), sqlalchemy.column("event"),
        schema="prooftrail",
    )  # fmt: skip
    with engine(trail).begin() as own:
        own.execute(
            sqlalchemy.insert(table), {"stream": "main", "event": json.dumps(event())}
        )

    with django_connections(trail) as handler:
        from django.db import connections  # noqa: PLC0415  after the settings

        connections.settings = handler.settings
        connections["default"] = handler["default"]
        Inbox(stream="main", event=json.dumps(event())).save(force_insert=True)
        del connections["default"]
    done = seal(trail)
    assert (done.events, done.quarantined) == (2, 0)
