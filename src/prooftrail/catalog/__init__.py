"""The catalog: event types as typed Python.

    from prooftrail.catalog import customer

    prooftrail.record(action=customer.PII_EXPORT, ...)

A typing error in `customer.PII_EXPORT` is found by the type checker; one in a name that
is given to a decorator or to `resolve` when the module is imported.

Guarantees: pure; the 47 built-in types stand here and nowhere else. Does not: record.
"""

from __future__ import annotations

from prooftrail.catalog import admin, audit, auth, bulk, customer, data, system
from prooftrail.catalog.checking import missing
from prooftrail.catalog.event_type import Detail, EventType, Ocsf, Policy, ocsf
from prooftrail.catalog.known import Catalog
from prooftrail.catalog.registry import all_types, declare, derived, find, resolve
from prooftrail.catalog.sentence import tell

__all__ = [
    "Catalog",
    "Detail",
    "EventType",
    "Ocsf",
    "Policy",
    "admin",
    "all_types",
    "audit",
    "auth",
    "bulk",
    "customer",
    "data",
    "declare",
    "derived",
    "find",
    "missing",
    "ocsf",
    "resolve",
    "system",
    "tell",
]
