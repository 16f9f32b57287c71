"""The log against the truth: what is missing, and what nobody did."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prooftrail.store import connect

if TYPE_CHECKING:
    from examples.fintech.traffic.truth import Truth

_EVENTS = (
    "select action, result, count(*) from prooftrail.log"
    " where kind = 0 and continues is null and action not like 'audit.%'"
    " group by 1, 2"
)
_ACTORS = (
    "select coalesce(actor, 'anonymous'), count(*) from prooftrail.log"
    " where kind = 0 and continues is null and action not like 'audit.%' group by 1"
)
_SEEN = (
    "select resource_id, count(*) from prooftrail.log where kind = 0"
    " and continues is null and resource_id like 'cust\\_%' group by 1"
)


def differences(dsn: str, truth: Truth) -> list[str]:
    """Return how the log differs from the truth; none is as it must be.

    Args:
        dsn: the administrator's: all of the log is looked at.
        truth: what was done.
    """
    link = connect.connect(None, dsn=dsn, autocommit=True)
    try:
        events = Counter(
            {(str(a), str(r)): int(str(n)) for a, r, n in link.execute(_EVENTS)}
        )
        actors = Counter({str(a): int(str(n)) for a, n in link.execute(_ACTORS)})
        seen = Counter({str(a): int(str(n)) for a, n in link.execute(_SEEN)})
    finally:
        link.close()
    found = []
    for what, log, true in (
        ("events", events, truth.events),
        ("actors", actors, truth.actors),
        ("customers", seen, truth.seen),
    ):
        found += [
            f"{what}: {key}: {log[key]} in the log, {true[key]} done"
            for key in sorted({*log, *true}, key=str)
            if log[key] != true[key]
        ]
    return found
