"""What the inbox refuses of an event: told in the same words, without any of it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy

from prooftrail import EventError
from prooftrail.errors import DatabaseError
from prooftrail.store import inbox, within
from tests.recording import event, recorder, waiting
from tests.test_recording_within import django_connections, engine

if TYPE_CHECKING:
    from tests.trail import Trail

MIB = 1_048_576
SECRET = "only the event says so"  # nothing that redaction would take out
TOO_LONG = [
    pytest.param(
        inbox.Row("x" * 64, f'{{"n":"{SECRET}"}}'),
        "the stream's name is longer than 63 bytes",
        id="stream",
    ),
    pytest.param(
        inbox.Row("main", SECRET + "x" * 16 * MIB),
        "the event is longer than 16 MiB",
        id="event",
    ),
    pytest.param(
        inbox.Row("main", f'{{"n":"{SECRET}"}}', b"x" * MIB + b"x"),
        "the envelope of personal values is longer than 1 MiB",
        id="envelope",
    ),
]


def hides(error: BaseException) -> None:
    """Make sure that a log would show nothing of the event, causes and all."""
    told = "".join(traceback.TracebackException.from_exception(error).format())
    assert SECRET not in told
    assert "Failing row" not in told


def within_of(trail: Trail, family: str, row: inbox.Row) -> None:
    if family == "psycopg":
        with psycopg.connect(trail.login_dsn("writer")) as own:
            within.insert_within(own, [row])
    elif family == "sqlalchemy":
        with engine(trail).begin() as connection:
            within.insert_within(connection, [row])
    else:
        with django_connections(trail) as handler:
            within.insert_within(handler["default"], [row])


@pytest.mark.parametrize(("row", "refusal"), TOO_LONG)
@pytest.mark.parametrize("family", ["psycopg", "sqlalchemy", "django"])
def test_what_the_inbox_refuses_is_told_as_without_a_connection(
    trail: Trail, family: str, row: inbox.Row, refusal: str
) -> None:
    with pytest.raises(EventError) as raised:
        within_of(trail, family, row)
    assert str(raised.value) == (
        "the database refuses the values of this event: "
        f"{refusal}: it cannot be recorded"
    )
    hides(raised.value)
    with recorder(trail) as made, pytest.raises(EventError) as without:
        made._writer.put([row], "an id").result(20)
    assert str(without.value) == str(raised.value)
    hides(without.value)


def test_any_other_refusal_of_values_hides_them_too(trail: Trail) -> None:
    trail.superuser().execute(
        "alter table prooftrail.inbox add constraint no_poison"
        " check (event not like '%poison%')"
    )
    poison = event(details={"n": f"poison {SECRET}"})
    with recorder(trail) as made:
        with pytest.raises(EventError, match="no_poison") as without:
            made.record(poison)
        hides(without.value)
        with (
            psycopg.connect(trail.login_dsn("writer")) as own,
            pytest.raises(EventError, match="no_poison") as raised,
        ):
            made.record(poison, connection=own)
        assert str(raised.value) == str(without.value)
        hides(raised.value)
        with (
            engine(trail).connect() as connection,
            pytest.raises(EventError, match="no_poison") as raised,
        ):
            made.record(poison, connection=connection)
        hides(raised.value)
    assert waiting(trail) == []


def test_no_refusal_of_a_login_shows_the_event(trail: Trail) -> None:
    url = trail.login_dsn("reader").replace("postgresql:", "postgresql+psycopg:", 1)
    other = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    with (
        recorder(trail) as made,
        other.connect() as connection,
        pytest.raises(DatabaseError, match="--app-role") as raised,
    ):
        made.record(event(details={"n": SECRET}), connection=connection)
    hides(raised.value)
