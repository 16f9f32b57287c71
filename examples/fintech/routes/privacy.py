"""What a customer may ask for, and what the law asks of us: consent, KYC, documents."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import BaseModel, Field

import prooftrail
from examples.fintech.db import Db
from examples.fintech.models import Document
from examples.fintech.routes.customers import PERSONAL, get
from prooftrail import emits
from prooftrail.integrations.fastapi import Requires

router = APIRouter(prefix="/customers/{customer_id}", tags=["privacy"])


class Consent(BaseModel):
    """What a customer agreed to."""

    marketing: bool


class PrivacyRequest(BaseModel):
    """A data subject's own request."""

    kind: Literal["access", "erase"]
    request_id: str


class Share(BaseModel):
    """To whom data goes, and what for."""

    provider: str
    purpose: str
    fields: Annotated[
        list[Literal["name", "email", "phone", "address"]], Field(min_length=1)
    ]


class Kyc(BaseModel):
    """What became of the check of an identity."""

    status: Literal["pending", "verified", "rejected"]
    reason: str | None = None


class NewDocument(BaseModel):
    """An identity document, as text for the example's sake."""

    kind: Literal["passport", "id_card", "utility_bill"]
    content: str


@router.put("/consent", dependencies=[Depends(Requires("customers:write"))])
@emits("customer.pii.consent_update", resource="customer", key="customer_id")
def consent(customer_id: str, given: Consent, db: Db) -> dict[str, bool]:
    """Change what a customer agreed to."""
    found = get(db, customer_id)
    draft = prooftrail.current_draft()
    if draft is not None:  # also where he agreed to it before
        draft.detail(consent="marketing", before=found.marketing, after=given.marketing)
    found.marketing = given.marketing
    db.commit()
    return {"marketing": found.marketing}


@router.post("/privacy-requests", dependencies=[Depends(Requires("customers:privacy"))])
@emits(
    "customer.pii.access_request",
    "customer.pii.erase",
    resource="customer",
    key="customer_id",
)
def privacy_request(customer_id: str, given: PrivacyRequest, db: Db) -> dict[str, Any]:
    """Give a customer his data, or erase it (`customer.pii.erase`)."""
    draft = prooftrail.current_draft()
    if given.kind == "access":
        if draft is not None:
            draft.ticket = given.request_id
            draft.detail(request_id=given.request_id, export_format="json")
        found = get(db, customer_id, PERSONAL)
        return {name: getattr(found, name) for name in ("id", *PERSONAL)}
    with prooftrail.event(
        "customer.pii.erase",
        resource=("customer", customer_id),
        ticket=given.request_id,
    ) as e:
        e.detail(request_id=given.request_id)
        found = get(db, customer_id, PERSONAL)
        for name in PERSONAL:
            setattr(found, name, None)
        db.commit()
    return {"erased": customer_id}


@router.post("/share", dependencies=[Depends(Requires("customers:share"))])
@emits("customer.pii.share", resource="customer", key="customer_id")
def share(customer_id: str, given: Share, db: Db) -> dict[str, str | None]:
    """Send data to a third party."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.purpose = given.purpose
        draft.detail(provider=given.provider)
    found = get(db, customer_id, given.fields)
    return {name: getattr(found, name) for name in given.fields}


@router.put("/kyc", dependencies=[Depends(Requires("customers:kyc"))])
@emits("customer.pii.kyc_update", resource="customer", key="customer_id")
def kyc(customer_id: str, given: Kyc, db: Db) -> dict[str, str]:
    """Say what became of the check of an identity."""
    found = get(db, customer_id)
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(field="kyc_status", before=found.kyc_status, after=given.status)
        if given.reason:
            draft.detail(reason=given.reason)
    found.kyc_status = given.status
    db.commit()
    return {"kyc_status": found.kyc_status}


@router.post(
    "/documents",
    status_code=201,
    dependencies=[Depends(Requires("documents:write"))],
)
@emits("customer.pii.document_upload", resource="document", key="doc")
def upload(customer_id: str, given: NewDocument, db: Db) -> dict[str, str]:
    """Store an identity document."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.subject(customer_id)
    get(db, customer_id)
    content = given.content.encode()
    made = Document(
        id=f"doc_{uuid.uuid4().hex[:10]}",
        customer_id=customer_id,
        kind=given.kind,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    if draft is not None:
        draft.on("document", made.id)
        draft.touch(["document"], ["identity.document"])
        draft.detail(document_type=made.kind, sha256=made.sha256)
    db.add(made)
    db.commit()
    return {"id": made.id}


@router.get("/documents/{doc}", dependencies=[Depends(Requires("documents:read"))])
@emits("customer.pii.document_view", resource="document", key="doc")
def document(customer_id: str, doc: str, db: Db) -> Response:
    """Open an identity document."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.subject(customer_id)
    found = db.get(Document, doc)
    if found is None or found.customer_id != customer_id:
        raise HTTPException(404, "no such document")
    if draft is not None:
        draft.touch(["document"], ["identity.document"])
        draft.detail(document_type=found.kind)
    return Response(found.content, media_type="application/octet-stream")
