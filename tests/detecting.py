"""Events as rules see them, and the rules once more: by their definition, slowly."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.detections import Seen, families
from prooftrail.detections.families import ALL, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.detections import Hit, Rule
    from prooftrail.detections.families import Part

BEGIN = 1_767_225_600_000_000  # 2026-01-01
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
IP = "203.0.113.66"

_seqs = itertools.count(1)


def seen(at: float, action: str, result: str = "success", **more: Any) -> Seen:
    """Return an event, `at` seconds after the beginning."""
    seq = more.pop("seq", None) or next(_seqs)
    return Seen(seq, BEGIN + round(at * SECOND), action, result, **more)


def failed(
    at: float, account: str | None = "ada", ip: str | None = IP, **more: Any
) -> Seen:
    more.setdefault("reason", "bad_password")
    return seen(at, "auth.login.failure", "failure", resource_id=account, ip=ip, **more)


def unknown(at: float, name: str | None = None, ip: str = IP) -> Seen:
    return failed(at, None, ip, reason="unknown_user", name=name)


def logged_in(at: float, account: str = "ada", ip: str = IP) -> Seen:
    return seen(at, "auth.login.success", actor=account, resource_id=account, ip=ip)


def locked(at: float, account: str = "ada") -> Seen:
    return seen(at, "auth.account.lock", actor="lockout", resource_id=account)


def saw(at: float, *subjects: str, actor: str = "ada", **more: Any) -> Seen:
    more.setdefault("authority", "authorised")
    return seen(
        at, "customer.pii.view", actor=actor, pii=True, subjects=subjects, **more
    )


def denied(at: float, actor: str | None = "ada", ip: str | None = IP) -> Seen:
    return seen(at, "admin.config.update", "denied", actor=actor, ip=ip)


def granted(at: float, whom: str = "ben", actor: str = "ada", **more: Any) -> Seen:
    return seen(at, "admin.permission.grant", actor=actor, resource_id=whom, **more)


class Told(NamedTuple):
    """What two ways of finding incidents must agree about."""

    rule: str
    key: str
    first: int  # seq
    last: int
    attempts: int


def told(hit: Hit) -> Told:
    return Told(hit.rule, hit.key, hit.first.seq, hit.last.seq, hit.attempts)


def naively(
    events: Sequence[Seen], rules: Sequence[Rule], leavers: Mapping[str, int]
) -> list[Told]:
    """Return the incidents by their definition: every window is looked at by itself."""
    by_id = {rule.id: rule for rule in rules}
    found: list[Told] = []
    keyed: dict[tuple[str, str], list[tuple[Seen, Part]]] = {}
    for event in sorted(events, key=lambda one: one.order):
        for part in families.parts(event, kind_of(event.action), leavers):
            keyed.setdefault((part.family.name, part.key), []).append((event, part))
    for family in ALL:
        for (name, key), its in keyed.items():
            if name == family.name:
                found += _incidents(family, key, its, by_id)
    return sorted(found)


def _incidents(
    family: Any, key: str, its: list[tuple[Seen, Part]], by_id: Mapping[str, Rule]
) -> list[Told]:
    stretches = []
    for last, part in its:
        for rank, (name, role, _) in enumerate(family.rules):
            rule = by_id.get(name)
            if rule is None or role != part.role:
                continue
            window = [
                (event, its_part.members)
                for event, its_part in its
                if its_part.role == "add"
                and event.order <= last.order
                and last.occurred_us - event.occurred_us <= rule.window * SECOND
            ]
            if window and HOLDS[name](window, rule.thresholds):
                asking = last.order if role == "ask" else None
                stretches.append((window[0][0].order, last.order, rank, asking))
    incidents: list[list[Any]] = []
    for stretch in sorted(stretches, key=lambda one: one[:2]):
        if incidents and stretch[0] <= max(one[1] for one in incidents[-1]):
            incidents[-1].append(stretch)
        else:
            incidents.append([stretch])
    adds = [event.order for event, part in its if part.role == "add"]
    found = []
    for one in incidents:
        first, last = one[0][0], max(each[1] for each in one)
        asks = {each[3] for each in one if each[3] is not None}
        count = sum(first <= order <= last for order in adds) + len(asks)
        rule_id = family.rules[min(each[2] for each in one)][0]
        found.append(Told(rule_id, key, first[1], last[1], count))
    return found


def _distinct(window: list[Any]) -> int:
    return len({one for _, members in window for one in members})


def _each(window: list[Any]) -> Counter[str]:
    return Counter(one for _, members in window for one in members)


def _slow(window: list[Any], limits: Mapping[str, int]) -> bool:
    each = _each(window)
    few = [n for n in each.values() if limits["few_from"] <= n <= limits["few_to"]]
    return (
        len(each) >= limits["accounts"]
        and len(window) >= limits["failures"]
        and limits["most_each_from"] <= max(each.values()) <= limits["most_each_to"]
        and len(few) / len(each) >= limits["few_percent"] / 100
        and window[-1][0].occurred_us - window[0][0].occurred_us
        >= limits["over_seconds"] * SECOND
    )


def _many(name: str) -> Callable[[list[Any], Mapping[str, int]], bool]:
    return lambda window, limits: len(window) >= limits[name]


HOLDS: dict[str, Callable[[list[Any], Mapping[str, int]], bool]] = {
    "guessing": _many("failures"),
    "guess-then-success": _many("failures"),
    "spray-fast": lambda window, limits: _distinct(window) > limits["accounts_above"],
    "spray-slow": _slow,
    "stuffing": lambda window, limits: (
        len(window) >= limits["failures"]
        and _distinct(window) >= limits["accounts"]
        and max(_each(window).values()) <= limits["most_each"]
    ),
    "enumeration": lambda window, limits: _distinct(window) > limits["names_above"],
    "repeated-lockouts": _many("lockouts"),
    "mass-access": lambda window, limits: _distinct(window) >= limits["subjects"],
    "privilege-escalation": _many("grants"),
    "break-glass": _many("uses"),
    "denial-probing": _many("denials"),
    "unexplained-access": _many("events"),
    "leavers-use": _many("events"),
}
