"""Logging in and out, passwords, second factors."""

from __future__ import annotations

import secrets

import pyotp
from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import delete, select

import prooftrail
from examples.fintech import security
from examples.fintech.clock import clock
from examples.fintech.db import Db
from examples.fintech.models import LoginSession, Staff
from examples.fintech.security import Me
from prooftrail import Personal, emits
from prooftrail.integrations.fastapi import Requires

router = APIRouter(prefix="/auth", tags=["auth"])

LOGIN = emits("auth.login.success", failure="auth.login.failure", resource="staff")


class Login(BaseModel):
    """Who somebody says he is."""

    email: str
    password: str
    code: str | None = None


class NewPassword(BaseModel):
    """A password in place of another."""

    old: str
    new: str


class Reset(BaseModel):
    """Whose password is reset."""

    staff_id: str


class Code(BaseModel):
    """A code of a second factor."""

    code: str | None = None


@router.post("/login")
@LOGIN
def login(given: Login, request: Request, db: Db) -> dict[str, str]:
    """Open a session; `auth.account.lock` too, where that was one failure too many."""
    staff = db.scalars(select(Staff).where(Staff.email == given.email)).one_or_none()
    draft = prooftrail.current_draft()
    if draft is None:
        raise RuntimeError("the middleware is missing")
    if staff is None:
        # people type passwords where their name belongs: protected, whatever it is
        draft.detail(attempted_login=Personal(given.email, "identity.login"))
        draft.failed(reason="unknown_user")
        raise HTTPException(401, "no such user, or another password")
    draft.on("staff", staff.id)
    now = clock.now()
    reason = None
    if staff.status != "active":
        reason = "disabled"
    elif staff.locked_until is not None and staff.locked_until > now:
        reason = "locked"
    elif not security.is_password(staff, given.password):
        reason = "bad_password"
    elif staff.totp_secret and not security.is_code(staff, given.code or ""):
        reason = "mfa"
    if reason is not None:
        counts = reason in {"bad_password", "mfa"}
        staff.failures += counts
        draft.failed(reason=reason, failures=staff.failures)
        if counts and staff.failures >= security.LOCK_AFTER:
            _lock(db, staff)
        db.commit()
        raise HTTPException(401, "no such user, or another password")
    staff.failures, staff.locked_until = 0, None
    token = security.open_session(db, staff.id)
    db.commit()
    prooftrail.bind(security.actor_of(staff, security.digest(token)))
    prooftrail.allowed("self")
    draft.detail(mfa="totp" if staff.totp_secret else "none")
    return {"token": token}


def _lock(db: Db, staff: Staff) -> None:
    staff.locked_until = clock.now() + security.LOCKED
    with prooftrail.event(
        "auth.account.lock",
        actor={"type": "system", "userId": "lockout"},
        resource=("staff", staff.id),
    ) as e:
        e.detail(
            reason="too many failures",
            failures=staff.failures,
            until=staff.locked_until,
        )
        db.commit()


@router.post("/logout", status_code=204)
@emits("auth.logout", resource="staff")
def logout(me: Me, request: Request, db: Db) -> None:
    """End the session."""
    _fill(me.id, reason="user")
    db.execute(
        delete(LoginSession).where(LoginSession.token_hash == request.state.token_hash)
    )
    db.commit()


@router.post("/password", status_code=204)
@emits("auth.password.change", resource="staff")
def change_password(given: NewPassword, me: Me, request: Request, db: Db) -> None:
    """Change one's own password; other sessions end."""
    _fill(me.id)
    staff = db.get_one(Staff, me.id)
    if not security.is_password(staff, given.old):
        _failed("bad_password")
        raise HTTPException(403, "the old password is another")
    staff.password_hash = security.hash_password(given.new)
    own = request.state.token_hash
    _fill(me.id, sessions_ended=_end_sessions(db, staff.id, but=own))
    db.commit()


@router.post("/password/reset", dependencies=[Depends(Requires("staff:manage"))])
@emits("auth.password.reset", resource="staff")
def reset_password(given: Reset, db: Db) -> dict[str, str]:
    """Give somebody a password for once."""
    _fill(given.staff_id, reset_by="admin")
    staff = db.get(Staff, given.staff_id)
    if staff is None:
        raise HTTPException(404, "no such person")
    password = secrets.token_urlsafe(12)
    staff.password_hash = security.hash_password(password)
    _fill(given.staff_id, sessions_ended=_end_sessions(db, staff.id))
    db.commit()
    return {"password": password}


@router.post("/mfa/enable")
@emits("auth.mfa.enable", resource="staff")
def enable_mfa(me: Me, db: Db) -> dict[str, str]:
    """Add a second factor; its secret is shown once."""
    _fill(me.id, factor="totp")
    staff = db.get_one(Staff, me.id)
    if staff.totp_secret:
        raise HTTPException(409, "there is a second factor already")
    staff.totp_secret = pyotp.random_base32()
    db.commit()
    return {"secret": staff.totp_secret}


@router.post("/mfa/disable", status_code=204)
@emits("auth.mfa.disable", resource="staff")
def disable_mfa(given: Code, me: Me, db: Db) -> None:
    """Remove one's second factor, by a code of it."""
    _fill(me.id, factor="totp")
    staff = db.get_one(Staff, me.id)
    if not security.is_code(staff, given.code or ""):
        _failed("bad_code")
        raise HTTPException(403, "this is not its present code")
    staff.totp_secret = None
    db.commit()


def _fill(staff_id: str, **details: object) -> None:
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("staff", staff_id)
        draft.detail(**details)


def _failed(reason: str) -> None:
    """Say that it did not work: who asks may do it, so 403 is no denial here."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.failed(reason=reason)


def _end_sessions(db: Db, staff_id: str, *, but: str = "") -> int:
    ended = db.execute(
        delete(LoginSession).where(
            LoginSession.staff_id == staff_id, LoginSession.token_hash != but
        )
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]
