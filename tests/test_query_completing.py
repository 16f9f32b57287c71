"""Completion of a query: at the cursor, with what is understood there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.core import instants
from prooftrail.search.language import complete, understand
from prooftrail.search.language.completing import place_of

NOW = instants.microseconds("2026-11-27T21:30:00Z")
STREAMS = {"main": 1, "Acme, Inc.": 2}

PIECES = [
    *("role:", "result:", "action:", "during:", "pii:", "stream:", "-", "(", ")", '"'),
    *(",", " ", "\\", "d", "cus", "2026", "Acme", "ro", "last-", "a:b"),
]


def candidates(marked: str) -> list[str]:
    """Return what a text becomes by each candidate; `|` marks the cursor."""
    text, at = marked.replace("|", ""), marked.index("|")
    found = complete(text, at, streams=STREAMS, now_us=NOW).candidates
    return [f"{text[: one.at]}{one.text}{text[one.end :]}" for one in found]


@pytest.mark.parametrize(
    ("marked", "wanted"),
    [
        ("ro|", ["role:"]),
        ("-ro|", ["-role:"]),
        ("(pii:yes OR r|) ip:::1", [
            f"(pii:yes OR {name}:) ip:::1" for name in ("result", "role", "resource")
        ]),
        ("re|:denied", ["result:denied", "resource:denied"]),
        ("RES|", ["result:", "resource:"]),
        ("result:d|", ["result:denied"]),
        ("result:s|ucc pii:yes", ["result:success pii:yes"]),
        ("result:denied,f|", ["result:denied,failure"]),
        ('result:denied, "f|', ["result:denied, failure"]),
        ("pii:|", ["pii:yes", "pii:no"]),
        ("action:customer.pii.doc|", [
            "action:customer.pii.document_upload", "action:customer.pii.document_view"
        ]),
        ("action:bulk|", [
            "action:bulk.*", "action:bulk.records.*", "action:bulk.records.delete",
            "action:bulk.records.update",
        ]),
        ("stream:ac|", ['stream:"Acme, Inc."']),
        ('stream:"Acme, I|nc." pii:yes', ['stream:"Acme, Inc." pii:yes']),
        ("during:2026-Q|", [f"during:2026-Q{n}" for n in (4, 3, 2, 1)]),
        ("during:last-q|", ["during:last-quarter"]),
        ("actor:us|", []),
        ("xyzzy:us|", []),
        ("zz|", []),
    ],
)  # fmt: skip
def test_what_can_stand_at_the_cursor(marked: str, wanted: list[str]) -> None:
    assert candidates(marked) == wanted


@pytest.mark.parametrize(
    ("marked", "name", "column", "prefix"),
    [
        ("pii:yes actor:us|r", "actor", "actor", "us"),
        ("customer:cust_4|", "resource", "resource", "cust_4"),
        ("type:|", "type", "resource_type", ""),
        ("role:admin,sup|", "role", "role", "sup"),
        (r'-(actor:"a \"b\", c|', "actor", "actor", 'a "b", c'),
        ("stream:m|", "stream", None, "m"),
        ("who exp|", None, None, "exp"),
        ("|", None, None, ""),
    ],
)
def test_the_place_says_what_the_log_is_to_be_asked_for(
    marked: str, name: str | None, column: str | None, prefix: str
) -> None:
    found = place_of(marked.replace("|", ""), marked.index("|"))
    assert (found.name, found.column, found.prefix) == (name, column, prefix)


@settings(max_examples=400)
@given(
    st.lists(
        st.sampled_from(PIECES) | st.text(max_size=3),
        max_size=8,
    ).map("".join),
    st.integers(-2, 40),
)
def test_any_text_is_completed_within_itself(text: str, at: int) -> None:
    found = complete(text, at, streams=STREAMS, now_us=NOW)
    place = found.place
    assert 0 <= place.at <= place.end <= len(text)
    for one in found.candidates:
        assert (one.at, one.end) == (place.at, place.end)
        if place.name is not None:
            understand(f"{place.name}:{one.text}", streams=STREAMS, now_us=NOW)
