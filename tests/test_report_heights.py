"""How high rows are: held against what Typst measures, by the templates themselves."""

from __future__ import annotations

import io
import json
import re
from importlib import resources
from random import Random  # noqa: TID251  seeded
from typing import TYPE_CHECKING, Any

import pypdf
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from prooftrail.reports import heights, typesetting
from prooftrail.reports.document import Column, Table
from prooftrail.reports.lettering import LONGEST, lettered
from tests.reported import report

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = 1_795_000_000_000_000
COLUMNS = (
    Column("Entry", "number", 0.8),
    Column("Time, UTC", "time", 1.55),
    Column("Who", share=2.1),
    Column("Action", "code", 1.95),
    Column("Whose data"),
)
LATIN = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "AVTeYoWaLTfifl  .,:;!?()[]{}<>/\\|-_+*=&%$#@~^'\"`äöüßéèñçøåŒæþıŁšž·§«»°"
)
WORDS = (
    "main", "usr_237,", "p237@example.com", "break-glass", "customer.pii.search",
    "contact;", "1", "record", "no decision stated", "(none)", "a/b/c/d", "unexplained",
    "WAWAWAVAVAV", "To:", "é", "/", "[x]", "12,345", "Straße",
)  # fmt: skip

# at its end: the same set rules hold as for what is printed
MEASURE = """
#import "tables.typ": cells, small-print
#let kinds = report.listing.columns.map(one => one.of)
#context [#metadata(report.listing.rows.map(row => cells((row,), kinds)
  .zip(report.listing.widths)
  .map(((value, wide)) => measure(
    width: wide * 1pt - 3.2mm, small-print(value),
  ).height.pt() + 2.2mm.pt())
)) <heights>]
"""


def test_no_row_is_higher_than_its_height() -> None:
    chance = Random(7)
    rows = [
        tuple(
            "".join(chance.choices(LATIN, k=chance.randrange(120)))
            if chance.random() < 0.2
            else " ".join(chance.choices(WORDS, k=chance.randrange(1, 9)))
            for _ in COLUMNS
        )
        for _ in range(1_500)
    ]
    told = heights.heights(set_as(rows), heights.ACROSS)
    known = sum(one is not None for one in told)
    assert known > 300
    exact = 0
    for row, height, measured in zip(rows, told, measured_of(rows), strict=True):
        highest = max(measured)
        assert height is None or height >= highest - 0.001, (row, height, measured)
        exact += height is not None and height - highest < 0.02
    assert exact > 0.5 * known


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-01-19 01:04:27", "usr_2, p@example.com", "Hello there, you"],
)
def test_a_height_is_what_typst_measures(text: str) -> None:
    row = (text,) * len(COLUMNS)
    [told] = heights.heights(set_as([row]), heights.ACROSS)
    [measured] = measured_of([row])
    assert told == pytest.approx(max(measured), abs=0.02)


@pytest.mark.parametrize(
    "text", ["張偉", "🔐", "مدير", "a\nb", "a—b", "x" * 20 + "-" + "y" * 3]
)
def test_what_is_not_known_is_not_told(text: str) -> None:
    row = ("",) * (len(COLUMNS) - 1) + (lettered(text, LONGEST),)
    assert heights.heights(Table(COLUMNS, (row,)), heights.ACROSS) == [None]


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_any_text_has_a_height_or_none(texts: list[str]) -> None:
    [told] = heights.heights(set_as([tuple(texts)]), heights.ACROSS)
    assert told is None or told > 0


def test_pages_are_as_wide_as_is_reckoned_with() -> None:
    """Upright and across: a table of many rows has widths in points."""
    upright, across = 210.0, 297.0
    text = templates()["main.typ"].decode()
    found = re.search(r"margin: \(x: (\d+)mm", text)
    assert found is not None
    margins = 2 * int(found.group(1))
    assert 'paper: "a4"' in text
    assert pytest.approx((upright - margins) * 72 / 25.4) == heights.UPRIGHT
    assert pytest.approx((across - margins) * 72 / 25.4) == heights.ACROSS


def test_a_listing_has_as_many_pages_as_without_heights() -> None:
    rows = [
        (f"main {n}", "2026-01-19 01:04:27", f"usr_{n}", "x.y", "") for n in range(600)
    ]
    told = json.loads(typesetting.shown(listed(rows)))
    with_them = pages(told)
    del told["listing"]["heights"]
    assert with_them == pages(told) > 10


def pages(told: object) -> int:
    pdf = typesetting.set_one(json.dumps(told).encode(), [], AT)
    return len(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def listed(rows: Sequence[tuple[str, ...]]) -> Any:
    return replace(report(), listing=Table(COLUMNS, tuple(rows)))


def set_as(rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(
        COLUMNS, tuple(tuple(lettered(one, LONGEST) for one in row) for row in rows)
    )


def templates() -> dict[str, bytes]:
    place = resources.files(typesetting.__package__) / "templates"
    found = {
        one.name: one.read_bytes()
        for one in place.iterdir()
        if one.name.endswith(".typ")
    }
    found["main.typ"] = found.pop("report.typ")
    return found


def measured_of(rows: Sequence[tuple[str, ...]]) -> list[list[float]]:
    """Return how high Typst makes each cell, padding included, in points."""
    sources = templates()
    sources["main.typ"] += MEASURE.encode()
    told = json.loads(typesetting.shown(listed(rows)))
    told["listing"]["widths"] = heights.widths(COLUMNS, heights.ACROSS)
    with resources.as_file(resources.files(typesetting.__package__) / "fonts") as fonts:
        querying: Any = typst.query  # its types know no files in memory
        found = querying(
            sources,
            "<heights>",
            field="value",
            one=True,
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            sys_inputs={"report": json.dumps(told)},
        )
    measured: list[list[float]] = json.loads(found)
    return measured
