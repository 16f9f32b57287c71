"""The built-in scenario: a working day at a small lender, as JSON events.

Guarantees: the same seed and end give the same events; every one is of the catalog's
47 types; people, addresses and amounts are made up (RFC 5737 addresses, example.com).
"""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: the scenario must repeat
from typing import TYPE_CHECKING, Any

from prooftrail.core import ids, instants

if TYPE_CHECKING:
    from collections.abc import Iterator

STAFF = (
    ("usr_dani", "dani@example.com", "admin", "203.0.113.10"),
    ("usr_mira", "mira@example.com", "support", "203.0.113.11"),
    ("usr_omar", "omar@example.com", "support", "203.0.113.12"),
    ("usr_lena", "lena@example.com", "compliance", "203.0.113.13"),
    ("usr_theo", "theo@example.com", "engineer", "203.0.113.14"),
)
CUSTOMERS = 2_400
EXPORTED = 1_200  # more than one entry holds: it is continued in a second one
PII = ("name", "email", "phone", "billing_address", "date_of_birth")
SPRAYED = 40


def events(end_us: int, *, seed: int = 7, cases: int = 220) -> Iterator[dict[str, Any]]:
    """Yield the day's events in order of time.

    Args:
        end_us: the end of the day, microseconds; the last event lies before it.
        seed: of the pseudo-random choices.
        cases: how many support cases were worked on.
    """
    random = Random(seed)  # noqa: S311  a scenario, no secret
    made = [*_logins(random), *_cases(random, cases), *_attack(random), *_admin(random)]
    made.sort(key=lambda item: item[0])
    begin = end_us - 10 * 3_600 * instants.SECOND
    for second, event in made:
        at = begin + int(second * instants.SECOND)
        yield {
            "eventId": ids.uuid7(at, random.randbytes(8)),
            "timestamp": instants.text(at),
            **event,
        }


def _actor(person: tuple[str, str, str, str]) -> dict[str, Any]:
    user, email, role, address = person
    return {"type": "user", "userId": user, "email": email, "role": role,
            "ipAddress": address}  # fmt: skip


def _allowed(name: str) -> dict[str, Any]:
    return {"decision": "allowed", "basis": "permission", "name": name}


def _customer(random: Random) -> dict[str, str]:
    return {"type": "customer", "id": f"cust_{random.randrange(CUSTOMERS):05d}"}


def _logins(random: Random) -> Iterator[tuple[float, dict[str, Any]]]:
    for person in STAFF:
        yield (
            random.uniform(0, 1_800),
            {
                "actor": _actor(person),
                "action": "auth.login.success",
                "result": "success",
                "details": {"mfa": "totp"},
            },
        )
        yield (
            random.uniform(31_000, 34_000),
            {
                "actor": _actor(person),
                "action": "auth.logout",
                "result": "success",
                "details": {"reason": "user"},
            },
        )


def _cases(random: Random, cases: int) -> Iterator[tuple[float, dict[str, Any]]]:
    for number in range(cases):
        at = random.uniform(2_000, 30_000)
        actor = _actor(random.choice(STAFF[1:3]))
        customer = _customer(random)
        case = f"CASE-{4_000 + number}"
        fields = random.sample(PII, 2)
        yield (
            at,
            {
                "actor": actor,
                "action": "customer.pii.view",
                "resource": customer,
                "result": "success",
                "pii": {"fields": fields, "classes": ["contact"]},
                "authorization": _allowed("customers:read"),
                "ticket": case,
            },
        )
        if random.random() < 0.3:  # noqa: PLR2004
            yield (
                at + random.uniform(60, 600),
                {
                    "actor": actor,
                    "action": "customer.pii.update",
                    "resource": customer,
                    "result": "success",
                    "changes": [{"field": "billing_plan", "before": "basic",
                                 "after": "plus"}],
                    "authorization": _allowed("customers:write"),
                    "ticket": case,
                },
            )  # fmt: skip


def _attack(random: Random) -> Iterator[tuple[float, dict[str, Any]]]:
    """A password spray from one address, and one account locked."""
    for number in range(SPRAYED):
        yield (
            20_000 + number * 4 + random.random(),
            {
                "actor": {"type": "anonymous", "ipAddress": "198.51.100.66"},
                "action": "auth.login.failure",
                "resource": {"type": "account", "id": f"acct_{number % 18:03d}"},
                "result": "failure",
                "details": {"reason": "bad_password"},
            },
        )
    yield (
        20_200,
        {
            "actor": {"type": "system", "userId": "auth-service"},
            "action": "auth.account.lock",
            "resource": {"type": "account", "id": "acct_003"},
            "result": "success",
            "details": {"reason": "10 failures"},
        },
    )


def _admin(random: Random) -> Iterator[tuple[float, dict[str, Any]]]:
    admin = _actor(STAFF[0])
    subjects = [f"cust_{n:05d}" for n in random.sample(range(CUSTOMERS), EXPORTED)]
    yield (
        12_000,
        {
            "actor": admin,
            "action": "admin.role.change",
            "resource": {"type": "user", "id": "usr_omar"},
            "result": "success",
            "changes": [{"field": "role", "before": "support", "after": "lead"}],
            "ticket": "ACC-118",
        },
    )
    yield (
        25_000,
        {
            "actor": admin,
            "action": "customer.pii.export",
            "resource": {"type": "customer", "id": "all"},
            "result": "success",
            "subjects": subjects,
            "pii": {"fields": ["name", "email"], "classes": ["contact"]},
            "details": {"export_format": "csv", "record_count": EXPORTED,
                        "amount_total": 1_204_511.25},
            "authorization": _allowed("customers:export"),
            "ticket": "DSR-31",
        },
    )  # fmt: skip
    yield (
        28_000,
        {
            "actor": _actor(STAFF[4]),
            "action": "customer.pii.export",
            "resource": {"type": "customer", "id": "all"},
            "result": "denied",
            "authorization": {"decision": "denied", "basis": "permission",
                              "name": "customers:export"},
        },
    )  # fmt: skip
