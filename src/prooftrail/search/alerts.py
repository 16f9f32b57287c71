"""Alerts, and what was done about each: read from their events, which are all there is.

Guarantees: an alert is what its event says; it is acknowledged by the first event that
says so and closed by the last one. Each is looked for in the alert's own stream, as the
reader, as of one moment. Time to acknowledge is from the alert's event to that one.

Does not: know what is not sealed yet; nor whether a writer's own event of that name was
made by the service: `$source` says by which login it came.
"""

from __future__ import annotations

from statistics import median
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    cast,
    get_args,
)

from prooftrail.core import instants
from prooftrail.errors import HiddenError, QuestionError
from prooftrail.search import lists
from prooftrail.search.parameters import Paging
from prooftrail.store.question import Exactly, Question, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from prooftrail.store.connect import Connection

RAISE: Final = "prooftrail.alert.raise"
ACKNOWLEDGE: Final = "prooftrail.alert.acknowledge"
DISPOSE: Final = "prooftrail.alert.dispose"
Disposition: TypeAlias = Literal["true positive", "false positive", "benign"]
DISPOSITIONS: Final[tuple[Disposition, ...]] = get_args(Disposition)
MOST: Final = 1_000  # alerts
LONGEST: Final = 2_000  # characters of a comment
_PAGE: Final = 500
_SECOND_US: Final = 1_000_000


class Alert(NamedTuple):
    """An alert as its events tell it."""

    id: str
    stream: str
    at: str  # RFC 3339, UTC
    details: Mapping[str, Any]  # as raised: rule, version, severity, key ...
    acknowledged: Mapping[str, Any] | None  # by, at, seconds, comment
    closed: Mapping[str, Any] | None  # by, at, disposition, comment

    @property
    def state(self) -> str:
        """Return open, acknowledged or closed."""
        if self.closed is not None:
            return "closed"
        return "open" if self.acknowledged is None else "acknowledged"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        names = ("rule", "version", "severity", "key", "attempts", "synthetic")
        return {
            "id": self.id,
            "stream": self.stream,
            "at": self.at,
            "state": self.state,
            **{name: self.details.get(name) for name in names},
            "firstSeq": self.details.get("first_seq"),
            "acknowledged": self.acknowledged,
            "closed": self.closed,
        }


class Alerts(NamedTuple):
    """Alerts of a period, the newest first."""

    alerts: tuple[Alert, ...]
    more: bool  # there are more than are given

    def as_json(self) -> dict[str, Any]:
        """Return them as plain values, with how many stand where."""
        states = [one.state for one in self.alerts]
        seconds = [
            one.acknowledged["seconds"]
            for one in self.alerts
            if one.acknowledged is not None
            and isinstance(one.acknowledged["seconds"], int)
        ]
        return {
            "total": len(self.alerts),
            **{name: states.count(name) for name in ("open", "acknowledged", "closed")},
            "medianSecondsToAcknowledge": round(median(seconds)) if seconds else None,
            "more": self.more,
            "alerts": [one.as_json() for one in self.alerts],
        }


def read(
    connection: Connection, question: Question, streams: Mapping[str, int]
) -> Alerts:
    """Return the alerts of a period and streams, and what was done about each.

    Args:
        connection: inside `Readers.reading`.
        question: the period, and the streams.
        streams: that the asker may read, by name.
    """
    raised = list(_events(connection, question, streams, (RAISE,), MOST + 1))
    more, raised = len(raised) > MOST, raised[:MOST]
    if not raised:
        return Alerts((), more=False)
    since = min(instants.microseconds(str(one["timestamp"])) for one in raised)
    done = Question((), since, None, question.streams)
    acts: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in _events(connection, done, streams, (ACKNOWLEDGE, DISPOSE), 20 * MOST):
        place = str(one["stream"]), str(_object(one.get("resource")).get("id"))
        acts.setdefault(place, []).append(one)
    return Alerts(
        tuple(
            _alert(one, acts.get((str(one["stream"]), str(one["eventId"])), ()))
            for one in raised
        ),
        more,
    )


def find(connection: Connection, alert_id: UUID, streams: Mapping[str, int]) -> Alert:
    """Return an alert by its id.

    Raises:
        HiddenError: there is none, or not for the asker.
    """
    for one in lists.event(connection, alert_id, streams):
        if one.get("action") == RAISE:
            number = streams[str(one["stream"])]
            resource = Term("resource", (Exactly(str(alert_id)),))
            asked = Question((resource,), None, None, (number,))
            acts = _events(connection, asked, streams, (ACKNOWLEDGE, DISPOSE), MOST)
            return _alert(one, list(acts))
    raise HiddenError("there is no alert of this id that you may see", "alert")


def acknowledging(alert: Alert, now_us: int, comment: str | None) -> dict[str, Any]:
    """Return the event by which somebody acknowledges an alert, its actor aside.

    Raises:
        QuestionError: the comment cannot be one.
    """
    seconds = (now_us - instants.microseconds(alert.at)) // _SECOND_US
    details: dict[str, Any] = {"seconds": max(seconds, 0), **_about(alert)}
    if comment is not None:
        details["comment"] = _comment(comment)
    return {
        "action": ACKNOWLEDGE,
        "resource": {"type": "alert", "id": alert.id},
        "result": "success",
        "details": details,
    }


def disposing(alert: Alert, disposition: str, comment: str) -> dict[str, Any]:
    """Return the event by which somebody says what an alert was, its actor aside.

    Raises:
        QuestionError: there is no such disposition, or nothing is said.
    """
    if disposition not in DISPOSITIONS:
        raise QuestionError(
            f"an alert is a {', a '.join(DISPOSITIONS[:2])}, or {DISPOSITIONS[2]}"
        )
    details = {
        "disposition": disposition,
        "comment": _comment(comment),
        **_about(alert),
    }
    return {
        "action": DISPOSE,
        "resource": {"type": "alert", "id": alert.id},
        "result": "success",
        "details": details,
    }


def _about(alert: Alert) -> dict[str, Any]:
    return {"rule": alert.details.get("rule"), "version": alert.details.get("version")}


def _comment(text: str) -> str:
    if not text.strip() or len(text) > LONGEST or "\0" in text:
        raise QuestionError(
            f"say in a comment what there is to say, in at most {LONGEST:,} characters"
        )
    return text


def _events(
    connection: Connection,
    question: Question,
    streams: Mapping[str, int],
    actions: tuple[str, ...],
    most: int,
) -> Iterator[Mapping[str, Any]]:
    """Yield the newest events of some actions."""
    term = Term("action", tuple(map(Exactly, actions)))
    asked = question._replace(terms=(*question.terms, term))
    cursor, left = None, most
    while left > 0:
        page = lists.page(connection, asked, Paging(min(_PAGE, left), cursor), streams)
        yield from page.items
        left -= len(page.items)
        cursor = page.cursor
        if cursor is None:
            return


def _alert(event: Mapping[str, Any], acts: Any) -> Alert:  # noqa: ANN401  a sequence
    """Return an alert of its events, `acts` being the newest first."""
    first = next((one for one in reversed(acts) if one["action"] == ACKNOWLEDGE), None)
    last = next((one for one in acts if one["action"] == DISPOSE), None)
    return Alert(
        str(event["eventId"]),
        str(event["stream"]),
        str(event["timestamp"]),
        _object(event.get("details")),
        None if first is None else _told(first, "seconds"),
        None if last is None else _told(last, "disposition"),
    )


def _told(event: Mapping[str, Any], what: str) -> dict[str, Any]:
    details = _object(event.get("details"))
    return {
        "by": _object(event.get("actor")).get("userId"),
        "at": event["timestamp"],
        what: details.get(what),
        "comment": details.get("comment"),
    }


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
