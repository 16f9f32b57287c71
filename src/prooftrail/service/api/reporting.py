"""GET /audit/reports: what goes into an auditor's binder, as PDF.

Guarantees: a report is made of what row-level security lets the key see, and that it
was made is durable in the trail before its first byte is sent. One volume comes as PDF,
several as a ZIP of them; each is signed where the service has a key for that. At most
`AT_ONCE` are made at a time.

Does not: go on where the caller is gone; what was read until then is recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from prooftrail.errors import QuestionError
from prooftrail.reports import integrity, sample
from prooftrail.reports.desk import Desk, Stated
from prooftrail.reports.registry import OPTIONS
from prooftrail.search import sampled
from prooftrail.service.api import reading
from prooftrail.service.api.places import Places
from prooftrail.service.api.problems import Problem
from prooftrail.service.reporting import Reporting

if TYPE_CHECKING:
    from starlette.responses import Response

    from prooftrail.reports.enclosing import Draft
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

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
    "format": "pdf, or html: one page, not signed; pdf by default.",
}
_OPTIONS: Final = {
    option: f"Of {name}. {told}"
    for name, options in OPTIONS.items()
    for option, told in options.items()
}
_DRAWN: Final = _GIVEN | {
    "q": "A query, whose answers are the population.",
    "seed": "The auditor's own words, which decide what is drawn.",
    "n": "How many, 1 to 1,000.",
    "by_month": "yes: from each month apart, by its share.",
}
_FORMS: Final = ("pdf", "html")
_LONGEST: Final = 200  # characters of what is stated


class _Reporting:
    """Reports, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(AT_ONCE)
        self._reporting = Reporting(parts)

    async def listed(self, request: Request) -> Response:
        """Which reports there are."""
        return await self._places.run(self._listed, request)

    async def report(self, request: Request, name: str) -> Response:
        """A report, as PDF or as a page; a PDF encloses rows and the record of its run.

        `integrity` verifies the range anew, for keys that may verify. More than 1,000
        rows make several volumes, which come as a ZIP.
        """
        return await self._places.run(self._report, request, name)

    async def sample(self, request: Request) -> Response:
        """A population, and a sample of it by a seed, as PDF or as a page.

        The population is every event that answers, at most 1,000,000: its listing is
        enclosed. The same population, seed and n give the same sample on any machine.
        Each item has a page, its event and its proof. The draw is recorded in the
        trail, as prooftrail.sample.draw, before the first byte is sent.
        """
        return await self._places.run(self._sample, request)

    def _listed(self, request: Request) -> Response:
        self._callers.of(request, "read")
        told = [
            {"name": name, "summary": summary}
            for name, summary in (
                *self._reporting.listed().items(),
                (sample.NAME, sample.SUMMARY),
            )
        ]
        return reading.answer(self._parts, {"reports": told})

    def _report(self, request: Request, name: str) -> Response:
        verifies = name == integrity.NAME
        caller = self._callers.of(request, "verify" if verifies else "read")
        if name not in self._reporting.listed():
            raise Problem(
                404, "there is no report of this name: GET /audit/reports lists them"
            )
        form = _form(request)
        desk = self._desk(caller, request, name)
        draft = self._reporting.draft(name, desk, caller.actor)
        return self._given(caller, desk, draft, form)

    def _sample(self, request: Request) -> Response:
        caller = self._callers.of(request, "read")
        form = _form(request)
        wanted = sampled.given(request.query_params)
        if wanted is None:
            raise QuestionError(sampled.BOTH)
        desk = self._desk(caller, request, sample.NAME, sampled.NAMES)
        draft = self._reporting.sample(wanted, desk, caller.actor)
        return self._given(caller, desk, draft, form)

    def _given(self, caller: Caller, desk: Desk, draft: Draft, form: str) -> Response:
        give = self._reporting.page if form == "html" else self._reporting.pdf
        file = give(desk, draft, caller.actor)
        return StreamingResponse(
            file.chunks(),
            media_type=file.kind,
            headers={
                "Content-Disposition": f'attachment; filename="{file.name}"',
                "Content-Length": str(file.size),
            },
        )

    def _desk(
        self,
        caller: Caller,
        request: Request,
        name: str,
        beside: tuple[str, ...] = (),
    ) -> Desk:
        """Return the desk of a request.

        Args:
            caller: whose.
            request: what is asked.
            name: of the report.
            beside: parameters that are read elsewhere, of a report about `q`.
        """
        query = "" if beside else self._reporting.query(name)
        given = request.query_params.multi_items()
        stated = {
            key: value[:_LONGEST] for key, value in given if key in Stated._fields
        }
        during = [f"during:{value}" for key, value in given if key == "during"]
        options = {one: value for one, value in given if one in OPTIONS.get(name, {})}
        about = [value for key, value in given if key == "q"]
        own = {*Stated._fields, "during", "format", "q", *options}
        rest = [one for one in given if one[0] not in own]
        if about and not beside:
            raise QuestionError("a report says by itself what it is about: leave q out")
        told = " ".join(filter(None, [query, *about, *during]))
        return self._reporting.desk(
            caller.holder,
            caller.token,
            [*rest, *([("q", told)] if told else [])],
            beside,
            stated=Stated(**stated),
            run_from="the API",
            options=options,
        )


def _form(request: Request) -> str:
    form = request.query_params.get("format", "pdf")
    if form not in _FORMS:
        raise QuestionError(f"format is {' or '.join(_FORMS)}")
    return form


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
        f"/audit/reports/{sample.NAME}",
        reports.sample,
        response_model=None,
        summary="A population, and a sample of it, as PDF",
        openapi_extra=reading.documented(_DRAWN),
    )
    made.add_api_route(
        "/audit/reports/{name}",
        reports.report,
        response_model=None,
        summary="A report, as PDF",
        openapi_extra=reading.documented(_GIVEN | _OPTIONS),
    )
    return made
