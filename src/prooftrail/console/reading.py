"""What pages read of the trail: with one connection, as the visitor, and recorded.

Guarantees: what a page shows is durable in the trail as read, by whom and by which
filters, before the page is answered; in each stream that was read, and of no other.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prooftrail.search import viewing
from prooftrail.search.language import understand
from prooftrail.service.api.following import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from prooftrail.console.parts import Console, Visit
    from prooftrail.search.language import Understood
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question


class Reading:
    """Reads for visitors.

    Args:
        console: that they visit.
    """

    def __init__(self, console: Console) -> None:
        self._parts = console.parts

    @property
    def now_us(self) -> int:
        """The present, microseconds since the epoch, UTC."""
        return self._parts.clock()

    def understood(self, visit: Visit, text: str) -> Understood:
        """Return what a search asks of what the visitor may read.

        Raises:
            QueryError: it is not understood.
            HiddenError: it names a stream that is none of the visitor's.
        """
        return understand(
            text, streams=visit.visitor.holder.streams, now_us=self.now_us
        )

    def of(self, visit: Visit) -> AbstractContextManager[Connection]:
        """Give a connection that reads as the visitor, as of one moment."""
        return self._parts.readers.reading(visit.visitor.token)

    def listed(
        self,
        visit: Visit,
        question: Question,
        told: Mapping[str, object],
        items: Iterable[Mapping[str, Any]],
        *,
        action: str = "audit.log.view",
    ) -> None:
        """Record that a list was read.

        Args:
            visit: whose.
            question: that it answers.
            told: what else to tell of it: the search as it was understood.
            items: what is shown.
            action: a view, or an export.
        """
        rows = Counter(str(one["stream"]) for one in items)
        names = named(question, visit.visitor.holder.streams)
        self.viewed(
            visit, names, told, {name: {"rows": rows[name]} for name in names}, action
        )

    def viewed(
        self,
        visit: Visit,
        streams: Sequence[str],
        told: Mapping[str, object],
        each: Mapping[str, Mapping[str, object]] | None = None,
        action: str = "audit.log.view",
    ) -> None:
        """Record that something was read."""
        viewing.record(
            self._parts.recorder,
            actor=visit.actor,
            streams=streams,
            details=told,
            each=each,
            action=action,
        )
