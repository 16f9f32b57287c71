"""The page of samples: draw from a population by a seed, and see who drew before.

Guarantees: a sample is drawn of what row-level security lets the visitor see, and each
draw is an event in the trail before its pack can be taken; draws that the trail has
are listed, so that whoever draws until one fits is seen.

Does not: choose a seed. It is the auditor's, named after the population is fixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.console import answers
from prooftrail.console.reports import PERIODS
from prooftrail.errors import BusyError, FormatError, QuestionError
from prooftrail.reports import sample
from prooftrail.reports.circumstances import sentence
from prooftrail.reports.desk import Stated
from prooftrail.search import draws, sampled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.console.reports import Reports
    from prooftrail.search.sampled import Wanted

SHOWN: Final = 50  # events of draws that are looked at
COUNT: Final = "25"


class Samples:
    """The page.

    Args:
        answering: makes the answers.
        reading: reads.
        reports: makes the packs, and gives them.
    """

    def __init__(self, answering: Answers, reading: Reading, reports: Reports) -> None:
        self._answers = answering
        self._reading = reading
        self._reports = reports

    def page(self, visit: Visit, request: Request) -> Response:
        """Show the form, filled in as the address says, and the draws there are."""
        return self._page(visit, given=request.query_params)

    def draw(self, visit: Visit, _: Request, form: Mapping[str, str]) -> Response:
        """Begin to draw, and to make the pack."""
        if self._reports.lacking() is not None:
            return self._page(visit, status=503, given=form)
        try:
            wanted = _wanted(form)
            about = form.get("q", "").strip()
            desk = self._reports.desk(visit, sample.NAME, about, form)
            made = self._reports.start(visit, sample.NAME, desk, wanted)
        except (QuestionError, FormatError) as error:
            return self._page(visit, status=400, problem=str(error), given=form)
        except BusyError as error:
            return self._page(visit, status=429, problem=str(error), given=form)
        return answers.to(visit.base, f"/reports/{made}")

    def _page(
        self,
        visit: Visit,
        *,
        problem: str | None = None,
        status: int = 200,
        given: Mapping[str, str] | None = None,
    ) -> Response:
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            found, more = draws.made(connection, streams, SHOWN)
        self._reading.viewed(visit, tuple(streams), {"answer": "samples"})
        asked = given or {}
        typed = {name: asked.get(name, "") for name in ("q", "seed", *Stated._fields)}
        return self._answers.page(
            "samples.html",
            visit,
            title="Samples",
            here="/samples",
            status=status,
            problem=None if problem is None else sentence(problem),
            lacking=self._reports.lacking(),
            typed=typed,
            n=asked.get("n", COUNT),
            by_month=bool(asked.get("by_month")),
            during=asked.get("during", PERIODS[0]),
            periods=PERIODS,
            streams=sorted(streams),
            stream=asked.get("stream", ""),
            most=sampled.MOST_DRAWN,
            draws=found,
            more=more,
        )


def _wanted(form: Mapping[str, str]) -> Wanted:
    """Return what a form asks for.

    Raises:
        QuestionError: no number, or no seed.
    """
    try:
        n = int(form.get("n", ""))
    except ValueError:
        raise QuestionError("how many are drawn is a number, such as 25") from None
    by_month = bool(form.get("by_month"))
    return sampled.wanted(form.get("seed", ""), n, by_month=by_month)
