"""Answers to what auditors ask, each by one call: who did it, and on whose authority.

Guarantees: as of `reading`: what is answered is what row-level security lets the key
see, of one moment, and the read is durable in the trail before the first byte of an
answer is sent. An answer is complete, or says how much of it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request

from prooftrail.core import instants
from prooftrail.search import parameters
from prooftrail.service.api import following, reading
from prooftrail.service.api.places import READING, Places
from prooftrail.store import authority, searching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from prooftrail.service.api.caller import Callers
    from prooftrail.service.parts import Parts
    from prooftrail.store.authority import Authority
    from prooftrail.store.question import Answer


class _Answering:
    """Answers, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(READING)

    async def authority(self, request: Request) -> Response:
        """Who did what answers all filters, and on whose authority.

        authorised, breakGlass, denied and unexplained add up to the total, and so they
        do for each actor; whoever did most comes first. Actors beyond the first 1,000
        are counted as `others`, and in the totals.
        """
        return await self._places.run(self._authority, request)

    def _authority(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        streams = caller.holder.streams
        asked = parameters.filters(
            request.query_params.multi_items(), streams, now_us=self._parts.clock()
        )
        with self._parts.readers.reading(caller.token) as connection:
            as_of = searching.ends(connection)
            found = authority.read(connection, asked.question, as_of)
        names = following.named(asked.question, streams)
        # no count: it is of all streams, and each is told of its own alone
        told = {"filters": asked.told, "authority": True}
        reading.viewed(self._parts, caller, names, told)
        return reading.answer(
            self._parts, {**_authority(found), **reading.understood(asked)}
        )


def _authority(found: Authority) -> dict[str, Any]:
    return {
        "total": found.total,
        **_counts(found.counts),
        "actors": [
            {
                "actor": one.id,
                "total": one.total,
                **_counts(one.counts),
                "last": instants.text(one.last_us),
            }
            for one in found.actors
        ],
        "others": found.others,
    }


def _counts(counts: Mapping[Answer, int]) -> dict[str, int]:
    """Return counts by the names that they have in JSON."""
    return {
        "authorised": counts["authorised"],
        "breakGlass": counts["break-glass"],
        "denied": counts["denied"],
        "unexplained": counts["unexplained"],
    }


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Answering"])
    answering = _Answering(parts, callers)
    made.add_api_route(
        "/audit/authority",
        answering.authority,
        response_model=None,
        summary="Who, and on whose authority",
        openapi_extra=reading.documented(reading.SHOWN),
    )
    return made
