"""GET /audit/completions: what can be typed next into a query.

Guarantees: values of the log are those that row-level security lets the key see, and
that it looks for them is durable in the trail before the first byte of an answer is
sent, once in some minutes (`search.completing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from prooftrail.search import parameters
from prooftrail.search.completing import Completing
from prooftrail.service.api import reading
from prooftrail.service.api.places import READING, Places

if TYPE_CHECKING:
    from starlette.responses import Response

    from prooftrail.service.api.caller import Callers
    from prooftrail.service.parts import Parts

_PARAMETERS: dict[str, str] = {
    "q": "What was typed so far; it may be empty.",
    "at": "Where the cursor is in it, in characters (Unicode code points); by default "
    "at its end.",
}


class _Completions:
    """Answers, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(READING)
        self._completing = Completing()

    async def completions(self, request: Request) -> Response:
        """What can stand at the cursor of a query that is being typed.

        Names of filters, and values: those that are closed, and actors, roles, actions
        and resource types of the log that the key may see. A candidate's `text` is put
        in the place of the characters from `at` to `end`. Looking for the log's values
        is recorded once in ten minutes for each of the four.
        """
        return await self._places.run(self._complete, request)

    def _complete(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        text, at = parameters.typed(request.query_params.multi_items())
        found = self._completing.complete(
            text,
            at,
            readers=self._parts.readers,
            recorder=self._parts.recorder,
            holder=caller.holder,
            token=caller.token,
            actor=caller.actor,
            now_us=self._parts.clock(),
        )
        return reading.answer(
            self._parts,
            {
                "at": found.place.at,
                "end": found.place.end,
                "candidates": [
                    {"text": one.text, "told": one.told} for one in found.candidates
                ],
            },
        )


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Reading"])
    made.add_api_route(
        "/audit/completions",
        _Completions(parts, callers).completions,
        response_model=None,
        summary="Complete",
        openapi_extra=reading.documented(_PARAMETERS),
    )
    return made
