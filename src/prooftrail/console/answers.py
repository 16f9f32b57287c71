"""Answers of the console: pages, redirects, problems, each with the headers of all.

Guarantees: a page is rendered whole before its first byte is sent, is kept by nobody,
and says so when a verification has found that what is read cannot be relied on.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, RedirectResponse, Response

from prooftrail.console import rendering, security
from prooftrail.console.rendering import query
from prooftrail.console.sentences import RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.access.roles import Right
    from prooftrail.console.parts import Visit
    from prooftrail.service.health import Health

_PLACES: tuple[tuple[str, Right], ...] = (
    ("/", "read"),
    ("/questions", "read"),
    ("/reports", "read"),
    ("/samples", "read"),
    ("/integrity", "read"),
    ("/access", "people"),
    ("/health", "read"),
)
_IN_DOUBT = (
    "A verification found something, or the database is away: whoever operates the "
    "service is told what it is."
)


class Answers:
    """Makes answers.

    Args:
        health: of the service, which every page looks at.

    Safe to be shared by threads.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._environment = rendering.environment()
        self._version = version("prooftrail")

    def page(
        self,
        template: str,
        visit: Visit | None,
        /,
        *,
        title: str,
        base: str = "",
        here: str = "",
        status: int = 200,
        **context: Any,  # noqa: ANN401  whatever a template names
    ) -> Response:
        """Return a page.

        Args:
            template: its name.
            visit: whose it is; None before anybody is known.
            title: of the page.
            base: where the console is mounted, where there is no visit.
            here: the page's place in the navigation.
            status: of the answer.
            context: what the template names.
        """
        text = self._environment.get_template(template).render(
            title=title,
            base=base if visit is None else visit.base,
            here=here,
            visitor=None if visit is None else visit.visitor,
            places=()
            if visit is None
            else [path for path, right in _PLACES if visit.visitor.may(right)],
            alarm=self._alarm(visit),
            version=self._version,
            results=RESULTS,
            **context,
        )
        return HTMLResponse(text, status, headers=headers())

    def _alarm(self, visit: Visit | None) -> str | None:
        """Return why what is read is in doubt, as far as it is the visitor's to know.

        It may name streams and places that he does not see.
        """
        problem = self._health.reading_problem
        if problem is None or visit is None or visit.operates:
            return problem
        return _IN_DOUBT

    def problem(
        self,
        status: int,
        title: str,
        told: str,
        *,
        visit: Visit | None = None,
        base: str = "",
    ) -> Response:
        """Return a page that says what went wrong, and what to do."""
        answer = self.page(
            "problem.html", visit, title=title, base=base, status=status, told=told
        )
        if status in {429, 503}:
            answer.headers["Retry-After"] = "2"
        return answer


def to(base: str, path: str) -> Response:
    """Return a redirect to a page, which is then asked for by GET."""
    return RedirectResponse(f"{base}{path}", 303, headers=headers())


def nothing(more: Mapping[str, str]) -> Response:
    """Return an answer without a body."""
    return Response(status_code=204, headers=headers(more))


def headers(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the headers of an answer that nobody keeps."""
    return {**security.HEADERS, **security.NOT_KEPT, **(more or {})}


__all__ = ["Answers", "headers", "nothing", "query", "to"]
