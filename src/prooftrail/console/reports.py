"""The pages of reports: ask for one, see how far it is, read it, take it away.

Guarantees: a report is made as the visitor, of what row-level security lets the visitor
see, and is given to nobody else; that it was made is in the trail before it is shown.
It is shown under a policy of its own, by which a browser runs and loads nothing.

Does not: keep reports; for how long one can be taken, `binder` says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response, StreamingResponse

from prooftrail.console import answers
from prooftrail.core import instants
from prooftrail.errors import BusyError, QuestionError
from prooftrail.reports import integrity
from prooftrail.reports.circumstances import sentence
from prooftrail.reports.desk import Desk, Stated
from prooftrail.reports.registry import OPTIONS
from prooftrail.service.binder import KEPT, Binder
from prooftrail.service.reporting import Reporting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.search.sampled import Wanted
    from prooftrail.service.binder import Job

PERIODS: Final = (
    "last-quarter",
    "this-quarter",
    "last-month",
    "this-month",
    "last-90-days",
    "last-year",
)
LONGEST: Final = 200  # characters of what is stated for the cover
_HASH: Final = re.compile(rb"style-src ('sha256-[A-Za-z0-9+/=]+')")


class Reports:
    """Pages of reports.

    Args:
        console: that they belong to.
        answering: makes the answers.
    """

    def __init__(self, console: Console, answering: Answers) -> None:
        self._parts = console.parts
        self._answers = answering
        self._reporting = Reporting(console.parts)
        self._binder = Binder(self._reporting, console.parts.log, console.parts.clock)

    def page(self, visit: Visit, _: Request) -> Response:
        """Show which reports there are, and those that the visitor asked for."""
        return self._page(visit)

    def begin(self, visit: Visit, _: Request, form: Mapping[str, str]) -> Response:
        """Begin to make a report."""
        name = form.get("report", "")
        if name not in self._offered(visit):
            raise QuestionError("choose one of the reports that the page lists")
        if self._reporting.lacking() is not None:
            return self._page(visit, status=503, given=form)
        try:
            about = self._reporting.query(name)
            made = self.start(visit, name, self.desk(visit, name, about, form))
        except QuestionError as error:
            return self._page(visit, status=400, problem=str(error), given=form)
        except BusyError as error:
            return self._page(visit, status=429, problem=str(error), given=form)
        return answers.to(visit.base, f"/reports/{made}")

    def start(
        self, visit: Visit, name: str, desk: Desk, wanted: Wanted | None = None
    ) -> str:
        """Begin to make a report, or a sample; return its id.

        Raises:
            BusyError: one of the visitor's is being made, or too many wait.
        """
        return self._binder.start(name, desk, visit.actor, wanted)

    def lacking(self) -> str | None:
        """Return what has to be installed before reports can be made."""
        lacking = self._reporting.lacking()
        return None if lacking is None else sentence(lacking)

    def report(self, visit: Visit, request: Request) -> Response:
        """Show how far a report is, or where it can be taken."""
        job = self._job(visit, request)
        if job is None:
            return self._gone(visit)
        part = bool(request.headers.get("hx-request"))
        return self._answers.page(
            "report_part.html" if part else "report.html",
            visit,
            title="Report",
            here="/reports",
            **self._told(job),
        )

    def read(self, visit: Visit, request: Request) -> Response:
        """Show a report as a page."""
        job = self._job(visit, request)
        file = None if job is None else job.file("text/html")
        if file is None:
            return self._gone(visit)
        page = file.content
        (style,) = _HASH.findall(page)[:1]
        policy = (
            f"default-src 'none'; style-src {style.decode()}; base-uri 'none';"
            " form-action 'none'; frame-ancestors 'none'; sandbox"
        )
        return Response(
            page,
            media_type=file.kind,
            headers=answers.headers({"Content-Security-Policy": policy}),
        )

    def take(self, visit: Visit, request: Request) -> Response:
        """Give a report as PDF, or its volumes as a ZIP."""
        job = self._job(visit, request)
        file = None if job is None else job.file("application/")
        if file is None:
            return self._gone(visit)
        return StreamingResponse(
            file.chunks(),
            media_type=file.kind,
            headers=answers.headers(
                {
                    "Content-Disposition": f'attachment; filename="{file.name}"',
                    "Content-Length": str(file.size),
                }
            ),
        )

    def _job(self, visit: Visit, request: Request) -> Job | None:
        return self._binder.get(request.path_params["report_id"], _asker(visit))

    def _gone(self, visit: Visit) -> Response:
        return self._answers.problem(
            404,
            "No such report for you",
            f"None of this id was made for you in the last {KEPT / 60:.0f} minutes."
            " Make it again: it will be another one.",
            visit=visit,
        )

    def _offered(self, visit: Visit) -> dict[str, str]:
        """Return the reports that the visitor may have: what each answers, by name."""
        return {
            name: told
            for name, told in self._reporting.listed().items()
            if name != integrity.NAME
            or (visit.visitor.may("verify") and visit.sees_all_time)
        }

    def desk(
        self, visit: Visit, name: str, about: str, form: Mapping[str, str]
    ) -> Desk:
        """Return where a report is made for the visitor.

        Args:
            visit: whose.
            name: of the report.
            about: what it is about, in the query language.
            form: its period, stream and cover, as they were typed.

        Raises:
            QuestionError: something of it is not understood.
        """
        during = form.get("during", "").strip()
        told = [about, f"during:{during}" if during else ""]
        asked = " ".join(filter(None, told))
        given = [("q", asked)] if asked else []
        if stream := form.get("stream"):
            given.append(("stream", stream))
        return self._reporting.desk(
            visit.visitor.holder,
            visit.visitor.token,
            given,
            stated=Stated(**_given(form, Stated._fields)),
            run_from="the console",
            options=_given(form, OPTIONS.get(name, {})),
        )

    def _page(
        self,
        visit: Visit,
        *,
        problem: str | None = None,
        status: int = 200,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        offered = self._offered(visit)
        asked = given or {}
        return self._answers.page(
            "reports.html",
            visit,
            title="Reports",
            here="/reports",
            status=status,
            problem=None if problem is None else sentence(problem),
            reports=[
                (name, self._reporting.title(name), told)
                for name, told in offered.items()
            ],
            chosen=asked.get("report") or next(iter(offered), ""),
            during=asked.get("during", PERIODS[0]),
            periods=PERIODS,
            streams=sorted(visit.visitor.holder.streams),
            stream=asked.get("stream", ""),
            stated={name: asked.get(name, "") for name in Stated._fields},
            own=[
                (option, self._reporting.title(name), told, asked.get(option, ""))
                for name, options in OPTIONS.items()
                if name in offered
                for option, told in options.items()
            ],
            lacking=self.lacking(),
            made=[self._told(one) for one in self._binder.of(_asker(visit))],
            minutes=int(KEPT // 60),
        )

    @staticmethod
    def _told(job: Job) -> dict[str, Any]:
        """Return what is shown of a report."""
        return {
            "id": job.id,
            "name": Reporting.title(job.name),
            "asked": instants.text(job.asked_us)[:19].replace("T", " "),
            "period": job.desk.asked.query or "everything",
            "state": job.state,
            "phase": job.progress.phase,
            "done": job.progress.done,
            "total": job.progress.total,
            "problem": None if job.problem is None else sentence(job.problem),
            "headline": job.headline,
            "attention": job.attention,
            "packed": job.packed,
        }


def _given(form: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return what a form says of some names, where it says something."""
    texts = {name: form.get(name, "").strip()[:LONGEST] for name in names}
    return {name: text for name, text in texts.items() if text}


def _asker(visit: Visit) -> str:
    return str(visit.actor["userId"])
