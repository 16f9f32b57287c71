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
    from prooftrail.capture.actors import actor_of
    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.authorization import (
        AccessDeniedError,
        allowed,
        denied,
        require,
    )
    from prooftrail.capture.changes import changes
    from prooftrail.capture.decorators import audited, event
    from prooftrail.capture.draft import Draft, current_draft
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
    from prooftrail.capture.scope import (
        Scope,
        acting,
        bind,
        carried,
        current_actor,
        current_scope,
        scoped,
    )
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
    from prooftrail.middleware.asgi import AuditMiddleware
    from prooftrail.middleware.routes import emits, excused
    from prooftrail.middleware.wsgi import WSGIAuditMiddleware

__all__ = [
    "AccessDeniedError",
    "Actor",
    "AuditMiddleware",
    "Authorization",
    "Catalog",
    "Change",
    "ConfigurationError",
    "DatabaseError",
    "Draft",
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
    "Scope",
    "UnavailableError",
    "WSGIAuditMiddleware",
    "acting",
    "actor_of",
    "allowed",
    "audited",
    "bind",
    "carried",
    "changes",
    "current_actor",
    "current_draft",
    "current_scope",
    "denied",
    "emits",
    "event",
    "excused",
    "open_envelopes",
    "open_recorder",
    "record",
    "require",
    "scoped",
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
    "prooftrail.capture.actors": "actor_of",
    "prooftrail.capture.authorization": "AccessDeniedError allowed denied require",
    "prooftrail.capture.changes": "changes",
    "prooftrail.capture.decorators": "audited event",
    "prooftrail.capture.draft": "Draft current_draft",
    "prooftrail.capture.redaction": "Redactor",
    "prooftrail.capture.scope": (
        "Scope acting bind carried current_actor current_scope scoped"
    ),
    "prooftrail.middleware.asgi": "AuditMiddleware",
    "prooftrail.middleware.routes": "emits excused",
    "prooftrail.middleware.wsgi": "WSGIAuditMiddleware",
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
