"""Tables. A column that holds personal data says so, with its class, where it stands.

`track` in `db.py` makes every change of a marked table part of the event that is being
recorded, before and after; personal values go there protected.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, ForeignKey, LargeBinary, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from prooftrail.integrations.sqlalchemy import pii

SCHEMA = "fintech"


class Base(DeclarativeBase):
    """In a schema of its own, beside the trail's."""

    metadata = MetaData(schema=SCHEMA)
    type_annotation_map: ClassVar[Any] = {
        datetime: DateTime(timezone=True),
        list[str]: JSON,
    }


class Staff(Base):
    """Somebody who works here; plain, for who did it is what the trail is for."""

    __tablename__ = "staff"
    __audited__: ClassVar[Any] = {
        "resource": "staff",
        "exclude": ["password_hash", "totp_secret", "failures", "locked_until"],
    }

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    password_hash: Mapped[str]
    totp_secret: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class LoginSession(Base):
    """An open session; its token is kept as a digest."""

    __tablename__ = "login_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey(f"{SCHEMA}.staff.id"))
    acts_as: Mapped[str | None]  # whose rights are used, while impersonating
    expires_at: Mapped[datetime]


class Grant(Base):
    """A permission that somebody was given beside his role, and who approved it."""

    __tablename__ = "permission_grant"

    id: Mapped[str] = mapped_column(primary_key=True)
    staff_id: Mapped[str]
    permission: Mapped[str]
    granted_by: Mapped[str]
    approval_id: Mapped[str | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    ticket: Mapped[str | None]
    expires_at: Mapped[datetime | None]


class Customer(Base):
    """A customer: what is personal of him is marked."""

    __tablename__ = "customer"
    __audited__: ClassVar[Any] = {"resource": "customer"}

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(info=pii("identity.name"))
    email: Mapped[str | None] = mapped_column(info=pii("contact.email"))
    phone: Mapped[str | None] = mapped_column(info=pii("contact.phone"))
    address: Mapped[str | None] = mapped_column(info=pii("contact.address"))
    date_of_birth: Mapped[str | None] = mapped_column(info=pii("identity.dob"))
    ssn: Mapped[str | None] = mapped_column(info=pii("identity.ssn"))
    plan: Mapped[str] = mapped_column(default="basic")
    kyc_status: Mapped[str] = mapped_column(default="pending")
    risk: Mapped[str] = mapped_column(default="low")
    marketing: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class Document(Base):
    """An identity document."""

    __tablename__ = "document"

    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]


class Account(Base):
    """A customer's account; changing its plan is a bulk operation's business, too."""

    __tablename__ = "account"
    __audited__: ClassVar[Any] = {"resource": "account", "subject": "customer_id"}

    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(index=True)
    plan: Mapped[str] = mapped_column(default="basic")
    status: Mapped[str] = mapped_column(default="open")


class Export(Base):
    """An export that was asked for, and its file once the job has made it."""

    __tablename__ = "export"

    id: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str]
    fields: Mapped[list[str]]
    asked_by: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    rows: Mapped[int] = mapped_column(default=0)
    subjects: Mapped[list[str]] = mapped_column(default=list)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Setting(Base):
    """A setting of the business or of its security."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class ApiKey(Base):
    """A key for programs; kept as a digest."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    scopes: Mapped[list[str]]
    key_hash: Mapped[str] = mapped_column(unique=True)
    revoked: Mapped[bool] = mapped_column(default=False)


class Release(Base):
    """Which version ran last: a new one is a deployment."""

    __tablename__ = "release"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[str]
