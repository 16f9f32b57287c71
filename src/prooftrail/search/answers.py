"""Answers to what auditors ask, as JSON has them: of the API and of commands alike.

Guarantees: pure: what was found, by the names that it has in JSON; nothing is left out.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prooftrail.core import instants
from prooftrail.grants.segregation import FAILURES
from prooftrail.search.language import spelling
from prooftrail.search.language.syntax import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.grants.grant import Grant
    from prooftrail.search.leaving import Leaver, State
    from prooftrail.search.sampled import Drawn
    from prooftrail.store.accounts import Account
    from prooftrail.store.authority import Authority
    from prooftrail.store.continuity import Between, Continuity
    from prooftrail.store.question import Answer

UNUSED: Final = 90  # days after which an account is dormant; PCI DSS 8.2.6
MOST_DAYS: Final = 3_650
LEAVERS: Final[tuple[State, ...]] = ("used", "open", "late", "unknown", "ended")
_DAY_US: Final = 86_400_000_000


def authority(found: Authority) -> dict[str, Any]:
    """Return who did what, and on whose authority."""
    return {
        "total": found.total,
        **_counts(found.counts),
        "actors": [
            {
                "actor": one.id,
                "total": one.total,
                **_counts(one.counts),
                "last": instants.text(one.last_us),
            }
            for one in found.actors
        ],
        "others": found.others,
    }


def _counts(counts: Mapping[Answer, int]) -> dict[str, int]:
    """Return counts by the names that they have in JSON."""
    return {
        "authorised": counts["authorised"],
        "breakGlass": counts["break-glass"],
        "denied": counts["denied"],
        "unexplained": counts["unexplained"],
    }


def accounts(found: Sequence[Account], now_us: int, days: int) -> dict[str, Any]:
    """Return accounts; dormant are those that were not used for so many days."""
    return {
        "days": days,
        "asOf": instants.text(now_us),
        "accounts": [_account(one, now_us, days) for one in found],
    }


def grants(found: Sequence[Grant]) -> dict[str, Any]:
    """Return access grants, and whether each was approved beforehand, by another."""
    fails = Counter(failure for one in found for failure in one.fails)
    return {
        "total": len(found),
        "approved": sum(not one.fails for one in found),
        "fails": {failure: fails[failure] for failure in FAILURES},
        "grants": [_grant(one) for one in found],
    }


def sample(drawn: Drawn, found: Sequence[Grant]) -> dict[str, Any]:
    """Return a sample of access grants, in the order of draws.

    Args:
        drawn: the sample.
        found: all grants that it was drawn from.
    """
    by_place = {(one.stream, one.seq): one for one in found}
    return {
        "population": drawn.population.size,
        "digest": drawn.population.digest,
        "query": drawn.query,
        "seed": drawn.wanted.seed,
        "n": drawn.wanted.n,
        "byMonth": drawn.wanted.by_month,
        "draw": drawn.number,
        "items": [
            {
                "k": one.number,
                "position": one.position,
                **_grant(by_place[stream, member.seq]),
            }
            for one, member, stream in drawn.items()
        ],
    }


def _grant(one: Grant) -> dict[str, Any]:
    approval = {"id": one.approval_id, "by": one.approver, "at": one.approved_at}
    return {
        "eventId": one.event_id,
        "stream": one.stream,
        "seq": one.seq,
        "timestamp": one.timestamp,
        "action": one.action,
        "actor": one.actor,
        "onBehalfOf": one.on_behalf_of,
        "to": {"type": one.to_type, "id": one.to_id, "name": one.to_name},
        "gives": one.gives,
        "ticket": one.ticket,
        "approval": approval if one.approved else None,
        "leadSeconds": None if one.lead_us is None else one.lead_us // 1_000_000,
        "approvedBeforehandByAnother": not one.fails,
        "fails": one.fails,
    }


def leavers(found: Sequence[Leaver], now_us: int) -> dict[str, Any]:
    """Return what is known of people who left."""
    states = Counter(one.state(now_us) for one in found)
    return {
        "asOf": instants.text(now_us),
        "total": len(found),
        **{state: states[state] for state in LEAVERS},
        "leavers": [_leaver(one, now_us) for one in found],
    }


def _leaver(one: Leaver, now_us: int) -> dict[str, Any]:
    left = one.left
    return {
        "named": one.named,
        "account": left.id,
        "lastDay": one.last_day,
        "state": one.state(now_us),
        "lastUseBefore": _time(left.before_us),
        "uses": left.uses,
        "firstUse": _time(left.first_us),
        "lastUse": _time(left.last_us),
        "disabled": _time(left.ended_us),
        "daysLate": one.days_late(now_us),
        "query": usage(one),
    }


def usage(one: Leaver) -> str:
    """Return the query that finds what an account did after its owner left."""
    since = instants.text(one.left.since_us)
    who = spelling.value(Value(one.left.id))
    return f"actor:{who} result:success from:{since}"


def _account(one: Account, now_us: int, days: int) -> dict[str, Any]:
    return {
        "account": one.id,
        "state": one.state(now_us - days * _DAY_US),
        "unusedDays": max(now_us - one.unused_us, 0) // _DAY_US,
        "created": _time(one.made_us),
        "lastUse": _time(one.used_us),
        "disabled": _time(one.ended_us),
    }


def continuity(found: Continuity, names: Mapping[int, str]) -> dict[str, Any]:
    """Return when logging stopped; streams by the names of their numbers."""
    return {
        "stops": [
            {"service": one.service, **_between(one.time, names)} for one in found.stops
        ],
        "unended": [
            {
                "service": one.service,
                "stream": names.get(one.stream, ""),
                "process": one.process,
                "since": instants.text(one.since_us),
            }
            for one in found.unended
        ],
        "silences": [_between(one, names) for one in found.silences],
        "signatures": [
            {
                "stream": names.get(stream, ""),
                "n": n,
                "longest": [
                    _between(one, names)
                    for one in found.unsigned
                    if one.stream == stream
                ],
            }
            for stream, n in sorted(found.signatures.items())
        ],
    }


def _between(one: Between, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "stream": names.get(one.stream, ""),
        "from": instants.text(one.from_us),
        "to": _time(one.to_us),
        "seconds": one.seconds,
    }


def _time(us: int | None) -> str | None:
    return None if us is None else instants.text(us)
