"""GET /audit/alerts, and what somebody does about one: seen it, and what it was.

Guarantees: alerts are read as the key, under row-level security, and the read is in the
trail before it is answered. What somebody does about an alert is an event of its
stream, durable before the answer; acknowledging what is acknowledged changes nothing.

Does not: know of an acknowledgement before it is sealed: two at once are two events,
and the first one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from fastapi import APIRouter, Request

from prooftrail.core import instants
from prooftrail.errors import HiddenError, QuestionError
from prooftrail.search import alerts, parameters
from prooftrail.service.api import following, reading
from prooftrail.service.api.places import READING, Places
from prooftrail.service.api.problems import Problem, check_json
from prooftrail.service.api.revealing import small_body, wanted_id

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.responses import Response

    from prooftrail.search.alerts import Alert
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

_GIVEN: Final = {
    name: told
    for name, told in reading.SHOWN.items()
    if name in {"q", "stream", "from", "to"}
} | {"q": "A query of a period and streams alone, such as during:last-90-days."}
_COMMENT: Final = {"type": "string", "description": "It is recorded."}


class _Acknowledged(msgspec.Struct, forbid_unknown_fields=True):
    comment: str | None = None


class _Disposed(msgspec.Struct, forbid_unknown_fields=True):
    disposition: str
    comment: str


class _Alerting:
    """Answers, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(READING)

    async def alerts(self, request: Request) -> Response:
        """The alerts of a period, the newest first, and what was done about each.

        Each is open, acknowledged (by whom, when, how many seconds after it was raised)
        or closed, as a true positive, a false positive or benign. `more`: there are
        more than the newest 1,000, ask about less time. `synthetic` ones test whether
        detection works.
        """
        return await self._places.run(self._alerts, request)

    async def acknowledge(self, request: Request, alert_id: str) -> Response:
        """Say that an alert was seen: an event, with the seconds that it took.

        For keys with the role security or admin. One that is acknowledged stays so by
        whoever did it first.
        """
        caller = await self._places.run(self._callers.of, request, "triage")
        check_json(request)
        asked = _read(await small_body(request), _Acknowledged)
        return await self._places.run(self._acknowledge, caller, alert_id, asked)

    async def dispose(self, request: Request, alert_id: str) -> Response:
        """Say what an alert was, and why: an event. The last one counts.

        For keys with the role security or admin.
        """
        caller = await self._places.run(self._callers.of, request, "triage")
        check_json(request)
        asked = _read(await small_body(request), _Disposed)
        return await self._places.run(self._dispose, caller, alert_id, asked)

    def _alerts(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        streams = caller.holder.streams
        asked = parameters.filters(
            request.query_params.multi_items(), streams, now_us=self._parts.clock()
        )
        if asked.question.terms or asked.question.conditions:
            raise QuestionError(
                "alerts are asked for by a period and streams alone: during, from, to, "
                "stream"
            )
        with self._parts.readers.reading(caller.token) as connection:
            found = alerts.read(connection, asked.question, streams)
        names = following.named(asked.question, streams)
        told: dict[str, object] = {"filters": asked.told, "answer": "alerts"}
        reading.viewed(self._parts, caller, names, told)
        answer = {**found.as_json(), **reading.understood(asked)}
        return reading.answer(self._parts, answer)

    def _acknowledge(
        self, caller: Caller, alert_id: str, asked: _Acknowledged
    ) -> Response:
        found = self._find(caller, alert_id)
        now = self._parts.clock()
        event = alerts.acknowledging(found, now, asked.comment)
        if found.acknowledged is None:
            found = found._replace(
                acknowledged=self._record(caller, found, event, "seconds", now)
            )
        return reading.answer(self._parts, found.as_json())

    def _dispose(self, caller: Caller, alert_id: str, asked: _Disposed) -> Response:
        found = self._find(caller, alert_id)
        event = alerts.disposing(found, asked.disposition, asked.comment)
        now = self._parts.clock()
        found = found._replace(
            closed=self._record(caller, found, event, "disposition", now)
        )
        return reading.answer(self._parts, found.as_json())

    def _find(self, caller: Caller, alert_id: str) -> Alert:
        wanted: UUID = wanted_id(alert_id)
        try:
            with self._parts.readers.reading(caller.token) as connection:
                return alerts.find(connection, wanted, caller.holder.streams)
        except HiddenError as error:
            raise Problem(404, str(error), hidden=error.what) from None

    def _record(
        self, caller: Caller, alert: Alert, event: dict[str, Any], what: str, now: int
    ) -> dict[str, Any]:
        """Record what is done about an alert; return what is told of it."""
        at = instants.text(now)
        self._parts.recorder.record(
            stream=alert.stream, actor=caller.actor, timestamp=at, **event
        )
        details = event["details"]
        return {
            "by": caller.actor["userId"],
            "at": at,
            what: details[what],
            "comment": details.get("comment"),
        }


def _read(data: bytes, kind: type[Any]) -> Any:  # noqa: ANN401  of that type
    try:
        return msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise QuestionError(
            'the body is {"comment": "..."}, and to say what an alert was '
            f'{{"disposition": "benign", "comment": "..."}}: {error}'
        ) from error


def _body(**properties: object) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties}
    if "disposition" in properties:
        schema["required"] = ["disposition", "comment"]
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Alerts"])
    alerting = _Alerting(parts, callers)
    made.add_api_route(
        "/audit/alerts",
        alerting.alerts,
        response_model=None,
        summary="Alerts, and what was done about each",
        openapi_extra=reading.documented(_GIVEN),
    )
    for path, endpoint, summary, body in (
        (
            "acknowledge",
            alerting.acknowledge,
            "Acknowledge an alert",
            _body(comment=_COMMENT),
        ),
        (
            "dispose",
            alerting.dispose,
            "Say what an alert was",
            _body(disposition={"enum": list(alerts.DISPOSITIONS)}, comment=_COMMENT),
        ),
    ):
        made.add_api_route(
            f"/audit/alerts/{{alert_id}}/{path}",
            endpoint,
            methods=["POST"],
            response_model=None,
            summary=summary,
            openapi_extra=body,
        )
    return made
