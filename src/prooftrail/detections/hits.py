"""What a rule found: a hit, while it lasts an incident that grows.

Guarantees: a hit names what it rests on: the first and the last event by time and seq,
how many there are, and the seqs of the first of them. Lists are bounded; each says how
many there are in all.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.core import instants

if TYPE_CHECKING:
    from prooftrail.detections.rules import Rule, Severity
    from prooftrail.detections.seen import Order, Seen

EVIDENCE: Final = 100  # seqs that a hit names
LISTED: Final = 50  # accounts and addresses, those with most attempts first
KEPT: Final = 10_000  # members that an incident tells apart


class Moment(NamedTuple):
    """An event's place: its own time, and its seq."""

    occurred_us: int
    seq: int

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {"time": instants.text(self.occurred_us), "seq": self.seq}


class Hit(NamedTuple):
    """An incident, as one rule tells it."""

    rule: str
    version: int
    severity: Severity
    key: str  # what was watched: an account, an address, an actor
    first: Moment
    last: Moment
    attempts: int  # events that it rests on
    accounts: tuple[tuple[str, int], ...]  # and how many of the events are each's
    distinct_accounts: int
    most: int  # events of one account
    addresses: tuple[tuple[str, int], ...]
    subjects: int  # whose personal data it was: how many, told apart
    success: Moment | None  # the first login that followed, of such an account
    lockout: Moment | None  # the first lock of such an account
    remarks: tuple[str, ...]  # such as: self-granted
    evidence: tuple[int, ...]  # seqs, the first ones
    cut: bool  # more was to be told apart than is kept: counts are at least that

    @property
    def id(self) -> str:
        """Name the incident: of the same events, always the same."""
        text = f"{self.rule}\0{self.version}\0{self.key}\0{self.first.seq}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "id": self.id,
            "rule": self.rule,
            "version": self.version,
            "severity": self.severity,
            "key": self.key,
            "first": self.first.as_json(),
            "last": self.last.as_json(),
            "attempts": self.attempts,
            "accounts": [{"id": one, "n": n} for one, n in self.accounts],
            "distinctAccounts": self.distinct_accounts,
            "mostOfOneAccount": self.most,
            "addresses": [{"ip": one, "n": n} for one, n in self.addresses],
            "subjects": self.subjects,
            "successAfter": None if self.success is None else self.success.as_json(),
            "lockout": None if self.lockout is None else self.lockout.as_json(),
            "remarks": list(self.remarks),
            "evidence": list(self.evidence),
            "atLeast": self.cut,
        }


class Incident:
    """What goes on, of one key of one family of rules."""

    __slots__ = (
        "accounts",
        "addresses",
        "attempts",
        "cut",
        "evidence",
        "family",
        "first",
        "key",
        "last",
        "lockout",
        "rank",
        "remarks",
        "rule",
        "subjects",
        "success",
        "told",
    )

    def __init__(self, key: str, rank: int, rule: Rule, family: str) -> None:
        self.key = key
        self.family = family
        self.rank = rank  # of the rule in its family: 0 says most
        self.rule = rule
        self.first: Order = (0, 0)
        self.last: Order = (0, 0)
        self.attempts = 0
        self.accounts: dict[str, int] = {}
        self.addresses: dict[str, int] = {}
        self.subjects: dict[str, int] = {}
        self.evidence: list[int] = []
        self.remarks: set[str] = set()
        self.success: Moment | None = None
        self.lockout: Moment | None = None
        self.cut = False
        self.told: int | None = None  # by which rank it was told

    def take(self, event: Seen, accounts: tuple[str, ...]) -> None:
        """Rest on an event, too."""
        order = event.order
        if not self.attempts or order < self.first:
            self.first = order
        if not self.attempts or order > self.last:
            self.last = order
        self.attempts += 1
        if len(self.evidence) < EVIDENCE:
            self.evidence.append(event.seq)
        for one in accounts:
            self._count(self.accounts, one)
        if event.ip is not None:
            self._count(self.addresses, event.ip)
        if event.pii:
            for one in data_subjects(event):
                self._count(self.subjects, one)

    def merge(self, other: Incident) -> None:
        """Take over what another one rests on: it was the same all the time."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.attempts += other.attempts
        for mine, its in (
            (self.accounts, other.accounts),
            (self.addresses, other.addresses),
            (self.subjects, other.subjects),
        ):
            for one, count in its.items():
                self._count(mine, one, count)
        self.evidence = sorted({*self.evidence, *other.evidence})[:EVIDENCE]
        self.remarks |= other.remarks
        self.success = _earlier(self.success, other.success)
        self.lockout = _earlier(self.lockout, other.lockout)
        self.cut |= other.cut
        if other.rank < self.rank:
            self.rank, self.rule = other.rank, other.rule
        told = [one for one in (self.told, other.told) if one is not None]
        self.told = min(told, default=None)

    def hit(self) -> Hit:
        """Return what there is to tell."""
        severity = "high" if self.remarks & HIGHER else self.rule.severity
        return Hit(
            self.rule.id,
            self.rule.version,
            severity,
            self.key,
            Moment(*self.first),
            Moment(*self.last),
            self.attempts,
            _most(self.accounts),
            len(self.accounts),
            max(self.accounts.values(), default=0),
            _most(self.addresses),
            len(self.subjects),
            self.success,
            self.lockout,
            tuple(sorted(self.remarks)),
            tuple(self.evidence),
            self.cut,
        )

    def _count(self, counts: dict[str, int], one: str, n: int = 1) -> None:
        if one in counts or len(counts) < KEPT:
            counts[one] = counts.get(one, 0) + n
        else:
            self.cut = True


RAPID: Final = "rapid"
SELF: Final = "self-granted"
UNAPPROVED: Final = "unapproved"
HIGHER: Final = frozenset({RAPID, SELF, UNAPPROVED})  # make a hit one of high severity


def data_subjects(event: Seen) -> tuple[str, ...]:
    """Return whose personal data an event touched.

    Whoever is named beside the resource; where nobody is, the resource is the person.
    """
    if event.subjects:
        return event.subjects
    return () if event.resource_id is None else (event.resource_id,)


def _earlier(one: Moment | None, other: Moment | None) -> Moment | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _most(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:LISTED])
