"""The page of alerts: what rules found, and what was done about each.

Guarantees: it says what `GET /audit/alerts` says, of what the visitor may see, and is
recorded before it is shown. Who may do so acknowledges and closes alerts there; each is
an event of the alert's stream, durable before the page goes on.

Does not: show what was done before that is sealed, a moment later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from prooftrail.console import answers, explaining, queries
from prooftrail.console.evidence import PERIOD, duration
from prooftrail.core import instants
from prooftrail.errors import HiddenError, QueryError, QuestionError
from prooftrail.search import alerts
from prooftrail.service.api.following import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.alerts import Alert

SHOWN: Final = 200
_ALONE: Final = "this is asked of a period and streams alone: during, from, to, stream"


class AlertPages:
    """The page, and what is done on it.

    Args:
        console: that it belongs to.
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, console: Console, answering: Answers, reading: Reading) -> None:
        self._parts = console.parts
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, request: Request) -> Response:
        """Show the alerts of a period."""
        return self._page(visit, request.query_params.get("q", PERIOD).strip())

    def acknowledge(
        self, visit: Visit, _: Request, form: Mapping[str, str]
    ) -> Response:
        """Say that an alert was seen."""
        found = self._find(visit, form)
        if found.acknowledged is None:
            now = self._reading.now_us
            self._record(visit, found, alerts.acknowledging(found, now, None))
        return answers.to(visit.base, "/alerts")

    def dispose(self, visit: Visit, _: Request, form: Mapping[str, str]) -> Response:
        """Say what an alert was."""
        found = self._find(visit, form)
        try:
            event = alerts.disposing(
                found, form.get("disposition", ""), form.get("comment", "")
            )
        except QuestionError as error:
            return self._page(visit, PERIOD, problem=str(error))
        self._record(visit, found, event)
        return answers.to(visit.base, "/alerts")

    def _find(self, visit: Visit, form: Mapping[str, str]) -> Alert:
        try:
            wanted = UUID(form.get("alert", ""))
        except ValueError:
            raise QuestionError(
                "that is no alert's id: use the page's own form"
            ) from None
        with self._reading.of(visit) as connection:
            return alerts.find(connection, wanted, visit.visitor.holder.streams)

    def _record(self, visit: Visit, alert: Alert, event: dict[str, Any]) -> None:
        self._parts.recorder.record(stream=alert.stream, actor=visit.actor, **event)

    def _page(self, visit: Visit, text: str, problem: str | None = None) -> Response:
        status = 200 if problem is None else 400
        try:
            asked = self._reading.understood(visit, text)
        except (QueryError, HiddenError) as error:
            return self._shown(visit, 400, text, queries.mistaken(text, error))
        if asked.question.terms or asked.question.conditions:
            mistake = queries.Mistake("", text, "", _ALONE)
            return self._shown(visit, 400, text, mistake)
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            found = alerts.read(connection, asked.question, streams)
        told = {"filters": {"q": asked.told}, "answer": "alerts"}
        self._reading.viewed(visit, named(asked.question, streams), told)
        states = [one.state for one in found.alerts]
        return self._shown(
            visit,
            status,
            text,
            None,
            chips=asked.chips,
            problem=problem,
            alerts=[_row(one) for one in found.alerts[:SHOWN]],
            counts={name: states.count(name) for name in ("open", "closed")}
            | {"seen": states.count("acknowledged")},
            more=found.more or len(found.alerts) > SHOWN,
            triages=visit.visitor.may("triage"),
            dispositions=alerts.DISPOSITIONS,
        )

    def _shown(
        self,
        visit: Visit,
        status: int,
        text: str,
        mistake: queries.Mistake | None,
        **context: Any,  # noqa: ANN401  whatever the template names
    ) -> Response:
        shown = {"chips": (), "problem": None} | context
        return self._answers.page(
            "alerts.html",
            visit,
            title="Alerts",
            here="/questions",
            status=status,
            q=text,
            mistake=mistake,
            **shown,
        )


def _row(one: Alert) -> dict[str, Any]:
    """Return an alert, for people."""
    seen, closed = one.acknowledged, one.closed
    took = None if seen is None else seen["seconds"]
    return {
        "id": one.id,
        "at": explaining.date(instants.microseconds(one.at)),
        "stream": one.stream,
        "rule": str(one.details.get("rule")),
        "severity": str(one.details.get("severity")),
        "key": str(one.details.get("key")),
        "synthetic": one.details.get("synthetic") is True,
        "state": one.state,
        "seen_by": None if seen is None else seen["by"],
        "took": duration(took) if isinstance(took, int) else "",
        "was": None if closed is None else str(closed["disposition"]),
        "closed_by": None if closed is None else closed["by"],
        "comment": None if closed is None else str(closed["comment"]),
    }
