"""Customers: every read and every change of their data, to the field."""

from __future__ import annotations

import csv
import io
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from pydantic import BaseModel
from sqlalchemy import or_, select

import prooftrail
from examples.fintech.clock import clock
from examples.fintech.db import Db
from examples.fintech.models import Account, Customer
from prooftrail import emits
from prooftrail.integrations.fastapi import Requires

if TYPE_CHECKING:
    from collections.abc import Iterable

router = APIRouter(prefix="/customers", tags=["customers"])

SHOWN = ("name", "email", "phone", "address")  # what support sees; the rest is masked
SECRET = ("ssn", "date_of_birth")
EXPORTED = ("id", *SHOWN)


class NewCustomer(BaseModel):
    """A customer to be."""

    name: str
    email: str
    phone: str | None = None
    address: str | None = None
    date_of_birth: str | None = None
    ssn: str | None = None


class Changes(BaseModel):
    """What is to be otherwise; what is left out stays."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    plan: str | None = None


class Reveal(BaseModel):
    """What is to be shown unmasked, and why."""

    field: Literal["ssn", "date_of_birth"]
    reason: str


@router.get("", dependencies=[Depends(Requires("customers:read"))])
@emits("customer.pii.search", resource="customer")
def search(db: Db, q: str = "", limit: int = 20) -> list[dict[str, Any]]:
    """Find customers by a part of name or address of mail."""
    like = f"%{q}%"
    found = db.scalars(
        select(Customer)
        .where(or_(Customer.name.ilike(like), Customer.email.ilike(like)))
        .order_by(Customer.id)
        .limit(min(limit, 100))
    ).all()
    draft = prooftrail.current_draft()
    if draft is not None:
        # what was searched for is personal, too: how, and how many came of it
        draft.detail(
            filters={"by": "name or email", "characters": len(q)},
            record_count=len(found),
        )
        draft.touch(SHOWN)
        draft.subject(*(one.id for one in found))
    return [_shown(one) for one in found]


@router.get("/export", dependencies=[Depends(Requires("customers:export"))])
@emits("customer.pii.export", resource="customer")
def export(
    db: Db, purpose: Annotated[str, Header(alias="x-purpose")] = "unstated"
) -> Response:
    """Give all customers as a file."""
    found = db.scalars(select(Customer).order_by(Customer.id)).all()
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(export_format="csv", record_count=len(found))
        draft.touch(SHOWN)
        draft.subject(*(one.id for one in found))
        draft.purpose = purpose
    return Response(_csv(found), media_type="text/csv")


@router.get("/{customer_id}", dependencies=[Depends(Requires("customers:read"))])
@emits("customer.pii.view", resource="customer")
def view(customer_id: str, db: Db) -> dict[str, Any]:
    """Show one customer."""
    found = get(db, customer_id)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.touch(SHOWN)
    return _shown(found)


@router.post("", status_code=201, dependencies=[Depends(Requires("customers:write"))])
@emits("customer.pii.create", resource="customer")
def create(given: NewCustomer, db: Db) -> dict[str, Any]:
    """Add a customer, with an account."""
    made = Customer(
        id=f"cust_{uuid.uuid4().hex[:10]}", created_at=clock.now(), **given.model_dump()
    )
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("customer", made.id)
    account = Account(id=f"acct_{uuid.uuid4().hex[:10]}", customer_id=made.id)
    db.add_all([made, account])
    db.commit()
    return _shown(made) | {"account_id": account.id}


@router.put("/{customer_id}", dependencies=[Depends(Requires("customers:write"))])
@emits("customer.pii.update", resource="customer")
def update(customer_id: str, given: Changes, db: Db) -> dict[str, Any]:
    """Change a customer; the trail gets before and after by itself."""
    found = get(db, customer_id)
    for name, value in given.model_dump(exclude_none=True).items():
        setattr(found, name, value)
    db.commit()
    return _shown(found)


@router.delete(
    "/{customer_id}",
    status_code=204,
    dependencies=[Depends(Requires("customers:delete"))],
)
@emits("customer.pii.delete", resource="customer")
def remove(
    customer_id: str,
    db: Db,
    reason: Annotated[str, Header(alias="x-reason")] = "unstated",
) -> None:
    """Delete a customer."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(reason=reason)
    db.delete(get(db, customer_id))
    db.commit()


@router.post(
    "/{customer_id}/reveal", dependencies=[Depends(Requires("customers:reveal"))]
)
@emits("customer.pii.unmask", resource="customer")
def reveal(customer_id: str, given: Reveal, db: Db) -> dict[str, str | None]:
    """Show what is masked elsewhere, for a reason."""
    found = get(db, customer_id)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.purpose = given.reason
        draft.detail(reason=given.reason)
        draft.touch([given.field])
    return {given.field: getattr(found, given.field)}


def get(db: Db, customer_id: str) -> Customer:
    """Return a customer, or answer 404."""
    found = db.get(Customer, customer_id)
    if found is None:
        raise HTTPException(404, "no such customer")
    return found


def _shown(one: Customer) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in ("id", *SHOWN, "plan", "kyc_status")}
    return shown | {name: "***" if getattr(one, name) else None for name in SECRET}


def _csv(found: Iterable[Customer]) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(EXPORTED)
    rows.writerows([getattr(one, name) for name in EXPORTED] for one in found)
    return out.getvalue()
