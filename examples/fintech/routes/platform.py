"""The platform: settings, keys for programs, jobs that are started by hand."""

from __future__ import annotations

import secrets
import uuid

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

import prooftrail
from examples.fintech import jobs, security
from examples.fintech.db import Db
from examples.fintech.models import Account, ApiKey, Setting
from prooftrail import emits
from prooftrail.integrations.fastapi import Requires

router = APIRouter(tags=["platform"])

PLAN = "billing_plan:"  # a setting of one account: billing_plan:acct_...


class NewSetting(BaseModel):
    """A setting, or one account's billing plan (``billing_plan:acct_...``)."""

    name: str
    value: str
    ticket: str | None = None


class NewKey(BaseModel):
    """A key for a program."""

    name: str
    scopes: list[str]


@router.post("/admin/config", dependencies=[Depends(Requires("settings:write"))])
@emits("admin.config.update", resource="setting")
def configure(given: NewSetting, db: Db) -> dict[str, str]:
    """Change a setting; before and after are in the event, unless it is a secret."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.detail(setting=given.name)
        draft.ticket = given.ticket
    if given.name.startswith(PLAN):
        account_id = given.name.removeprefix(PLAN)
        if draft is not None:
            draft.on("account", account_id)
        account = db.get(Account, account_id)
        if account is None:
            raise HTTPException(404, "no such account")
        if draft is not None:  # also where it stays as it is
            draft.subject(account.customer_id)
            draft.detail(before=account.plan, after=given.value)
        account.plan = given.value
    else:
        found = db.get(Setting, given.name)
        if draft is not None:  # under its own name, by which secrets are known
            draft.on("setting", given.name)
            draft.change(given.name, found and found.value, given.value)
        db.merge(Setting(name=given.name, value=given.value))
    db.commit()
    return {given.name: given.value}


@router.post(
    "/admin/api-keys",
    status_code=201,
    dependencies=[Depends(Requires("keys:manage"))],
)
@emits("admin.apikey.create", resource="api_key")
def issue(given: NewKey, db: Db) -> dict[str, str]:
    """Issue a key; it is shown once."""
    key = secrets.token_urlsafe(32)
    made = ApiKey(
        id=f"key_{uuid.uuid4().hex[:10]}",
        name=given.name,
        scopes=given.scopes,
        key_hash=security.digest(key),
    )
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("api_key", made.id, made.name)
        draft.detail(scopes=given.scopes)
    db.add(made)
    db.commit()
    return {"id": made.id, "key": key}


@router.delete(
    "/admin/api-keys/{key_id}",
    status_code=204,
    dependencies=[Depends(Requires("keys:manage"))],
)
@emits("admin.apikey.revoke", resource="api_key", key="key_id")
def revoke(key_id: str, db: Db) -> None:
    """Revoke a key."""
    draft = prooftrail.current_draft()
    if draft is not None:
        draft.on("api_key", key_id)
    found = db.get(ApiKey, key_id)
    if found is None or found.revoked:
        raise HTTPException(404, "no such key")
    found.revoked = True
    db.commit()


@router.post(
    "/system/jobs/{job}/run",
    status_code=202,
    dependencies=[Depends(Requires("jobs:run"))],
)
@emits("system.job.run", resource="job")
def run(job: str) -> dict[str, int]:
    """Run a job now; the job records itself, with who started it."""
    found = jobs.JOBS.get(job)
    if found is None:
        raise HTTPException(404, f"there are the jobs {', '.join(jobs.JOBS)}")
    return {"record_count": found()}
