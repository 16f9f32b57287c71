"""What can be typed next into the search: whole queries, as the browser's own list.

Guarantees: nothing of the log is looked at, hence nothing recorded; names of filters,
values that are closed, and the streams that the visitor may read. A query that is
offered begins with what was typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.search.language.completing import complete

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading

LONGEST: Final = 2_000  # characters


class Completing:
    """Completes what is typed.

    Args:
        answering: makes the answers.
        reading: knows the time.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def options(self, visit: Visit, request: Request) -> Response:
        """Return what can stand at the end of a text."""
        text = request.query_params.get("q", "")[:LONGEST]
        found = complete(
            text,
            len(text),
            streams=visit.visitor.holder.streams,
            now_us=self._reading.now_us,
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
