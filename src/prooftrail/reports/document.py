"""A report as data: what it says, and nothing of how it looks.

Guarantees: every value is plain text or a number; nothing in it is markup, wherever it
is shown. A report has all fields of its run (`Run`) and of its cover, or is none. Each
chart says in words what it shows, for whoever cannot see it.

Source: the fourteen fields of information produced by the entity are those that
auditors ask of a report (AT-C 205.36, "sufficiently reliable"); PDF/UA-1 (ISO 14289)
asks for the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS: Final = 700  # of a volume: what sets two at a time needs memory for both

Kind: TypeAlias = Literal["text", "code", "number", "time"]
State: TypeAlias = Literal["verified", "unanchored", "broken", "empty"]
Tone: TypeAlias = Literal["fact", "attention"]


class _Plain(msgspec.Struct, frozen=True, tag_field="kind", tag=str.lower):
    """A block of a report; its JSON says of which kind it is."""


class Text(_Plain, frozen=True):
    """Paragraphs."""

    paragraphs: tuple[str, ...]


def paragraph(*lines: str) -> Text:
    """Return one paragraph, of sentences or parts of them."""
    return Text((" ".join(lines),))


class Facts(_Plain, frozen=True):
    """Names, each with its value."""

    pairs: tuple[tuple[str, str], ...]
    title: str = ""


class Code(_Plain, frozen=True):
    """Lines to be typed, or read by a machine, as they are."""

    lines: tuple[str, ...]


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    name: str
    of: Kind = "text"
    share: float = 1.0  # of the table's width, beside the other columns' shares


class Table(_Plain, frozen=True):
    """Rows; each has a value for every column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    without: str = "None."  # what is said where there is no row
    caption: str = ""
    title: str = "Rows"  # where it stands by itself


class Day(msgspec.Struct, frozen=True):
    """A day of a strip."""

    day: str  # 2026-03-01
    state: State
    n: int  # entries


class Strip(_Plain, frozen=True):
    """A day a cell, in rows of months: what is known of each."""

    days: tuple[Day, ...]
    alt: str


class Bars(_Plain, frozen=True):
    """Numbers beside each other, each with its name."""

    bars: tuple[tuple[str, int], ...]
    alt: str


class Stacked(_Plain, frozen=True):
    """Numbers over time, each the sum of several."""

    names: tuple[str, ...]  # of the parts, from the bottom
    tones: tuple[Literal["plain", "soft", "attention", "dark"], ...]  # one a part
    columns: tuple[tuple[str, tuple[int, ...]], ...]  # a time, and its parts
    alt: str
    line: int | None = None  # a threshold


class Heat(_Plain, frozen=True):
    """Numbers by weekday and hour."""

    hours: tuple[tuple[int, ...], ...]  # seven days from Monday, 24 hours each
    alt: str


Block: TypeAlias = Text | Facts | Code | Table | Strip | Bars | Stacked | Heat


class Section(msgspec.Struct, frozen=True):
    """A part of a report, under a heading."""

    title: str
    blocks: tuple[Block, ...]
    page: bool = False  # whether it begins on a page of its own


class Answer(msgspec.Struct, frozen=True):
    """What a reader learns in a minute."""

    headline: str
    tone: Tone
    sentences: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]  # a number, and what it counts


class Cover(msgspec.Struct, frozen=True):
    """What a report is of."""

    title: str
    question: str  # that it answers
    entity: str
    system: str
    environment: str  # PRODUCTION, or what else
    period: str  # [from, to), UTC
    report_id: str
    version: str  # of the report's own code
    classification: str
    generated_at: str
    generated_by: str


class Run(msgspec.Struct, frozen=True):
    """How a report came about: the fourteen fields that make it testable."""

    report: str  # 1: name and code version
    source: str  # 2: system, database, environment
    filters: str  # 3: exact
    query: str  # 4: its text, or its hash
    run_by: str  # 5: id and role, and where from
    times: str  # 6: started, finished, snapshot
    population: str  # 7: before any filter
    filtered: str  # 8: rows after each filter
    printed: str  # 9: rows printed = rows in the CSV = control totals
    sequence: str  # 10: first and last seq, and missing ones
    completeness: str  # 11: tests, and results
    accuracy: str  # 12: rows that were hashed again
    integrity: str  # 13: chain, anchors, the last anchor
    files: str  # 14: SHA-256 of the attachments; how to verify
    limitations: tuple[str, ...]


FIELDS = (
    ("1", "Report", "report"),
    ("2", "Source", "source"),
    ("3", "Filters", "filters"),
    ("4", "Query", "query"),
    ("5", "Run by", "run_by"),
    ("6", "Times", "times"),
    ("7", "Population", "population"),
    ("8", "After each filter", "filtered"),
    ("9", "Printed", "printed"),
    ("10", "Sequence", "sequence"),
    ("11", "Completeness", "completeness"),
    ("12", "Accuracy", "accuracy"),
    ("13", "Integrity", "integrity"),
    ("14", "Files", "files"),
)


class Report(msgspec.Struct, frozen=True):
    """A whole report."""

    cover: Cover
    answer: Answer
    chart: Block | None  # where one looks rather than reads
    controls: tuple[tuple[str, str, str], ...]  # requirement, what it asks, section
    scope: tuple[str, ...]
    method: tuple[str, ...]
    sections: tuple[Section, ...]
    exceptions: Table
    run: Run
    glossary: tuple[tuple[str, str], ...]
    listing: Table | None = None  # the rows, which may be many
    volume: tuple[int, int] = (1, 1)  # which, of how many
    signers: tuple[str, ...] = (
        "Reviewed by",
        "Management acknowledgement",
        "Auditor use",
    )


def count(report: Report, most: int = ROWS) -> int:
    """Return how many volumes a report has, of so many rows at most."""
    rows = 0 if report.listing is None else len(report.listing.rows)
    return max(1, -(-rows // most))


def volumes(report: Report, most: int = ROWS) -> Iterator[Report]:
    """Yield a report as volumes, each of which has so many rows at most.

    The first one has all that is said beside the rows.
    """
    listing = report.listing
    if listing is None or len(listing.rows) <= most:
        yield report
        return
    for number, at in enumerate(range(0, len(listing.rows), most), 1):
        yield replace(
            report,
            listing=replace(listing, rows=listing.rows[at : at + most]),
            volume=(number, count(report, most)),
        )
