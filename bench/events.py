"""Events with the skew of real life: few busy people, many customers, rare exports."""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: runs must compare
from typing import TYPE_CHECKING

from prooftrail.core import ids, instants, jcs

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = (
    ("customer.pii.view", 52),
    ("customer.pii.search", 18),
    ("auth.login.success", 9),
    ("customer.pii.update", 7),
    ("auth.logout", 6),
    ("auth.login.failure", 4),
    ("system.job.run", 2),
    ("customer.pii.export", 1),
    ("admin.role.change", 1),
)
ROLES = ("support", "support", "support", "ops", "admin", "compliance")
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Safari/537.36"
)


def texts(count: int, *, end_us: int, seed: int = 1) -> Iterator[str]:
    """Yield canonical events over the 90 days before `end_us`, in order of time."""
    random = Random(seed)
    names = [name for name, weight in ACTIONS for _ in range(weight)]
    begin = end_us - 90 * instants.DAY
    for number in range(count):
        at = begin + 90 * instants.DAY * number // count
        person = min(int(random.paretovariate(1.2)), 400)
        customer = f"cust_{random.randrange(100_000):06d}"
        action = random.choice(names)
        event: dict[str, object] = {
            "eventId": ids.uuid7(at, random.randbytes(8)),
            "timestamp": instants.text(at),
            "actor": {
                "userId": f"usr_{person:04d}",
                "email": f"p{person}@example.com",
                "role": ROLES[person % len(ROLES)],
                "ipAddress": f"203.0.113.{person % 250}",
                "userAgent": AGENT,
            },
            "action": action,
            "result": "failure" if action == "auth.login.failure" else "success",
            "context": {
                "requestId": random.randbytes(8).hex(),
                "method": "GET",
                "route": "/customers/:id",
                "status": 200,
                "durationMs": random.randrange(1, 400),
            },
        }
        if action.startswith("customer."):
            event["resource"] = {"type": "customer", "id": customer}
            event["pii"] = {"fields": ["name", "email"], "classes": ["contact"]}
            event["authorization"] = {
                "decision": "allowed",
                "basis": "permission",
                "name": "customers:read",
            }
        if action == "customer.pii.export":
            event["subjects"] = [
                f"cust_{random.randrange(100_000):06d}" for _ in range(20)
            ]
        yield jcs.canonical(event).decode()
