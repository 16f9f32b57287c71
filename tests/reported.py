"""A report to be set: small, and with all kinds of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.reports.document import (
    FIELDS,
    Answer,
    Bars,
    Code,
    Column,
    Cover,
    Day,
    Facts,
    Heat,
    Report,
    Run,
    Section,
    Stacked,
    Strip,
    Table,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS = (
    Column("Seq", "number", 0.5),
    Column("Time", "time", 1.6),
    Column("Name", share=3),
    Column("Action", "code"),
)


def report(names: Iterable[str] = ("Ada Lovelace",), title: str = "A Report") -> Report:
    """Return a report with a row for each name."""
    rows = tuple(
        (str(seq), "2026-03-01T12:00:00.000Z", name, "customer.pii.view")
        for seq, name in enumerate(names, 1)
    )
    days = (Day("2026-03-01", "verified", 3), Day("2026-03-02", "broken", 1))
    return Report(
        cover=Cover(
            title=title,
            question="What is this?",
            entity="An Entity",
            system="A System",
            environment="PRODUCTION",
            period="2026-03-01 to 2026-04-01",
            report_id="rep_1",
            version="1",
            classification="Confidential",
            generated_at="2026-04-01T00:00:00.000Z",
            generated_by="somebody",
        ),
        answer=Answer("One thing.", "attention", ("It is so.",), (("1", "thing"),)),
        chart=Strip(days, "Two days, one of which is broken."),
        controls=(("PCI 10.3.4", "changes are found", "Rows"),),
        scope=("All.",),
        method=("By looking.",),
        sections=(
            Section("Facts", (Facts((("Name", "value"),)), Text(("A paragraph.",)))),
            Section(
                "Charts",
                (
                    Bars((("usr_1", 3), ("usr_2", 0)), "Two bars."),
                    Stacked(
                        ("a", "b"), ("plain", "attention"), (("x", (1, 2)),), "One.", 3
                    ),
                    Heat(((0,) * 24,) * 6 + ((5,) * 24,), "Sunday."),
                    Code(("prooftrail verify",)),
                ),
            ),
        ),
        exceptions=Table(COLUMNS, ()),
        run=Run(
            **{name: f"field {number}" for number, _, name in FIELDS},
            limitations=("One.",),
        ),
        glossary=(("Entry", "An event in the log."),),
        listing=Table(COLUMNS, rows),
    )
