"""The ways in and out: logging in, an invitation accepted, logging out.

Guarantees: a login begins a session with a new token, whatever cookie came with it, and
ends the one that the browser had; a form from another site begins none. Whoever is
refused is told the gate's words, which are the same for every reason. After a login
only a place of the console itself is gone to.

Does not: judge passwords and codes (`access.gate` does).

Source: OWASP, "Session Management" (fixation), "Unvalidated Redirects".
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

import segno
from markupsafe import Markup

from prooftrail.access.visiting import Refused
from prooftrail.console import answers, forms, security
from prooftrail.console.visiting import base

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.visiting import Visiting
    from prooftrail.service.api.places import Places

_ELSEWHERE = (
    "That form did not come from this page, or the page was open for too long: "
    "try once more."
)


class Entrance:
    """Pages for whoever is not in yet.

    Args:
        console: that they belong to.
        answering: makes the answers.
        visiting: knows addresses.
        places: where forms are answered.
    """

    def __init__(
        self, console: Console, answering: Answers, visiting: Visiting, places: Places
    ) -> None:
        self._console = console
        self._answers = answering
        self._visiting = visiting
        self._places = places

    async def login(self, request: Request) -> Response:
        """Show the login."""
        return self._login(request, to=request.query_params.get("to", ""))

    async def enter(self, request: Request) -> Response:
        """Log somebody in."""
        form = await forms.read(request)
        return await self._places.run(self._enter, request, form)

    async def invitation(self, request: Request) -> Response:
        """Show an invitation."""
        token = request.query_params.get("token", "")
        return await self._places.run(self._invitation, request, token)

    async def accept(self, request: Request) -> Response:
        """Accept an invitation, and begin a session."""
        form = await forms.read(request)
        return await self._places.run(self._accept, request, form)

    def leave(self, visit: Visit, request: Request, _: Mapping[str, str]) -> Response:
        """End the session."""
        self._console.gate.leave(visit.visitor.token, visit.address, visit.agent)
        answer = answers.to(visit.base, "/login?left=1")
        security.drop_cookie(request, answer, security.SESSION)
        return answer

    def _login(
        self, request: Request, *, to: str, problem: str | None = None
    ) -> Response:
        csrf = self._form_token(request)
        left = "left" in request.query_params
        answer = self._answers.page(
            "login.html",
            None,
            base=base(request),
            title="Log in",
            status=200 if problem is None else 403,
            csrf=csrf,
            to=to,
            problem=problem,
            told="You are logged out." if left else None,
        )
        security.set_cookie(request, answer, security.FORM, csrf)
        return answer

    def _enter(self, request: Request, form: Mapping[str, str]) -> Response:
        to = form.get("to", "")
        if self._is_foreign(request, form):
            return self._login(request, to=to, problem=_ELSEWHERE)
        entered = self._console.gate.enter(
            form.get("email", ""),
            form.get("password", ""),
            form.get("code", "").replace(" ", ""),
            self._visiting.address(request),
            request.headers.get("user-agent"),
            replaces=security.cookie(request, security.SESSION),
        )
        if isinstance(entered, Refused):
            return self._login(request, to=to, problem=entered.words)
        return self._begun(request, entered.token, to)

    def _invitation(
        self, request: Request, token: str, problem: str | None = None
    ) -> Response:
        found = self._console.gate.invited(
            token, self._visiting.address(request), request.headers.get("user-agent")
        )
        if isinstance(found, Refused):
            return self._answers.problem(
                403, "No invitation", found.words, base=base(request)
            )
        csrf = self._form_token(request)
        answer = self._answers.page(
            "invitation.html",
            None,
            base=base(request),
            title="Invitation",
            status=200 if problem is None else 403,
            csrf=csrf,
            token=token,
            invited=found,
            code=_drawn(found.address),
            secret=_grouped(found.secret),
            problem=problem,
        )
        security.set_cookie(request, answer, security.FORM, csrf)
        return answer

    def _accept(self, request: Request, form: Mapping[str, str]) -> Response:
        token = form.get("token", "")
        if self._is_foreign(request, form):
            return self._invitation(request, token, _ELSEWHERE)
        entered = self._console.gate.accept(
            token,
            form.get("password", ""),
            form.get("code", "").replace(" ", ""),
            self._visiting.address(request),
            request.headers.get("user-agent"),
        )
        if isinstance(entered, Refused):
            return self._invitation(request, token, entered.words)
        return self._begun(request, entered.token, "")

    def _begun(self, request: Request, token: str, to: str) -> Response:
        answer = answers.to(base(request), own_place(to))
        security.set_cookie(request, answer, security.SESSION, token)
        security.drop_cookie(request, answer, security.FORM)
        return answer

    def _form_token(self, request: Request) -> str:
        """Return the token that ties a form to this browser: the one it has, or new."""
        kept = security.cookie(request, security.FORM)
        if kept and len(kept) <= security.LONGEST and kept.isascii():
            return kept
        made = self._console.parts.random(security.FORM_BYTES)
        return urlsafe_b64encode(made).decode().rstrip("=")

    def _is_foreign(self, request: Request, form: Mapping[str, str]) -> bool:
        kept = security.cookie(request, security.FORM)
        given = form.get("csrf", "")
        strange = security.is_from_elsewhere(request) or not security.same(given, kept)
        if strange:
            address = self._visiting.address(request)
            self._console.gate.strange(address, request.headers.get("user-agent"))
        return strange


def own_place(text: str) -> str:
    """Return a place of the console to go to; its first page where it is none.

    >>> own_place("/events/1?stream=main"), own_place("//elsewhere.example")
    ('/events/1?stream=main', '/')
    """
    own = text.startswith("/") and not text.startswith(("//", "/\\"))
    harmless = text.isprintable() and text.isascii() and "\\" not in text
    return text if own and harmless else "/"


def _drawn(address: str) -> Markup:
    """Return a QR code as SVG, black on white whatever the page's colours are."""
    drawn = segno.make(address, micro=False).svg_inline(
        omitsize=True, border=1, dark="#000", light="#fff"
    )
    return Markup(drawn)  # noqa: S704  drawn from modules, no text of anybody's in it


def _grouped(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
