"""What the rules found among logins, as it is told: `incidents` of logins.

Guarantees: where nothing is recorded, that is what is said. Printed and enclosed rows
are of the same incidents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.detections import rules
from prooftrail.reports import handling, incidents
from prooftrail.reports.circumstances import second
from prooftrail.reports.counting import short
from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.detections import Hit
    from prooftrail.reports.incidents import Incident

RULES: Final = (
    rules.GUESSED,
    rules.GUESSING,
    rules.STUFFING,
    rules.SPRAY_FAST,
    rules.SPRAY_SLOW,
    rules.ENUMERATION,
    rules.LOCKOUTS,
)
_NAMED: Final = 3  # accounts and addresses in a printed cell
DATA: Final = (
    "stream",
    "first",
    "firstSeq",
    "last",
    "lastSeq",
    "rule",
    "version",
    "severity",
    "key",
    "accounts",
    "ips",
    "countries",
    "attempts",
    "distinctAccounts",
    "maxPerAccount",
    "successAfterSeq",
    "lockoutSeq",
    "alertId",
    "ackMinutes",
    "disposition",
    "atLeast",
    "incidentId",
)
COLUMNS: Final = (
    Column("First, last", "time", 1.7),
    Column("Rule", share=1.2),
    Column("Accounts", share=2),
    Column("Sources", share=1.7),
    Column("Attempts", "number", 0.7),
    Column("Entries", share=1),
    Column("Then", share=1.2),
    Column("Handling", share=1.5),
)


def row(one: Incident) -> tuple[str | int | bool | None, ...]:
    """Return an incident as programs read it."""
    hit, alert = one.hit, one.alert
    closed = None if alert is None else alert.closed
    return (
        one.stream,
        instants.text(hit.first.occurred_us),
        hit.first.seq,
        instants.text(hit.last.occurred_us),
        hit.last.seq,
        hit.rule,
        hit.version,
        hit.severity,
        hit.key,
        _listed(hit.accounts),
        _listed(hit.addresses),
        None,  # nobody looks addresses up
        hit.attempts,
        hit.distinct_accounts,
        hit.most,
        None if hit.success is None else hit.success.seq,
        None if hit.lockout is None else hit.lockout.seq,
        None if alert is None else alert.id,
        one.minutes,
        handling.NOT_HANDLED if closed is None else str(closed["disposition"]),
        hit.cut,
        hit.id,
    )


def printed(one: Incident) -> tuple[str, ...]:
    """Return an incident as it is printed."""
    hit = one.hit
    return (
        f"{second(hit.first.occurred_us)} {second(hit.last.occurred_us)}",
        f"{hit.rule}, version {hit.version}; {hit.severity}",
        whom(hit),
        whence(hit),
        f"{hit.attempts:,}",
        f"{one.stream} {hit.first.seq:,} to {hit.last.seq:,}",
        then(hit),
        one.handling + (f", {one.minutes} min" if one.minutes else ""),
    )


def then(hit: Hit) -> str:
    """Say what followed."""
    told = []
    if hit.success is not None:
        told.append(f"a login, entry {hit.success.seq:,}")
    if hit.lockout is not None:
        told.append(f"locked, entry {hit.lockout.seq:,}")
    return "; ".join(told) or "no login seen"


def whom(hit: Hit) -> str:
    """Say which accounts were tried."""
    return named(hit.accounts, hit.distinct_accounts) or "names withheld"


def whence(hit: Hit) -> str:
    """Say from where."""
    return named(hit.addresses, len(hit.addresses)) or "no stated address"


def named(counts: Sequence[tuple[str, int]], of: int) -> str:
    """Name the first of several, with how many attempts were each's.

    >>> named((("root", 9), ("ada", 1)), 5)
    'root (9), ada (1) and 3 more'
    """
    told = ", ".join(f"{short(one)} ({n:,})" for one, n in counts[:_NAMED])
    more = of - min(len(counts), _NAMED)
    return f"{told} and {more:,} more" if more > 0 else told


def exceptions(found: Sequence[Incident]) -> Table:
    """Return what somebody should look at."""
    return incidents.exceptions(
        found,
        "F",
        lambda one: (
            f"{one.hit.attempts:,} attempts from {whence(one.hit)};"
            f" then: {then(one.hit)}"
        ),
    )


def _listed(counts: Sequence[tuple[str, int]]) -> str:
    """Return names as JSON: a name may have any character."""
    return json.dumps([one for one, _ in counts], ensure_ascii=False)
