"""The rows of the Admin Actions report: as they are printed, and as programs read them.

Guarantees: both are of the same actions, an entry each; what an event does not say is
empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from prooftrail.core import instants
from prooftrail.reports.circumstances import second
from prooftrail.reports.counting import short
from prooftrail.reports.document import Column

if TYPE_CHECKING:
    from prooftrail.reports.admin_acts import Act

Printed: TypeAlias = tuple[str, ...]
Row: TypeAlias = tuple[str | int | bool | None, ...]

DATA: Final = (
    "stream",
    "seq",
    "eventId",
    "time",
    "kind",
    "actor",
    "onBehalfOf",
    "actorType",
    "role",
    "roleGivenBy",
    "basis",
    "grant",
    "action",
    "targetType",
    "target",
    "changed",
    "approvalId",
    "approver",
    "approvedAt",
    "leadSeconds",
    "ticket",
    "reason",
    "result",
    "segregation",
    "outsideWindow",
)
COLUMNS: Final = (
    Column("Time", "time", 1.45),
    Column("Who, role (by entry)", share=1.6),
    Column("Action", share=1.4),
    Column("Target", share=1.55),
    Column("Before → after", share=2.35),
    Column("Approval, ticket", share=1.3),
    Column("Result, duties", share=1.4),
    Column("Entry", share=1.05),
)
_CELL: Final = 100  # characters


def row(act: Act) -> Row:
    """Return an action as programs read it."""
    told, held = act.told, act.held
    return (
        told.stream,
        told.seq,
        act.event_id,
        told.timestamp,
        act.kind,
        told.actor,
        told.on_behalf_of,
        act.actor_type,
        act.role,
        None
        if held is None or held.since is None
        else f"{held.since.stream} {held.since.seq}",
        act.basis,
        act.used,
        act.action,
        act.target_type,
        act.target,
        act.changed or None,
        told.approval_id,
        told.approver,
        told.approved_at,
        None if told.lead_us is None else told.lead_us // instants.SECOND,
        told.ticket,
        act.reason,
        act.result,
        act.segregation or None,
        act.outside,
    )


def printed(act: Act) -> Printed:
    """Return an action as it is printed."""
    told = act.told
    role = f", {short(act.role)}" if act.role else ""
    if act.role and act.held is not None and act.held.since is not None:
        role += f" ({act.held.since.entry})"
    outside = "outside the change window" if act.outside else ""
    return (
        second(act.us),
        f"{short(act.who)}{role}",
        short(act.action),
        " ".join(short(one) for one in (act.target_type, act.target) if one),
        short(act.changed or act.reason or "", _CELL),
        approval(act),
        "; ".join(
            one
            for one in (act.result, act.unsegregated or act.segregation, outside)
            if one
        ),
        f"{told.stream} {told.seq:,}",
    )


def approval(act: Act) -> str:
    """Say who approved it and when, by which ticket; empty where nothing is stated."""
    told = act.told
    parts = [short(told.approval_id)] if told.approval_id else []
    if told.approver:
        parts.append(f"by {short(told.approver)}")
    if told.lead_us is not None:
        parts.append(lead(told.lead_us))
    if told.ticket:
        parts.append(short(told.ticket))
    return ", ".join(parts)


def lead(us: int) -> str:
    """Say how long before an action it was approved.

    >>> lead(93_600_000_000), lead(-60_000_000), lead(5_000_000)
    ('26 h before', '1 min after', '5 s before')
    """
    seconds = abs(us) // instants.SECOND
    if seconds >= 48 * 3_600:
        told = f"{seconds // 86_400:,} days"
    elif seconds >= 2 * 3_600:
        told = f"{seconds // 3_600} h"
    elif seconds >= 60:  # noqa: PLR2004
        told = f"{seconds // 60} min"
    else:
        told = f"{seconds} s"
    return f"{told} {'before' if us > 0 else 'after'}"
