"""POST /audit/leavers: what the accounts of people who left did since.

Guarantees: as of `answering`. The list comes in the body, as CSV or JSON, and is
bounded; nothing of it is kept, and the event of the read says how many lines it has,
and its SHA-256.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request

from prooftrail.errors import QuestionError
from prooftrail.search import answers, leaving
from prooftrail.service.api import reading
from prooftrail.service.api.places import READING, Places
from prooftrail.service.api.problems import Problem

if TYPE_CHECKING:
    from starlette.responses import Response

    from prooftrail.search.leaving import List
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

BODY_SECONDS: Final = 30.0  # that a client may take to send its list
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["leavers"],
                    "additionalProperties": False,
                    "properties": {
                        "leavers": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "required": ["account", "lastDay"],
                                "additionalProperties": False,
                                "properties": {
                                    "account": {"type": "string"},
                                    "lastDay": {"type": "string", "format": "date"},
                                },
                            },
                        }
                    },
                }
            },
        },
    }
}


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the route."""
    made = APIRouter(tags=["Answering"])
    places = Places(READING)

    @made.post(
        "/audit/leavers",
        response_model=None,
        summary="Whether leavers stayed active",
        openapi_extra=_BODY,
    )
    async def leavers(request: Request) -> Response:
        """Of everybody on a list, what his account did after he left.

        The body is CSV (`account,last_day`, a line each) or JSON, of at most 256 KiB
        and 5,000 leavers. An account is named by its id, or by the e-mail address of
        its newest event. The last day ends at midnight UTC; a use is a success after
        that. `state` is used; open (neither used nor disabled); late (disabled later);
        unknown (no event names the account); or ended (disabled in time). Whoever did
        most comes first, and `query` finds it. Nothing of the list is kept: the event
        of this read says how many it names, and its SHA-256, with line ends as LF.
        """
        caller = await places.run(callers.of, request, "read")
        if request.query_params:
            raise QuestionError("leavers are asked for by a list alone, in the body")
        read = _reader(request)
        asked = read(await _body(request))
        return await places.run(_answer, parts, caller, asked)

    return made


def _reader(request: Request) -> Any:  # noqa: ANN401  of bytes, to a list
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return leaving.of_csv
    if kind == "application/json":
        return leaving.of_json
    raise Problem(
        415, "a list is CSV or JSON: add Content-Type: text/csv or application/json"
    )


async def _body(request: Request) -> bytes:
    data = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                data += piece
                if len(data) > leaving.MOST_BYTES:
                    told = f"a list has at most {leaving.MOST_BYTES:,} bytes"
                    raise Problem(413, f"{told}: ask in parts", {"Connection": "close"})
    except TimeoutError:
        raise Problem(408, f"the body did not come within {BODY_SECONDS:g} s") from None
    return data


def _answer(parts: Parts, caller: Caller, asked: List) -> Response:
    streams = caller.holder.streams
    with parts.readers.reading(caller.token) as connection:
        found = leaving.read(connection, asked, tuple(streams.values()))
    reading.viewed(parts, caller, tuple(streams), leaving.told(asked))
    return reading.answer(parts, answers.leavers(found, parts.clock()))
