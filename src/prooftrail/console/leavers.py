"""The page on which leavers are asked for, by a list that is pasted or chosen.

Guarantees: as the call over HTTP: nothing of the list is kept but how many it names and
its SHA-256. A list with lines that are not understood is answered with their numbers,
and given back to be mended. The read is recorded before anything is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.console import explaining
from prooftrail.core import instants
from prooftrail.errors import QuestionError
from prooftrail.search import answers, leaving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.leaving import Leaver

SHOWN: Final = 200
MOST_BYTES: Final = 3 * leaving.MOST_BYTES + 4_096  # of the form: a byte may be three
_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "used": ("Used after leaving", "bad"),
    "open": ("Not disabled", "bad"),
    "late": ("Disabled late", "warn"),
    "unknown": ("Not known", "warn"),
    "ended": ("As it should be", ""),
}


class Row(NamedTuple):
    """Somebody who left, for people; what there is not is empty."""

    named: str
    account: str
    last_day: str
    state: str
    kind: str  # of its badge
    before: str
    uses: int
    since: str  # first and last of them
    q: str
    disabled: str
    days_late: int | None


class Leavers:
    """The page.

    Args:
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, _: Request) -> Response:
        """Show the form."""
        return self._page(visit)

    def ask(self, visit: Visit, _: Request, form: Mapping[str, str]) -> Response:
        """Show what became of the leavers of a list."""
        text = form.get("list", "").replace("\r\n", "\n")
        try:
            asked = leaving.of_csv(text.encode())
        except QuestionError as error:
            return self._page(visit, status=400, problem=str(error), given=text)
        streams = visit.visitor.holder.streams
        now_us = self._reading.now_us
        with self._reading.of(visit) as connection:
            found = leaving.read(connection, asked, tuple(streams.values()))
        self._reading.viewed(visit, tuple(streams), leaving.told(asked))
        counts = answers.leavers(found, now_us)
        return self._page(
            visit,
            total=len(found),
            counts=[(*_STATES[one], counts[one]) for one in answers.LEAVERS],
            rows=[_row(one, now_us) for one in found[:SHOWN]],
            sha256=asked.sha256,
        )

    def _page(
        self,
        visit: Visit,
        *,
        problem: str | None = None,
        given: str = "",
        total: int = 0,
        **context: Any,  # noqa: ANN401  whatever the template names
    ) -> Response:
        return self._answers.page(
            "leavers.html",
            visit,
            title="Leavers",
            here="/questions",
            problem=problem,
            given=given,
            total=total,
            **context,
        )


def _row(one: Leaver, now_us: int) -> Row:
    left, state = one.left, one.state(now_us)
    since = ""
    if left.first_us is not None and left.last_us is not None:
        dates = (_minute(left.first_us), _minute(left.last_us))
        since = " to ".join(dict.fromkeys(dates))
    return Row(
        one.named,
        left.id,
        one.last_day,
        *_STATES[state],
        "" if left.before_us is None else explaining.date(left.before_us),
        left.uses,
        since,
        answers.usage(one),
        "" if left.ended_us is None else _minute(left.ended_us),
        one.days_late(now_us),
    )


def _minute(us: int) -> str:
    return instants.text(us)[:16].replace("T", " ")
