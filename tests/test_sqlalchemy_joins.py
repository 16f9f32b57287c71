"""Statements of SQLAlchemy that join others, and rows that are hard to tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from prooftrail.integrations.sqlalchemy import track
from tests import shop
from tests.shop import Address, Customer, Setting, stating, told

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from prooftrail import Recorder
    from tests.trail import Trail

made, engine, maker = shop.made, shop.engine, shop.maker
UNSYNCHRONISED = {"synchronize_session": False}

PLACE = sa.Table(
    "place",
    sa.MetaData(),
    sa.Column("hall", sa.Text, primary_key=True),
    sa.Column("seat", sa.Text, primary_key=True),
    sa.Column("price", sa.Integer),
    info={"audited": True},
)


@pytest.fixture
def places(trail: Trail, engine: sa.Engine, made: Recorder) -> sa.Engine:
    trail.superuser().execute(
        "create table place (hall text, seat text, price int,"
        " primary key (hall, seat));"
        " insert into place values ('x/y', 'z', 1), ('x', 'y/z', 100), ('%', '2', 5);"
        " grant all on place to prooftrail_writer"
    )
    track(engine, recorder=made)
    return engine


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_rows_that_a_join_multiplies_are_all_told(
    trail: Trail, maker: sessionmaker[Session], operation: str
) -> None:
    trail.superuser().execute(
        "alter table address drop constraint address_customer_id_fkey;"
        "insert into address (customer_id, city)"
        " select 'c' || c, 'Bern' from generate_series(0, 2) c, generate_series(1, 600)"
    )
    change: Any = sa.update(Customer).values(plan="pro")
    if operation == "delete":
        change = sa.delete(Customer)
    change = change.where(Customer.id == Address.customer_id)
    with stating() as event, maker.begin() as session:
        event.on("campaign", "spring")
        result: Any = session.execute(change, execution_options=UNSYNCHRONISED)
        assert result.rowcount == 3
    plans = [one[0] for one in told(event) if one[0].endswith("plan")]
    assert plans == [f"customer[c{n}].plan" for n in range(3)]
    assert event.stated("success")["subjects"] == ["c0", "c1", "c2"]
    assert "details" not in event.stated("success")


def test_of_more_rows_than_are_told_it_is_kept_whose_they_were(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    trail.superuser().execute(
        "insert into customer (id) select 'm' || n from generate_series(1, 1100) n;"
        "insert into address (customer_id, city)"
        " select c.id, 'Bern' from customer c, generate_series(1, 3)"
    )
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer)
            .where(Customer.id == Address.customer_id)
            .values(plan="pro"),
            execution_options=UNSYNCHRONISED,
        )
    assert len(event.stated("success")["subjects"]) == 1_103


def test_sets_of_parameters_that_are_of_the_same_rows_are_told_once(
    trail: Trail, maker: sessionmaker[Session], engine: sa.Engine
) -> None:
    del maker
    trail.superuser().execute(
        "insert into customer (id) select 'm' || n from generate_series(1, 600) n"
    )
    table: Any = Customer.__table__
    change = (
        sa.update(table)
        .where(table.c.id >= sa.bindparam("least"))
        .values(plan=sa.bindparam("new"))
    )
    with stating() as event, engine.begin() as connection:
        event.on("campaign", "spring")
        connection.execute(
            change, [{"least": "m", "new": "pro"}, {"least": "c", "new": "team"}]
        )
    stated = event.stated("success")
    assert len(stated["subjects"]) == 603
    assert {one["after"] for one in stated["changes"]} == {"team"}


def test_a_statement_by_an_alias_touches_the_rows_that_it_touches(
    maker: sessionmaker[Session], engine: sa.Engine
) -> None:
    other = aliased(Customer)
    table: Any = Customer.__table__
    named = table.alias("named")
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(other).where(other.id == "c1").values(plan="pro"),
            execution_options=UNSYNCHRONISED,
        )
    assert told(event) == [("plan", "free", "pro")]
    with stating() as event, engine.begin() as connection:
        connection.execute(
            sa.update(named).where(named.c.id == "c1").values(plan="team")
        )
    assert told(event) == [("plan", "pro", "team")]
    with stating() as event, engine.begin() as connection:
        connection.execute(sa.delete(named).where(named.c.id == "c2"))
    assert event.stated("success")["subjects"] == ["c2"]


def test_keys_of_several_columns_are_told_apart(places: sa.Engine) -> None:
    with stating() as event, places.begin() as connection:
        connection.execute(sa.update(PLACE).values(price=PLACE.c.price + 1))
    assert told(event) == [
        ("place[%25/2].price", 5, 6),
        ("place[x/y%2Fz].price", 100, 101),
        ("place[x%2Fy/z].price", 1, 2),
    ]
    with stating() as event, places.begin() as connection:
        event.on("campaign", "spring")
        connection.execute(
            sa.update(PLACE).where(PLACE.c.hall == "x").values(hall="w", price=7)
        )
    assert told(event) == [
        ("place[x/y%2Fz].hall", "x", "w"),
        ("place[x/y%2Fz].price", 101, 7),
    ]


def test_keys_that_the_database_computes_are_summed_up(
    maker: sessionmaker[Session],
) -> None:
    with maker.begin() as session:
        session.add_all([Setting(key="a", value="1"), Setting(key="b", value="2")])
    with stating("admin.config.update") as event, maker.begin() as session:
        session.execute(
            sa.update(Setting).values(key=Setting.key + "a"),
            execution_options=UNSYNCHRONISED,
        )
        session.execute(
            sa.update(Setting).where(sa.false()).values(key=Setting.key + "a"),
            execution_options=UNSYNCHRONISED,
        )
    stated = event.stated("success")
    assert stated["details"]["statements"] == [
        {"rows_affected": 2, "values": "summed up"}
    ]
    assert ("config[*].key", "[of 2 rows, not kept one by one]") in [
        (one["field"], one["before"]) for one in stated["changes"]
    ]


def test_what_is_summed_up_tells_the_value_of_a_parameter(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    trail.superuser().execute(
        "insert into customer (id) select 'm' || n from generate_series(1, 1100) n"
    )
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer).values(plan=sa.bindparam("new")),
            {"new": "pro"},
            execution_options=UNSYNCHRONISED,
        )
    (change,) = event.stated("success")["changes"]
    assert change["after"] == "pro"
