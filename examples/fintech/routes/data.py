"""Data in bulk: exports and their files, imports, many accounts at once."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Response
from pydantic import BaseModel
from sqlalchemy import delete, update

import prooftrail
from examples.fintech.clock import clock
from examples.fintech.db import Db
from examples.fintech.models import Account, Customer, Export
from examples.fintech.security import Me
from prooftrail import emits
from prooftrail.capture.personal_fields import fields_of
from prooftrail.integrations.fastapi import Requires

router = APIRouter(prefix="/data", tags=["data"])


class NewExport(BaseModel):
    """What is to be exported."""

    dataset: Literal["customers", "accounts"] = "customers"
    fields: list[Literal["name", "email", "phone", "address"]] = []


class Bulk(BaseModel):
    """What is to be done to many accounts."""

    account_ids: list[str]
    plan: str | None = None
    delete: bool = False


@router.post(
    "/exports", status_code=202, dependencies=[Depends(Requires("exports:create"))]
)
@emits("data.export.create", resource="export")
def ask(
    given: NewExport,
    me: Me,
    db: Db,
    purpose: Annotated[str | None, Header(alias="x-purpose")] = None,
) -> dict[str, str]:
    """Ask for an export; the job `process-export` makes its file."""
    made = Export(
        id=f"exp_{uuid.uuid4().hex[:10]}",
        dataset=given.dataset,
        fields=[*given.fields] if given.dataset == "customers" else [],
        asked_by=me.id,
        created_at=clock.now(),
    )
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("export", made.id)
        draft.detail(
            dataset=given.dataset, export_format="csv", fields_accessed=made.fields
        )
        draft.touch(made.fields, _classes(made.fields))
        draft.purpose = purpose
    db.add(made)
    db.commit()
    return {"id": made.id}


@router.get(
    "/exports/{export_id}/file", dependencies=[Depends(Requires("exports:read"))]
)
@emits("data.export.download", resource="export")
def download(export_id: str, db: Db) -> Response:
    """Fetch an export's file."""
    found = db.get(Export, export_id)
    if found is None or found.content is None:
        raise HTTPException(404, "there is no such file (yet)")
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(
            record_count=found.rows,
            export_format="csv",
            sha256=hashlib.sha256(found.content).hexdigest(),
        )
        draft.subject(*found.subjects)
        draft.touch(found.fields, _classes(found.fields))
    return Response(found.content, media_type="text/csv")


@router.post("/imports", dependencies=[Depends(Requires("imports:run"))])
@emits("data.import.complete", resource="import")
def import_(given: list[dict[str, str]], db: Db) -> dict[str, int]:
    """Take customers in; rows without a name or an address of mail fail."""
    good = [row for row in given if row.get("name") and row.get("email")]
    made = [
        Customer(
            id=f"cust_{uuid.uuid4().hex[:10]}",
            name=row["name"],
            email=row["email"],
            phone=row.get("phone"),
            created_at=clock.now(),
        )
        for row in good
    ]
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("import", f"imp_{uuid.uuid4().hex[:10]}")
        draft.detail(
            dataset="customers", rows_ok=len(good), rows_failed=len(given) - len(good)
        )
    db.add_all(made)
    db.commit()
    return {"rows_ok": len(good), "rows_failed": len(given) - len(good)}


@router.post("/accounts/bulk", dependencies=[Depends(Requires("accounts:bulk"))])
@emits("bulk.records.update", "bulk.records.delete", resource="account")
def bulk(given: Bulk, db: Db) -> dict[str, int]:
    """Change or delete many accounts by one statement (`bulk.records.delete`)."""
    if not given.delete and given.plan is None:
        raise HTTPException(422, "say which plan, or delete")
    here = Account.id.in_(given.account_ids)
    name = "bulk.records.delete" if given.delete else "bulk.records.update"
    with prooftrail.event(name, resource=("account", None)) as e:
        statement = (
            delete(Account).where(here)
            if given.delete
            else update(Account).where(here).values(plan=given.plan)
        )
        count = int(db.execute(statement).rowcount)  # type: ignore[attr-defined]
        e.detail(record_count=count)
        if not given.delete:
            e.detail(fields_changed=["plan"])
        db.commit()
    return {"record_count": count}


def _classes(fields: list[str]) -> list[str]:
    marked = fields_of(Customer)
    return [marked[name] for name in fields]
