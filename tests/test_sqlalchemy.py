"""Before and after of SQLAlchemy sessions: units of work, and their transactions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, scoped_session, selectinload, sessionmaker

from prooftrail.capture import audited, personal_fields
from prooftrail.errors import ConfigurationError
from prooftrail.integrations.sqlalchemy import track
from tests import shop
from tests.protecting import opened, protecting
from tests.shop import (
    Address,
    Article,
    Customer,
    Setting,
    recorded,
    stating,
    told,
    url,
)

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL, NAME, CITY = "contact.email", "identity.name", "contact.address"


made, engine, maker = shop.made, shop.engine, shop.maker


def test_an_update_is_told_before_and_after(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        found = session.get_one(Customer, "c1")
        found.email, found.plan = "new@a.test", "pro"
        found.name = "N 1"  # as it was
    assert told(event) == [
        ("email", ("1@a.test", EMAIL, "c1"), ("new@a.test", EMAIL, "c1")),
        ("plan", "free", "pro"),
    ]
    stated = event.stated("success")
    assert stated["resource"] == {"type": "customer", "id": "c1"}
    assert stated["subjects"] == ["c1"]
    assert EMAIL in stated["pii"]["classes"]


def test_an_insert_is_told_with_what_the_server_filled_in(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.add(Customer(id="c9", email="9@a.test"))
    assert told(event) == [
        ("id", None, "c9"),
        ("email", None, ("9@a.test", EMAIL, "c9")),
        ("plan", None, "free"),
        ("balance", None, Decimal("0.00")),
    ]


def test_a_delete_is_told_with_all_that_was_there(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.delete(session.get_one(Customer, "c2"))
    assert told(event) == [
        ("id", "c2", None),
        ("email", ("2@a.test", EMAIL, "c2"), None),
        ("name", ("N 2", NAME, "c2"), None),
        ("plan", "free", None),
        ("balance", Decimal("0.00"), None),
    ]


def test_a_password_hash_is_shown_as_changed_and_nothing_of_it(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.get_one(Customer, "c0").password_hash = "$argon2id$v=19$secret"
    assert told(event) == [("password_hash", "[redacted]", "[redacted]")]


def test_expired_attributes_are_read_before_they_are_written(
    maker: sessionmaker[Session],
) -> None:
    with maker() as session:
        found = session.get_one(Customer, "c1")
        session.commit()  # all of it expires
        with stating() as event:
            found.email = "new@a.test"
            session.commit()
    assert told(event) == [
        ("email", ("1@a.test", EMAIL, "c1"), ("new@a.test", EMAIL, "c1"))
    ]


def test_a_deferred_column_that_was_never_loaded_has_its_before_image(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    trail.superuser().execute("update customer set customer_notes = 'old'")
    with stating() as event, maker.begin() as session:
        session.get_one(Customer, "c1").notes = "new"
    assert told(event) == [
        ("notes", ("old", "support.notes", "c1"), ("new", "support.notes", "c1"))
    ]


def test_merge_tells_what_differs_from_the_row(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.merge(Customer(id="c1", email="1@a.test", name="Other"))
    assert told(event) == [("name", ("N 1", NAME, "c1"), ("Other", NAME, "c1"))]


def test_a_detached_object_that_comes_back_tells_its_before_image(
    maker: sessionmaker[Session],
) -> None:
    with maker() as session:
        found = session.get_one(Customer, "c1")
    found.plan = "pro"
    with stating() as event, maker.begin() as session:
        session.add(found)
    assert told(event) == [("plan", "free", "pro")]


def test_cascaded_deletes_and_moved_children_are_told(
    maker: sessionmaker[Session],
) -> None:
    with maker.begin() as session:
        for city in ("Bern", "Basel"):
            session.add(Address(customer_id="c0", city=city))
    with stating() as event, maker.begin() as session:
        moved = session.scalars(sa.select(Address).filter_by(city="Bern")).one()
        moved.customer = session.get_one(Customer, "c1")
        session.flush()
        session.delete(session.get_one(Customer, "c0"))
    fields = [
        (field, before, after)
        for field, before, after in told(event)
        if "customer_id" in field or "city" in field
    ]
    assert fields == [
        ("address[1].customer_id", "c0", "c1"),
        ("address[2].customer_id", "c0", None),
        ("address[2].city", ("Basel", CITY, "c0"), None),
    ]
    # of the one that was moved, both are told
    assert event.stated("success")["subjects"][:2] == ["c0", "c1"]


def test_values_that_the_database_computes_are_read_back(
    maker: sessionmaker[Session],
) -> None:
    with maker.begin() as session:
        session.add(Setting(key="limit", value="1"))
    with stating() as event, maker.begin() as session:
        found = session.get_one(Setting, "limit")
        found.value = sa.func.concat(Setting.value, "0")
    assert told(event) == [("value", "1", "10"), ("touched", 0, 1)]


def test_what_is_not_marked_is_not_told(maker: sessionmaker[Session]) -> None:
    with stating() as event, maker.begin() as session:
        session.add(Article(id=1, title="x"))
        session.flush()
        session.execute(sa.update(Article).values(title="y"))
    assert told(event) == []


def test_models_can_be_named(engine: sa.Engine, made: Recorder) -> None:
    maker = sessionmaker(engine)
    track(maker, [Article], recorder=made)
    with stating() as event, maker.begin() as session:
        session.add(Article(id=1, title="x"))
    assert told(event) == [("id", None, 1), ("title", None, "x")]
    assert "subjects" not in event.stated("success")


def test_sessions_that_nobody_tracks_are_left_alone(
    trail: Trail, made: Recorder
) -> None:
    del made
    own = sa.create_engine(url(trail))
    with stating() as event, Session(own) as session:
        session.add(Customer(id="x"))
        session.commit()
    own.dispose()
    assert told(event) == []
    assert recorded(trail) == []


def test_values_before_and_after_are_in_the_envelope_and_nowhere_else(
    maker: sessionmaker[Session],
) -> None:
    with stating() as event, maker.begin() as session:
        session.get_one(Customer, "c1").email = "new@a.test"
        session.flush()
        session.execute(
            sa.update(Customer).where(Customer.id == "c1").values(name="Bulk")
        )
    made = protecting(event.stated("success"))
    assert "@a.test" not in made.texts[0]
    assert "Bulk" not in made.texts[0]
    assert [(one.pointer, one.subject, one.value) for one in opened(made)] == [
        ("/changes/0/before", "c1", "1@a.test"),
        ("/changes/0/after", "c1", "new@a.test"),
        ("/changes/1/before", "c1", "N 1"),
        ("/changes/1/after", "c1", "Bulk"),
    ]


def test_scoped_sessions_and_classes_are_tracked(
    engine: sa.Engine, made: Recorder
) -> None:
    scoped = scoped_session(sessionmaker(engine))
    track(scoped, recorder=made)
    with stating() as event:
        scoped.add(Customer(id="s1"))
        scoped.commit()
        scoped.remove()
    assert ("id", None, "s1") in told(event)

    class Own(Session):
        pass

    track(Own, recorder=made)
    with stating() as event, Own(engine) as session:
        session.add(Customer(id="s2"))
        session.commit()
    assert ("id", None, "s2") in told(event)
    with pytest.raises(ConfigurationError, match="pass a sessionmaker"):
        track(object())


def test_reads_flag_what_was_loaded_and_whose(maker: sessionmaker[Session]) -> None:
    with stating("customer.pii.view") as event, maker() as session:
        session.scalars(sa.select(Customer).where(Customer.id < "c2")).all()
    stated = event.stated("success")
    assert stated["pii"] == {"fields": ["email", "name"], "classes": [EMAIL, NAME]}
    assert stated["subjects"] == ["c0", "c1"]
    assert "resource" not in stated


def test_a_deferred_column_counts_when_it_is_fetched(
    trail: Trail, maker: sessionmaker[Session]
) -> None:
    trail.superuser().execute("update customer set customer_notes = 'old'")
    with maker() as session:
        found = session.get_one(Customer, "c0")
        with stating("customer.pii.view") as event:
            assert found.notes == "old"
    assert event.stated("success")["pii"]["fields"] == ["notes"]


def test_columns_that_are_selected_alone_are_flagged(
    maker: sessionmaker[Session],
) -> None:
    with stating("customer.pii.view") as event, maker() as session:
        session.execute(sa.select(Customer.id, Customer.email)).all()
        session.execute(sa.select(Article.title)).all()
    assert event.stated("success")["pii"] == {"fields": ["email"], "classes": [EMAIL]}


def test_relations_that_are_loaded_are_flagged(maker: sessionmaker[Session]) -> None:
    with maker.begin() as session:
        session.add(Address(customer_id="c0", city="Bern"))
    with stating("customer.pii.view") as event, maker() as session:
        session.scalars(
            sa.select(Customer).options(selectinload(Customer.addresses))
        ).all()
    assert CITY in event.stated("success")["pii"]["classes"]


def test_a_typo_in_audited_is_told_when_the_model_is_first_used() -> None:
    with pytest.raises(ConfigurationError, match="'updated'"):
        audited.describe(
            "Customer",
            {"updated": "customer.pii.update"},
            key=["id"],
            fields=["id"],
            marked=personal_fields.Marked({}),
        )
