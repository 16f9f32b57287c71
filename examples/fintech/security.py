"""Who somebody is, what he may, and on what evidence: decided once, recorded as it was.

`check` decides for `Requires(...)`: by the role, by a grant that somebody else
approved, or by breaking the glass, which takes the right to and a reason. What it
returns goes into the event of the request.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from fastapi import Depends, HTTPException, Request
from sqlalchemy import select

import prooftrail
from examples.fintech.clock import clock
from examples.fintech.db import reading
from examples.fintech.models import Grant, LoginSession, Staff

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

POLICY = "roles@7"  # the revision of the table below
ROLES: dict[str, frozenset[str]] = {
    "support": frozenset(
        {"customers:read", "customers:write", "documents:read", "documents:write"}
    ),
    "compliance": frozenset(
        {
            "customers:read", "customers:reveal", "customers:kyc", "customers:privacy",
            "documents:read", "documents:write",
        }
    ),
    "ops": frozenset(
        {"exports:create", "exports:read", "imports:run", "accounts:bulk"}
    ),
    "admin": frozenset(
        {
            "customers:read", "customers:write", "customers:delete", "customers:export",
            "customers:share", "staff:manage", "settings:write", "keys:manage",
            "jobs:run", "exports:create", "exports:read", "impersonate",
        }
    ),
    "auditor": frozenset(),
}  # fmt: skip
BREAK_GLASS = frozenset({"support", "compliance", "ops"})  # roles that may
REASON = "x-break-glass-reason"

LOCK_AFTER = 5  # failures in a row
LOCKED = timedelta(minutes=30)
SESSION = timedelta(hours=10)

# as cheap as it may be: the traffic script logs in some thousand times
_hasher = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return _hasher.hash(password)


def is_password(staff: Staff, password: str) -> bool:
    """Whether it is his."""
    try:
        return _hasher.verify(staff.password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_code(staff: Staff, code: str) -> bool:
    """Whether it is the present code of his second factor."""
    if staff.totp_secret is None:
        return False
    totp = pyotp.TOTP(staff.totp_secret)
    return totp.verify(code, for_time=clock.now(), valid_window=1)


def digest(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(db: Session, staff_id: str, *, acts_as: str | None = None) -> str:
    """Open a session; return its token."""
    token = secrets.token_urlsafe(32)
    db.add(
        LoginSession(
            token_hash=digest(token),
            staff_id=staff_id,
            acts_as=acts_as,
            expires_at=clock.now() + SESSION,
        )
    )
    return token


def actor_of(staff: Staff, token_hash: str | None = None) -> dict[str, str]:
    """Return who he is in an event; the session by a digest, not by its token."""
    made = {"userId": staff.id, "email": staff.email, "role": staff.role}
    if token_hash is not None:
        made["sessionId"] = token_hash[:32]
    return made


def who(request: Request) -> Staff | None:
    """Find out whose session it is, and bind him to the request; None for nobody."""
    known: Staff | None = getattr(request.state, "staff", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    with reading() as db:
        row = db.execute(
            select(LoginSession, Staff)
            .join(Staff, Staff.id == LoginSession.staff_id)
            .where(
                LoginSession.token_hash == digest(token),
                LoginSession.expires_at > clock.now(),
                Staff.status == "active",
            )
        ).one_or_none()
        if row is None:
            return None
        found, staff = row
        other = None if found.acts_as is None else db.get(Staff, found.acts_as)
    prooftrail.bind(
        actor_of(staff, found.token_hash),
        on_behalf_of=None if other is None else actor_of(other),
    )
    request.state.token_hash = found.token_hash
    request.state.staff = other or staff
    return other or staff


def signed_in(request: Request) -> Staff:
    """Let in who has a session, whatever he may."""
    staff = who(request)
    if staff is None:
        raise HTTPException(401, "log in first")
    draft = prooftrail.current_draft()
    if draft is None or draft.authorization is None:  # `check` said more, if it ran
        prooftrail.allowed("self")
    return staff


def check(request: Request, permission: str) -> dict[str, Any]:
    """Decide whether a request may; return on what."""
    staff = who(request)
    if staff is None:
        raise HTTPException(401, "log in first")
    if permission in ROLES.get(staff.role, frozenset()):
        return _evidence("allowed", "role", staff.role)
    if (grant := _grant(staff, permission)) is not None:
        return _evidence("allowed", "grant", permission) | grant
    reason = request.headers.get(REASON, "").strip()
    if reason and staff.role in BREAK_GLASS and permission.startswith("customers:"):
        draft = prooftrail.current_draft()
        if draft is not None:
            draft.purpose = reason
        return _evidence("allowed", "break_glass", permission)
    return _evidence("denied", "role", staff.role)


def _evidence(decision: str, basis: str, name: str) -> dict[str, Any]:
    return {"decision": decision, "basis": basis, "name": name, "policy": POLICY}


def _grant(staff: Staff, permission: str) -> dict[str, Any] | None:
    with reading() as db:
        found = db.scalars(
            select(Grant).where(
                Grant.staff_id == staff.id, Grant.permission == permission
            )
        ).all()
    for one in found:
        if one.expires_at is None or one.expires_at > clock.now():
            approval = {
                "id": one.approval_id,
                "by": one.approved_by,
                "at": one.approved_at,
                "ticket": one.ticket,
            }
            kept = {name: value for name, value in approval.items() if value}
            return {"grant": one.id} | ({"approval": kept} if kept else {})
    return None


Me = Annotated[Staff, Depends(signed_in)]
