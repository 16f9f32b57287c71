"""Before and after of Django models."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.db.models import F, Model, Value
from django.db.models.functions import Concat, Upper
from django.test.utils import isolate_apps

from prooftrail.errors import ConfigurationError
from prooftrail.integrations.django_models import track
from prooftrail.integrations.django_models.sources import source_of
from tests.django_app.database import database
from tests.django_app.models import (
    Address,
    Article,
    Customer,
    Lead,
    Member,
    Note,
    Seat,
    Tag,
)
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


def test_a_save_is_told_before_and_after() -> None:
    with stating() as event:
        found = Customer.objects.get(pk="c1")
        found.email, found.plan, found.balance = "new@a.test", "pro", "0.00"
        found.save()
    assert told(event) == [
        ("email", ("1@a.test", EMAIL, "c1"), ("new@a.test", EMAIL, "c1")),
        ("plan", "free", "pro"),
    ]
    stated = event.stated("success")
    assert stated["resource"] == {"type": "customer", "id": "c1"}
    assert stated["subjects"] == ["c1"]


def test_an_insert_and_a_delete_are_told_whole() -> None:
    with stating() as event:
        Customer(id="c9", email="9@a.test", balance="1.5").save()
    assert told(event) == [
        ("id", None, "c9"),
        ("email", None, ("9@a.test", EMAIL, "c9")),
        ("plan", None, "free"),
        ("balance", None, Decimal("1.5")),
        ("password", "[redacted]", "[redacted]"),
    ]
    with stating() as event:
        stale = Customer(id="c9", plan="not what is there")
        stale.delete()
    assert ("plan", "free", None) in told(event)
    assert ("email", ("9@a.test", EMAIL, "c9"), None) in told(event)


def test_only_written_fields_are_told() -> None:
    with stating() as event:
        found = Customer.objects.only("id").get(pk="c1")
        found.plan, found.name = "pro", "Not written"
        found.save(update_fields=["plan"])
    assert told(event) == [("plan", "free", "pro")]


def test_expressions_are_told_by_what_they_gave() -> None:
    with stating() as event:
        found = Customer.objects.get(pk="c1")
        found.balance = F("balance") + 7
        found.save()
    assert told(event) == [("balance", Decimal("0.00"), Decimal("7.00"))]


def test_queryset_updates_are_not_missed_django_auditlog_515() -> None:
    with stating() as event:
        event.on("campaign", "spring")
        assert Customer.objects.filter(id__gt="c0").update(plan="pro") == 2
    assert told(event) == TWO
    assert event.stated("success")["subjects"] == ["c1", "c2"]
    with stating() as event:
        Customer.objects.filter(pk="c1").update(
            email=Upper("email"), seen=F("seen") + 1
        )
    assert told(event) == [
        ("email", ("1@a.test", EMAIL, "c1"), ("1@A.TEST", EMAIL, "c1"))
    ]


def test_queryset_deletes_and_cascades_are_told_easy_audit_128() -> None:
    Address.objects.create(customer_id="c1", city="Bern")
    with stating() as event:
        Customer.objects.filter(pk="c1").delete()
    assert ("email", ("1@a.test", EMAIL, "c1"), None) in told(event)
    assert ("address[1].city", ("Bern", CITY, "c1"), None) in told(event)
    assert event.stated("success")["subjects"] == ["c1"]


def test_bulk_create_and_bulk_update_are_told() -> None:
    with stating() as event:
        event.on("import", "7")
        Customer.objects.bulk_create([Customer(id="b1"), Customer(id="b2", plan="pro")])
        Address.objects.bulk_create([Address(customer_id="b1", city="Bern")])
    assert ("customer[b2].plan", None, "pro") in told(event)
    assert ("address[1].city", None, ("Bern", CITY, "b1")) in told(event)
    with stating() as event:
        event.on("campaign", "spring")
        rows = list(Customer.objects.filter(id__in=["c1", "c2"]))
        for one in rows:
            one.plan = "pro"
        Customer.objects.bulk_update(rows, ["plan"])
    assert told(event) == TWO


def test_bulk_create_over_rows_that_are_there_tells_what_they_were() -> None:
    with stating() as event:
        event.on("import", "7")
        Customer.objects.bulk_create(
            [Customer(id="c1", plan="pro"), Customer(id="n1", plan="pro")],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["plan"],
        )
    found = told(event)
    assert ("customer[c1].plan", "free", "pro") in found
    assert ("customer[n1].id", None, "n1") in found


def test_a_row_that_is_met_under_another_unique_key_is_told_and_no_insert() -> None:
    ann = Member.objects.create(email="a@a.test")
    with stating() as event:
        event.on("import", "7")
        Member.objects.bulk_create(
            [Member(email="a@a.test", plan="pro"), Member(email="new@a.test")],
            update_conflicts=True,
            unique_fields=["email"],
            update_fields=["plan"],
        )
    new = str(Member.objects.get(email="new@a.test").pk)
    assert event.stated("success")["subjects"] == [str(ann.pk), new]
    assert told(event) == [
        (f"member[{ann.pk}].plan", "free", "pro"),
        (f"member[{new}].id", None, UUID(new)),
        (f"member[{new}].email", None, ("new@a.test", EMAIL, new)),
        (f"member[{new}].plan", None, "free"),
    ]
    with stating() as event:
        Member.objects.bulk_create([Member(email="a@a.test")], None, True)  # noqa: FBT003
    stated = event.stated("success")
    assert "changes" not in stated
    assert "subjects" not in stated


def test_an_insert_that_may_meet_rows_has_the_ids_that_the_database_made() -> None:
    Seat.objects.create(hall="a", number=1)
    with stating() as event:
        event.on("import", "7")
        Seat.objects.bulk_create(
            [Seat(hall="a", number=1), Seat(hall="a", number=2), Seat(number=3)],
            ignore_conflicts=True,
        )
    here = Seat.objects.get(number=2).pk
    assert told(event) == [
        (f"seat[{here}].id", None, here),
        (f"seat[{here}].hall", None, "a"),
        (f"seat[{here}].number", None, 2),
        ("seat[*].number", None, 3),
    ]
    assert event.stated("success")["details"]["statements"] == [
        {"ids_unknown": 1, "on_conflict": True}
    ]


def test_related_managers_and_relations_are_told() -> None:
    Address.objects.create(customer_id="c1", city="Bern")
    Tag.objects.bulk_create([Tag(name="a"), Tag(name="b")])
    customer = Customer.objects.get(pk="c1")
    with stating() as event:
        customer.addresses.update(city="Basel")
    assert told(event) == [("city", ("Bern", CITY, "c1"), ("Basel", CITY, "c1"))]
    with stating() as event:
        event.on("customer", "c1")
        customer.tags.add("a", "b")
        customer.tags.remove("a")
        customer.tags.clear()
    assert told(event) == [
        ("tags", [], ["a", "b"]),
        ("tags", ["a", "b"], ["b"]),
        ("tags", ["b"], []),
    ]
    with stating() as event:
        Tag.objects.get(pk="a").of.add(customer)
    assert told(event) == [("tags", [], ["a"])]
    assert event.stated("success")["resource"] == {"type": "customer", "id": "c1"}


def test_above_a_thousand_rows_values_are_summed_up_and_subjects_are_all_there(
    trail: Trail,
) -> None:
    trail.superuser().execute(
        "insert into customer select 'm' || n, '', '', 'free', 0, '', 0"
        " from generate_series(1, 1500) n"
    )
    with stating() as event:
        Customer.objects.filter(id__startswith="m").update(
            plan="pro", email=Concat(F("id"), Value("@m.test"))
        )
    stated = event.stated("success")
    assert len(stated["subjects"]) == 1_500
    assert [one["field"] for one in stated["changes"]] == [
        "customer[*].plan",
        "customer[*].email",
    ]
    assert stated["pii"] == {"fields": ["email"], "classes": [EMAIL]}


def test_reads_flag_what_was_loaded_and_whose() -> None:
    with stating("customer.pii.view") as event:
        list(Customer.objects.filter(id__lt="c2"))
    stated = event.stated("success")
    assert stated["pii"] == {"fields": ["email", "name"], "classes": [EMAIL, NAME]}
    assert stated["subjects"] == ["c0", "c1"]
    with stating("customer.pii.view") as event:
        found = Customer.objects.defer("email", "name").get(pk="c0")
        assert "pii" not in event.stated("success")
        assert found.email == "0@a.test"
    assert event.stated("success")["pii"]["fields"] == ["email"]
    with stating("customer.pii.view") as event:
        list(Customer.objects.values_list("name", flat=True))
        list(Customer.objects.values("id", "plan"))
        list(Article.objects.all())
    assert event.stated("success")["pii"]["fields"] == ["name"]


def test_asynchronous_methods_are_these_methods(shop: Any) -> None:
    def change() -> None:
        connections["default"] = shop  # of another thread: the same one, for this test
        Customer.objects.filter(pk="c1").update(plan="pro")
        del connections["default"]

    async def run() -> list[Any]:
        with stating() as event:
            await sync_to_async(change)()
        return told(event)

    shop.inc_thread_sharing()
    assert asyncio.run(run()) == [("plan", "free", "pro")]


def test_a_proxy_is_the_model_that_it_stands_for() -> None:
    with stating() as event:
        found = Lead.objects.get(pk="c1")
        found.plan = "pro"
        found.save()
        Lead.objects.filter(pk="c1").update(plan="team")
        Lead.objects.filter(pk="c2").delete()
    found_there = told(event)
    assert ("customer[c1].plan", "free", "pro") in found_there
    assert ("customer[c1].plan", "pro", "team") in found_there
    assert ("customer[c2].email", ("2@a.test", EMAIL, "c2"), None) in found_there


def test_a_row_that_is_nobodys_is_told_without_a_subject(trail: Trail) -> None:
    Note.objects.create(id="n1", text="x")
    Note.objects.bulk_create([Note(id="n2", text="y")])
    Note.objects.update(text="z")
    first, second, third = recorded(trail)
    assert [first["resource"]["id"], second["resource"]["id"]] == ["n1", "n2"]
    assert third["details"]["record_count"] == 2
    for event in (first, second, third):
        assert "subjects" not in event
        assert event["pii"] == {"fields": ["text"], "classes": ["support.notes"]}


def test_ids_that_are_too_long_for_one_are_left_out_and_that_is_said(
    trail: Trail,
) -> None:
    Note.objects.create(id="n1", owner="ü" * 501, text="x")
    Note.objects.create(id="n" * 1_001, owner="c1", text="x")
    owner, key = recorded(trail)
    assert "subjects" not in owner
    assert owner["details"]["statements"] == [{"too_long": ["subject"]}]
    assert key["resource"] == {"type": "note"}
    assert key["subjects"] == ["c1"]
    assert key["details"]["statements"] == [{"too_long": ["id"]}]


def test_what_is_not_marked_is_not_told(trail: Trail) -> None:
    with stating() as event:
        Article.objects.create(id=1, title="x")
        Article.objects.update(title="y")
        Article.objects.all().delete()
    assert told(event) == []
    assert source_of(Article) is None
    assert recorded(trail) == []


def test_a_subject_that_is_no_field_is_told_at_once() -> None:
    with isolate_apps():  # the test may run twice in a process

        class Wrong(Model):  # type: ignore[misc]
            class Meta:
                app_label = "elsewhere"

            class AuditMeta:
                subject = "nobody"

            def __str__(self) -> str:
                return ""

    with pytest.raises(ConfigurationError, match="no such field"):
        source_of(Wrong)
