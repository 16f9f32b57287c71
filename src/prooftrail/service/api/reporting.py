"""GET /audit/reports: what goes into an auditor's binder, as PDF.

Guarantees: a report is made of what row-level security lets the key see, and that it
was made is durable in the trail before its first byte is sent. One volume comes as PDF,
several as a ZIP of them; each is signed where the service has a key for that. At most
`AT_ONCE` are made at a time.

Does not: go on where the caller is gone; what was read until then is recorded.
"""

from __future__ import annotations

import io
import threading
import zipfile
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from prooftrail.core import ids
from prooftrail.errors import QuestionError
from prooftrail.reports import chain, integrity, integrity_making
from prooftrail.reports.desk import Desk, Stated
from prooftrail.reports.enclosing import enclosing
from prooftrail.reports.proving import proven
from prooftrail.reports.registry import MAKERS
from prooftrail.reports.signing import sign
from prooftrail.reports.typesetting import typeset
from prooftrail.search import parameters, viewing
from prooftrail.service.api import reading
from prooftrail.service.api.places import Places
from prooftrail.service.api.problems import Problem
from prooftrail.verification import apart, recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.reports.enclosing import Draft
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts
    from prooftrail.verification.report import Asked, Report

AT_ONCE: Final = 2
_GIVEN: Final = {
    name: told
    for name, told in reading.SHOWN.items()
    if name in {"stream", "from", "to"}
} | {
    "during": "In place of from and to: 2026-Q1, last-month.",
    "entity": "Whose system it is, for the cover.",
    "system": "Which system it is of, for the cover.",
    "environment": "Such as PRODUCTION, for the cover.",
    "classification": "Of the report, for the cover; Confidential by default.",
}
_LONGEST: Final = 200  # characters of what is stated


class _Reporting:
    """Reports, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(AT_ONCE)

    async def listed(self, request: Request) -> Response:
        """Which reports there are."""
        return await self._places.run(self._listed, request)

    async def report(self, request: Request, name: str) -> Response:
        """A report, as PDF: its rows and the record of its run are enclosed.

        `integrity` verifies the range anew, for keys that may verify. More than 1,000
        rows make several volumes, which come as a ZIP.
        """
        return await self._places.run(self._report, request, name)

    def _listed(self, request: Request) -> Response:
        self._callers.of(request, "read")
        told = [{"name": integrity.NAME, "summary": integrity.QUESTION}]
        told += [
            {"name": name, "summary": maker.SUMMARY} for name, maker in MAKERS.items()
        ]
        return reading.answer(self._parts, {"reports": told})

    def _report(self, request: Request, name: str) -> Response:
        verifies = name == integrity.NAME
        caller = self._callers.of(request, "verify" if verifies else "read")
        maker = MAKERS.get(name)
        if maker is None and not verifies:
            raise Problem(
                404, "there is no report of this name: GET /audit/reports lists them"
            )
        desk = self._desk(caller, request, "" if maker is None else maker.QUERY)
        if maker is None:
            draft = self._integrity(caller, desk)
        else:
            draft = self._verified(caller, desk, maker.make(desk))
        volumes = list(enclosing(proven(draft)))
        viewing.record(
            self._parts.recorder,
            action="audit.log.export",
            actor=caller.actor,
            streams=list(desk.chosen.values()),
            details={
                "filters": desk.asked.told,
                "report": name,
                "reportId": desk.report_id,
                "rows": len(draft.data.rows),
                "volumes": len(volumes),
            },
        )
        key, at_us = self._parts.report_key, draft.made_us
        pages = typeset(volumes, at_us)
        return _given(
            name, [one if key is None else sign(one, key, at_us) for one in pages]
        )

    def _desk(self, caller: Caller, request: Request, query: str) -> Desk:
        given = request.query_params.multi_items()
        stated = {
            key: value[:_LONGEST] for key, value in given if key in Stated._fields
        }
        during = [f"during:{value}" for key, value in given if key == "during"]
        rest = [one for one in given if one[0] not in {*Stated._fields, "during"}]
        if "q" in dict(rest):
            raise QuestionError("a report says by itself what it is about: leave q out")
        told = " ".join(filter(None, [query, *during]))
        now_us = self._parts.clock()
        asked = parameters.filters(
            [*rest, *([("q", told)] if told else [])],
            caller.holder.streams,
            now_us=now_us,
        )
        return Desk(
            lambda: self._parts.readers.reading(caller.token),
            caller.holder,
            asked,
            Stated(**stated),
            f"{caller.holder.user_id} ({caller.holder.role})",
            "the API",
            ids.uuid7(now_us, self._parts.random(8)),
            now_us,
            self._parts.clock,
        )

    def _integrity(self, caller: Caller, desk: Desk) -> Draft:
        question = desk.asked.question
        wanted = self._parts.checks.asked(question.from_us, question.to_us)
        draft, _ = integrity_making.make(desk, wanted, self._verify(caller))
        return draft

    def _verified(self, caller: Caller, desk: Desk, draft: Draft) -> Draft:
        base = self._parts.checks.asked()
        return chain.verified(desk, draft, base, self._verify(caller))[0]

    def _verify(self, caller: Caller) -> Callable[[Asked], Report]:
        """Return what verifies, and records that the caller had it done."""

        def verify(wanted: Asked) -> Report:
            report = apart.verify(wanted, threading.Event())
            for stream, fields in recording.events(wanted, report, actor=caller.actor):
                self._parts.recorder.record(stream=stream, **fields)
            return report

        return verify


def _given(name: str, volumes: list[bytes]) -> Response:
    """Return a report's volumes as one file."""
    if len(volumes) == 1:
        return _file(volumes[0], "application/pdf", f"{name}.pdf")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as several:
        for number, pdf in enumerate(volumes, 1):
            several.writestr(f"{name}-{number}.pdf", pdf)
    return _file(packed.getvalue(), "application/zip", f"{name}.zip")


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(
        content,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Reporting"])
    reports = _Reporting(parts, callers)
    made.add_api_route(
        "/audit/reports",
        reports.listed,
        response_model=None,
        summary="Reports",
    )
    made.add_api_route(
        "/audit/reports/{name}",
        reports.report,
        response_model=None,
        summary="A report, as PDF",
        openapi_extra=reading.documented(_GIVEN),
    )
    return made
