"""What SQLAlchemy's transactions leave: rollbacks, savepoints, events of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

import prooftrail
from prooftrail.capture.scope import acting
from prooftrail.errors import DatabaseError
from prooftrail.integrations.sqlalchemy import track
from tests import shop
from tests.shop import (
    Address,
    Customer,
    Setting,
    recorded,
    stating,
    told,
)

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL, NAME, CITY = "contact.email", "identity.name", "contact.address"


made, engine, maker = shop.made, shop.engine, shop.maker


def test_a_rollback_leaves_nothing_of_success(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with stating() as event, maker() as session:
        session.get_one(Customer, "c0").plan = "pro"
        session.flush()
        assert told(event) == [("plan", "free", "pro")]
        session.rollback()
    assert told(event) == []
    assert "resource" not in event.stated("failure")
    with maker() as session:
        session.get_one(Customer, "c0").plan = "pro"
        session.flush()
    assert recorded(trail) == []


def test_a_savepoint_takes_back_its_own_part_only(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with stating() as event, maker.begin() as session:
        session.get_one(Customer, "c0").plan = "pro"
        with session.begin_nested() as savepoint:
            session.get_one(Customer, "c1").plan = "pro"
            with session.begin_nested():
                session.get_one(Customer, "c2").plan = "pro"
            savepoint.rollback()
        with session.begin_nested():
            session.get_one(Customer, "c2").plan = "team"
    assert told(event) == [
        ("customer[c0].plan", "free", "pro"),
        ("customer[c2].plan", "free", "team"),
    ]
    assert event.stated("success")["resource"] == {"type": "customer"}
    with maker.begin() as session:
        with session.begin_nested() as savepoint:
            session.get_one(Customer, "c1").plan = "pro"
            session.flush()
            savepoint.rollback()
        session.get_one(Customer, "c0").plan = "team"
    assert [one["resource"]["id"] for one in recorded(trail)] == ["c0"]


def test_a_failed_flush_leaves_nothing_and_what_follows_is_told(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker() as session:
        session.add(Customer(id="c0"))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
        session.rollback()
        session.execute(sa.update(Customer).where(Customer.id == "c1"), {"plan": "pro"})
        session.commit()
    assert told(event) == [("plan", "free", "pro")]


def test_a_commit_that_fails_takes_back_what_it_was_to_keep(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    trail.superuser().execute(
        "alter table address alter constraint address_customer_id_fkey"
        " deferrable initially deferred"
    )
    with stating() as event, maker() as session:
        session.add(Address(customer_id="nobody", city="x"))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
    assert told(event) == []
    with maker() as session:
        session.add(Address(customer_id="nobody", city="x"))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
    assert recorded(trail) == []


def test_without_an_event_each_row_leaves_its_own_at_commit(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with acting("usr_7"), maker() as session:
        session.add(Setting(key="limit", value="1"))
        found = session.get_one(Customer, "c1")
        found.plan = "pro"
        session.flush()
        found.plan = "team"
        session.flush()
        assert recorded(trail) == []
        session.commit()
    with maker.begin() as session:
        session.get_one(Setting, "limit").value = "2"
    setting, customer, config = sorted(
        recorded(trail), key=lambda one: one["timestamp"]
    )
    if setting["resource"]["type"] == "customer":
        setting, customer = customer, setting
    assert setting["action"] == "prooftrail.data.change"
    assert setting["details"] == {"operation": "insert"}
    assert setting["actor"] == {"userId": "usr_7"}
    assert customer["resource"] == {"type": "customer", "id": "c1"}
    assert [(one["before"], one["after"]) for one in customer["changes"]] == [
        ("free", "pro"),
        ("pro", "team"),
    ]
    assert customer["subjects"] == ["c1"]
    assert config["action"] == "admin.config.update"
    assert config["resource"] == {"type": "config", "id": "limit"}
    assert config["actor"]["type"] == "system"


def test_personal_values_never_stand_in_an_event_of_its_own(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with maker.begin() as session:
        session.get_one(Customer, "c1").email = "canary@a.test"
    (event,) = recorded(trail)
    assert event["changes"][0]["field"] == "email"
    assert event["changes"][0]["after"]["$protected"]["class"] == EMAIL
    assert event["changes"][0]["after"]["$protected"]["subject"] == "c1"
    assert event["pii"] == {"fields": ["email"], "classes": [EMAIL]}
    assert "@a.test" not in str(event)


def test_within_the_event_rides_the_same_transaction(
    trail: Trail, engine: sa.Engine, made: Recorder
) -> None:
    maker = sessionmaker(engine)
    track(maker, recorder=made, within=True)
    with maker.begin() as session:
        session.add(Customer(id="w1"))
    xids = trail.superuser().execute(
        "select i.xmin = c.xmin from prooftrail.inbox i, customer c where c.id = 'w1'"
    )
    assert xids.fetchall() == [(True,)]
    with maker() as session:
        session.add(Customer(id="w2"))
        session.flush()
        session.rollback()
    assert len(recorded(trail)) == 1


def test_within_what_cannot_be_recorded_is_not_committed(
    trail: Trail, engine: sa.Engine, made: Recorder
) -> None:
    maker = sessionmaker(engine)
    track(maker, recorder=made, within=True)
    trail.superuser().execute("alter schema prooftrail rename to elsewhere")
    with maker() as session:
        session.add(Customer(id="w1"))
        with pytest.raises(DatabaseError):
            session.commit()
    with maker() as session:
        assert session.get(Customer, "w1") is None


def test_a_session_in_an_outer_transaction_is_told_with_its_end(
    trail: Trail, engine: sa.Engine, maker: sessionmaker[Session]
) -> None:
    """The pattern of test suites: the session's commit is a savepoint's release."""
    for keep in (False, True):
        with engine.connect() as outer:
            transaction = outer.begin()
            with maker(bind=outer, join_transaction_mode="create_savepoint") as session:
                session.get_one(Customer, "c0").plan = f"plan {keep}"
                session.commit()
            assert recorded(trail) == []
            transaction.commit() if keep else transaction.rollback()
    (event,) = recorded(trail)
    assert event["changes"] == [
        {"field": "plan", "before": "free", "after": "plan True"}
    ]


def test_what_a_request_changes_is_told_whatever_else_it_leaves(
    trail: Trail, made: Recorder, maker: sessionmaker[Session]
) -> None:
    """A GET that writes, a handler that records by itself, a draft that is dropped."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del receive
        with maker.begin() as session:
            session.get_one(Customer, "c1").plan = scope["path"]
            session.flush()
        if scope["path"] == "/dropped":
            draft = prooftrail.current_draft()
            assert draft is not None
            draft.drop()
        if scope["path"] == "/explicit":
            made.record(
                action="admin.config.update", result="success", details={"setting": "a"}
            )
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    watched: Any = prooftrail.AuditMiddleware(
        app, recorder=made, actor=lambda _: "u1", announce=False
    )

    async def run() -> None:
        transport = httpx.ASGITransport(watched)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://a"
        ) as client:
            await client.get("/read")
            await client.post("/explicit")
            await client.post("/dropped")
            await client.post("/plain")

    asyncio.run(run())
    found = [
        (one["action"], [change["after"] for change in one.get("changes", [])])
        for one in recorded(trail)
    ]
    assert found[0] == ("prooftrail.data.change", ["/read"])
    assert sorted(found[1:3]) == [
        ("admin.config.update", []),
        ("prooftrail.data.change", ["/explicit"]),
    ]
    assert found[3] == ("prooftrail.data.change", ["/dropped"])
    assert found[4][1] == ["/plain"]
    assert found[4][0].startswith("http.")


def test_what_is_committed_at_once_is_told_at_once(
    trail: Trail, maker: sessionmaker[Session], engine: sa.Engine
) -> None:
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    change = sa.update(Customer).where(Customer.id == "c1")
    with autocommit.connect() as connection:
        connection.execute(change.values(plan="one"))
        assert len(recorded(trail)) == 1
    with maker(bind=autocommit) as session:
        session.execute(change.values(plan="two"))
        session.get_one(Customer, "c2").plan = "flushed"
        session.flush()
        assert len(recorded(trail)) == 3
        session.rollback()  # as if there was something to roll back
        session.get_one(Customer, "c2").plan = "committed"
        session.commit()
    with stating() as event, autocommit.connect() as connection:
        connection.execute(change.values(plan="three"))
    assert told(event) == [("plan", "two", "three")]
    after = [one["changes"][0]["after"] for one in recorded(trail)]
    assert after == ["one", "two", "flushed", "committed"]


def test_so_it_is_within_the_same_database(
    trail: Trail, maker: sessionmaker[Session], made: Recorder, engine: sa.Engine
) -> None:
    track(maker, recorder=made, within=True)
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    with maker(bind=autocommit) as session:
        session.get_one(Customer, "c2").plan = "flushed"
    with maker(bind=autocommit) as session:
        session.get_one(Customer, "c2").plan = "flushed"
        session.flush()
    (found,) = recorded(trail)
    assert found["changes"][0]["after"] == "flushed"


def test_an_engine_that_is_tracked_once_more_has_the_options_of_the_last_time(
    trail: Trail, maker: sessionmaker[Session], made: Recorder, engine: sa.Engine
) -> None:
    trail.stream("one")
    trail.stream("two")
    change = sa.update(Customer).where(Customer.id == "c1")

    def streams(plan: str) -> list[str]:
        with engine.begin() as connection:
            connection.execute(change.values(plan=plan))
        found = trail.superuser().execute(
            "select stream from prooftrail.inbox order by id"
        )
        return [stream for (stream,) in found]

    track(maker, recorder=made, stream="one")  # the engine of a tracked session
    assert streams("a") == ["one"]
    track(engine, recorder=made, stream="two")
    assert streams("b") == ["one", "two"]
    track(maker, recorder=made, stream="one")  # what was said of the engine goes first
    assert streams("c") == ["one", "two", "two"]
    track(engine, recorder=made, stream="one")
    assert streams("d") == ["one", "two", "two", "one"]
