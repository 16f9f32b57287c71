"""What can be typed next, with the log's own values: actors, roles, actions and types.

Guarantees: a value that is offered is one that the asker may see, and stands, once it
is chosen, for exactly itself. That somebody looks for values of a column is in the
trail before he gets the first, then once in `AGAIN` minutes for a session or a key, a
column and a process: each letter that is typed asks anew, and an event for each would
bury the others. Names of filters and values that are closed come from no log, and are
not told.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from prooftrail.access import tokens
from prooftrail.core import projection
from prooftrail.search import language, viewing
from prooftrail.search import values as read
from prooftrail.search.language import completing, spelling
from prooftrail.search.language.completing import MOST, Candidate, Completion
from prooftrail.search.language.syntax import Value
from prooftrail.store import completing as stored
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.search.language.completing import Place
    from prooftrail.store.completing import Completed
    from prooftrail.store.connect import Connection
    from prooftrail.store.readers import Holder, Readers

LONGEST: Final = language.LONGEST  # characters of a query
AGAIN: Final = 10  # minutes
_KEPT: Final = 10_000  # of what was told
_MINUTE_US: Final = 60_000_000


class Completing:
    """Completes what is typed, and knows what was told of it lately.

    Safe to be shared by threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def complete(
        self,
        text: str,
        at: int,
        *,
        readers: Readers,
        recorder: Recorder,
        holder: Holder,
        token: str,
        actor: Mapping[str, Any],
        now_us: int,
    ) -> Completion:
        """Return what can stand at the cursor.

        Args:
            text: that was typed so far.
            at: where the cursor is, in characters.
            readers: by whom the log is looked into.
            recorder: by whom that is told.
            holder: who asks, and what he may see.
            token: of his.
            actor: who that is in an event.
            now_us: the present.

        Raises:
            ProoftrailError: the database is away, or it is not recorded.
        """
        found = completing.complete(text, at, streams=holder.streams, now_us=now_us)
        column, place = found.place.column, found.place
        if column not in stored.COLUMNS or len(found.candidates) >= MOST:
            return found
        with readers.reading(token) as connection:
            known = _values(connection, column, place, holder, now_us)
        self._tell(recorder, column, holder, token, actor, now_us)
        there = {one.text for one in found.candidates}
        more = [one for one in _candidates(place, known) if one.text not in there]
        return Completion((*found.candidates, *more)[:MOST], place)

    def _tell(
        self,
        recorder: Recorder,
        column: str,
        holder: Holder,
        token: str,
        actor: Mapping[str, Any],
        now_us: int,
    ) -> None:
        """Tell that values of a column are offered, unless that was told just now."""
        key = (tokens.digest(token), column, tuple(holder.streams))
        with self._lock:
            last = self._told.get(key)
        if last is not None and abs(now_us - last) < AGAIN * _MINUTE_US:
            return
        viewing.record(
            recorder,
            actor=actor,
            streams=tuple(holder.streams),
            details={"filters": {}, "completions": column, "minutes": AGAIN},
        )
        with self._lock:
            self._told[key] = now_us
            self._told.move_to_end(key)
            while len(self._told) > _KEPT:
                self._told.popitem(last=False)


def _values(
    connection: Connection, column: Completed, place: Place, holder: Holder, now_us: int
) -> Sequence[str]:
    prefix = place.prefix
    if not prefix.isprintable():
        return ()
    cut = prefix[: projection.MAX_CHARACTERS]
    return stored.values(
        connection,
        column,
        read.beginning(cut if column == "actor" else projection.fold(prefix)),
        tuple(holder.streams.values()),
        whole=_sees_all(holder),
        now_us=now_us,
        most=MOST,
    )


def _candidates(place: Place, known: Sequence[str]) -> list[Candidate]:
    # what a writer put into an id and nobody can type is not offered
    return [
        Candidate(spelling.value(Value(value, literal=True)), place.at, place.end, "")
        for value in known
        if value and value.isprintable()
    ]


def _sees_all(holder: Holder) -> bool:
    whole = holder.from_us <= FIRST_US and holder.to_us >= LAST_US
    return whole and holder.all_streams
