"""GET /audit/events: search, count, look up, follow; and their summary.

Guarantees: what is answered is what row-level security lets the key see, and the read
is durable in the trail before the first byte of an answer is sent. While a
verification has found the log altered, answers say so in a header. A query (`q`) comes
back as it was understood.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from prooftrail.core import instants
from prooftrail.errors import QuestionError
from prooftrail.search import items, lists, parameters, summary, viewing
from prooftrail.service.api import following
from prooftrail.service.api.places import FOLLOWING, READING, Places
from prooftrail.service.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

JSON = "application/json"

# Read by `search.parameters`; here for the documentation.
SHOWN: dict[str, str] = {
    "q": "A query, such as role:admin pii:yes during:last-month -actor:svc_*, or a "
    "plain phrase; it comes back as `query`, absolute and in full.",
    "actor": "The actor's userId.",
    "role": "The actor's role.",
    "action": "An action; * stands for any characters (customer.pii.*).",
    "resource": "An id: of the resource, or of a person whose data was touched.",
    "resource_type": "The resource's type.",
    "result": "success, failure or denied.",
    "ip": "An address (203.0.113.42) or a network (203.0.113.0/24).",
    "pii": "Whether personal data was touched: true or false.",
    "stream": "A stream's name.",
    "from": "The event's own time, from: 2026-01-01 or 2026-01-01T12:30:00Z.",
    "to": "The event's own time, before.",
}
_LIST: dict[str, str] = {
    "limit": f"Events a page, at most {parameters.MOST}.",
    "cursor": "Where the page before ended; stays stable while events arrive.",
    "after_seq": "Follow one stream: entries after this seq, ascending, as JSON lines; "
    "-1 from the first.",
    "follow": "With after_seq: keep on sending what is sealed; a key does so at most "
    f"{following.FOLLOWERS // 2} times at once.",
}


def documented(names: dict[str, str]) -> dict[str, object]:
    """Return the parameters as OpenAPI has them."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": told,
                "schema": {"type": "string"},
            }
            for name, told in names.items()
        ]
    }


class _Reading:
    """Answers, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(READING)
        self._following = Places(FOLLOWING)

    async def search(self, request: Request) -> Response:
        """Events that answer all filters, newest event time first, a page at a time.

        Each has the event's own keys and stream, seq, recordedAt, checksum and
        previousChecksum. A filter given twice asks for either. With after_seq, every
        entry of one stream instead, in order of seq, as JSON lines: recorded as
        audit.log.export, unless it is followed.
        """
        if "after_seq" in request.query_params:
            return await self._following.run(self._follow, request)
        return await self._places.run(self._search, request)

    async def count(self, request: Request) -> Response:
        """How many events answer all filters, exactly."""
        return await self._places.run(self._count, request)

    async def summary(self, request: Request) -> Response:
        """What answers all filters, in figures: the total, over time, and by value.

        `buckets` are spans of `width` (hour, day, week, month or year, UTC), each
        from its own begin; those without events are left out. A facet has the ten
        most frequent values, how many `others` there are, `otherEvents` with these,
        and the events `without` a value.

        The event of this read has the total where one stream is asked. Of several, it
        has none: the figures know no stream's own total, which would take a second
        pass over all of it, and no stream is told another's. GET /audit/events/count
        tells each its own.
        """
        return await self._places.run(self._summary, request)

    async def event(self, request: Request, event_id: str) -> Response:
        """The event of an id, with the entries that continue it as `parts`.

        Parts end at 4 MiB; `partsAfterSeq` then says where following goes on.
        """
        return await self._places.run(self._event, request, event_id)

    def _follow(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        given = request.query_params.multi_items()
        return following.follow(
            self._parts, self._callers, caller, given, self._following
        )

    def _search(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        given = request.query_params.multi_items()
        streams = caller.holder.streams
        asked = parameters.filters(
            given,
            streams,
            now_us=self._parts.clock(),
            beside=("limit", "cursor"),
        )
        paging = parameters.paging(request.query_params)
        with self._parts.readers.reading(caller.token) as connection:
            page = lists.page(connection, asked.question, paging, streams)
        names = following.named(asked.question, streams)
        rows = Counter(str(one["stream"]) for one in page.items)
        viewed(
            self._parts,
            caller,
            names,
            {"filters": asked.told, "continued": paging.cursor is not None},
            {name: {"rows": rows[name]} for name in names},
        )
        return answer(
            self._parts,
            {"events": page.items, "cursor": page.cursor, **understood(asked)},
        )

    def _count(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        streams = caller.holder.streams
        asked = parameters.filters(
            request.query_params.multi_items(), streams, now_us=self._parts.clock()
        )
        with self._parts.readers.reading(caller.token) as connection:
            found = lists.counts(connection, asked.question, streams)
        names = following.named(asked.question, streams)
        viewed(
            self._parts,
            caller,
            names,
            {"filters": asked.told},
            {name: {"count": found.get(name, 0)} for name in names},
        )
        return answer(self._parts, {"count": sum(found.values()), **understood(asked)})

    def _summary(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        streams = caller.holder.streams
        asked = parameters.filters(
            request.query_params.multi_items(), streams, now_us=self._parts.clock()
        )
        with self._parts.readers.reading(caller.token) as connection:
            found = summary.summarize(connection, asked.question)
        names = following.named(asked.question, streams)
        viewed(
            self._parts,
            caller,
            names,
            {"filters": asked.told, "summary": True},
            viewing.alone(names, found.total),
        )
        return answer(self._parts, {**_figures(found), **understood(asked)})

    def _event(self, request: Request, event_id: str) -> Response:
        caller = self._callers.of(request, "read")
        streams = caller.holder.streams
        asked = parameters.filters(
            request.query_params.multi_items(), streams, now_us=self._parts.clock()
        )
        if set(asked.told) - {"stream"}:
            raise QuestionError("one event is named by its id and, if need be, stream")
        try:
            wanted = UUID(event_id)
        except ValueError:
            raise QuestionError(
                "an event's id is a UUID, such as 0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"
            ) from None
        names = following.named(asked.question, streams)
        with self._parts.readers.reading(caller.token) as connection:
            found = lists.event(
                connection, wanted, {name: streams[name] for name in names}
            )
        told = [str(one["stream"]) for one in found]
        viewed(
            self._parts,
            caller,
            told or names,
            {"eventId": str(wanted), "rows": min(len(found), 1)},
        )
        if not found:
            raise Problem(404, "there is no event of this id that this key may see")
        if len(found) > 1:
            raise Problem(
                409,
                "this id stands in several streams: add stream=, one of "
                + ", ".join(told),
            )
        return answer(self._parts, found[0])


def viewed(
    parts: Parts,
    caller: Caller,
    streams: Sequence[str],
    details: dict[str, object],
    each: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Record a read.

    Raises:
        ProoftrailError: it is not recorded: answer nothing.
    """
    viewing.record(
        parts.recorder,
        actor=caller.actor,
        streams=streams,
        details=details,
        each=each,
    )


def answer(parts: Parts, value: object) -> Response:
    """Return an answer, with a word of warning where reading is in doubt."""
    response = Response(items.encode(value), media_type=JSON)
    if parts.health.reading_problem is not None:
        response.headers["Prooftrail-Warning"] = "integrity or database in doubt"
    return response


def _figures(found: summary.Summary) -> dict[str, object]:
    return {
        "total": found.total,
        "width": found.width,
        "buckets": [
            {
                "from": instants.text(one.from_us),
                "success": one.success,
                "failure": one.failure,
                "denied": one.denied,
            }
            for one in found.buckets
        ],
        "facets": {
            column: {
                "values": [{"value": value, "n": n} for value, n in facet.values],
                "others": facet.others,
                "otherEvents": facet.other_events,
                "without": facet.without,
            }
            for column, facet in found.facets.items()
        },
    }


def understood(asked: parameters.Filters) -> dict[str, str]:
    """Return the query as it was understood, where there was one."""
    return {} if asked.query is None else {"query": asked.query}


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Reading"])
    reading = _Reading(parts, callers)
    made.add_api_route(
        "/audit/events",
        reading.search,
        response_model=None,
        summary="Search, or follow",
        openapi_extra=documented({**SHOWN, **_LIST}),
    )
    made.add_api_route(
        "/audit/events/count",
        reading.count,
        response_model=None,
        summary="Count",
        openapi_extra=documented(SHOWN),
    )
    made.add_api_route(
        "/audit/summary",
        reading.summary,
        response_model=None,
        summary="Summarize",
        openapi_extra=documented(SHOWN),
    )
    made.add_api_route(
        "/audit/events/{event_id}",
        reading.event,
        response_model=None,
        summary="One event",
        openapi_extra=documented({"stream": SHOWN["stream"]}),
    )
    return made
