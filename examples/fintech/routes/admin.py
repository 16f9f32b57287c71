"""People who work here: accounts, roles, permissions, and acting as another."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Header, HTTPException
from pydantic import BaseModel, model_validator
from sqlalchemy import delete

import prooftrail
from examples.fintech import security
from examples.fintech.db import Db
from examples.fintech.models import Grant, LoginSession, Staff
from examples.fintech.routes.customers import changed
from examples.fintech.security import Me
from prooftrail import emits
from prooftrail.integrations.fastapi import Requires

router = APIRouter(prefix="/admin/users", tags=["admin"])
MANAGES = [Depends(Requires("staff:manage"))]


class NewStaff(BaseModel):
    """Somebody who begins to work here."""

    id: str
    email: str
    name: str
    role: str
    password: str


class StaffChanges(BaseModel):
    """What is to be otherwise of an account."""

    email: str | None = None
    name: str | None = None


class Status(BaseModel):
    """What an account's state is to be."""

    status: Literal["active", "disabled", "unlocked"]
    reason: str = ""

    @model_validator(mode="after")
    def is_explained(self) -> Self:
        """Let nobody be disabled without a reason."""
        if self.status == "disabled" and not self.reason.strip():
            raise ValueError("disabling takes a reason")
        return self


class Role(BaseModel):
    """A role in place of another."""

    role: str
    ticket: str | None = None


class Approval(BaseModel):
    """Who approved, before it was done."""

    id: str
    by: str
    at: datetime
    ticket: str | None = None


class Permission(BaseModel):
    """A permission, given or taken."""

    permission: str
    grant: bool
    approval: Approval | None = None
    until: datetime | None = None


class Impersonate(BaseModel):
    """Why somebody acts as another."""

    reason: str


@router.post("", status_code=201, dependencies=MANAGES)
@emits("admin.user.create", resource="staff")
def create(given: NewStaff, db: Db) -> dict[str, str]:
    """Add somebody."""
    _fill(given.id, role=given.role)
    if given.role not in security.ROLES:
        raise HTTPException(422, "there is no such role")
    if db.get(Staff, given.id) is not None:
        raise HTTPException(409, "this id is taken")
    db.add(
        Staff(
            **given.model_dump(exclude={"password"}),
            password_hash=security.hash_password(given.password),
        )
    )
    db.commit()
    return {"id": given.id}


@router.put("/{staff_id}", dependencies=MANAGES)
@emits("admin.user.update", resource="staff")
def update(staff_id: str, given: StaffChanges, db: Db) -> dict[str, str]:
    """Change an account's attributes."""
    found = _get(db, staff_id)
    _fill(staff_id, fields_changed=changed(found, given))
    db.commit()
    return {"id": found.id, "email": found.email, "name": found.name}


@router.delete("/{staff_id}", status_code=204, dependencies=MANAGES)
@emits("admin.user.delete", resource="staff")
def remove(
    staff_id: str,
    db: Db,
    reason: Annotated[str | None, Header(alias="x-reason")] = None,
) -> None:
    """Remove somebody, with his sessions and grants."""
    _fill(staff_id, **({"reason": reason} if reason else {}))
    found = _get(db, staff_id)
    db.execute(delete(LoginSession).where(LoginSession.staff_id == staff_id))
    db.execute(delete(Grant).where(Grant.staff_id == staff_id))
    db.delete(found)
    db.commit()


@router.post("/{staff_id}/status", dependencies=MANAGES)
@emits("admin.user.update", "admin.user.disable", "admin.user.unlock", resource="staff")
def status(staff_id: str, given: Status, db: Db) -> dict[str, str]:
    """Disable, unlock or enable an account: three types of event."""
    found = _get(db, staff_id)
    name = {"disabled": "admin.user.disable", "unlocked": "admin.user.unlock"}.get(
        given.status, "admin.user.update"
    )
    with prooftrail.event(name, resource=("staff", staff_id)) as e:
        if given.reason:
            e.detail(reason=given.reason)
        if given.status == "unlocked":
            found.failures, found.locked_until = 0, None
        else:
            if given.status == "active":
                e.detail(fields_changed=["status"] * (found.status != "active"))
            found.status = given.status
        if given.status == "disabled":
            db.execute(delete(LoginSession).where(LoginSession.staff_id == staff_id))
        db.commit()
    return {"id": staff_id, "status": found.status}


@router.put("/{staff_id}/role", dependencies=MANAGES)
@emits("admin.role.change", resource="staff")
def role(staff_id: str, given: Role, db: Db) -> dict[str, str]:
    """Give somebody another role."""
    if given.role not in security.ROLES:
        raise HTTPException(422, "there is no such role")
    found = _get(db, staff_id)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.ticket = given.ticket
    _fill(staff_id, old_role=found.role, new_role=given.role)
    found.role = given.role
    db.commit()
    return {"id": staff_id, "role": found.role}


@router.put("/{staff_id}/permissions", dependencies=MANAGES)
@emits("admin.permission.grant", "admin.permission.revoke", resource="staff")
def permissions(staff_id: str, given: Permission, me: Me, db: Db) -> dict[str, Any]:
    """Give a permission, as somebody else approved, or take it."""
    _get(db, staff_id)
    if not given.grant:
        with prooftrail.event(
            "admin.permission.revoke", resource=("staff", staff_id)
        ) as e:
            e.detail(permission=given.permission)
            db.execute(
                delete(Grant).where(
                    Grant.staff_id == staff_id, Grant.permission == given.permission
                )
            )
            db.commit()
        return {"revoked": given.permission}
    approval = given.approval
    made = Grant(
        id=f"grant_{uuid.uuid4().hex[:10]}",
        staff_id=staff_id,
        permission=given.permission,
        granted_by=me.id,
        approval_id=approval and approval.id,
        approved_by=approval and approval.by,
        approved_at=approval and approval.at,
        ticket=approval and approval.ticket,
        expires_at=given.until,
    )
    draft = prooftrail.current_draft()
    if draft is not None and approval is not None:
        approved = {"approval": approval.model_dump(exclude_none=True)}
        draft.allowed({**(draft.authorization or {}), **approved})
    _fill(staff_id, permission=given.permission, grant=made.id)
    db.add(made)
    db.commit()
    return {"grant": made.id}


@router.post("/{staff_id}/impersonate", dependencies=[Depends(Requires("impersonate"))])
@emits("admin.impersonation.start", resource="staff")
def impersonate(staff_id: str, given: Impersonate, me: Me, db: Db) -> dict[str, Any]:
    """Act as another, for a reason; it ends with that session (POST /auth/logout)."""
    found = _get(db, staff_id)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.purpose = given.reason
    token = security.open_session(db, me.id, acts_as=found.id)
    db.commit()
    _fill(staff_id, impersonated=staff_id, reason=given.reason)
    return {"token": token}


def _get(db: Db, staff_id: str) -> Staff:
    found = db.get(Staff, staff_id)
    if found is None:
        raise HTTPException(404, "no such person")
    return found


def _fill(staff_id: str, **details: object) -> None:
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("staff", staff_id)
        draft.detail(**details)
