"""docs/reference/query-language.md says what is so: its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prooftrail.core import instants
from prooftrail.errors import QueryError
from prooftrail.search.language import understand
from prooftrail.search.language.names import NAMES, SYNONYMS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "query-language.md"
NOW = instants.microseconds("2026-11-27T21:30:00Z")


def part(heading: str) -> str:
    found = re.search(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[1]


def canonical(text: str) -> str:
    return understand(text, streams={"main": 1}, now_us=NOW).canonical


def test_every_filter_is_told_with_an_example_that_runs() -> None:
    rows = re.findall(r"^\| (`.*?) \|.*\| `(.*)` \|$", part("Filters"), re.MULTILINE)
    told = [name for names, _ in rows for name in re.findall(r"`(\w+):`", names)]
    assert sorted(told) == sorted(NAMES)
    for _, example in rows:
        assert canonical(example)
    for synonym, name in SYNONYMS.items():
        assert f"`{synonym}:` is `{name}:`" in part("Filters")


def test_every_query_in_the_text_runs() -> None:
    text = PAGE.read_text()
    queries = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    queries += re.findall(r"`(-?\w+:[^`]+)`", text.partition("## What is refused")[0])
    assert len(queries) > 20
    for query in set(queries) - {"role:admin role:support"}:
        assert canonical(query)
    with pytest.raises(QueryError, match="role:admin,support"):
        canonical("role:admin role:support")


def test_every_period_runs() -> None:
    periods = re.findall(r"`([^`]+)`", part("Periods"))
    words = {"month", "quarter", "year", "weeks", "months", "years"}
    for period in [one for one in periods if one not in words]:
        assert canonical(f"during:{period}").startswith("during:")
    for unit in ("month", "quarter", "year"):
        assert canonical(f"during:this-{unit}")
        assert canonical(f"during:last-{unit}")
    for unit in ("weeks", "months", "years"):
        assert canonical(f"during:last-2-{unit}")


@pytest.mark.parametrize("heading", ["What is understood"])
def test_what_is_understood_is_what_the_page_says(heading: str) -> None:
    rows = re.findall(r"^\| `(.*)` \| `(.*)` \|$", part(heading), re.MULTILINE)
    assert rows
    for written, understood in rows:
        assert canonical(written) == understood


def test_what_is_refused_is_refused_in_these_words() -> None:
    rows = re.findall(r"^\| `(.*)` \| (.*) \|$", part("What is refused"), re.MULTILINE)
    assert rows
    for written, told in rows:
        with pytest.raises(QueryError, match=re.escape(told)):
            canonical(written)


def test_phrases_become_what_the_page_says() -> None:
    told = part("Plain phrases")
    rows = re.findall(r"^\| ([^`|]+) \| `(.*)` \|$", told, re.MULTILINE)
    assert len(rows) > 5
    for phrase, understood in rows:
        assert canonical(phrase) == understood
    _, _, refused = told.partition("| said | what is said to it |")
    rows = re.findall(r"^\| ([^`|-]+) \| ([^|]*) \|$", refused, re.MULTILINE)
    assert len(rows) > 3
    for phrase, answer in rows:
        with pytest.raises(QueryError, match=re.escape(answer)):
            canonical(phrase)
