"""What rules find in a stream's history: by several processes where it is long.

Guarantees: the same hits as one look at all of it. Rules on logins are looked at apart
from the others, and these by shares of those who did something: no incident is of two.
Each process reads by a connection of its own as the same asker, up to the same entry.
An entry that goes meanwhile (its time to be kept is over) is looked at or not, as in
one long look.
"""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.detections import detect, families
from prooftrail.errors import DatabaseError
from prooftrail.processes import pool
from prooftrail.store import detecting
from prooftrail.store.detecting import ALL, Share
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.detections import Hit, Rule
    from prooftrail.store.connect import Connection

LONG: Final = 100_000  # entries; what is shorter is looked at by this process alone
SHARES: Final = 2


class Past(NamedTuple):
    """What is looked at."""

    stream: int  # its number
    last: int  # the newest seq that counts
    from_us: int | None  # event time, from
    to_us: int | None  # and before
    rules: Sequence[Rule]
    leavers: Mapping[str, int]


class Asker(NamedTuple):
    """As whom other processes read."""

    dsn: str | None  # None: that of the environment
    token: str


def look(connection: Connection, past: Past, share: Share = ALL) -> list[Hit]:
    """Return what rules find, in this process.

    Args:
        connection: inside `Readers.reading`.
        past: what is looked at.
        share: of those who did something.
    """
    events = detecting.events(
        connection,
        past.stream,
        past.last,
        from_us=past.from_us,
        to_us=past.to_us,
        actors=list(past.leavers),
        rules=past.rules,
        share=share,
    )
    return detect(events, past.rules, past.leavers)


def look_together(connection: Connection, past: Past, asker: Asker) -> list[Hit]:
    """Return the same, by several processes where there is much to look at.

    Raises:
        DatabaseError: a process ended, or cannot read.
    """
    logins, others = families.split(past.rules)
    if past.last < LONG or not others:
        return look(connection, past)
    theirs = past._replace(rules=others)
    with pool(SHARES, (__name__,)) as helpers:
        waiting = [
            helpers.submit(_look_as, asker, theirs, Share(number, SHARES))
            for number in range(SHARES)
        ]
        found = look(connection, past._replace(rules=logins)) if logins else []
        try:
            for one in waiting:
                found += one.result()
        except BrokenProcessPool as error:
            raise DatabaseError(
                "a process that looked at a part of the log was ended. Is there memory"
                " for it? Each needs some 200 MB. Look again, or at a shorter time"
            ) from error
    return sorted(found, key=lambda one: (one.first, one.rule, one.key))


def _look_as(asker: Asker, past: Past, share: Share) -> list[Hit]:
    readers = Readers(asker.dsn, size=1)
    try:
        with readers.reading(asker.token) as connection:
            return look(connection, past, share)
    finally:
        readers.close()
