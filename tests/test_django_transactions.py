"""What Django's transactions leave: rollbacks, savepoints, events of their own."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections, transaction
from django.db.utils import IntegrityError

from prooftrail.capture.scope import acting
from prooftrail.integrations.django_models import track
from tests.django_app.database import database
from tests.django_app.models import Address, Customer
from tests.recording import recorder
from tests.shop import recorded, stating, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL, NAME, CITY = "contact.email", "identity.name", "contact.address"


@pytest.fixture
def made(trail: Trail) -> Iterator[Recorder]:
    with recorder(trail) as one:
        yield one


@pytest.fixture(autouse=True)
def shop(trail: Trail, made: Recorder) -> Iterator[Any]:
    with database(trail) as own:
        trail.superuser().execute(
            "insert into customer select 'c' || n, n || '@a.test', 'N ' || n, 'free',"
            " 0, '', 0 from generate_series(0, 2) n"
        )
        track(recorder=made, reads=True)
        yield own


TWO = [("customer[c1].plan", "free", "pro"), ("customer[c2].plan", "free", "pro")]


class WantedError(Exception):
    pass


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run what is inside in a block that is rolled back."""
    with suppress(WantedError), transaction.atomic():
        yield
        raise WantedError


def test_a_rollback_leaves_nothing_of_success(trail: Trail) -> None:
    with stating() as event:
        with rolled_back():
            Customer.objects.filter(pk="c1").update(plan="pro")
            assert told(event) == [("plan", "free", "pro")]
        assert told(event) == []
    with rolled_back():
        Customer.objects.create(id="gone")
    assert recorded(trail) == []


def test_a_savepoint_takes_back_its_own_part_only(trail: Trail) -> None:
    def change() -> None:
        with transaction.atomic():
            Customer.objects.filter(pk="c0").update(plan="pro")
            with rolled_back():
                Customer.objects.filter(pk="c1").update(plan="pro")
                with transaction.atomic():
                    Customer.objects.filter(pk="c2").update(plan="pro")
            with transaction.atomic():
                found = Customer.objects.get(pk="c2")
                found.plan = "team"
                found.save()

    with stating() as event:
        change()
    assert told(event) == [
        ("customer[c0].plan", "free", "pro"),
        ("customer[c2].plan", "free", "team"),
    ]
    Customer.objects.update(plan="free")
    before = len(recorded(trail))
    change()
    made = recorded(trail)[before:]
    assert sorted(one["resource"]["id"] for one in made) == ["c0", "c2"]


def test_a_savepoint_without_a_block_takes_back_its_own_part_only(
    trail: Trail,
) -> None:
    def to(key: str, plan: str) -> None:
        Customer.objects.filter(pk=key).update(plan=plan)

    def change() -> None:
        with transaction.atomic():
            to("c0", "pro")
            kept = transaction.savepoint()
            transaction.savepoint_commit(kept)
            outer = transaction.savepoint()
            to("c1", "phantom")
            with transaction.atomic():
                to("c2", "phantom")
                transaction.savepoint()
                to("c2", "more of it")
            to("c1", "more of it")
            transaction.savepoint_rollback(outer)
            to("c1", "team")
            transaction.savepoint_rollback(outer)
            with transaction.atomic():
                to("c2", "team")

    with stating() as event:
        change()
    assert told(event) == [
        ("customer[c0].plan", "free", "pro"),
        ("customer[c2].plan", "free", "team"),
    ]
    Customer.objects.update(plan="free")
    before = len(recorded(trail))
    change()
    made = recorded(trail)[before:]
    assert [one["resource"]["id"] for one in made] == ["c0", "c2"]


def test_a_savepoint_before_all_changes_takes_back_all(trail: Trail) -> None:
    with transaction.atomic():
        first = transaction.savepoint()
        Customer.objects.filter(pk="c1").update(plan="phantom")
        transaction.savepoint_rollback(first)
    assert recorded(trail) == []


def test_a_connection_that_is_closed_is_held_by_nobody(shop: Any) -> None:
    held = []

    def change() -> None:
        connections["default"] = shop.copy()
        Customer.objects.filter(pk="c1").update(plan="pro")
        connections["default"].close()
        held.append(weakref.ref(connections["default"]))
        del connections["default"]

    thread = threading.Thread(target=change)
    thread.start()
    thread.join()
    gc.collect()
    assert held[0]() is None


def test_without_an_event_changes_leave_their_own_at_commit(trail: Trail) -> None:
    with acting("usr_7"), transaction.atomic():
        found = Customer.objects.get(pk="c1")
        found.plan = "pro"
        found.save()
        found.plan = "team"
        found.save()
        Address.objects.create(customer_id="c1", city="Bern")
        assert recorded(trail) == []
    customer, address = recorded(trail)
    assert customer["action"] == "prooftrail.data.change"
    assert customer["actor"] == {"userId": "usr_7"}
    assert [(one["before"], one["after"]) for one in customer["changes"]] == [
        ("free", "pro"),
        ("pro", "team"),
    ]
    assert address["details"] == {"operation": "insert"}
    Address.objects.update(city="Basel")
    (event,) = recorded(trail)[2:]
    assert event["action"] == "customer.pii.update"
    assert event["details"]["record_count"] == 1
    assert "Basel" not in str(event)
    Customer.objects.update(plan="free")
    assert recorded(trail)[-1]["action"] == "bulk.records.update"
    assert recorded(trail)[-1]["details"]["fields_changed"] == ["plan"]


def test_a_hook_of_the_applications_that_fails_costs_no_record(trail: Trail) -> None:
    def fail() -> None:
        raise WantedError

    with suppress(WantedError), transaction.atomic():
        transaction.on_commit(fail)
        Customer.objects.filter(pk="c1").update(plan="pro")
    assert len(recorded(trail)) == 1


def test_commits_by_hand_are_told_and_rollbacks_are_not(trail: Trail) -> None:
    transaction.set_autocommit(False)
    Customer.objects.create(id="n1")
    Customer.objects.filter(pk="n1").update(plan="pro")
    assert recorded(trail) == []
    transaction.commit()
    assert [one["resource"]["id"] for one in recorded(trail)] == ["n1", "n1"]
    Customer.objects.create(id="n2")
    transaction.rollback()
    transaction.set_autocommit(True)
    assert len(recorded(trail)) == 2


def test_a_commit_that_fails_leaves_nothing(trail: Trail) -> None:
    with stating() as event:
        with pytest.raises(IntegrityError), transaction.atomic():
            Address.objects.create(customer_id="nobody", city="x")
        assert told(event) == []
    assert recorded(trail) == []


def test_within_the_event_rides_the_same_transaction(
    trail: Trail, made: Recorder
) -> None:
    track(recorder=made, within=True)
    with transaction.atomic():
        Customer.objects.create(id="w1")
    xids = trail.superuser().execute(
        "select i.xmin = c.xmin from prooftrail.inbox i, customer c where c.id = 'w1'"
    )
    assert xids.fetchall() == [(True,)]
    with rolled_back():
        Customer.objects.create(id="w2")
    assert len(recorded(trail)) == 1


def test_an_error_in_an_update_leaves_the_callers_block_alone() -> None:
    with stating() as event, transaction.atomic():
        with pytest.raises(Exception, match="no field named"):
            Customer.objects.update(nothing=1)
        with pytest.raises(TypeError):
            Customer.objects.all()[:1].update(plan="x")
        Customer.objects.filter(pk="c1").update(plan="pro")
    assert told(event) == [("plan", "free", "pro")]
