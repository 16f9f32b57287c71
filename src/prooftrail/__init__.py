"""Prooftrail: an audit trail you can prove.

    import prooftrail

    prooftrail.record(
        actor={"userId": "usr_a1b2c3"},
        action="customer.pii.export",
        resource={"type": "customer", "id": "cust_x7y8z9"},
        result="success",
    )

The names below and those of `prooftrail.catalog` are the public interface; everything
else may change. Importing this package loads nothing: a name's module is loaded when
the name is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.process import (
        open_envelopes,
        open_recorder,
        record,
        statement,
        submit,
        use,
    )
    from prooftrail.capture.protection import Personal
    from prooftrail.capture.redaction import Redactor
    from prooftrail.catalog.known import Catalog
    from prooftrail.core.events import (
        Actor,
        Authorization,
        Change,
        Event,
        OnBehalfOf,
        Part,
        Pii,
        Resource,
    )
    from prooftrail.errors import (
        ConfigurationError,
        DatabaseError,
        EventError,
        ProoftrailError,
        RecordError,
        UnavailableError,
    )

__all__ = [
    "Actor",
    "Authorization",
    "Catalog",
    "Change",
    "ConfigurationError",
    "DatabaseError",
    "Event",
    "EventError",
    "OnBehalfOf",
    "Part",
    "Personal",
    "Pii",
    "ProoftrailError",
    "RecordError",
    "Recorder",
    "Redactor",
    "Resource",
    "UnavailableError",
    "open_envelopes",
    "open_recorder",
    "record",
    "statement",
    "submit",
    "use",
]

_PLACES = {
    "prooftrail.capture.audit_logger": "Recorder",
    "prooftrail.capture.process": (
        "open_envelopes open_recorder record statement submit use"
    ),
    "prooftrail.capture.protection": "Personal",
    "prooftrail.capture.redaction": "Redactor",
    "prooftrail.catalog.known": "Catalog",
    "prooftrail.core.events": (
        "Actor Authorization Change Event OnBehalfOf Part Pii Resource"
    ),
    "prooftrail.errors": (
        "ConfigurationError DatabaseError EventError ProoftrailError RecordError "
        "UnavailableError"
    ),
}
_MODULES = {name: place for place, names in _PLACES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    place = _MODULES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(place), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
