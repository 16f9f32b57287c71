"""Accounts of people who left: what they did before and since, and their disabling.

Guarantees: a use is a success of the account's own; what was refused is none, nor is
what others do to it. It was disabled when that was first done and no use came after. Of
what the asker may see, as of one moment; each account is looked up in indexes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from prooftrail.store import searching
from prooftrail.store.accounts import CREATED, ENDED
from prooftrail.store.asking import Values, query
from prooftrail.store.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from prooftrail.store.connect import Connection

_KEPT: Final = (CREATED, *ENDED)


class Left(NamedTuple):
    """An account whose owner left; times are the events' own, microseconds, UTC."""

    id: str
    since_us: int  # from when on it is not to be used
    known: bool  # whether any event names it
    before_us: int | None  # the last use before; None: none
    uses: int  # since
    first_us: int | None
    last_us: int | None
    ended_us: int | None  # disabled or deleted, and not used since; None: it is not


def read(
    connection: Connection, since: Mapping[str, int], streams: Sequence[int]
) -> list[Left]:
    """Return what is known of accounts, in their order.

    Args:
        connection: inside `Readers.reading`.
        since: from when on each of them is not to be used.
        streams: the numbers of those that the asker may read.
    """
    searching.begin(connection, Question(), workers=0)
    bound = Values()
    statement = query(
        "leavers",
        ids=bound(list(since)),
        since=bound(list(since.values())),
        streams=bound(list(streams)),
        kept=bound(list(_KEPT)),
        ended=bound(list(ENDED)),
    )
    rows = cast(
        "list[Any]", connection.execute(statement, bound, prepare=False).fetchall()
    )
    found = {row[0]: Left(*row) for row in rows}
    return [found[one] for one in since]
