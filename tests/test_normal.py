"""Normal form: nothing is lost on the way to JSON, and `$` keys come back."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import events, jcs, normal
from prooftrail.errors import EventError

keys = st.text("$ab", max_size=4) | st.sampled_from(["$number", "$protected"])
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("$ab1.", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)
PROTECTED: dict[str, Any] = {
    "$protected": {
        "class": "contact.email",
        "commitment": "sha256:" + "0" * 64,
        "subject": "cust_1",
    }
}


class Colour(enum.Enum):
    RED = "red"
    PAIR = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Safe(str):
    """A text that stays of its class under str(), as templating libraries have."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


class Point(msgspec.Struct):
    x_axis: float
    when: datetime


def numbers_of(value: Any) -> Any:
    """The value with every well-formed `$number` unwrapped, as readers get it."""
    if isinstance(value, dict):
        if set(value) == {"$number"} and isinstance(token := value["$number"], str):
            try:
                jcs.number(token)
            except EventError:
                return value
            return normal.unescape(value)
        return {key: numbers_of(item) for key, item in value.items()}
    return [numbers_of(item) for item in value] if isinstance(value, list) else value


@given(json_values)
def test_escaped_keys_come_back_as_they_were(value: Any) -> None:
    assert normal.unescape(normal.escape(value)) == numbers_of(value)


@given(json_values)
def test_after_escaping_single_dollar_keys_are_the_trails_own(value: Any) -> None:
    def look(item: Any) -> None:
        if isinstance(item, list):
            for inner in item:
                look(inner)
        elif isinstance(item, dict):
            for key, inner in item.items():
                if key.startswith("$") and not key.startswith("$$"):
                    assert len(item) == 1
                    assert key == "$number"
                    jcs.number(inner)
                look(inner)

    look(normal.escape(value))


@pytest.mark.parametrize(
    "foreign",
    [
        {"$number": 1},
        {"$number": "01"},
        {"$number": "1 "},
        {"$number": "NaN"},
        {"$number": "1", "b": 2},
        {"$source": {"login": "root"}},
        {"$protected": {}},
        {"$protected": "x"},
        {"$protected": {"class": "c"}},
        {"$protected": {"commitment": "sha256:" + "0" * 64}},
        {"$protected": {"class": "c", "commitment": "sha256:" + "0" * 63}},
        {"$protected": {"class": "c", "commitment": "sha256:" + "F" * 64}},
        {"$protected": {"class": "c", "commitment": "md5:" + "0" * 64}},
        {"$protected": {"class": 1, "commitment": "sha256:" + "0" * 64}},
        {"$protected": {**PROTECTED["$protected"], "value": "dani@company.com"}},
        {**PROTECTED, "beside": 1},
    ],
)
def test_what_is_not_well_formed_gains_a_dollar(foreign: dict[str, Any]) -> None:
    escaped = normal.escape({"details": foreign}, enveloped=True)
    assert escaped == {
        "details": {
            f"${key}" if key.startswith("$") else key: item
            for key, item in foreign.items()
        }
    }
    assert normal.unescape(escaped) == {"details": foreign}


def test_well_formed_objects_of_the_trail_stay() -> None:
    inner = {**PROTECTED["$protected"]}
    del inner["subject"]
    fine: list[Any] = [
        PROTECTED,
        {"$protected": inner},
        {"$number": "1.50"},
        {"$number": "-1E+9"},
    ]
    assert normal.escape(fine, enveloped=True) == fine


def test_a_commitment_stays_beside_an_envelope_only() -> None:
    dropped = {"$protected": {"class": "c", "dropped": True}}
    number = {"$number": "1.50"}
    given: list[Any] = [PROTECTED, dropped, number]
    assert normal.escape(given) == [
        {"$$protected": PROTECTED["$protected"]},
        dropped,
        number,
    ]


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("1.50", Decimal("1.50")),
        ("1e400", Decimal("1e400")),
        ("9007199254740992", 9007199254740992),
        ("-0", Decimal("-0")),
        ("9" * 5_000, Decimal("9" * 5_000)),
        ("1e99999999999999999999", "1e99999999999999999999"),
    ],
)
def test_a_number_is_unwrapped_exactly(token: str, number: Any) -> None:
    found = normal.unescape({"$number": token})
    assert (type(found), str(found)) == (type(number), str(number))


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (1.5, {"$number": "1.5"}),
        (1.0, {"$number": "1.0"}),
        (-0.0, {"$number": "-0.0"}),
        (1e16, {"$number": "1e+16"}),
        (5e-324, {"$number": "5e-324"}),
        (Decimal("0.10"), {"$number": "0.10"}),
        (Decimal("1E+3"), {"$number": "1E3"}),
        (Decimal("1E+400"), {"$number": "1E400"}),
        (Decimal(0), 0),
        (Decimal("-0"), {"$number": "-0"}),
        (Decimal(7), 7),
        (2**53 - 1, 2**53 - 1),
        (2**53, {"$number": "9007199254740992"}),
        (-(2**53), {"$number": "-9007199254740992"}),
        (True, True),
        (None, None),
        (Colour.RED, "red"),
        (Colour.PAIR, [1, 2]),
        (Level.HIGH, 3),
        (
            datetime(2026, 2, 17, 14, 23, 1, 445_000, tzinfo=UTC),
            "2026-02-17T14:23:01.445Z",
        ),
        (
            datetime(2026, 2, 17, 1, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-02-16T23:00:00Z",
        ),
        (date(2026, 2, 17), "2026-02-17"),
        (time(14, 23), "14:23:00"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (PurePosixPath("a/b"), "a/b"),
        ({"b", "a"}, ["a", "b"]),
        (frozenset({3, 1}), [1, 3]),
        ((1, (2, 3)), [1, [2, 3]]),
        (range(3), [0, 1, 2]),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (
            {1: "a", Colour.RED: "b", date(2026, 1, 1): "c"},
            {"1": "a", "red": "b", "2026-01-01": "c"},
        ),
        (
            Point(0.5, datetime(2026, 1, 1, tzinfo=UTC)),
            {"x_axis": {"$number": "0.5"}, "when": "2026-01-01T00:00:00Z"},
        ),
    ],
)
def test_python_values_become_json_that_loses_nothing(
    value: object, spelled: Any
) -> None:
    found = normal.plain(value)
    assert found == spelled
    assert type(found) is type(spelled)
    jcs.canonical(found)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back_from_its_digits(value: float) -> None:
    found = normal.unescape(normal.plain(value))
    assert float(found) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_every_decimal_comes_back_from_its_digits(value: Decimal) -> None:
    found = normal.unescape(normal.plain(value))
    assert Decimal(found) == value


@given(json_values)
def test_what_is_json_already_stays_as_it_is(value: Any) -> None:
    assert normal.plain(value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "amount is nan"),
        (float("inf"), "amount is inf"),
        (Decimal("NaN"), "amount is NaN"),
        (Decimal("sNaN"), "amount is sNaN"),
        (Decimal("-Infinity"), "amount is -Infinity"),
        (10**2_000, "amount is an integer of over 1,200 digits"),
        (b"x", "amount is a bytes"),
        (bytearray(b"x"), "amount is a bytearray"),
        (object(), "amount is a object"),
        (timedelta(1), "amount is a timedelta"),
        (datetime(2026, 1, 1), "no time zone"),  # noqa: DTZ001
        ({(1, 2): 3}, "the key .1, 2. is not a text"),
        ({None: 3}, "the key None is not a text"),
        ({1: "a", "1": "b"}, "amount has two keys of one spelling"),
    ],
)
def test_what_has_no_faithful_spelling_is_refused_by_name(
    value: object, reason: str
) -> None:
    with pytest.raises(EventError, match=reason):
        normal.plain({"amount": value})


def test_what_lies_too_deep_or_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(EventError, match="deeper than 32"):
        normal.plain(endless)


def test_texts_of_other_classes_become_plain_texts() -> None:
    found = normal.plain({Safe("key"): Safe("value"), "id": Safe("id")})
    assert isinstance(found, dict)
    assert {type(text) for pair in found.items() for text in pair} == {str}
    jcs.canonical(found)


def test_a_long_text_is_cut_with_a_mark_and_only_once() -> None:
    long = "é" * (normal.MAX_TEXT + 1)
    cut = normal.cut(long)
    assert cut == "é" * normal.MAX_TEXT + "… [cut, 8193 characters]"
    assert normal.cut(cut) == cut
    assert normal.cut(cut + "x") != cut + "x"
    assert normal.cut("é" * normal.MAX_TEXT) == "é" * normal.MAX_TEXT
    assert normal.plain({"a": [long]}) == {"a": [cut]}


@pytest.mark.parametrize(
    "key", ["eventId", "userId", "id", "of", "subjects", "subject"]
)
def test_an_id_is_never_cut(key: str) -> None:
    long = "x" * 100_000
    assert normal.plain({key: long}) == {key: long}
    assert normal.plain({key: [long]}) == {key: [long]}


def test_a_list_is_never_cut() -> None:
    assert normal.plain({"details": list(range(100_000))}) == {
        "details": list(range(100_000))
    }


def test_an_event_of_ours_is_spelled_as_on_the_wire() -> None:
    event = events.Event(
        actor=events.Actor(user_id="u", ip_address="203.0.113.1"),
        action="a.b",
        result="success",
        details={"amount": Decimal("1.10")},
    )
    assert normal.plain(event) == {
        "actor": {"userId": "u", "ipAddress": "203.0.113.1"},
        "action": "a.b",
        "result": "success",
        "details": {"amount": {"$number": "1.10"}},
    }
