"""Random logs and questions, and an oracle in plain Python for what must be found."""

from __future__ import annotations

import fnmatch
import hashlib
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prooftrail.core import instants
from prooftrail.store import searching
from prooftrail.store.question import (
    AllOf,
    AnyOf,
    Exactly,
    Network,
    Not,
    Pattern,
    Position,
    Question,
    Span,
    Term,
    Within,
)
from prooftrail.store.readers import Readers
from tests.sealing import database_clock, insert, seal
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random  # noqa: TID251  given, seeded

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Column, Condition, Match
    from tests.trail import Trail

DAY = 86_400_000_000
BEGIN = 1_767_225_600_000_000  # 2026-01-01
ALL_TIME = (-(2**63) + 1, 2**63 - 1)
ACTIONS = ("customer.pii.view", "customer.pii.export", "admin.role.grant", "auth.login")
ACTORS = ("usr_1", "usr_2", "usr_3")
ROLES = ("Admin", "support", None)
CUSTOMERS = tuple(f"cust_{n}" for n in range(6))
RESULTS = ("success", "success", "failure", "denied")
AUTHORIZATIONS: tuple[dict[str, str], ...] = (
    {"decision": "allowed", "basis": "role"},
    {"decision": "allowed", "basis": "break_glass"},
    {"decision": "denied", "basis": "role"},
    {"decision": "allowed"},
    {"basis": "break_glass"},
    {"policy": "roles@7"},
)
ADDRESSES = ("203.0.113.1", "203.0.113.77", "198.51.100.9", "2001:db8::1", None)


class Entry(NamedTuple):
    """An entry as the oracle knows it."""

    stream: int
    seq: int
    occurred_us: int
    event: dict[str, Any]

    @property
    def key(self) -> tuple[int, int, int]:
        return self.occurred_us, self.seq, self.stream

    @property
    def event_id(self) -> str:
        return str(self.event["eventId"])

    @property
    def continues(self) -> str | None:
        part = self.event.get("part") or {"n": 1}
        return part["of"] if part["n"] > 1 else None

    @property
    def touched(self) -> set[str]:
        """Whose data it touched, its resource aside."""
        return set(self.event.get("subjects", ()))


def made(random: Random, at: int | None = None) -> list[dict[str, Any]]:
    """Make an event, with the entries that continue it."""
    at = BEGIN + random.randrange(40) * DAY if at is None else at
    actor = {
        "userId": random.choice(ACTORS),
        "role": random.choice(ROLES),
        "ipAddress": random.choice(ADDRESSES),
    }
    event: dict[str, Any] = {
        "eventId": str(UUID(int=random.getrandbits(128), version=4)),
        "timestamp": instants.text(at),
        "actor": {name: value for name, value in actor.items() if value},
        "action": random.choice(ACTIONS),
        "result": random.choice(RESULTS),
    }
    if random.random() < 0.8:
        event["resource"] = {
            "type": random.choice(("Customer", "invoice")),
            "id": random.choice(CUSTOMERS),
        }
    if random.random() < 0.7:
        event["authorization"] = dict(random.choice(AUTHORIZATIONS))
    if random.random() < 0.5:
        event["subjects"] = random.sample(CUSTOMERS, random.randrange(1, 4))
    if random.random() < 0.7:
        return [event]
    total = random.randrange(2, 4)
    entries = [event]
    for n in range(2, total + 1):
        further = {name: event[name] for name in event if name != "subjects"}
        further["eventId"] = str(UUID(int=random.getrandbits(128), version=4))
        further["subjects"] = random.sample(CUSTOMERS, random.randrange(1, 4))
        further["part"] = {"of": event["eventId"], "n": n, "total": total}
        if random.random() < 0.1:  # states another time than its event
            further["timestamp"] = instants.text(at + DAY)
        entries.append(further)
    if random.random() < 0.8:
        event["part"] = {"of": event["eventId"], "n": 1, "total": total}
    return entries[1:] if random.random() < 0.1 else entries  # the event is not there


def fill(trail: Trail, random: Random, count: int) -> None:
    """Seal events into all streams, in three months of recording."""
    for behind in (70, 35, 0):
        for stream in trail.made:
            entries = [e for _ in range(count // 3) for e in made(random)]
            if random.random() < 0.5:
                random.shuffle(entries)  # a part may come before its event
            insert(trail, *entries, stream=stream)
        with database_clock(behind * DAY):
            seal(trail, clock=partial(earlier, behind * DAY))


def earlier(behind_us: int) -> int:
    return now_us() - behind_us


def entries(trail: Trail) -> list[Entry]:
    """Return all entries, as their bytes say."""
    rows = trail.superuser().execute(
        "select stream, seq, occurred_us, convert_from(event, 'UTF8')::json"
        " from prooftrail.log"
    )
    return [Entry(*row) for row in rows.fetchall()]


@contextmanager
def asker(
    trail: Trail,
    token: str,
    *,
    streams: list[int] | None = None,
    period: tuple[int, int] = ALL_TIME,
) -> Iterator[Readers]:
    """Give the pool by which the holder of a new key reads, as the reader's login."""
    trail.superuser().execute(
        "insert into prooftrail.api_key"
        " (name, role, token_hash, streams, from_us, to_us, expires_at)"
        " values ('of a test', 'auditor', %s, %s, %s, %s, now() + interval '1 h')",
        (hashlib.sha256(token.encode()).digest(), streams, *period),
    )
    readers = Readers(trail.login_dsn("reader"), size=2)
    try:
        yield readers
    finally:
        readers.close()


def asked(random: Random) -> Question:
    """Make a question."""

    def span(prefix: str) -> Span:
        return Span(prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1))

    makers: list[tuple[Column, tuple[Match, ...]]] = [
        ("actor", tuple(Exactly(a) for a in random.sample(ACTORS, 2))),
        ("actor", (Exactly(random.choice(ACTORS)),)),
        ("role", (Exactly("admin"),)),
        ("action", (Exactly(random.choice(ACTIONS)),)),
        ("action", (span("customer.pii."), Exactly("auth.login"))),
        ("action", (Pattern(span("customer."), "customer.%.export"),)),
        ("action", (Pattern(Span("", None), "%.\\login"),)),
        ("resource", (Exactly(random.choice(CUSTOMERS)),)),
        ("resource", (Exactly("cust_1"), Exactly("cust_2"))),
        ("resource", (span("cust_"),)),
        ("resource_type", (Exactly("invoice"),)),
        ("result", (Exactly("denied"), Exactly("failure"))),
        ("ip", (Network("203.0.113.0", "203.0.113.127"),)),
        ("ip", (Network("2001:db8::", "2001:db8::ffff"), Exactly("198.51.100.9"))),
        ("ip", (Exactly("203.0.113.77"),)),
        ("ip", (Exactly("203.0.113.77"), Exactly("2001:db8::1"))),
        ("pii", (Exactly(random.random() < 0.5),)),
        ("authorization", (Exactly("unexplained"), Exactly("break-glass"))),
        ("authorization", (Exactly(random.choice(("authorised", "denied"))),)),
    ]
    terms = [
        Term(*maker) for maker in random.sample(makers, random.choice((0, 1, 2, 3)))
    ]

    def condition(depth: int) -> Condition:
        kind = random.randrange(6 if depth else 2)
        if kind == 0:
            days = (None, *(BEGIN + day * DAY for day in (5, 20, 30)))
            return Within(random.choice(days), random.choice(days))
        if kind == 1:
            return Term(*random.choice(makers))
        if kind == 2:
            return Not(condition(depth - 1))
        several = tuple(condition(depth - 1) for _ in range(random.randrange(4)))
        return AllOf(several) if kind == 3 else AnyOf(several)

    conditions = [condition(3) for _ in range(random.choice((0, 0, 1, 2)))]
    if random.random() < 0.2:  # what is asked for branch by branch
        leading = [Term(*makers[number]) for number in (1, 7, 14)]
        several = [AllOf((one, condition(2))) for one in leading]
        conditions.append(AnyOf(tuple(several[: random.randrange(2, 4)])))
    begin = BEGIN + random.randrange(40) * DAY
    return Question(
        tuple(terms),
        begin if random.random() < 0.3 else None,
        begin + random.randrange(1, 20) * DAY if random.random() < 0.3 else None,
        random.choice((None, None, (1,), (1, 3))),
        tuple(conditions),
    )


def answers(question: Question, log: list[Entry]) -> list[Entry]:
    """Return the events that answer a question, in the order of lists."""
    firsts = [entry for entry in log if entry.continues is None]
    return sorted(
        (
            first
            for first in firsts
            if fits(question, first, [p for p in log if _is_part(p, first)])
        ),
        key=lambda entry: entry.key,
        reverse=True,
    )


def _is_part(entry: Entry, first: Entry) -> bool:
    return (
        entry.stream == first.stream
        and entry.occurred_us == first.occurred_us
        and first.event_id in (entry.event_id, entry.continues)
    )


def fits(question: Question, entry: Entry, its: list[Entry]) -> bool:
    """Return whether an entry answers; `its` are those with its subjects."""
    return (
        (question.streams is None or entry.stream in question.streams)
        and (question.from_us is None or entry.occurred_us >= question.from_us)
        and (question.to_us is None or entry.occurred_us < question.to_us)
        and all(
            _holds(one, entry, its) for one in (*question.terms, *question.conditions)
        )
    )


def _holds(condition: Condition, entry: Entry, its: list[Entry]) -> bool:
    match condition:
        case Term():
            return _has(condition, entry, its)
        case Within(begin, end):
            at = entry.occurred_us
            return (begin is None or at >= begin) and (end is None or at < end)
        case Not(inner):
            return not _holds(inner, entry, its)
        case AllOf(several):
            return all(_holds(one, entry, its) for one in several)
        case AnyOf(several):
            return any(_holds(one, entry, its) for one in several)


def _has(term: Term, entry: Entry, its: list[Entry]) -> bool:
    event = entry.event
    actor = event.get("actor", {})
    resource = event.get("resource", {})
    values = {
        "actor": {actor.get("userId")},
        "role": {(actor.get("role") or "").lower() or None},
        "action": {event["action"]},
        "resource": {resource.get("id")}.union(*(part.touched for part in its)),
        "resource_type": {(resource.get("type") or "").lower() or None},
        "result": {event["result"]},
        "ip": {actor.get("ipAddress")},
        "pii": {event["action"].startswith("customer.pii.")},
        "authorization": {authority(event)},
    }[term.column]
    return any(
        value is not None and _matches(match, value)
        for value in values
        for match in term.matches
    )


def authority(event: dict[str, Any]) -> str:
    """Return on whose authority an event was done."""
    stated = event.get("authorization", {})
    if "denied" in {event["result"], stated.get("decision")}:
        return "denied"
    if stated.get("basis") == "break_glass":
        return "break-glass"
    return "authorised" if stated.get("decision") == "allowed" else "unexplained"


def _matches(match: Match, value: Any) -> bool:
    match match:
        case Exactly(wanted):
            return bool(value == wanted)
        case Span(low, high):
            return value >= low and (high is None or value < high)
        case Pattern(span, like):
            glob = like.replace("\\", "").replace("%", "*")
            return _matches(span, value) and fnmatch.fnmatchcase(value, glob)
        case Network(first, last):
            at, begin, end = (ip_address(text) for text in (value, first, last))
            return at.version == begin.version and int(begin) <= int(at) <= int(end)


def pages(
    connection: Connection, question: Question, as_of: dict[int, int], limit: int
) -> list[tuple[int, int, int]]:
    """Return the keys of all pages, one after another."""
    found: list[tuple[int, int, int]] = []
    before = None
    while rows := searching.page(connection, question, as_of, before, limit):
        assert len(rows) <= limit
        found += [(row.occurred_us, row.seq, row.stream) for row in rows]
        before = Position(*found[-1])
    return found
