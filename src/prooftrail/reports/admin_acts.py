"""An action of administration: who, by which role, what, and on whose approval.

Guarantees: total, for whatever an event holds; what it does not say is empty. Values
before and after are as the console shows them: a protected one by its class. Whether
duties were segregated is `grants.segregation`'s to say, and nobody else's: of each
grant, and of another action where it states an approval of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.catalog.wording import mapping, word
from prooftrail.core import instants, projection
from prooftrail.errors import EventError
from prooftrail.grants import grant, types
from prooftrail.grants.segregation import FAILURES
from prooftrail.reports import admin_kinds as kinds
from prooftrail.reports.counting import text
from prooftrail.search import diffing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prooftrail.grants.grant import Grant
    from prooftrail.reports.admin_roster import Held
    from prooftrail.search.diffing import Side
    from prooftrail.store.question import Answer

LONGEST: Final = 2_000  # characters of what was changed
SEGREGATED: Final = "segregated"
_FIELDS: Final = 20  # of a change
_TELLING: Final = frozenset({"role", "permission", "scopes", "status"})  # come first
MACHINES: Final = frozenset({"service", "system"})


class Act(NamedTuple):
    """What a row is of."""

    us: int  # the event's own time
    kind: str
    event_id: str
    action: str
    result: str
    actor_type: str | None
    role: str | None
    held: Held | None  # the grant of that role
    target_type: str | None
    target: str | None
    changed: str
    reason: str | None
    impersonated: str | None
    basis: str | None
    used: str | None  # the grant that it was done by
    interactive: bool  # a service account, in a session
    outside: bool | None  # of the change window; None: it does not apply
    told: Grant

    @property
    def who(self) -> str:
        """Who did it, for people."""
        actor = self.told.actor or (self.actor_type and f"({self.actor_type})")
        behalf = self.told.on_behalf_of
        return f"{actor or '(nobody named)'}{f' as {behalf}' if behalf else ''}"

    @property
    def entry(self) -> str:
        """Which entry it is."""
        return f"{self.told.stream} {self.told.seq:,}"

    @property
    def is_grant(self) -> bool:
        """Whether it gave access."""
        action = projection.fold(self.action)
        return self.result == "success" and action in types.TYPES

    @property
    def segregation(self) -> str:
        """What segregation of duties says; empty where it does not apply."""
        if self.is_grant or (self.told.approved and self.basis != "grant"):
            return " ".join(self.told.fails) or SEGREGATED
        return ""

    @property
    def unsegregated(self) -> str:
        """The same in words, where something is not as it should be."""
        if self.segregation in ("", SEGREGATED):
            return ""
        return "; ".join(FAILURES[one] for one in self.told.fails)

    @property
    def is_change(self) -> bool:
        """Whether configuration or logging was changed, by other than routine."""
        routine = self.kind == kinds.LOGGING and (
            self.actor_type == "system" or self.changed in kinds.ROUTINE
        )
        return self.kind in kinds.CHANGES and self.result == "success" and not routine


def read(item: Mapping[str, Any], answer: Answer) -> Act:
    """Return what an event tells; the grant of its role and the window are not known.

    Args:
        item: the event as it is shown.
        answer: on whose authority it was done.
    """
    us = _us(item)
    told = grant.read(item, us)
    actor, details = mapping(item.get("actor")), mapping(item.get("details"))
    authorization = mapping(item.get("authorization"))
    actor_type = text(actor.get("type"))
    impersonated = text(details.get("impersonated")) or (
        told.to_id if told.action == "admin.impersonation.start" else None
    )
    return Act(
        us=us,
        kind=kinds.of(item, answer),
        event_id=told.event_id,
        action=told.action,
        result=text(item.get("result")) or "",
        actor_type=actor_type,
        role=text(actor.get("role")),
        held=None,
        target_type=told.to_type,
        target=told.to_id or told.to_name or text(details.get("setting")),
        changed=_changed(item, details),
        reason=text(details.get("reason")) or text(item.get("purpose")),
        impersonated=impersonated,
        basis=text(authorization.get("basis")),
        used=text(authorization.get("grant")),
        interactive=actor_type in MACHINES and "sessionId" in actor,
        outside=None,
        told=told,
    )


def _us(item: Mapping[str, Any]) -> int:
    try:
        return instants.microseconds(str(item.get("timestamp")))
    except EventError:  # somebody altered it
        return 0


def _changed(item: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    """Say what was before and what is after."""
    changes = item.get("changes") or list(_stated(item, details))
    found = diffing.differences(changes)
    found.sort(key=lambda one: one.field not in _TELLING)
    told = [
        f"{one.field}: {_side(one.before)} → {_side(one.after)}"
        for one in found[:_FIELDS]
    ]
    if len(found) > _FIELDS:
        told.append(f"and {len(found) - _FIELDS:,} further fields")
    if not told:
        told = [
            f"{name}: {word(details[name])}"
            for name in ("change", "fields_changed", "operation", "version")
            if name in details
        ]
    whole = "; ".join(told)
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def _stated(
    item: Mapping[str, Any], details: Mapping[str, Any]
) -> Iterator[dict[str, object]]:
    """Yield changes that details alone tell, by what the catalog has of the type."""
    match item.get("action"):
        case "admin.role.change":
            yield {
                "field": "role",
                **_there(details, before="old_role", after="new_role"),
            }
        case "admin.permission.grant":
            yield {"field": "permission", **_there(details, after="permission")}
        case "admin.permission.revoke":
            yield {"field": "permission", **_there(details, before="permission")}
        case "admin.apikey.create":
            name = "scopes" if "scopes" in details else "role"
            yield {"field": name, **_there(details, after=name)}
        case "admin.user.create" | "prooftrail.person.invite":
            yield {"field": "role", **_there(details, after="role")}
        case "system.release.deploy" if "version_before" in details:
            given = _there(details, before="version_before", after="version")
            yield {"field": "version", **given}
        case _ if "before" in details or "after" in details:
            field = details.get("setting") or details.get("change") or "value"
            yield {"field": field, **_there(details, before="before", after="after")}
        case _:
            return


def _there(details: Mapping[str, Any], **names: str) -> dict[str, object]:
    return {side: details[name] for side, name in names.items() if name in details}


def _side(side: Side) -> str:
    if side.hidden is not None:
        return f"[{side.hidden}, protected]"
    if side.absent:
        return "not there"
    return "empty" if side.nothing else "".join(one.text for one in side.pieces)
