"""POST /audit/events/{eventId}/reveal: one personal value, to who may see it.

Guarantees: the key's role must have the right, and row-level security let it see the
event; that the value was shown, to whom and why is durable in the trail before it is
answered. No answer is to be stored by what lies between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from prooftrail.errors import QuestionError
from prooftrail.search import items, lists
from prooftrail.service.api.places import REVEALING, Places
from prooftrail.service.api.problems import Problem, check_json

if TYPE_CHECKING:
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

MOST_BYTES = 16 * 1024

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["pointer", "reason"],
                    "properties": {
                        "pointer": {
                            "type": "string",
                            "description": "Where it stands, such as /actor/email.",
                        },
                        "reason": {"type": "string", "description": "It is recorded."},
                        "stream": {
                            "type": "string",
                            "description": "Where the id stands in several.",
                        },
                    },
                }
            }
        },
    }
}


class _Asked(msgspec.Struct, forbid_unknown_fields=True):
    pointer: str
    reason: str
    stream: str | None = None


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the route."""
    made = APIRouter(tags=["Reading"])
    places = Places(REVEALING)

    @made.post(
        "/audit/events/{event_id}/reveal",
        response_model=None,
        summary="Reveal a personal value",
        openapi_extra=_BODY,
    )
    async def reveal(request: Request, event_id: str) -> Response:
        """The value, its class and whose it is, once that is in the trail.

        For keys with the role security or admin. 409 where the value is not kept, was
        erased, or does not fit the commitment in the log.
        """
        caller = await places.run(callers.of, request, "reveal")
        check_json(request)
        if parts.revealing is None:
            raise Problem(
                404, "values are revealed where the service runs: prooftrail reveal"
            )
        asked = _read(await small_body(request))
        wanted = wanted_id(event_id)
        found = await places.run(_revealed, parts, caller, wanted, asked)
        return Response(
            items.encode(found),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return made


def _revealed(
    parts: Parts, caller: Caller, event_id: UUID, asked: _Asked
) -> dict[str, Any]:
    streams = caller.holder.streams
    with parts.readers.reading(caller.token) as connection:
        seen = lists.event(connection, event_id, streams)
    names = [
        str(one["stream"])
        for one in seen
        if asked.stream is None or one["stream"] == asked.stream
    ]
    if not names:
        raise Problem(
            404, "there is no event of this id that this key may see", hidden="event"
        )
    if len(names) > 1:
        raise Problem(
            409,
            "this id stands in several streams: add stream, one of " + ", ".join(names),
        )
    if parts.revealing is None:  # pragma: no cover  it was looked at before
        raise Problem(404, "no value is revealed here")
    return parts.revealing.reveal(
        {
            "stream": names[0],
            "eventId": str(event_id),
            "pointer": asked.pointer,
            "actor": caller.actor,
            "reason": asked.reason,
        }
    )


def wanted_id(text: str) -> UUID:
    """Return an event's id."""
    try:
        return UUID(text)
    except ValueError:
        raise QuestionError(
            "an event's id is a UUID, such as 0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"
        ) from None


async def small_body(request: Request) -> bytes:
    """Return a body of a few fields."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BYTES:
            raise Problem(
                413, f"a body has at most {MOST_BYTES} bytes", {"Connection": "close"}
            )
    return data


def _read(data: bytes) -> _Asked:
    try:
        asked = msgspec.json.decode(data, type=_Asked)
    except msgspec.MsgspecError as error:
        raise QuestionError(
            f'a reveal is {{"pointer": "/actor/email", "reason": "..."}}: {error}'
        ) from error
    if not asked.reason.strip():
        raise QuestionError("say why the value is to be seen: it is recorded")
    if any("\0" in (one or "") for one in (asked.pointer, asked.reason, asked.stream)):
        raise QuestionError("a text holds U+0000: remove it")
    return asked
