"""The rows of a sample: the table of draws, and the same for programs.

Guarantees: a row an item, in the order of draws; values are those of the event, nothing
where it says none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.catalog.wording import mapping
from prooftrail.reports.document import Column

if TYPE_CHECKING:
    from prooftrail.reports.enclosing import Value
    from prooftrail.reports.sample_reading import Drawing

NOTHING: Final = "\u2013"  # where there is nothing to say
COLUMNS: Final = (
    Column("k", "number", 0.4),
    Column("Position", "number", 0.8),
    Column("Stream", share=1),
    Column("Seq", "number", 0.8),
    Column("Event time", "time", 2.1),
    Column("Action", "code", 1.9),
    Column("Result", share=0.8),
    Column("Actor", share=1.4),
    Column("Resource", share=1.8),
    Column("Leaf", "code", 2.2),
)
DATA: Final = (
    "stream",
    "seq",
    "draw",
    "position",
    "month",
    "eventId",
    "timestamp",
    "action",
    "result",
    "actor",
    "role",
    "resourceType",
    "resource",
    "decision",
    "basis",
    "approval",
    "approvedBy",
    "approvedAt",
    "ticket",
    "checksum",
)


def printed(one: Drawing) -> tuple[str, ...]:
    """Return the row of the table of draws."""
    resource = mapping(one.item.get("resource"))
    return (
        f"{one.draw.number:,}" if one.draw.number else NOTHING,
        f"{one.draw.position:,}",
        one.stream,
        f"{one.member.seq:,}",
        one.member.time,
        text(one.item.get("action")),
        text(one.item.get("result")),
        one.actor or NOTHING,
        " ".join(filter(None, (text(resource.get(name)) for name in ("type", "id")))),
        one.member.leaf.hex()[:16],
    )


def row(one: Drawing) -> tuple[Value, ...]:
    """Return the row of the data."""
    item = one.item
    actor, resource = mapping(item.get("actor")), mapping(item.get("resource"))
    allowed = mapping(item.get("authorization"))
    approval = mapping(allowed.get("approval"))
    stated = (
        item.get("eventId"),
        one.member.time,
        item.get("action"),
        item.get("result"),
        actor.get("userId"),
        actor.get("role"),
        resource.get("type"),
        resource.get("id"),
        allowed.get("decision"),
        allowed.get("basis"),
        approval.get("id"),
        approval.get("by"),
        approval.get("at"),
        item.get("ticket") or approval.get("ticket"),
    )
    return (
        one.stream,
        one.member.seq,
        one.draw.number or None,
        one.draw.position,
        one.member.month,
        *(value if isinstance(value, str) else None for value in stated),
        f"sha256:{one.member.leaf.hex()}",
    )


def text(value: object) -> str:
    """Return a text; empty where it is none."""
    return value if isinstance(value, str) else ""
