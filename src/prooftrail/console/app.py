"""The console as an ASGI application, by itself or beside the API.

Guarantees: whatever is answered has the headers of `security`; without a session only
the login, an invitation and static files are; errors are pages, without a traceback or
a value. Each answer is counted and logged by its route's template, never by its path.

`mounting` has it in an ASGI application of your own, by one line.

Does not: serve the API; `beside` puts both at one address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from prooftrail.console import static, visiting
from prooftrail.console.access import Access
from prooftrail.console.alerts import AlertPages
from prooftrail.console.answers import Answers
from prooftrail.console.completing import Completing
from prooftrail.console.condition import Condition
from prooftrail.console.entrance import Entrance
from prooftrail.console.events import Events
from prooftrail.console.evidence import Evidence
from prooftrail.console.exports import Exports
from prooftrail.console.grants import Grants
from prooftrail.console.integrity import Integrity
from prooftrail.console.leavers import MOST_BYTES, Leavers
from prooftrail.console.parts import Console
from prooftrail.console.people import Profiles
from prooftrail.console.questions import Questions
from prooftrail.console.reading import Reading
from prooftrail.console.reports import Reports
from prooftrail.console.samples import Samples
from prooftrail.console.timeline import Timeline
from prooftrail.console.visiting import Visiting
from prooftrail.errors import (
    BusyError,
    DatabaseError,
    EndedError,
    ProoftrailError,
    QuestionError,
    RecordError,
)
from prooftrail.service.api.places import (
    CHECKING,
    FOLLOWING,
    READING,
    REVEALING,
    Places,
)
from prooftrail.service.api.problems import told
from prooftrail.service.observing import Observed

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from prooftrail.service.entrance import People
    from prooftrail.service.parts import Parts

ENTERING = 4  # who logs in at once: each hashes a password

_API = ("/audit/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
_STATUS: tuple[tuple[type[ProoftrailError], int, str], ...] = (
    (EndedError, 401, "Signed out"),
    (QuestionError, 400, "Not understood"),
    (BusyError, 429, "Too much at once"),
    (RecordError, 503, "Not recorded, hence not shown"),
    (DatabaseError, 503, "The database does not answer"),
)


def create(parts: Parts, people: People) -> Any:  # noqa: ANN401  servers and frameworks type ASGI apart
    """Return the console.

    Args:
        parts: of the service; whoever made them closes them.
        people: lets people in.
    """
    console = Console(parts, people.gate, people.managing)
    answering = Answers(console.parts.health)
    let = Visiting(console, answering)
    made = Starlette(
        routes=_routes(console, answering, let),
        exception_handlers=_handlers(console, answering),
    )
    # it would lead to whatever host the request names
    made.router.redirect_slashes = False
    return Observed(made, console.parts)


def beside(api: ASGIApp, console: ASGIApp) -> ASGIApp:
    """Return API and console at one address: the API's paths are its own."""

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        is_api = scope["type"] != "http" or any(
            path == one.rstrip("/") or path.startswith(f"{one.rstrip('/')}/")
            for one in _API
        )
        await (api if is_api else console)(scope, receive, send)

    return both


def _routes(console: Console, answering: Answers, let: Visiting) -> list[Route]:
    reading = Reading(console)
    pages, checking = Places(READING), Places(CHECKING)
    entering, revealing = Places(ENTERING), Places(REVEALING)
    timeline, exports = Timeline(answering, reading), Exports(reading)
    completing = Completing(console, answering)
    events = Events(console, answering, reading)
    integrity = Integrity(console, answering, reading)
    questions = Questions(answering, reading)
    evidence = Evidence(console, answering, reading)
    grants, leavers = Grants(answering, reading), Leavers(answering, reading)
    profiles = Profiles(answering, reading)
    alerts = AlertPages(console, answering, reading)
    reports = Reports(console, answering)
    samples = Samples(answering, reading, reports)
    access, condition = (
        Access(console, answering),
        Condition(console, answering, reading),
    )
    entrance = Entrance(console, answering, let, entering)
    files = static.load()

    async def given(request: Request) -> Response:
        return static.answer(files, request, request.path_params["name"])

    def get(path: str, endpoint: visiting.Endpoint) -> Route:
        return Route(path, endpoint, methods=["GET"])

    def post(path: str, endpoint: visiting.Endpoint) -> Route:
        return Route(path, endpoint, methods=["POST"])

    return [
        get("/static/{name:path}", given),
        get("/login", entrance.login),
        post("/login", entrance.enter),
        get("/invitation", entrance.invitation),
        post("/invitation", entrance.accept),
        post("/logout", let.action(entrance.leave, None, entering)),
        get("/", let.page(timeline.page, "read", pages)),
        get("/complete", let.page(completing.options, "read", pages)),
        get("/export", let.page(exports.give, "read", Places(FOLLOWING))),
        get("/events/{event_id}", let.page(events.page, "read", pages)),
        post(
            "/events/{event_id}/reveal", let.action(events.reveal, "reveal", revealing)
        ),
        get("/person", let.page(profiles.person, "read", pages)),
        get("/customer", let.page(profiles.customer, "read", pages)),
        get("/questions", let.page(questions.page, "read", pages)),
        get("/authority", let.page(questions.authority, "read", pages)),
        get("/grants", let.page(grants.page, "read", pages)),
        get("/leavers", let.page(leavers.page, "read", pages)),
        post("/leavers", let.action(leavers.ask, "read", pages, MOST_BYTES)),
        get("/accounts", let.page(evidence.accounts, "read", pages)),
        get("/continuity", let.page(evidence.continuity, "read", pages)),
        get("/administrators", let.page(evidence.administrators, "verify", checking)),
        get("/alerts", let.page(alerts.page, "read", pages)),
        post("/alerts/acknowledge", let.action(alerts.acknowledge, "triage", pages)),
        post("/alerts/dispose", let.action(alerts.dispose, "triage", pages)),
        get("/reports", let.page(reports.page, "read", pages)),
        post("/reports", let.action(reports.begin, "read", pages)),
        get("/reports/{report_id}", let.page(reports.report, "read", pages)),
        get("/reports/{report_id}/page", let.page(reports.read, "read", pages)),
        get("/reports/{report_id}/file", let.page(reports.take, "read", pages)),
        get("/samples", let.page(samples.page, "read", pages)),
        post("/samples", let.action(samples.draw, "read", pages)),
        get("/integrity", let.page(integrity.page, "read", pages)),
        post("/integrity/verify", let.action(integrity.verify, "verify", checking)),
        get("/integrity/runs/{run_id}", let.page(integrity.run, "verify", checking)),
        get("/integrity/checkpoint", let.page(integrity.checkpoint, "read", pages)),
        get("/access", let.page(access.page, "people", pages)),
        post("/access/invite", let.action(access.invite, "people", entering)),
        post("/access/disable", let.action(access.disable, "people", entering)),
        get("/health", let.page(condition.page, "read", checking)),
    ]


def _handlers(console: Console, answering: Answers) -> dict[Any, Any]:
    async def http(request: Request, error: HTTPException) -> Response:
        title = {404: "No such page", 405: "Not that way"}.get(
            error.status_code, "That did not work"
        )
        answer = answering.problem(
            error.status_code,
            title,
            "There is nothing here: begin at the timeline.",
            base=visiting.base(request),
        )
        answer.headers.update(error.headers or {})
        return answer

    async def ours(request: Request, error: ProoftrailError) -> Response:
        status, title = next(
            ((code, words) for kind, code, words in _STATUS if isinstance(error, kind)),
            (500, "That did not work"),
        )
        if status >= 500:  # noqa: PLR2004
            console.parts.log.error("a page failed", problem=str(error))
        words = told(error)
        if isinstance(error, RecordError):
            words = "that you looked could not be recorded, hence nothing is shown"
        text = f"{words[:1].upper()}{words[1:]}."
        return answering.problem(status, title, text, base=visiting.base(request))

    async def defect(request: Request, error: Exception) -> Response:
        console.parts.log.error("a defect, report it", exc_info=error)
        return answering.problem(
            500,
            "A defect of the console",
            "The service's log says where. Nothing was shown.",
            base=visiting.base(request),
        )

    return {HTTPException: http, ProoftrailError: ours, Exception: defect}
