"""Half a year of events as searches meet them: skew, late times, many-part exports."""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: runs must compare
from typing import TYPE_CHECKING

from prooftrail.capture import continuation
from prooftrail.core import ids, instants, jcs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.core.jcs import Value

BEGIN = 1_767_225_600_000_000  # 2026-01-01
DAYS = 182
ACTIONS = (
    ("customer.pii.view", 480),
    ("customer.pii.search", 170),
    ("auth.login.success", 100),
    ("customer.pii.update", 70),
    ("auth.logout", 60),
    ("auth.login.failure", 50),
    ("billing.invoice.view", 40),
    ("system.job.run", 17),
    ("customer.pii.export", 9),
    ("admin.role.change", 3),
    ("admin.user.delete", 1),
)
ROLES = ("support",) * 12 + ("ops",) * 4 + ("admin", "admin", "compliance")
LIMIT = 256 * 1024
EVERY = 20_000  # one export of 2,500 customers in so many events


def weeks(count: int, *, seed: int = 1) -> Iterator[tuple[int, list[str]]]:
    """Yield (time of its end, canonical events) a week, `count` events in all."""
    random = Random(seed)
    actions = [name for name, weight in ACTIONS for _ in range(weight)]
    week = 7 * instants.DAY
    texts: list[str] = []
    end = BEGIN + week
    for number in range(count):
        at = BEGIN + DAYS * instants.DAY * number // count
        if at >= end:
            yield end - 1, texts
            texts, end = [], end + week
        event = _event(random, at, random.choice(actions))
        if number % EVERY == EVERY // 2:
            event["action"] = "customer.pii.export"
            event["subjects"] = ["cust_456", *_customers(random, 2_499)]
        for part in continuation.split(event, limit=LIMIT):
            texts.append(jcs.canonical(part).decode())
    yield end - 1, texts


def _event(random: Random, at: int, action: str) -> dict[str, Value]:
    person = min(int(100 * random.paretovariate(1.1)) - 99, 2_000)
    late = random.random() < 0.01  # a device that was not online
    happened = at - random.randrange(5 * instants.DAY) if late else at
    failed = action == "auth.login.failure"
    denied = random.random() < 0.004
    address = f"198.51.100.{min(int(random.paretovariate(0.5)), 250)}"
    event: dict[str, Value] = {
        "eventId": ids.uuid7(at, random.randbytes(8)),
        "timestamp": instants.text(happened),
        "actor": {
            "userId": f"usr_{person}",
            "email": f"p{person}@example.com",
            "role": ROLES[person % len(ROLES)],
            "ipAddress": address if failed else f"203.0.113.{person % 250}",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0 Safari/537.36",
        },
        "action": action,
        "result": "failure" if failed else "denied" if denied else "success",
        "context": {
            "requestId": random.randbytes(8).hex(),
            "method": "GET",
            "route": "/customers/:id",
            "status": 200,
            "durationMs": random.randrange(1, 400),
        },
    }
    if action.startswith("customer."):
        event["resource"] = {"type": "customer", "id": _customers(random, 1)[0]}
        event["pii"] = {"fields": ["name", "email"], "classes": ["contact"]}
    elif action.startswith("billing."):
        event["resource"] = {"type": "invoice", "id": f"inv_{random.randrange(10**6)}"}
    if action == "customer.pii.export":
        event["subjects"] = _customers(random, 20)
    return event


def _customers(random: Random, count: int) -> list[Value]:
    found: list[Value] = []
    for _ in range(count):
        busy = random.random() < 0.3
        number = int(random.paretovariate(0.9)) if busy else random.randrange(100_000)
        found.append(f"cust_{min(number + 450, 99_999) if busy else number}")
    return found
