"""Statements of SQLAlchemy that touch many rows, insert them, or race with others."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from prooftrail.capture.protection import Personal
from tests import shop
from tests.shop import (
    Address,
    Company,
    Customer,
    Person,
    Seat,
    Setting,
    recorded,
    stating,
    told,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from tests.trail import Trail

EMAIL, NAME = "contact.email", "identity.name"
CUSTOMER: Any = Customer.__table__


made, engine, maker = shop.made, shop.engine, shop.maker


TWO = [
    ("customer[c1].plan", "free", "pro"),
    ("customer[c2].plan", "free", "pro"),
]


def test_inserts_by_statement_are_told(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        event.on("import", "7")
        session.execute(sa.insert(Customer).values(id="i1", plan="pro"))
        session.execute(sa.insert(CUSTOMER), [{"id": "i2", "plan": "pro"}])
        session.execute(
            sa.insert(CUSTOMER).values(
                [{"id": "i3", "plan": "a"}, {"id": "i4", "plan": "b"}]
            )
        )
        one = session.execute(sa.insert(Address).values(customer_id="i1", city="Bern"))
        assert one.inserted_primary_key == (1,)  # type: ignore[attr-defined]
    found = told(event)
    for field, after in (("i1", "pro"), ("i2", "pro"), ("i3", "a"), ("i4", "b")):
        assert (f"customer[{field}].plan", None, after) in found
    assert ("address[1].customer_id", None, "i1") in found


def test_keys_that_nobody_asked_back_are_counted(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.insert(Address),
            [{"customer_id": "c0", "city": "Bern"}, {"customer_id": "c1", "city": "B"}],
        )
        session.execute(
            sa.insert(Setting).from_select(
                ["key", "value"], sa.select(Customer.id, Customer.plan)
            )
        )
    stated = event.stated("success")
    assert stated["subjects"] == ["c0", "c1"]
    assert {"ids_unknown": 2} in stated["details"]["statements"]
    assert {"from_select": True} in stated["details"]["statements"]


def test_an_upsert_tells_what_was_there(maker: sessionmaker[Session]) -> None:
    insert = postgresql.insert(CUSTOMER).values(
        [{"id": "c1", "plan": "pro"}, {"id": "new", "plan": "pro"}]
    )
    with stating() as event, maker.begin() as session:
        session.execute(
            insert.on_conflict_do_update(
                index_elements=["id"], set_={"plan": insert.excluded.plan}
            )
        )
        session.execute(insert.on_conflict_do_nothing())
    assert told(event) == [
        ("customer[c1].plan", "free", "pro"),
        ("customer[new].id", None, "new"),
        ("customer[new].plan", None, "pro"),
        ("customer[new].balance", None, Decimal("0.00")),
    ]


def many(trail: Trail, n: int) -> None:
    trail.superuser().execute(
        "insert into customer (id, email, password_hash)"
        " select 'm' || lpad(n::text, 5, '0'), n || '@m.test', 'x'"
        f" from generate_series(1, {n}) n"
    )


def test_above_a_thousand_rows_values_are_summed_up_and_subjects_are_all_there(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    many(trail, 2_500)
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer)
            .where(Customer.id.like("m%"))
            .values(plan="pro", email="same@m.test", password_hash="y"),
            execution_options={"synchronize_session": False},
        )
    stated = event.stated("success")
    assert len(stated["subjects"]) == 2_500
    plan, email, password = stated["changes"]
    assert plan == {
        "field": "customer[*].plan",
        "before": "[of 2500 rows, not kept one by one]",
        "after": "pro",
    }
    assert isinstance(email["after"], Personal)
    assert (password["before"], password["after"]) == ("[redacted]", "[redacted]")
    assert stated["pii"] == {"fields": ["email"], "classes": [EMAIL]}


def test_what_one_event_cannot_hold_follows_in_others(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    many(trail, 900)
    with stating() as event, maker.begin() as session:
        session.execute(
            sa.update(Customer)
            .where(Customer.id.like("m%"))
            .values(email=sa.func.upper(Customer.email)),
            execution_options={"synchronize_session": False},
        )
    stated = event.stated("success")
    assert len(stated["subjects"]) == 900
    follow = recorded(trail)
    assert stated["details"]["changes_follow"] == 900 - len(stated["changes"])
    told_there = [change["field"] for one in follow for change in one["changes"]]
    fields = [change["field"] for change in stated["changes"]] + told_there
    assert len(set(fields)) == 900
    assert {one["details"]["follows"] for one in follow} == {"customer.pii.update"}


def test_a_row_that_somebody_else_changes_meanwhile_is_locked_first(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with stating() as event, maker.begin() as session:
        other = trail.login("writer")
        other.execute("set lock_timeout = '100ms'")

        @sa.event.listens_for(session.connection(), "before_cursor_execute")
        def between(*arguments: object) -> None:
            statement = str(arguments[2])
            if statement.startswith("UPDATE"):
                with pytest.raises(Exception, match="lock timeout"):
                    other.execute("update customer set plan = 'other'")

        session.execute(sa.update(Customer).values(plan="pro"))
    assert {one[1] for one in told(event)} == {"free"}


def test_rows_that_a_delete_did_not_see_are_counted(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with stating() as event, maker.begin() as session:
        other = trail.superuser()

        @sa.event.listens_for(session.connection(), "before_cursor_execute")
        def between(*arguments: object) -> None:
            if str(arguments[2]).startswith("DELETE"):
                other.execute("insert into customer (id) values ('late')")

        session.execute(
            sa.delete(Customer), execution_options={"synchronize_session": False}
        )
    assert event.stated("success")["details"]["statements"] == [
        {"rows_affected": 4, "rows_seen": 3}
    ]


def test_inherited_tables_are_told_as_one_thing(maker: sessionmaker[Session]) -> None:
    with maker.begin() as session:
        session.add_all(
            [Company(id=1, mail="c@a.test", taxes="1"), Person(id=2, mail="p@a.test")]
        )
    with stating() as event, maker.begin() as session:
        found = session.get_one(Company, 1)
        found.mail, found.taxes = "d@a.test", "2"
        session.flush()
        session.execute(sa.update(Person).values(mail="q@a.test"))
    assert told(event) == [
        ("mail", ("c@a.test", EMAIL, "1"), ("d@a.test", EMAIL, "1")),
        ("taxes", ("1", "financial.tax", "1"), ("2", "financial.tax", "1")),
        ("person[2].mail", ("p@a.test", EMAIL, "2"), ("q@a.test", EMAIL, "2")),
    ]
    with stating() as event, maker.begin() as session:
        session.delete(session.get_one(Company, 1))
    assert ("taxes", ("2", "financial.tax", "1"), None) in told(event)


def test_a_key_of_two_columns_and_values_that_json_has_not_are_told(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    with maker.begin() as session:
        session.add(
            Seat(
                row=1,
                number=2,
                since=datetime(2026, 2, 17, 14, 23),  # noqa: DTZ001  as columns have it
                picture=b"x",
                lasts=timedelta(days=1),
                weight=float("nan"),
            )
        )
        session.add(Seat(row=1, number=3))
    with maker.begin() as session:
        session.execute(
            sa.update(Seat), [{"row": 1, "number": n, "weight": 1.5} for n in (2, 3)]
        )
    first, _, bulk = recorded(trail)
    assert first["resource"] == {"type": "seat", "id": "1/2"}
    told_ = {one["field"]: one["after"] for one in first["changes"]}
    assert told_["since"] == "2026-02-17 14:23:00"
    assert told_["picture"].startswith("[1 bytes, sha256:")
    assert told_["lasts"] == "1 day, 0:00:00"
    assert told_["weight"] == "nan"
    assert [one["field"] for one in bulk["changes"]] == [
        "seat[1/2].weight",
        "seat[1/3].weight",
    ]
