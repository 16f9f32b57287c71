"""Cases of whole logs with an event of several entries: it counts once."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from making.logs import Log, event, event_id, events, finish, seal
from making.primitives import label
from making.tampering import case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from making.tampering import Case

EXPORT = event_id(2)
EXPORTED = {
    "action": "customer.pii.export",
    "resource": {"type": "customer", "id": "all"},
    "pii": {"fields": ["email"]},
}


def derived(of: str, n: int) -> str:
    """Make the id of entry `n` of an event whose id is of version 7."""
    first = UUID(of).bytes
    digest = sha256(label("part") + first + n.to_bytes(8, "big")).digest()
    return str(UUID(bytes=first[:8] + bytes([digest[8] & 0x3F | 0x80]) + digest[9:16]))


def part(n: int, **more: Any) -> dict[str, Any]:
    """Return entry `n` of an export that has three."""
    found = event(
        2,
        **EXPORTED,
        subjects=[f"cust_{n}{letter}" for letter in "ab"],
        part={"of": EXPORT, "n": n, "total": 3},
    )
    return {**found, **({"eventId": derived(EXPORT, n)} if n > 1 else {}), **more}


def exported(*, third: dict[str, Any] | None = None) -> Log:
    """Return a log of eight entries, 2 to 4 of which are one export."""
    given = events()[:2]
    given += [(0, part(1)), (0, part(2)), (0, third or part(3))]
    given += [(0, event(number)) for number in (5, 6, 7)]
    log = Log()
    seal(log, given)
    return finish(log)


def continued() -> Iterator[Case]:
    """Yield an export of three entries, and what is done to make it another number."""
    yield "verified-continued", case("An export of three entries", exported())
    for name, title, value in [
        ("gone", "A continuation made to look like an event of its own", None),
        ("moved", "A continuation given to another event", event_id(5)),
    ]:
        log = exported()
        log.entries[3]["columns"]["continues"] = value
        found = ("projection edited", 3)
        yield f"projection-continues-{name}", case(title, log, found)
    log = exported()
    log.entries[5]["columns"]["continues"] = EXPORT
    title = "An event made to look like a continuation: lists would leave it out"
    found = ("projection edited", 5)
    yield "projection-continues-hidden", case(title, log, found)
    log = exported()
    (counted,) = [row for row in log.daily if row["action"] == "customer.pii.export"]
    counted["n"] += 2
    title = "The rollup counts entries in place of events"
    yield "rollup-continued", case(title, log, ("rollup edited", None))
    log = exported(third=part(3, part={"of": EXPORT, "total": 3}))
    title = "A part without n, hashed as such"
    yield "edited-part", case(title, log, ("edited", 4))
