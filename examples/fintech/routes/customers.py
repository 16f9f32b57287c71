"""Customers: every read and every change of their data, to the field."""

from __future__ import annotations

import csv
import io
import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Response
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlalchemy.orm import load_only

import prooftrail
from examples.fintech.clock import clock
from examples.fintech.db import Db
from examples.fintech.models import Account, Customer
from prooftrail import emits
from prooftrail.integrations.fastapi import Requires

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm.strategy_options import _AbstractLoad as Load

router = APIRouter(prefix="/customers", tags=["customers"])

SHOWN = ("name", "email", "phone", "address")  # what support sees; the rest is masked
SECRET = ("ssn", "date_of_birth")
PERSONAL = (*SHOWN, *SECRET)
PLAIN = ("id", "plan", "kyc_status", "marketing")
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
def search(
    db: Db, q: str = "", limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[dict[str, Any]]:
    """Find customers by a part of name or address of mail."""
    like = f"%{q}%"
    found = db.scalars(
        select(Customer)
        .options(only(SHOWN))
        .where(or_(Customer.name.ilike(like), Customer.email.ilike(like)))
        .order_by(Customer.id)
        .limit(limit)
    ).all()
    draft = prooftrail.current_draft()
    if draft is not None:
        # what was searched for is personal, too: how, and how many came of it
        draft.detail(
            filters={"by": "name or email", "characters": len(q)},
            record_count=len(found),
        )
        draft.touch(SHOWN)  # also where nobody was found
    return [_shown(one) for one in found]


@router.get("/export", dependencies=[Depends(Requires("customers:export"))])
@emits("customer.pii.export", resource="customer")
def export(
    db: Db, purpose: Annotated[str | None, Header(alias="x-purpose")] = None
) -> Response:
    """Give all customers as a file."""
    found = db.scalars(
        select(Customer).options(only(SHOWN)).order_by(Customer.id)
    ).all()
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(export_format="csv", record_count=len(found))
        draft.touch(SHOWN)
        draft.purpose = purpose
    return Response(_csv(found), media_type="text/csv")


@router.get("/{customer_id}", dependencies=[Depends(Requires("customers:read"))])
@emits("customer.pii.view", resource="customer")
def view(customer_id: str, db: Db) -> dict[str, Any]:
    """Show one customer; what is read of him is in the event by itself."""
    return _shown(get(db, customer_id, SHOWN))


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
    found = get(db, customer_id, SHOWN)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(fields_changed=changed(found, given))
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
    reason: Annotated[str | None, Header(alias="x-reason")] = None,
) -> None:
    """Delete a customer."""
    draft = prooftrail.current_draft()
    if draft is not None and reason:
        draft.detail(reason=reason)
    db.delete(get(db, customer_id, PERSONAL))
    db.commit()


@router.post(
    "/{customer_id}/reveal", dependencies=[Depends(Requires("customers:reveal"))]
)
@emits("customer.pii.unmask", resource="customer")
def reveal(customer_id: str, given: Reveal, db: Db) -> dict[str, str | None]:
    """Show what is masked elsewhere, for a reason."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.purpose = given.reason
        draft.detail(reason=given.reason)
    found = get(db, customer_id, [given.field])
    return {given.field: getattr(found, given.field)}


def get(db: Db, customer_id: str, fields: Iterable[str] = ()) -> Customer:
    """Return a customer with these personal fields and no others, or answer 404."""
    found = db.scalars(
        select(Customer).options(only(fields)).where(Customer.id == customer_id)
    ).one_or_none()
    if found is None:
        raise HTTPException(404, "no such customer")
    return found


def only(fields: Iterable[str]) -> Load:
    """Read these personal fields: the trail says which were read, so read no others."""
    return load_only(*(getattr(Customer, name) for name in (*PLAIN, *fields)))


def changed(row: object, given: BaseModel) -> list[str]:
    """Change what is given and is otherwise by now; return which fields."""
    found = {
        name: value
        for name, value in given.model_dump(exclude_none=True).items()
        if getattr(row, name) != value
    }
    for name, value in found.items():
        setattr(row, name, value)
    return list(found)


def _shown(one: Customer) -> dict[str, Any]:
    shown = {name: getattr(one, name) for name in ("id", *SHOWN, "plan", "kyc_status")}
    return shown | dict.fromkeys(SECRET, "***")


def _csv(found: Iterable[Customer]) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(EXPORTED)
    rows.writerows([getattr(one, name) for name in EXPORTED] for one in found)
    return out.getvalue()
