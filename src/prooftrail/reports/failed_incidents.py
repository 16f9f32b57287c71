"""What the rules found among logins, each with what was done about it.

Guarantees: an incident is a hit of one stream, and the alert that was raised of it
where the trail has one: of the same rule and key, begun among its entries. Where
nothing is recorded, that is what is said. Printed and enclosed rows are of the
same incidents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants
from prooftrail.detections import rules
from prooftrail.reports import handling
from prooftrail.reports.counting import short
from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.detections import Hit
    from prooftrail.search.alerts import Alert

RULES: Final = (
    rules.GUESSED,
    rules.GUESSING,
    rules.STUFFING,
    rules.SPRAY_FAST,
    rules.SPRAY_SLOW,
    rules.ENUMERATION,
    rules.LOCKOUTS,
)
LISTED: Final = 200  # exceptions
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


class Incident(NamedTuple):
    """A hit, where it is, and the alert of it."""

    stream: str
    hit: Hit
    alert: Alert | None

    @property
    def is_test(self) -> bool:
        """Whether the service itself failed to log in, to test detection."""
        return handling.is_test(self.alert)

    @property
    def handling(self) -> str:
        """What was done about it, as the trail has it."""
        return handling.status(self.alert)

    @property
    def is_handled(self) -> bool:
        """Whether somebody acknowledged or closed its alert."""
        return handling.is_handled(self.alert)

    @property
    def minutes(self) -> str | None:
        """From the alert to its acknowledgement."""
        alert = self.alert
        if alert is None or alert.acknowledged is None:
            return None
        seconds = alert.acknowledged["seconds"]
        return f"{seconds / 60:.1f}" if isinstance(seconds, int) else None

    @property
    def then(self) -> str:
        """What followed."""
        hit, told = self.hit, []
        if hit.success is not None:
            told.append(f"a login, entry {hit.success.seq:,}")
        if hit.lockout is not None:
            told.append(f"locked, entry {hit.lockout.seq:,}")
        return "; ".join(told) or "no login seen"


def incidents(
    hits: Mapping[str, Iterable[Hit]], alerts: Iterable[Alert]
) -> list[Incident]:
    """Return incidents in order of time.

    Args:
        hits: by the name of their stream.
        alerts: of these streams.
    """
    raised: dict[tuple[str, object], list[Alert]] = {}
    for one in alerts:
        raised.setdefault((one.stream, one.details.get("key")), []).append(one)
    found = [
        Incident(
            stream,
            hit,
            _of(hit, raised.get((stream, hit.key), ())),
        )
        for stream, its in hits.items()
        for hit in its
    ]
    return sorted(found, key=lambda one: (one.hit.first, one.stream, one.hit.rule))


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
        f"{instants.text(hit.first.occurred_us)} {instants.text(hit.last.occurred_us)}",
        f"{hit.rule}, version {hit.version}; {hit.severity}",
        whom(hit),
        whence(hit),
        f"{hit.attempts:,}",
        f"{one.stream} {hit.first.seq:,} to {hit.last.seq:,}",
        one.then,
        one.handling + (f", {one.minutes} min" if one.minutes else ""),
    )


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
    rows = tuple(
        (
            f"F-{number}",
            one.hit.rule,
            (f"{one.hit.attempts:,} attempts from {whence(one.hit)}; then: {one.then}"),
            instants.text(one.hit.first.occurred_us),
            f"{one.stream} {one.hit.first.seq:,}",
            one.hit.severity,
            one.handling,
            handling.owner(one.alert),
        )
        for number, one in enumerate(found[:LISTED], 1)
    )
    return Table(
        (
            Column("Id", share=0.5),
            Column("Criterion", share=1),
            Column("What", share=2.6),
            Column("When", "time", 1.8),
            Column("Evidence", share=0.8),
            Column("Severity", share=0.7),
            Column("Status", share=1),
            Column("Owner", share=0.8),
        ),
        rows,
        "None.",
        f"The first {LISTED} of {len(found):,}; the rows have all."
        if len(found) > LISTED
        else "",
    )


def _listed(counts: Sequence[tuple[str, int]]) -> str:
    """Return names as JSON: a name may have any character."""
    return json.dumps([one for one, _ in counts], ensure_ascii=False)


def _of(hit: Hit, alerts: Iterable[Alert]) -> Alert | None:
    """Return the alert of an incident: as it was raised, it may have begun later."""
    for one in alerts:
        first = one.details.get("first_seq")
        its = isinstance(first, int) and hit.first.seq <= first <= hit.last.seq
        if its and one.details.get("rule") == hit.rule:
            return one
    return None
