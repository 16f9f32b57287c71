"""Pages of evidence: dormant accounts, stops of logging, who could alter the log.

Guarantees: each says what the call over HTTP says, of what the visitor may see, as of
one moment, and is recorded before it is shown. What is listed is complete, or says how
much is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.console import explaining, queries
from prooftrail.core import instants
from prooftrail.errors import HiddenError, QueryError
from prooftrail.reports import administrators
from prooftrail.search.answers import MOST_DAYS, UNUSED
from prooftrail.search.parameters import whole
from prooftrail.service.api import checking
from prooftrail.service.api.caller import Caller
from prooftrail.service.api.following import named
from prooftrail.store import accounts, continuity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.language import Understood
    from prooftrail.store.continuity import Between

PERIOD: Final = "during:last-90-days"
SHOWN: Final = 200  # accounts of a state
CHOICES: Final = (30, 45, 90, 180)  # days; CIS 5.3 says 45, PCI DSS 8.2.6 says 90
_DAY_US: Final = 86_400_000_000
_ALONE: Final = "this is asked of a period and streams alone: during, from, to, stream"


class Account(NamedTuple):
    """An account, for people."""

    id: str
    state: str
    made: str
    used: str
    days: int  # that it was not used


class Span(NamedTuple):
    """A time between two moments, for people."""

    what: str
    begins: str
    ends: str  # empty: it lasts
    told: str  # how long


class Evidence:
    """The pages.

    Args:
        console: that they belong to.
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, console: Console, answering: Answers, reading: Reading) -> None:
        self._parts = console.parts
        self._answers = answering
        self._reading = reading

    def accounts(self, visit: Visit, request: Request) -> Response:
        """Show which accounts are dormant."""
        days = whole(
            "days", request.query_params.get("days", str(UNUSED)), 1, MOST_DAYS
        )
        streams = visit.visitor.holder.streams
        now_us = self._reading.now_us
        with self._reading.of(visit) as connection:
            found = accounts.read(connection, list(streams.values()))
        told = {"filters": {"days": days}, "answer": "accounts"}
        self._reading.viewed(visit, tuple(streams), told)
        by: dict[str, list[Account]] = {"dormant": [], "disabled": [], "active": []}
        for one in found:
            state = one.state(now_us - days * _DAY_US)
            by[state].append(
                Account(
                    one.id,
                    state,
                    "" if one.made_us is None else explaining.date(one.made_us),
                    "" if one.used_us is None else explaining.date(one.used_us),
                    max(now_us - one.unused_us, 0) // _DAY_US,
                )
            )
        return self._page(
            "accounts.html",
            visit,
            "Dormant accounts",
            days=days,
            choices=CHOICES,
            by={state: its[:SHOWN] for state, its in by.items()},
            counts={state: len(its) for state, its in by.items()},
            most=SHOWN,
        )

    def continuity(self, visit: Visit, request: Request) -> Response:
        """Show whether logging stopped."""
        text, asked, mistake = self._asked(visit, request)
        if asked is None:
            return self._mistaken(
                "continuity.html", visit, "Whether logging stopped", text, mistake
            )
        streams = visit.visitor.holder.streams
        numbers = asked.question.streams or tuple(streams.values())
        with self._reading.of(visit) as connection:
            found = continuity.read(connection, asked.question, numbers)
        self._looked(visit, asked, "continuity")
        names = {number: name for name, number in streams.items()}
        return self._page(
            "continuity.html",
            visit,
            "Whether logging stopped",
            q=text,
            chips=asked.chips,
            mistake=None,
            stops=[_span(one.service, one.time) for one in found.stops],
            unended=[
                (one.service, one.process, instants.text(one.since_us))
                for one in found.unended
            ],
            silences=[_span(names.get(one.stream, ""), one) for one in found.silences],
            signatures=[
                (
                    names.get(stream, ""),
                    n,
                    [_span("", one) for one in found.unsigned if one.stream == stream],
                )
                for stream, n in sorted(found.signatures.items())
            ],
            capture=queries.narrowed(asked.canonical, "action:audit.capture.change"),
        )

    def administrators(self, visit: Visit, request: Request) -> Response:
        """Show who could alter the log, and what was done to it."""
        title = "Who could alter the log"
        text, asked, mistake = self._asked(visit, request)
        if asked is None:
            return self._mistaken("administrators.html", visit, title, text, mistake)
        with self._reading.of(visit) as connection:
            acts = administrators.acts(connection, asked.question)
        could = administrators.could()
        self._looked(visit, asked, "administrators")
        caller = Caller(visit.visitor.holder, visit.visitor.token, visit.address)
        return self._page(
            "administrators.html",
            visit,
            title,
            q=text,
            chips=asked.chips,
            mistake=None,
            could=could,
            acts=acts,
            done=queries.narrowed(asked.canonical, administrators.ACTS),
            narrowed=lambda action: queries.narrowed(
                asked.canonical, queries.written("action", action)
            ),
            verification=checking.newest(
                self._parts, caller, str(visit.actor["userId"])
            ),
        )

    def _asked(
        self, visit: Visit, request: Request
    ) -> tuple[str, Understood | None, queries.Mistake | None]:
        """Return what was written, and what was understood or was not."""
        text = request.query_params.get("q", PERIOD).strip()
        try:
            asked = self._reading.understood(visit, text)
        except (QueryError, HiddenError) as error:
            return text, None, queries.mistaken(text, error)
        if asked.question.terms or asked.question.conditions:
            return text, None, queries.Mistake("", text, "", _ALONE)
        return text, asked, None

    def _looked(self, visit: Visit, asked: Understood, what: str) -> None:
        # no count: it is of all streams, and each is told of its own alone
        self._reading.viewed(
            visit,
            named(asked.question, visit.visitor.holder.streams),
            {"filters": {"q": asked.told}, "answer": what},
        )

    def _mistaken(
        self,
        template: str,
        visit: Visit,
        title: str,
        text: str,
        mistake: queries.Mistake | None,
    ) -> Response:
        return self._page(
            template, visit, title, status=400, q=text, chips=(), mistake=mistake
        )

    def _page(
        self,
        template: str,
        visit: Visit,
        title: str,
        **context: Any,  # noqa: ANN401  whatever a template names
    ) -> Response:
        return self._answers.page(
            template, visit, title=title, here="/questions", **context
        )


def _span(what: str, one: Between) -> Span:
    return Span(
        what,
        instants.text(one.from_us),
        "" if one.to_us is None else instants.text(one.to_us),
        "" if one.seconds is None else duration(one.seconds),
    )


_UNITS: Final[Mapping[str, int]] = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def duration(seconds: int) -> str:
    """Return how long something lasts, in its two greatest units.

    >>> duration(90_061), duration(1_500), duration(0)
    ('1 d 1 h', '25 min', '0 s')
    """
    found: list[tuple[int, str]] = []
    left = seconds
    for unit, size in _UNITS.items():
        n, left = divmod(left, size)
        if n or found:
            found.append((n, unit))
    return " ".join(f"{n} {unit}" for n, unit in found[:2] if n) or "0 s"
