"""Who asks for a page, and whether he may: the console's one way in.

Guarantees: whatever needs a person is answered to nobody else: a visitor is looked up
anew with every request, so that a session that was ended shows nothing more. A form is
taken from the console's own pages alone, with the session's token in it. Whoever asks
for what his role does not open is refused, and that stands in the trail. Answers are
made on threads, and no kind of request takes another's places.

Does not: decide what may be read; the database does, by the session's token.

Source: OWASP, "Session Management" and "Cross-Site Request Forgery Prevention".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from prooftrail.capture.client_address import client_address
from prooftrail.console import answers, forms, security
from prooftrail.console.parts import Visit
from prooftrail.search import viewing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.access.roles import Right
    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console
    from prooftrail.service.api.places import Places

    Page: TypeAlias = Callable[[Visit, Request], Response]
    Action: TypeAlias = Callable[[Visit, Request, Mapping[str, str]], Response]
    Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

STREAMS = 16  # that a refusal is told in, at most
LONGEST = 2_000  # characters of a place to come back to


class Visiting:
    """Lets people in.

    Args:
        console: that they visit.
        answering: makes the answers.
    """

    def __init__(self, console: Console, answering: Answers) -> None:
        self._console = console
        self._answers = answering

    def page(self, made: Page, right: Right, places: Places) -> Endpoint:
        """Return what answers a GET by a page.

        Args:
            made: makes the page.
            right: that it takes.
            places: where it is made.
        """

        async def endpoint(request: Request) -> Response:
            return await places.run(self._page, made, right, request)

        return endpoint

    def action(
        self,
        done: Action,
        right: Right | None,
        places: Places,
        most: int = forms.MOST_BYTES,
    ) -> Endpoint:
        """Return what answers a form that somebody sent.

        Args:
            done: does it.
            right: that it takes; None where being known will do.
            places: where it is done.
            most: bytes of the form.
        """

        async def endpoint(request: Request) -> Response:
            form = await forms.read(request, most)
            return await places.run(self._action, done, right, request, form)

        return endpoint

    def visit(self, request: Request) -> Visit | None:
        """Return whose request it is; None where nobody is known.

        Raises:
            DatabaseError: it cannot be looked up.
        """
        token = security.cookie(request, security.SESSION)
        if not token:
            return None
        address, agent = self.address(request), request.headers.get("user-agent")
        visitor = self._console.gate.visitor(token, address, agent)
        if visitor is None:
            return None
        return Visit(visitor, base(request), address, agent)

    def address(self, request: Request) -> str | None:
        """Return the address of who asks; a header counts as far as proxies go."""
        return client_address(
            request.client.host if request.client else None,
            request.headers.getlist("x-forwarded-for"),
            self._console.parts.trusted_proxies,
        )

    def _page(self, made: Page, right: Right, request: Request) -> Response:
        visit = self.visit(request)
        if visit is None:
            return _to_login(request)
        if not visit.visitor.may(right):
            return self._refused(visit, right)
        return made(visit, request)

    def _action(
        self,
        done: Action,
        right: Right | None,
        request: Request,
        form: Mapping[str, str],
    ) -> Response:
        visit = self.visit(request)
        if visit is None:
            return _to_login(request)
        given = "" if security.is_from_elsewhere(request) else form.get("csrf", "")
        gate = self._console.gate
        if not gate.form(visit.visitor, given, visit.address, visit.agent):
            return self._answers.problem(
                403,
                "That form is not the console's own",
                "Nothing was done. Open the page again and send the form from there.",
                visit=visit,
            )
        if right is not None and not visit.visitor.may(right):
            return self._refused(visit, right)
        return done(visit, request, form)

    def _refused(self, visit: Visit, right: Right) -> Response:
        viewing.record(
            self._console.parts.recorder,
            actor=visit.actor,
            streams=tuple(visit.visitor.holder.streams)[:STREAMS],
            details={"refused": right},
            result="denied",
        )
        return self._answers.problem(
            403,
            "That is not for your role",
            f"The role {visit.visitor.role.replace('_', ' ')} may not {right} here. "
            "That you asked is recorded; who manages access can give you another role.",
            visit=visit,
        )


def base(request: Request) -> str:
    """Return where the console is mounted: "" or "/trail"."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def _to_login(request: Request) -> Response:
    where = base(request)
    if request.headers.get("hx-request"):
        # htmx puts what it gets into the page: have it go there instead
        return answers.nothing({"HX-Redirect": f"{where}/login"})
    place = request.url.path.removeprefix(where)
    if request.url.query:
        place += f"?{request.url.query}"
    if request.method != "GET" or place == "/" or len(place) > LONGEST:
        return answers.to(where, "/login")
    return answers.to(where, f"/login?{answers.query({'to': place})}")
