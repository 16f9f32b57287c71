"""Evidence of authorisation: on whose authority, frozen when it was decided.

    allowed("permission", "customers:export", policy="roles@7")
    denied("permission", "customers:export")

Guarantees: what was decided is copied when it is said, and goes into every event of the
same request or job that is stated afterwards; the last decision counts. A decision that
refuses makes a 404 that hides it a denial.

Does not: decide. The application does, and says what it decided by.

Source: design, "authorization"; NIST SP 800-53 AC-3; SOC 2 CC6.1.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from prooftrail.capture import draft, scope
from prooftrail.core import events
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from prooftrail.core.events import Basis, Decision


class AccessDeniedError(PermissionError):
    """An authorisation was refused: raised by `require`, recorded as denied."""


def allowed(
    basis: Basis,
    name: str | None = None,
    *,
    policy: str | None = None,
    grant: str | None = None,
    approval: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say that what follows is allowed, and by what.

    Args:
        basis: role, permission, grant, break_glass, self or system.
        name: of the role, the permission, ...
        policy: which policy, at which revision.
        grant: the id of the grant.
        approval: id, by, at, ticket: who approved it, before.

    Raises:
        EventError: there is no such basis.
    """
    return note(_evidence("allowed", basis, name, policy, grant, approval))


def denied(
    basis: Basis,
    name: str | None = None,
    *,
    policy: str | None = None,
) -> dict[str, Any]:
    """Say that it is refused, and by what; see `allowed`."""
    return note(_evidence("denied", basis, name, policy, None, None))


def note(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Keep a decision for the events of this request or job; return its copy."""
    frozen = copy.deepcopy(dict(evidence))
    own = scope.current_scope()
    if own is not None:
        own.authorization = frozen
    open_ = draft.current_draft()
    if open_ is not None:
        open_.authorization = frozen
    return frozen


def evidence_of(decided: object, name: str) -> dict[str, Any]:
    """Return what an application's check decided, as evidence.

    Args:
        decided: True or False, a mapping with the keys of `authorization`, or an
            `Authorization`.
        name: of the permission that was asked for.

    Raises:
        EventError: it is none of these, or names a basis that there is not.
    """
    if isinstance(decided, events.Authorization):
        decided = {
            key: getattr(decided, key)
            for key in events.Authorization.__struct_fields__
            if getattr(decided, key) is not None
        }
    if isinstance(decided, Mapping):
        made = {"basis": "permission", "name": name, **decided}
        if made.get("decision") not in get_args(events.Decision):
            raise EventError("a check's decision is 'allowed' or 'denied'")
        _known(made["basis"])
        return made
    if isinstance(decided, bool):
        decision: Decision = "allowed" if decided else "denied"
        return {"decision": decision, "basis": "permission", "name": name}
    raise EventError(
        f"a check returned a {type(decided).__name__}: return True, False or evidence, "
        "such as {'decision': 'allowed', 'basis': 'role', 'name': 'admin'}"
    )


def require(decided: object, name: str) -> dict[str, Any]:
    """Note what was decided, and go on only if it is allowed: for any framework.

    Raises:
        AccessDeniedError: it is refused.
        EventError: see `evidence_of`.
    """
    evidence = note(evidence_of(decided, name))
    if evidence["decision"] == "denied":
        raise AccessDeniedError(f"{name} is not allowed")
    return evidence


def unexplained(event: Mapping[str, Any]) -> bool:
    """Whether an event shows personal data that was seen on no stated authority."""
    touched = event.get("pii") or str(event.get("action", "")).startswith(
        "customer.pii."
    )
    evidence = event.get("authorization")
    decision = evidence.get("decision") if isinstance(evidence, Mapping) else None
    return bool(touched) and event.get("result") == "success" and decision != "allowed"


def _evidence(
    decision: Decision,
    basis: Basis,
    name: str | None,
    policy: str | None,
    grant: str | None,
    approval: Mapping[str, Any] | None,
) -> dict[str, Any]:
    _known(basis)
    made = {
        "decision": decision,
        "basis": basis,
        "name": name,
        "policy": policy,
        "grant": grant,
        "approval": None if approval is None else dict(approval),
    }
    return {key: value for key, value in made.items() if value is not None}


def _known(basis: object) -> None:
    known = get_args(events.Basis)
    if basis not in known:
        raise EventError(f"authorization.basis is one of {', '.join(known)}")
