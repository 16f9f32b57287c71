"""The health page: what is taken in, what waits, what the service does.

Guarantees: whoever operates the service and may read all of it is told what it knows;
everybody else whether reading and writing are well. Figures are of this moment, as the
verifier sees them; where the database is away, that is what is told.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from prooftrail.core import instants
from prooftrail.errors import DatabaseError
from prooftrail.store import connect, facts

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.store.facts import Facts

LATE = 5.0  # seconds that an event may wait before it is worth a word


class Condition:
    """The page.

    Args:
        console: that it belongs to.
        answering: makes the answers.
    """

    def __init__(self, console: Console, answering: Answers) -> None:
        self._parts = console.parts
        self._answers = answering

    def page(self, visit: Visit, _: Request) -> Response:
        """Show how the service fares."""
        operates = visit.operates
        found: Facts | None = None
        away = False
        if operates:
            try:
                with closing(
                    connect.connect("verifier", autocommit=True)
                ) as connection:
                    found = facts.read(connection)
            except DatabaseError as error:
                self._parts.log.warning("figures are not to be had", problem=str(error))
                away = True
        health = self._parts.health
        return self._answers.page(
            "health.html",
            visit,
            title="Health",
            here="/health",
            operates=operates,
            away=away,
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
        )
