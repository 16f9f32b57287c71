"""The health page: what is taken in, what waits, what the service does, what is missed.

Guarantees: whoever operates the service and may read all of it is told what it knows;
everybody else whether reading and writing are well, and what of capture stands in the
part of the trail that he may see. Figures are of this moment, as the verifier sees
them; where the database is away, that is what is told. Looking at the trail is
recorded; where that fails, the page leaves out what it would say of it, and nothing
else: it is the page to look at when something does not work.

Does not: see routes of which no request left an event. `prooftrail coverage` reads them
from the application itself.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.console import sentences
from prooftrail.core import instants
from prooftrail.errors import DatabaseError, ProoftrailError
from prooftrail.search import lists
from prooftrail.search.parameters import Paging
from prooftrail.store import connect, facts, profiles, searching, showing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.reading import Reading
    from prooftrail.console.sentences import Row
    from prooftrail.store.connect import Connection
    from prooftrail.store.facts import Facts
    from prooftrail.store.profiles import Counted
    from prooftrail.store.showing import Late

LATE: Final = 5.0  # seconds that an event may wait before it is worth a word
DAYS: Final = 7
KINDS: Final = 8  # of event types
CHANGES: Final = 5  # of capture
_PERIOD: Final = f"during:last-{DAYS}-days"
_SILENT_US: Final = 3 * instants.MINUTE  # three heartbeats
_LATE_US: Final = instants.MINUTE
_CAPTURE: Final = "action:audit.capture.change"

# what is asked of the trail: name, query, what it means
_ASKED: Final = (
    (
        "Requests of routes that nobody mapped",
        "action:http.*",
        "recorded under a name made from the route: map or excuse it",
    ),
    (
        "Events that name nobody",
        "-actor:* -action:auth.* -action:http.* -action:trail.*",
        "logins aside, which name nobody yet: tell the middleware who acts",
    ),
    (
        "Events that could not be sealed",
        "action:trail.quarantine",
        "kept apart as they came: prooftrail doctor says why",
    ),
)


class Missed(NamedTuple):
    """What the trail says of its own gaps."""

    name: str
    told: str
    q: str
    n: int
    kinds: Mapping[str, Counted]


class Silent(NamedTuple):
    """A time in which the service signed nothing."""

    stream: str
    begins: str
    ends: str  # empty: it lasts
    minutes: int


class Coverage(NamedTuple):
    """What the trail says of capture, in the last days."""

    missed: list[Missed]
    changes: list[Row]  # capture was started, stopped, reconfigured
    silences: list[Silent] | None  # None: who sees a part cannot know
    unsigned: list[str]  # streams that nobody has signed
    late: Late | None  # None: it is not to be told


class Condition:
    """The page.

    Args:
        console: that it belongs to.
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, console: Console, answering: Answers, reading: Reading) -> None:
        self._parts = console.parts
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, _: Request) -> Response:
        """Show how the service fares."""
        operates = visit.operates
        found = self._facts() if operates else None
        health = self._parts.health
        return self._answers.page(
            "health.html",
            visit,
            title="Health",
            here="/health",
            operates=operates,
            away=operates and found is None,
            reading=health.reading_problem,
            writing=health.writing_problem,
            facts=found,
            late=found is not None and found.oldest_seconds > LATE,
            signed=[
                (one, None if one.signed_us is None else instants.text(one.signed_us))
                for one in found.streams
            ]
            if found is not None
            else [],
            duties=health.duties if operates else {},
            coverage=self._coverage(visit),
            period=_PERIOD,
            capture=_CAPTURE,
            span=DAYS,
            several=len(visit.visitor.holder.streams) > 1,
        )

    def _facts(self) -> Facts | None:
        """Return the figures as the verifier sees them; None: not to be had."""
        try:
            with closing(connect.connect("verifier", autocommit=True)) as connection:
                return facts.read(connection)
        except DatabaseError as error:
            self._parts.log.warning("figures are not to be had", problem=str(error))
            return None

    def _coverage(self, visit: Visit) -> Coverage | None:
        """Return what the trail says; None: not to be had, or not recorded."""
        streams = visit.visitor.holder.streams
        try:
            with self._reading.of(visit) as connection:
                found = self._read(connection, visit)
            self._reading.viewed(
                visit,
                tuple(streams),
                {"filters": {"q": _PERIOD}, "summary": True, "health": True},
            )
        except ProoftrailError as error:
            self._parts.log.warning("coverage is not told", problem=str(error))
            return None
        return found

    def _read(self, connection: Connection, visit: Visit) -> Coverage:
        streams = visit.visitor.holder.streams
        numbers, now_us = list(streams.values()), self._reading.now_us
        ends = searching.ends(connection)
        missed = []
        for name, text, told in _ASKED:
            asked = self._reading.understood(visit, f"{text} {_PERIOD}")
            counted = profiles.read(connection, asked.question, ends, KINDS)
            if counted.total is not None:
                kinds = counted.values["action"]
                missed.append(
                    Missed(name, told, asked.canonical, counted.total.n, kinds)
                )
        changes = self._reading.understood(visit, _CAPTURE)
        page = lists.page(connection, changes.question, Paging(CHANGES, None), streams)
        signed = {one.stream for one in showing.checkpoints(connection, numbers)}
        whole = visit.sees_all_time
        return Coverage(
            missed,
            [sentences.row(one) for one in page.items],
            _silences(connection, streams, now_us) if whole else None,
            [name for name, number in streams.items() if number not in signed]
            if whole
            else [],
            showing.late(connection, numbers, now_us - DAYS * instants.DAY, _LATE_US)
            if whole
            else None,
        )


def _silences(
    connection: Connection, streams: Mapping[str, int], now_us: int
) -> list[Silent]:
    """Return where nothing was signed, what lasts at present first."""
    numbers = list(streams.values())
    named = {number: name for name, number in streams.items()}
    lasting = [
        Silent(
            named[one.stream],
            instants.text(one.signed_us)[:19],
            "",
            (now_us - one.signed_us) // instants.MINUTE,
        )
        for one in showing.checkpoints(connection, numbers)
        if now_us - one.signed_us > _SILENT_US
    ]
    since_us = now_us - DAYS * instants.DAY
    return lasting + [
        Silent(
            named[one.stream],
            instants.text(one.from_us)[:19],
            instants.text(one.to_us)[:19],
            (one.to_us - one.from_us) // instants.MINUTE,
        )
        for one in showing.silences(connection, numbers, since_us, _SILENT_US)
    ]
