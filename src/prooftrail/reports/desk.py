"""At which desk a report is made: who reads there, and what is stated of it.

Guarantees: a report reads through its desk alone, and so as whoever sits there: what
row-level security hides from him is in no report of his.

A report is a module with `NAME`, `TITLE`, `SUMMARY` (a line for help), `QUERY` (what it
is about, in the query language) and `make`: from a desk to a draft. `registry` lists
them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from prooftrail.reports.circumstances import NOT_STATED, Circumstances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import Any

    from prooftrail.reports.enclosing import Draft
    from prooftrail.search.parameters import Filters
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Answer, Question
    from prooftrail.store.readers import Holder
    from prooftrail.store.reporting import Source


PAGE: Final = 2_000  # events that are read at once


class Stated(NamedTuple):
    """What somebody says of the system that a report is of."""

    entity: str = NOT_STATED
    system: str = NOT_STATED
    environment: str = NOT_STATED
    classification: str = "Confidential"


class Desk(NamedTuple):
    """Whoever makes a report, and with what."""

    reading: Callable[[], AbstractContextManager[Connection]]  # as of one moment
    holder: Holder  # whose reading it is
    asked: Filters  # period, streams, and what the report is about
    stated: Stated
    made_by: str  # id and role
    run_from: str  # the console, a command, the API; and by whom there
    report_id: str
    started_us: int
    clock: Callable[[], int]
    options: Mapping[str, str] = MappingProxyType({})  # of this report, by name

    def circumstances(self, source: Source) -> Circumstances:
        """Return by whom, of what and when the report is made, as of now."""
        return Circumstances(
            *self.stated,
            self.report_id,
            self.made_by,
            self.run_from,
            self.started_us,
            self.clock(),
            source,
        )

    def exported(self, draft: Draft, form: str, volumes: int) -> dict[str, Any]:
        """Return what is told of a report where it is recorded.

        Args:
            draft: what it says.
            form: pdf, html, or both.
            volumes: how many; 0 of a page.
        """
        return {
            "filters": self.asked.told,
            "report": draft.parameters["report"],
            "reportId": self.report_id,
            "rows": len(draft.data.rows),
            "format": form,
            "volumes": volumes,
            **self.stated_options,
        }

    @property
    def stated_options(self) -> dict[str, dict[str, str]]:
        """What is told of the options; no key for none."""
        return {"options": dict(self.options)} if self.options else {}

    @property
    def streams(self) -> Mapping[str, int]:
        """The streams that may be read: numbers by name."""
        return self.holder.streams

    @property
    def chosen(self) -> dict[int, str]:
        """The streams that are asked about: names by number."""
        numbers = self.asked.question.streams
        return {
            number: name
            for name, number in self.streams.items()
            if numbers is None or number in numbers
        }


class Maker(Protocol):
    """A module that makes a report."""

    NAME: str
    TITLE: str
    SUMMARY: str
    QUERY: str

    def make(self, desk: Desk) -> Draft:
        """Return the report.

        Raises:
            ProoftrailError: something that it shows cannot be read.
        """
        ...


def pages(
    connection: Connection,
    desk: Desk,
    size: int = PAGE,
    question: Question | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Yield all that answers what was asked, the newest first, as of one moment.

    Memory stays flat: a page at a time.

    Args:
        connection: inside `Desk.reading`.
        desk: whose reading it is.
        size: of a page.
        question: in place of what was asked.
    """
    for item, _ in answered(connection, desk, size, question):
        yield item


def answered(
    connection: Connection,
    desk: Desk,
    size: int = PAGE,
    question: Question | None = None,
) -> Iterator[tuple[Mapping[str, Any], Answer]]:
    """Yield the same, each with on whose authority it was done."""
    from prooftrail.search import items, lists  # noqa: PLC0415  only where it is asked
    from prooftrail.search.parameters import Paging  # noqa: PLC0415

    wanted = desk.asked.question if question is None else question
    names = {number: name for name, number in desk.streams.items()}
    cursor = None
    while True:
        found, cursor = lists.entries(connection, wanted, Paging(size, cursor))
        for one in found:  # each as an item while it is looked at: they take room
            yield items.item(one, names), one.authority
        if cursor is None:
            return
