"""The timeline: a search, what it became, how much there is when, and the events.

Guarantees: what was understood is shown before what was found; a search that is not
understood shows no event at all. Counts, bars, facets and events are of one question,
as of one moment, and of nothing that the visitor may not see. Pages go on by a cursor:
what arrives meanwhile shifts nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.catalog import wording
from prooftrail.console import figures, queries, sentences
from prooftrail.console.answers import query
from prooftrail.errors import HiddenError, QueryError
from prooftrail.search import lists, summary
from prooftrail.search.parameters import LIMIT, Paging
from prooftrail.store import figures as counting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.histogram import Bar
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.language import Understood

EXAMPLES = (
    "PII access by admin users last month",
    "failed logins yesterday",
    "result:denied",
)
# of the trail's own tools and service: actors, and actions that name none
_OWN = ("person:", "key:", "os:", "prooftrail")
_OWN_ACTIONS = ("trail.", "prooftrail.")
_DOOR = ("console", "person")  # resources of who tries to come in


class Timeline:
    """Pages of searches.

    Args:
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, request: Request) -> Response:
        """Show what answers a search, or how to begin where the log is empty."""
        text = request.query_params.get("q", "").strip()
        try:
            asked = self._reading.understood(visit, text)
        except (QueryError, HiddenError) as error:
            return self._mistaken(visit, text, queries.mistaken(text, error))
        cursor = request.query_params.get("cursor")
        if cursor is not None:
            return self._onward(visit, asked, cursor, request)
        return self._first(visit, text, asked)

    def _first(self, visit: Visit, text: str, asked: Understood) -> Response:
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            page = lists.page(connection, asked.question, Paging(LIMIT, None), streams)
            found = counting.read(connection, asked.question)
        told = summary.of(found)
        self._reading.listed(visit, asked.question, _told(asked), page.items)

        def narrowed(bar: Bar) -> str:
            then = queries.within(asked.canonical, bar.begins, bar.ends)
            return f"{visit.base}/?{query({'q': then})}"

        return self._answers.page(
            "timeline.html",
            visit,
            title=asked.canonical or "Timeline",
            here="/",
            q=text,
            chips=asked.chips,
            mistake=None,
            examples=() if asked.chips else EXAMPLES,
            total=told.total,
            drawing=figures.drawing(found),
            facets=figures.facets(told, asked),
            narrowed=narrowed,
            first=not text and page.cursor is None and all(map(_is_own, page.items)),
            several=len(streams) > 1,
            days=sentences.days(map(sentences.row, page.items)),
            onward=_onward(asked, page.cursor),
        )

    def _onward(
        self, visit: Visit, asked: Understood, cursor: str, request: Request
    ) -> Response:
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            page = lists.page(
                connection, asked.question, Paging(LIMIT, cursor), streams
            )
        told = {**_told(asked), "continued": True}
        self._reading.listed(visit, asked.question, told, page.items)
        context: dict[str, Any] = {
            "several": len(streams) > 1,
            "days": sentences.days(map(sentences.row, page.items)),
            "onward": _onward(asked, page.cursor),
        }
        name = "rows.html" if request.headers.get("hx-request") else "onward.html"
        return self._answers.page(
            name,
            visit,
            title=asked.canonical or "Timeline",
            here="/",
            q=asked.canonical,
            chips=asked.chips,
            mistake=None,
            examples=(),
            **context,
        )

    def _mistaken(self, visit: Visit, text: str, mistake: queries.Mistake) -> Response:
        return self._answers.page(
            "timeline.html",
            visit,
            title="Not understood",
            here="/",
            status=400,
            q=text,
            chips=(),
            mistake=mistake,
            examples=EXAMPLES,
            drawing=None,
            first=False,
        )


def _is_own(item: Mapping[str, Any]) -> bool:
    """Whether an event is of the trail's own tools, or of who comes to its door."""
    actor = wording.mapping(item.get("actor"))
    resource = wording.mapping(item.get("resource"))
    return (
        sentences.text(actor.get("userId")).startswith(_OWN)
        or sentences.text(item.get("action")).startswith(_OWN_ACTIONS)
        or sentences.text(resource.get("type")) in _DOOR
    )


def _told(asked: Understood) -> dict[str, object]:
    return {"filters": {"q": asked.told}} if asked.told else {"filters": {}}


def _onward(asked: Understood, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return f"/?{query({'q': asked.canonical or None, 'cursor': cursor})}"
