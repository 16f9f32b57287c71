"""What can be typed next into the search: whole queries, as the browser's own list.

Guarantees: a query that is offered begins with what was typed. Values of the log are
those that the visitor may see, and that he looks for them is recorded
(`search.completing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.search import completing

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit


class Completing:
    """Completes what is typed.

    Args:
        console: that it belongs to.
        answering: makes the answers.
    """

    def __init__(self, console: Console, answering: Answers) -> None:
        self._parts = console.parts
        self._answers = answering
        self._completing = completing.Completing()

    def options(self, visit: Visit, request: Request) -> Response:
        """Return what can stand at the end of a text."""
        text = request.query_params.get("q", "")[: completing.LONGEST]
        found = self._completing.complete(
            text,
            len(text),
            readers=self._parts.readers,
            recorder=self._parts.recorder,
            holder=visit.visitor.holder,
            token=visit.visitor.token,
            actor=visit.actor,
            now_us=self._parts.clock(),
        )
        queries = [
            (f"{text[: one.at]}{one.text}{text[one.end :]}", one.told)
            for one in found.candidates
        ]
        return self._answers.page(
            "options.html",
            visit,
            title="Completions",
            options=[(query, told) for query, told in queries if query != text],
        )
