"""What Django does to other rows than the one that was named, and how rows are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core import serializers
from django.db.models import Manager

from prooftrail.integrations.django_models import relations, track
from tests.django_app.database import database
from tests.django_app.models import Customer, Member, Seat, Tag
from tests.recording import recorder
from tests.shop import recorded, stating, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL = "contact.email"


@pytest.fixture
def made(trail: Trail) -> Iterator[Recorder]:
    with recorder(trail) as one:
        yield one


@pytest.fixture(autouse=True)
def shop(trail: Trail, made: Recorder) -> Iterator[Any]:
    with database(trail) as own:
        track(recorder=made)
        yield own


def member(name: str, **more: Any) -> Member:
    made: Member = Member.objects.create(email=f"{name}@a.test", **more)
    return made


def test_a_deletion_has_its_models_own_event_whatever_went_with_it(
    trail: Trail,
) -> None:
    ann = member("ann")
    Seat.objects.bulk_create([Seat(number=n, member=ann) for n in range(3)])
    before = len(recorded(trail))
    Member.objects.filter(email="ann@a.test").delete()
    own, seats = recorded(trail)[before:]
    assert seats["action"] == "bulk.records.delete"
    assert seats["resource"] == {"type": "seat"}
    assert seats["details"]["record_count"] == 3
    assert own["action"] == "customer.pii.delete"
    assert own["resource"] == {"type": "member", "id": str(ann.pk)}
    assert own["subjects"] == [str(ann.pk)]


def test_a_forced_update_is_told_as_one_though_its_key_has_a_default() -> None:
    ann = member("ann")
    with stating() as event:
        Member(pk=ann.pk, email="ann@a.test", plan="pro").save(force_update=True)
    assert told(event) == [("plan", "free", "pro")]


def test_a_fixture_over_a_row_that_is_there_is_told_before_and_after() -> None:
    ann = member("ann")
    fixture = serializers.serialize("json", [Member(pk=ann.pk, email="x", plan="pro")])
    with stating() as event:
        for one in serializers.deserialize("json", fixture):
            one.save()
    key = str(ann.pk)
    assert told(event) == [
        ("email", ("ann@a.test", EMAIL, key), ("x", EMAIL, key)),
        ("plan", "free", "pro"),
    ]


def test_both_sides_of_a_symmetrical_relation_are_told() -> None:
    ann, bob, eve = member("ann"), member("bob"), member("eve")
    a, b = str(ann.pk), str(bob.pk)
    ann.friends.add(eve)
    eves = str(eve.pk)
    with stating() as event:
        ann.friends.add(bob)
    assert event.stated("success")["subjects"] == [a, b]
    assert told(event) == [
        (f"member[{a}].friends", [eves], sorted([eves, b])),
        (f"member[{b}].friends", [], [a]),
    ]
    with stating() as event:
        bob.friends.remove(ann)
    assert told(event) == [
        (f"member[{b}].friends", [a], []),
        (f"member[{a}].friends", sorted([eves, b]), [eves]),
    ]
    with stating() as event:
        ann.friends.clear()
    assert told(event) == [
        (f"member[{a}].friends", [eves], []),
        (f"member[{eves}].friends", [a], []),
    ]


def test_a_deletion_takes_itself_out_of_relations_and_that_is_told(
    trail: Trail,
) -> None:
    Tag.objects.bulk_create([Tag(name="admin"), Tag(name="staff")])
    for key in ("c1", "c2"):
        Customer.objects.create(id=key).tags.add("admin", "staff")
    with stating() as event:
        Tag.objects.filter(name="admin").delete()
    assert event.stated("success")["subjects"] == ["c1", "c2"]
    assert told(event) == [
        ("customer[c1].tags", ["admin", "staff"], ["staff"]),
        ("customer[c2].tags", ["admin", "staff"], ["staff"]),
    ]
    before = len(recorded(trail))
    Tag.objects.get(name="staff").delete()
    assert [one["resource"] for one in recorded(trail)[before:]] == [
        {"type": "customer", "id": "c1"},
        {"type": "customer", "id": "c2"},
    ]
    ann, bob = member("ann"), member("bob")
    ann.friends.add(bob)
    key = str(ann.pk)
    with stating() as event:
        ann.delete()
    assert (f"member[{bob.pk}].friends", [key], []) in told(event)


def test_a_deletion_that_touches_very_many_relations_is_summed_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relations, "ROWS", 1)
    Tag.objects.create(name="admin")
    for key in ("c1", "c2"):
        Customer.objects.create(id=key).tags.add("admin")
    with stating() as event:
        Tag.objects.get(name="admin").delete()
    stated = event.stated("success")
    assert stated["subjects"] == ["c1", "c2"]
    assert told(event) == [
        ("customer[*].tags", "[of 2 rows, not kept one by one]", "[without admin]")
    ]


@pytest.fixture
def customers() -> None:
    Customer.objects.bulk_create(Customer(id=f"c{n}") for n in range(3))


@pytest.mark.usefixtures("customers")
def test_values_before_are_what_the_field_makes_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = Customer._meta.get_field("plan")
    monkeypatch.setattr(
        plan, "from_db_value", lambda value, *_: value.upper(), raising=False
    )
    monkeypatch.setattr(plan, "get_prep_value", lambda value: str(value).lower())
    for before, after in (("FREE", "PRO"), ("PRO", "TEAM")):
        with stating() as event:
            found = Customer.objects.get(pk="c1")
            found.plan = after
            found.save()
        assert told(event) == [("plan", before, after)]


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize("several", [False, True])
def test_a_base_manager_of_the_applications_own_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    several: bool,  # noqa: FBT001
) -> None:
    class Own(Manager):  # type: ignore[misc]
        def get_queryset(self) -> Any:
            found = super().get_queryset()
            return found.exclude(plan="none") if several else found

    own = Own()
    own.model = Customer
    monkeypatch.setitem(Customer._meta.__dict__, "base_manager", own)
    for key in ("c1", "c2"):
        with stating() as event:
            found = Customer.objects.get(pk=key)
            found.plan = "pro"
            found.save()
        assert told(event) == [("plan", "free", "pro")]
        assert event.stated("success")["resource"]["id"] == key
