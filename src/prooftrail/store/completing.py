"""Values that the log holds and that begin with a text: as the reader, and cheap.

Guarantees: what comes back is in an event, or for actions and roles in a day's counts,
that row-level security lets the asker see. How much is looked at is bounded, however
many events there are. Whoever sees everything is given every actor that fits, and the
actions and roles of the last `DAYS` days; all else comes from the newest `NEWEST`
events, those of a stream as many as of another.

Does not: find what is rarer than that; whoever knows a value writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from psycopg import sql

from prooftrail.store import asking, searching
from prooftrail.store.asking import Values
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Span

Completed: TypeAlias = Literal["actor", "role", "action", "resource_type"]

COLUMNS: Final[tuple[Completed, ...]] = get_args(Completed)
NEWEST: Final = 50_000  # events
DAYS: Final = 800
_LEAST: Final = 100  # events of each stream
_DAY_US: Final = 86_400_000_000

_OF_LOG: Final[Mapping[Completed, sql.SQL]] = {
    "actor": sql.SQL("l.actor"),
    "role": sql.SQL("l.role"),
    "action": sql.SQL("l.action"),
    "resource_type": sql.SQL("l.resource_type"),
}
_OF_DAYS: Final[Mapping[Completed, sql.SQL]] = {
    "role": sql.SQL("d.role"),
    "action": sql.SQL("d.action"),
}


def values(
    connection: Connection,
    column: Completed,
    span: Span,
    streams: Sequence[int],
    *,
    whole: bool,
    now_us: int,
    most: int,
) -> list[str]:
    """Return values of a column, in "C" order.

    Args:
        connection: inside `Readers.reading`.
        column: whose.
        span: that they lie in.
        streams: numbers of those that the asker may read.
        whole: whether the asker sees all streams and all time.
        now_us: the present, from which days count.
        most: values at most.
    """
    period = searching.begin(connection, Question(), workers=0)
    bound = Values()
    pieces: dict[str, sql.Composable] = {
        "low": bound(span.low),
        "below": sql.SQL(""),
        "most": bound(most),
    }
    compared = sql.SQL("f.value")
    if whole and column == "actor":
        name, compared = "complete_actors", _OF_LOG[column]
    elif whole and column in _OF_DAYS:
        name = "complete_daily"
        pieces |= {
            "column": _OF_DAYS[column],
            "streams": bound(list(streams)),
            "first": bound(now_us // _DAY_US - DAYS),
        }
    else:
        name = "complete_newest"
        pieces |= {
            "column": _OF_LOG[column],
            "streams": bound(list(streams)),
            "from_us": bound(FIRST_US if period.from_us is None else period.from_us),
            "to_us": bound(LAST_US if period.to_us is None else period.to_us),
            "window": bound(max(NEWEST // max(len(streams), 1), _LEAST)),
        }
    if span.high is not None:
        pieces["below"] = sql.SQL("and {} < {}").format(compared, bound(span.high))
    statement = asking.query(name, **pieces)
    rows = connection.execute(statement, bound, prepare=False).fetchall()
    return [str(row[0]) for row in rows]
