"""The page of access grants: what was given to whom, and who approved it beforehand.

Guarantees: it has the figures of all grants that answer a search, of what the visitor
may see; those that are not as they should be are listed first. The read is recorded
before anything is shown.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.console import queries, sentences
from prooftrail.console.evidence import PERIOD, duration
from prooftrail.core import instants
from prooftrail.errors import HiddenError, QueryError
from prooftrail.grants.segregation import FAILURES
from prooftrail.search import granted
from prooftrail.service.api.following import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.grants.grant import Grant

SHOWN: Final = 200  # of each list


class Row(NamedTuple):
    """A grant, for people; what is not stated is empty."""

    event_id: str
    stream: str
    date: str
    time: str
    what: str
    gives: str
    actor: str
    to: str
    approver: str
    approved: str  # when
    lead: str
    approval: str  # its id
    ticket: str
    fails: tuple[str, ...]


class Grants:
    """The page.

    Args:
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, request: Request) -> Response:
        """Show the access grants that answer a search."""
        text = request.query_params.get("q", PERIOD).strip()
        try:
            asked = self._reading.understood(visit, text)
        except (QueryError, HiddenError) as error:
            mistake = queries.mistaken(text, error)
            return self._page(visit, status=400, q=text, chips=(), mistake=mistake)
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            found = granted.read(connection, asked.question, streams)
        counts = Counter(one.stream for one in found)
        names = named(asked.question, streams)
        self._reading.viewed(
            visit,
            names,
            {"filters": {"q": asked.told}, "answer": "grants"},
            {name: {"count": counts[name]} for name in names},
        )
        failing = [one for one in found if one.fails]
        approved = [one for one in found if not one.fails]
        fails = Counter(failure for one in failing for failure in one.fails)
        return self._page(
            visit,
            q=text,
            chips=asked.chips,
            mistake=None,
            total=len(found),
            kinds=Counter(one.action for one in found).most_common(),
            said=_meaning,
            narrowed=lambda action: queries.narrowed(
                asked.canonical, f"action:{action} result:success"
            ),
            every=queries.narrowed(asked.canonical, granted.QUERY),
            failing=[_row(one) for one in failing[:SHOWN]],
            approved=[_row(one) for one in approved[:SHOWN]],
            counts=(len(failing), len(approved)),
            fails=[(FAILURES[one], fails[one]) for one in FAILURES if fails[one]],
            most=SHOWN,
        )

    def _page(self, visit: Visit, **context: Any) -> Response:  # noqa: ANN401  as Answers.page
        return self._answers.page(
            "grants.html", visit, title="Access grants", here="/questions", **context
        )


def _row(one: Grant) -> Row:
    date, time = sentences.when(one.timestamp)
    approved = one.approved_at or ""  # what is no time, as it is stated
    if one.approved_us is not None:
        approved = " ".join(sentences.when(instants.text(one.approved_us)))
    lead = ""
    if one.lead_us is not None:
        seconds = abs(one.lead_us) // 1_000_000
        lead = f"{duration(seconds)} {'before' if one.lead_us > 0 else 'after'}"
    return Row(
        event_id=one.event_id,
        stream=one.stream,
        date=date,
        time=time,
        what=_meaning(one.action),
        gives=one.gives or "",
        actor=one.actor or "",
        to=one.to_id or one.to_name or "",
        approver=one.approver or "",
        approved=approved,
        lead=lead,
        approval=one.approval_id or "",
        ticket=one.ticket or "",
        fails=tuple(FAILURES[failure] for failure in one.fails),
    )


_SHORT: Final[Mapping[str, str]] = {
    "admin.apikey.create": "API key issued",
    "admin.permission.grant": "Permission granted",
    "admin.role.change": "Role changed",
    "admin.user.create": "Account created",
    "prooftrail.person.invite": "Invited to this console",
}


def _meaning(action: str) -> str:
    return _SHORT.get(action, action)
