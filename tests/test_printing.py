"""Cells and lines: inert in spreadsheets and terminals, whatever was recorded."""

from __future__ import annotations

import csv
import io

import pytest

from prooftrail.search import printing

HOSTILE = (
    "=1+1",
    " =1+1",
    "\t=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "x;=cmd|' /C calc'!A0",
    "x|=1+1",
    "a\x1b[2J\nb",
    "a\r\n=1+1",
    "\u202egnp.exe",
    "\ufeff=1+1",
)


def cell(text: str) -> str:
    item = {"timestamp": "2026-01-01T00:00:00Z", "actor": {"userId": text}}
    row = printing.csv_row(printing.cells(item))
    assert row.endswith("\r\n")
    ((found, *_),) = [one[1:] for one in csv.reader(io.StringIO(row))]
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_starts_no_formula_moves_no_cursor_and_breaks_no_line(text: str) -> None:
    shown = cell(text)
    assert shown.isprintable()
    assert not shown.lstrip().startswith(("=", "+", "-", "@"))
    # nor where another sign than the comma separates cells
    for sign in ";|":
        for piece in shown.split(sign)[1:]:
            assert shown.startswith("'") or not piece.strip().startswith("=")


def test_what_is_harmless_stays_as_it_is() -> None:
    for text in ("usr_1", "Zoë, 株式会社", "a;b", "203.0.113.42"):
        assert cell(text) == text
