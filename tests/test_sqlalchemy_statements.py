"""Bulk statements of SQLAlchemy, by ORM and Core, with their before-images."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker, with_loader_criteria

from prooftrail.capture.scope import carried
from prooftrail.integrations.sqlalchemy import track
from tests import shop
from tests.shop import (
    Address,
    Article,
    Customer,
    recorded,
    stating,
    told,
)

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL, NAME = "contact.email", "identity.name"
CUSTOMER: Any = Customer.__table__


made, engine, maker = shop.made, shop.engine, shop.maker


TWO = [
    ("customer[c1].plan", "free", "pro"),
    ("customer[c2].plan", "free", "pro"),
]


def test_bulk_updates_are_not_missed_django_auditlog_515_continuum_174(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        event.on("campaign", "spring")
        result = session.execute(
            sa.update(Customer).where(Customer.id > "c0").values(plan="pro")
        )
        assert result.rowcount == 2  # type: ignore[attr-defined]
    assert told(event) == TWO
    assert event.stated("success")["subjects"] == ["c1", "c2"]


def test_bulk_deletes_are_told_with_their_rows_easy_audit_128(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.execute(sa.delete(Customer).where(Customer.id == "c1"))
    assert told(event) == [
        ("id", "c1", None),
        ("email", ("1@a.test", EMAIL, "c1"), None),
        ("name", ("N 1", NAME, "c1"), None),
        ("plan", "free", None),
        ("balance", Decimal("0.00"), None),
    ]


def test_personal_values_of_a_bulk_update_are_marked(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer).values(email=sa.func.upper(Customer.email)),
            execution_options={"synchronize_session": False},
        )
    assert [one for one in told(event) if "c1" in one[0]] == [
        ("customer[c1].email", ("1@a.test", EMAIL, "c1"), ("1@A.TEST", EMAIL, "c1"))
    ]
    assert event.stated("success")["pii"] == {"fields": ["email"], "classes": [EMAIL]}


@pytest.mark.parametrize("how", ["evaluate", "fetch", "auto", False])
def test_objects_in_the_session_are_synchronised_as_ever(
    maker: sessionmaker[Session], how: str
) -> None:
    with stating() as event, maker.begin() as session:
        one = session.get_one(Customer, "c1")
        one.name = "Before"  # is flushed first
        session.execute(
            sa.update(Customer).where(Customer.name == "Before").values(plan="pro"),
            execution_options={"synchronize_session": how},
        )
        assert one.plan == ("pro" if how else "free")
    assert told(event) == [
        ("name", ("N 1", NAME, "c1"), ("Before", NAME, "c1")),
        ("plan", "free", "pro"),
    ]


def test_returning_gives_the_caller_his_rows(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        found = session.execute(
            sa.update(Customer)
            .where(Customer.id > "c0")
            .values(plan="pro")
            .returning(Customer.id, Customer.plan)
        )
        assert sorted(found.all()) == [("c1", "pro"), ("c2", "pro")]
        objects = session.scalars(
            sa.insert(Customer).returning(Customer),
            [{"id": "n1", "plan": "a"}, {"id": "n2", "plan": "b"}],
        )
        assert sorted(one.plan for one in objects) == ["a", "b"]
        gone = session.execute(
            sa.delete(Customer).where(Customer.id == "c0").returning(Customer.id)
        )
        assert gone.all() == [("c0",)]
    fields = [one[0] for one in told(event)]
    assert "customer[n1].plan" in fields
    assert "customer[c0].plan" in fields


def test_updates_by_key_of_many_rows_are_told_row_by_row(
    maker: sessionmaker[Session],
) -> None:
    rows = [{"id": "c1", "plan": "pro"}, {"id": "c2", "plan": "pro"}]
    with stating() as event, maker.begin() as session:
        event.on("campaign", "spring")
        session.execute(sa.update(Customer), rows)
    assert told(event) == TWO
    with stating() as event, maker.begin() as session:
        event.on("campaign", "spring")
        session.bulk_update_mappings(
            Customer,
            [{"id": "c1", "plan": "team"}, {"id": "c2", "plan": "team"}],
        )
    assert told(event) == [(field, "pro", "team") for field, _, _ in TWO]


def test_the_bulk_methods_of_sessions_are_told(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        event.on("import", "7")
        session.bulk_save_objects([Customer(id="b1", plan="pro")])
        session.bulk_insert_mappings(
            Customer,
            [{"id": "b2", "plan": "pro"}, {"id": "b3", "email": "3@b.test"}],
        )
    found = told(event)
    assert ("customer[b1].plan", None, "pro") in found
    assert ("customer[b2].plan", None, "pro") in found
    assert ("customer[b3].email", None, ("3@b.test", EMAIL, "b3")) in found
    assert event.stated("success")["subjects"] == ["b1", "b2", "b3"]


def test_core_statements_of_sessions_and_connections_are_told(
    engine: sa.Engine, maker: sessionmaker[Session], trail: Trail
) -> None:
    change = sa.update(CUSTOMER).where(CUSTOMER.c.id > "c0").values(plan="pro")
    with stating() as event, maker() as session:
        event.on("campaign", "spring")
        session.execute(change)
        assert told(event) == TWO
        session.rollback()
    assert told(event) == []
    with stating() as event, engine.begin() as connection:
        event.on("campaign", "spring")
        connection.execute(change)
        with connection.begin_nested() as savepoint:
            connection.execute(sa.delete(CUSTOMER))
            savepoint.rollback()
    assert told(event) == TWO
    with engine.connect() as connection:
        connection.execute(sa.update(CUSTOMER).values(plan="lost"))
        connection.rollback()
        connection.execute(change.values(plan="kept"))
        connection.commit()
        connection.execute(sa.delete(CUSTOMER))
    (kept,) = recorded(trail)
    assert kept["action"] == "bulk.records.update"
    assert kept["details"]["record_count"] == 2
    assert {one["after"] for one in kept["changes"]} == {"kept"}
    assert kept["resource"] == {"type": "customer"}


def test_a_table_without_a_model_is_marked_by_itself(
    engine: sa.Engine, trail: Trail, made: Recorder
) -> None:
    trail.superuser().execute(
        "create table lead (id int primary key, mail text);"
        " grant all on lead to prooftrail_writer"
    )
    lead = sa.Table(
        "lead",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mail", sa.Text, info={"pii": EMAIL}),
    )
    track(engine, recorder=made)
    with stating() as event, engine.begin() as connection:
        connection.execute(sa.insert(lead), [{"id": 1, "mail": "l@a.test"}])
        connection.execute(sa.update(lead).values(mail="m@a.test"))
    assert told(event) == [
        ("id", None, 1),
        ("mail", None, ("l@a.test", EMAIL, "1")),
        ("mail", ("l@a.test", EMAIL, "1"), ("m@a.test", EMAIL, "1")),
    ]


def test_joins_and_criteria_of_loaders_touch_the_rows_that_they_touch(
    maker: sessionmaker[Session],
) -> None:
    with maker.begin() as session:
        session.add_all(Address(customer_id="c1", city=one) for one in ("Bern", "B"))
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer)
            .where(Customer.id == Address.customer_id)
            .values(plan="pro"),
            execution_options={"synchronize_session": False},
        )
    assert told(event) == [("plan", "free", "pro")]
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer)
            .options(with_loader_criteria(Customer, Customer.id == "c2"))
            .values(plan="team"),
            execution_options={"synchronize_session": False},
        )
    assert told(event) == [("plan", "free", "team")]
    assert event.stated("success")["resource"]["id"] == "c2"


def test_what_touches_no_row_tells_nothing(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with maker.begin() as session:
        session.execute(sa.update(Customer).where(sa.false()).values(plan="pro"))
        session.execute(sa.update(Article).values(title="x"))
        session.execute(sa.text("update customer set plan = 'raw'"))  # by design
    assert recorded(trail) == []


def test_a_key_that_an_update_changes_is_told(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer).where(Customer.id == "c1").values(id="c1b"),
            execution_options={"synchronize_session": False},
        )
    assert told(event) == [("id", "c1", "c1b")]
    assert event.stated("success")["subjects"] == ["c1", "c1b"]


def test_bulk_updates_side_by_side_lock_rows_in_one_order(
    maker: sessionmaker[Session],
) -> None:
    with maker.begin() as session:
        session.add_all(
            Customer(id=f"d{n}", email=f"{n}@b.test", name="N") for n in range(8)
        )

    def work(seed: int) -> None:
        random = Random(seed)
        for _ in range(60):
            some = [f"d{random.randrange(8)}" for _ in range(5)]
            with stating(), maker.begin() as session:
                change = sa.update(Customer).where(Customer.id.in_(some))
                session.execute(change.values(name=f"N {random.random()}"))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(carried(work), seed) for seed in range(4)]:
            done.result()  # no deadlock
