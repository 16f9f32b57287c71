"""Units of work that do more, or other things, than their objects say."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests import shop
from tests.shop import Address, Customer, Setting, recorded, stating, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session, sessionmaker

    from tests.trail import Trail

EMAIL, NAME, CITY = "contact.email", "identity.name", "contact.address"
made, engine, maker = shop.made, shop.engine, shop.maker


@contextmanager
def hooked(event: str, run: Callable[[Connection, Any], object]) -> Iterator[None]:
    def listener(mapper: object, connection: Connection, target: object) -> None:
        del mapper
        run(connection, target)

    sa.event.listen(Customer, event, listener)
    try:
        yield
    finally:
        sa.event.remove(Customer, event, listener)


def test_a_row_that_is_deleted_and_added_in_one_flush_is_told_as_an_update(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.delete(session.get_one(Customer, "c1"))
        session.add(Customer(id="c1", email="new@a.test", plan="free"))
    assert told(event) == [
        ("email", ("1@a.test", EMAIL, "c1"), ("new@a.test", EMAIL, "c1"))
    ]
    assert event.stated("success")["subjects"] == ["c1"]


def test_so_it_is_where_nothing_of_the_old_row_had_been_loaded(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with maker() as session:
        old = session.get_one(Customer, "c1")
        session.commit()  # all of it expires
        session.delete(old)
        session.add(Customer(id="c1", email="new@a.test"))
        session.commit()
    (found,) = recorded(trail)
    assert found["details"]["operation"] == "update"
    assert [one["field"] for one in found["changes"]] == ["email"]


def test_a_row_that_is_added_again_in_another_flush_is_deleted_and_inserted(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.delete(session.get_one(Customer, "c1"))
        session.flush()
        session.add(Customer(id="c1"))
    ids = [one for one in told(event) if one[0] == "id"]
    assert ids == [("id", "c1", None), ("id", None, "c1")]


@pytest.mark.parametrize("when", ["before_insert", "after_insert"])
def test_statements_of_mapper_events_are_told_row_by_row(
    maker: sessionmaker[Session], when: str
) -> None:
    with maker.begin() as session:
        session.add(Setting(key="customers", value="0"))
    count = (
        sa.update(Setting)
        .where(Setting.key == "customers")
        .values(value=sa.cast(sa.cast(Setting.value, sa.Integer) + 1, sa.Text))
    )
    with (
        hooked(when, lambda connection, _: connection.execute(count)),
        stating() as event,
        maker.begin() as session,
    ):
        session.add_all(Customer(id=f"n{n}") for n in range(3))
    values = [one for one in told(event) if one[0] == "config[customers].value"]
    assert values == [
        ("config[customers].value", "0", "1"),
        ("config[customers].value", "1", "2"),
        ("config[customers].value", "2", "3"),
    ]
    assert len([one for one in told(event) if one[0].endswith("id")]) == 3


@pytest.mark.parametrize("when", ["before_delete", "after_update"])
def test_so_are_those_on_the_flushed_table_itself(
    maker: sessionmaker[Session], when: str
) -> None:
    other = sa.update(Customer).where(Customer.id == "c2").values(plan="pro")
    with (
        hooked(when, lambda connection, _: connection.execute(other)),
        stating() as event,
        maker.begin() as session,
    ):
        event.on("campaign", "spring")
        if when == "before_delete":
            session.delete(session.get_one(Customer, "c1"))
        else:
            session.get_one(Customer, "c1").plan = "team"
    found = told(event)
    assert ("customer[c2].plan", "free", "pro") in found
    gone = None if when == "before_delete" else "team"
    assert [one for one in found if one[0] == "customer[c1].plan"] == [
        ("customer[c1].plan", "free", gone)
    ]


def test_what_a_flush_writes_is_told_once(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.add(Address(customer_id="c0", city="Bern"))
        session.get_one(Customer, "c0").plan = "pro"
        session.delete(session.get_one(Customer, "c1"))
    fields = [one[0] for one in told(event)]
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize("whose", ["", "x" * 1_001])
def test_a_row_whose_owner_no_event_can_name_is_saved_and_told(
    trail: Trail, maker: sessionmaker[Session], whose: str
) -> None:
    with maker.begin() as session:
        session.add(Customer(id=whose, email="e@a.test"))
    with maker.begin() as session:
        session.add(Address(customer_id=whose, city="Bern"))
        session.flush()
        session.execute(sa.update(Address).values(city="Basel"))
    events = recorded(trail)
    assert len(events) == 3
    assert not any("subjects" in one for one in events)
