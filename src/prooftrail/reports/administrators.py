"""Who could alter the log, and what was done to it: for whoever may verify it.

Guarantees: logins and powers are the database's own, of this moment, as `doctor` names
them. What was done is what the trail has of it, of what the asker may see.

Does not: know what a superuser did past the trail: a verification finds it.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.doctor import powers, schema
from prooftrail.search import parameters
from prooftrail.search.language import understand
from prooftrail.store import connect, figures, fingerprint, survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.doctor.check import Check
    from prooftrail.doctor.powers import Holder
    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question

# What is done to the log itself, and to who may read it. What applications and readers
# do with it every day is not.
ACTS: Final = (
    "action:audit.retention.*,prooftrail.access.*,prooftrail.erase,"
    "prooftrail.integrity.*,prooftrail.person.*,prooftrail.retention.*,trail.*"
)
MOST: Final = 50  # event types


class Acts(NamedTuple):
    """What was done to the log, as the trail has it."""

    query: str
    total: int
    actions: tuple[tuple[str, int], ...]  # the most frequent first


def could() -> list[Holder]:
    """Return who could do more than the privilege table says.

    Raises:
        DatabaseError: the database is away, or refuses.
    """
    with closing(connect.connect("verifier", autocommit=True)) as link:
        prefix = connect.installed_prefix(link)
        return [] if prefix is None else powers.holders(link, prefix)


def guards() -> list[Check]:
    """Return how grants, row security, triggers and tables compare with this release.

    Raises:
        DatabaseError: the database is away, or refuses.
    """
    with closing(connect.connect("verifier", autocommit=True)) as link:
        survey.begin(link)
        prefix = connect.installed_prefix(link)
        if prefix is None:
            return []
        return list(schema.compared(fingerprint.read(link, prefix), prefix))


def acts(connection: Connection, period: Question) -> Acts:
    """Return what was done to the log.

    Args:
        connection: inside `Readers.reading`.
        period: when, and in which streams.
    """
    asked = understand(ACTS, streams={}, now_us=0)
    found = figures.read(
        connection,
        parameters.together(asked.question, period),
        MOST,
    )
    return Acts(
        asked.canonical,
        sum(found.hours.values()),
        tuple(found.values.get("action", ())),
    )


def told(could: Sequence[Holder], done: Acts) -> dict[str, Any]:
    """Return who could alter the log and what was done to it, as JSON has it."""
    return {
        "could": [one._asdict() for one in could],
        "acts": {
            "query": done.query,
            "total": done.total,
            "actions": [{"action": name, "n": n} for name, n in done.actions],
        },
    }
