"""What a row of the table finds in the application: its own things, by name."""

from __future__ import annotations

import hashlib
import itertools
from typing import TYPE_CHECKING

import pyotp
from examples.fintech import db, security
from examples.fintech.clock import clock
from examples.fintech.models import (
    Account,
    ApiKey,
    Customer,
    Document,
    Export,
    Grant,
    Setting,
)
from sqlalchemy import select

from tests.fintech.house import add

if TYPE_CHECKING:
    from tests.fintech.house import House

FACTOR = pyotp.random_base32()  # the second one, of whoever has one

_numbers = itertools.count(1)


def furnish(house: House) -> dict[str, str]:
    """Add a customer, what is his, a colleague, and so on; return their names."""
    n = f"{next(_numbers):04d}"
    names = {
        "n": n,
        "customer": f"cust_{n}",
        "name": f"Ada Quist-{n}",
        "account": f"acct_{n}",
        "document": f"doc_{n}",
        "export": f"exp_{n}",
        "key": f"key_{n}",
        "setting": f"setting_{n}",
        "staff": house.hire("support", f"usr_{n}"),
        "secured": house.hire("support", f"sec_{n}", totp_secret=FACTOR),
        "code": pyotp.TOTP(FACTOR).now(),
        "job": "sync-approvals",
        "mark": hashlib.sha256(b"passport").hexdigest(),
    }
    add(
        Customer(
            id=names["customer"],
            name=names["name"],
            email=f"ada{n}@mail.example",
            phone=f"+49 30 {n}77",
            address=f"{n} Main Street",
            date_of_birth="1990-02-03",
            ssn=f"078-05-{n}",
            created_at=clock.now(),
        ),
        Account(id=names["account"], customer_id=names["customer"]),
        Document(
            id=names["document"],
            customer_id=names["customer"],
            kind="passport",
            content=b"passport",
            sha256=names["mark"],
        ),
        Export(
            id=names["export"],
            dataset="customers",
            fields=["name"],
            asked_by="ops",
            state="ready",
            rows=1,
            subjects=[names["customer"]],
            content=b"passport",
            created_at=clock.now(),
        ),
        ApiKey(
            id=names["key"], name="till", scopes=["read"], key_hash=security.digest(n)
        ),
        Setting(name=names["setting"], value="off"),
        Grant(
            id=f"grant_{n}",
            staff_id=names["staff"],
            permission="exports:read",
            granted_by="admin",
        ),
    )
    house.events()
    return names


def customers() -> list[str]:
    """Return the ids of all customers, in order."""
    with db.sessions()() as session:
        return list(session.scalars(select(Customer.id).order_by(Customer.id)))
