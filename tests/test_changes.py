"""Changes by hand, and where fields are marked as personal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from prooftrail.capture import personal_fields
from prooftrail.capture.audited import describe
from prooftrail.capture.changes import UNTOLD, changes, diff
from prooftrail.capture.personal_fields import PII, Marked, fields_of, mark, subject_of
from prooftrail.capture.protection import Personal
from prooftrail.errors import EventError
from prooftrail.integrations.pydantic import personal
from tests.shop import Address, Article, Customer, shown, stating, told

EMAIL = "contact.email"


class Place(BaseModel):
    city: Annotated[str, PII("contact.address")]
    country: str = "CH"


class Person(BaseModel):
    id: str
    email: Annotated[str, PII(EMAIL)]
    phone: Annotated[str | None, PII("contact.phone")] = None
    plan: str = "free"
    address: Place | None = None
    pin: SecretStr | None = None


@dataclass
class Row:
    email: Annotated[str, PII(EMAIL)]
    plan: str


class Struct(msgspec.Struct):
    email: Annotated[str, PII(EMAIL)]
    plan: str


def plain(before: object, after: object, **more: Any) -> list[tuple[str, Any, Any]]:
    return [
        (one.field, shown(one.before), shown(one.after))
        for one in diff(before, after, **more)
    ]


def test_only_what_differs_is_told_nested_by_path() -> None:
    before = {"plan": "free", "seats": 3, "address": {"city": "Bern", "zip": 3000}}
    after = {"plan": "pro", "seats": 3, "address": {"city": "Basel", "zip": 3000}}
    assert plain(before, after) == [
        ("plan", "free", "pro"),
        ("address.city", "Bern", "Basel"),
    ]


def test_what_was_not_there_and_what_is_gone_are_changes_from_and_to_none() -> None:
    assert plain(None, {"plan": "free"}) == [("plan", None, "free")]
    assert plain({"plan": "free"}, None) == [("plan", "free", None)]
    assert plain({"a": None}, {}) == []
    assert plain({"a": None}, {"a": {"b": 1}}) == [("a.b", None, 1)]


def test_types_count_where_values_only_look_the_same() -> None:
    assert plain({"a": 1}, {"a": True}) == [("a", 1, True)]
    assert plain({"a": Decimal("1.0")}, {"a": Decimal("1.00")}) == []


@pytest.mark.parametrize("kind", [Row, Struct])
def test_dataclasses_and_structs_are_told_with_their_marks(kind: Any) -> None:
    before, after = kind(email="a@a.test", plan="x"), kind(email="b@a.test", plan="x")
    assert plain(before, after) == [
        ("email", ("a@a.test", EMAIL, None), ("b@a.test", EMAIL, None))
    ]


def test_pydantic_objects_are_told_nested_marks_included() -> None:
    before = Person(id="p1", email="a@a.test", address=Place(city="Bern"))
    after = Person(id="p1", email="b@a.test", phone="1", address=Place(city="Basel"))
    assert plain(before, after, subject="p1") == [
        ("email", ("a@a.test", EMAIL, "p1"), ("b@a.test", EMAIL, "p1")),
        ("phone", None, ("1", "contact.phone", "p1")),
        (
            "address.city",
            ("Bern", "contact.address", "p1"),
            ("Basel", "contact.address", "p1"),
        ),
    ]


def test_secrets_are_shown_as_changed_and_nothing_of_them() -> None:
    before = {"password_hash": "x", "auth": {"apiKey": "k"}, "plan": "free"}
    after = {"password_hash": "y", "auth": {"apiKey": "l"}, "plan": "free"}
    hidden = ("[redacted]", "[redacted]")
    assert plain(before, after) == [
        ("password_hash", *hidden),
        ("auth.apiKey", *hidden),
    ]
    assert plain(
        Person(id="p", email="e", pin=SecretStr("1")), Person(id="p", email="e")
    ) == [("pin", *hidden)]
    one, two = (
        {"note": SecretStr(text)} for text in ("a", "b")
    )  # whatever its name is
    assert plain(one, two) == [("note", *hidden)]


def test_a_registry_marks_what_has_no_class_of_its_own() -> None:
    mark(
        "kyc", {"iban": "financial.iban", "home.city": "contact.address"}, subject="of"
    )
    before = {"of": "c1", "iban": "CH1", "home": {"city": "Bern", "floor": 1}}
    after = {"of": "c1", "iban": "CH2", "home": {"city": "Basel", "floor": 2}}
    assert plain(before, after, model="kyc") == [
        ("iban", ("CH1", "financial.iban", "c1"), ("CH2", "financial.iban", "c1")),
        (
            "home.city",
            ("Bern", "contact.address", "c1"),
            ("Basel", "contact.address", "c1"),
        ),
        ("home.floor", 1, 2),
    ]


def test_the_registry_goes_before_what_a_model_says_and_holds_for_subclasses() -> None:
    class Base(BaseModel):
        email: Annotated[str, PII(EMAIL)]

    class Child(Base):
        nick: str

    assert fields_of(Child) == {"email": EMAIL}
    mark(Base, {"email": "contact.private", "nick": "identity.name"}, subject="nick")
    assert fields_of(Child) == {"email": "contact.private", "nick": "identity.name"}
    assert fields_of(Child(email="x", nick="y")) == fields_of(Child)
    assert subject_of(Child) == "nick"


def test_columns_say_it_in_their_info() -> None:
    assert fields_of(Customer) == {
        "email": EMAIL,
        "name": "identity.name",
        "notes": "support.notes",
    }
    assert fields_of(Address) == {"city": "contact.address"}
    assert fields_of(Article) == {}
    assert fields_of("nobody marked this") == {}


def test_django_says_it_in_the_class() -> None:
    class Model:
        PII_FIELDS = {"email": EMAIL}  # noqa: RUF012  as Django code is written

        class AuditMeta:
            subject = "owner_id"

    class Other:
        class AuditMeta:
            pii_fields = {"email": EMAIL}  # noqa: RUF012

    assert personal_fields.marked(Model) == personal_fields.Marked(
        {"email": EMAIL}, "owner_id"
    )
    assert fields_of(Other) == {"email": EMAIL}


def test_a_class_that_is_no_dotted_name_is_refused_where_it_is_marked() -> None:
    for wrong in ("E-Mail", "contact email", "", "contact."):
        with pytest.raises(EventError, match="dotted"):
            PII(wrong)
        with pytest.raises(EventError, match="dotted"):
            mark("x", {"email": wrong})
        with pytest.raises(EventError, match="dotted"):
            personal_fields.pii(wrong)


def test_changes_go_into_the_innermost_event() -> None:
    before = Person(id="p1", email="a@a.test")
    with stating() as event:
        changes(before, before.model_copy(update={"email": "b@a.test"}), subject="p1")
    assert told(event) == [
        ("email", ("a@a.test", EMAIL, "p1"), ("b@a.test", EMAIL, "p1"))
    ]
    stated = event.stated("success")
    assert stated["pii"] == {"fields": ["email"], "classes": [EMAIL]}
    assert stated["subjects"] == ["p1"]
    with pytest.raises(EventError, match="no event is being stated"):
        changes({}, {})


def test_what_has_no_fields_is_refused() -> None:
    with pytest.raises(EventError, match="a int has no fields"):
        diff(1, 2)


def test_values_that_cannot_be_compared_count_as_different() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ValueError

        def __hash__(self) -> int:
            return 1

    assert [one.field for one in diff({"a": Odd()}, {"a": Odd()})] == ["a"]


def test_personal_gives_all_fields_with_marks_at_any_depth() -> None:
    made = personal(
        Person(id="p1", email="a@a.test", address=Place(city="Bern")), subject="p1"
    )
    assert shown(made["email"]) == ("a@a.test", EMAIL, "p1")
    assert isinstance(made["address"]["city"], Personal)
    assert made["address"]["country"] == "CH"
    assert made["phone"] is None
    assert made["plan"] == "free"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("abc", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
THINGS = st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=4)


@given(THINGS, THINGS)
def test_a_thing_has_no_changes_from_itself_and_the_way_back_is_the_reverse(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert diff(before, before) == []
    there = {
        (one.field, repr(one.before), repr(one.after)) for one in diff(before, after)
    }
    back = {
        (one.field, repr(one.after), repr(one.before)) for one in diff(after, before)
    }
    assert there == back


def test_a_value_that_cannot_be_told_does_not_keep_its_row_from_being_saved() -> None:
    class Odd:
        def __str__(self) -> str:
            raise ValueError("private")

    made = describe(
        "Thing",
        None,
        key=["id"],
        fields=["id", "odd"],
        marked=Marked({"odd": "contact.email"}),
    )
    effect = made.effect("insert", None, {"id": 1, "odd": Odd()})
    assert effect is not None
    assert effect.changes == [("id", None, 1), ("odd", UNTOLD, UNTOLD)]
    assert effect.personal == {"odd": "contact.email"}


class Home(BaseModel):
    id: str = "c1"
    places: list[Place] = []
    rows: dict[str, list[Row]] = {}
    more: object = None


def test_objects_in_lists_and_columns_are_told_with_their_marks() -> None:
    old = Home(places=[Place(city="Bern")], rows={"a": [Row("a@a.test", "x")]})
    new = Home()
    new.more = [Struct("b@a.test", "y"), 1, {"in": Place(city="Basel")}]
    with stating() as event:
        changes(old, new, subject="c1")
    stated = event.stated("success")
    assert "Bern" not in repr(stated) and "a.test" not in repr(stated)  # noqa: PT018
    found = {one["field"]: one for one in stated["changes"]}
    (place,) = found["places"]["before"]
    assert shown(place["city"]) == ("Bern", "contact.address", "c1")
    assert place["country"] == "CH"
    assert shown(found["more"]["after"][0]["email"]) == ("b@a.test", EMAIL, "c1")
    assert found["more"]["after"][1] == 1
    assert shown(found["more"]["after"][2]["in"]["city"])[0] == "Basel"
    assert stated["pii"] == {
        "fields": ["places.city", "rows.a.email", "more.email", "more.in.city"],
        "classes": ["contact.address", EMAIL],
    }
    assert stated["subjects"] == ["c1"]


def test_an_object_that_becomes_a_text_does_not_stand_there_in_plain() -> None:
    (change,) = diff({"home": Place(city="Bern")}, {"home": "unknown"})
    assert shown(change.before["city"]) == ("Bern", "contact.address", None)
    assert change.after == "unknown"


def test_what_is_personal_as_a_whole_is_marked_once() -> None:
    class Owner(BaseModel):
        home: Annotated[Any, PII("contact.home")]

    (change,) = diff(Owner(home=[Place(city="Bern")]), Owner(home=None))
    assert change.before.value == [{"city": "Bern", "country": "CH"}]


def test_a_marked_object_without_known_fields_is_not_spelled_out() -> None:
    class Kept:
        PII_FIELDS = {"email": EMAIL}  # noqa: RUF012

        def __str__(self) -> str:
            return "a@a.test"

    (change,) = diff({"who": [Kept()]}, {"who": []})
    assert change.before == ["[a Kept]"]


def test_what_holds_itself_is_told_as_what_cannot_be_recorded() -> None:
    loop: list[Any] = [Place(city="Bern")]
    loop += [loop, loop]
    (change,) = diff({"a": loop}, {"a": None})
    assert change.before == UNTOLD


def test_a_column_that_holds_an_object_is_flagged_by_its_marks() -> None:
    made = describe("Thing", None, key=["id"], fields=["home"], marked=Marked({}))
    effect = made.effect("insert", None, {"id": 1, "home": [Place(city="Bern")]})
    assert effect is not None
    assert effect.personal == {"home.city": "contact.address"}
    assert "Bern" not in repr(effect.changes)
