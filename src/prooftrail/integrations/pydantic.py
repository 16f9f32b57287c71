"""pydantic: models whose fields are marked as personal.

    class Customer(BaseModel):
        id: str
        email: Annotated[str, PII("contact.email")]

    prooftrail.record(..., details={"customer": personal(customer)})
    prooftrail.changes(before, after)

Guarantees: `personal` gives all fields of an object, nested ones too, those that are
marked as `Personal`, so that they are protected wherever they stand in an event.

Does not: import pydantic; dataclasses and msgspec Structs with such annotations are
taken likewise.
"""

from __future__ import annotations

from typing import Any

from prooftrail.capture import changes, personal_fields
from prooftrail.capture.personal_fields import PII

__all__ = ["PII", "personal"]


def personal(value: object, *, subject: object = None) -> dict[str, Any]:
    """Return an object's fields, the personal ones marked.

    Args:
        value: a pydantic object, dataclass, msgspec Struct, attrs object or mapping.
        subject: whose data it is; by default what its model says, else the event's
            resource.

    Raises:
        EventError: it has no fields that are known.
    """
    found = personal_fields.marked(value)
    fields = changes.fields(value)
    whose = subject
    if whose is None and found.subject is not None:
        whose = fields.get(found.subject)
    return {
        name: _one(item, found.classes.get(name), whose)
        for name, item in fields.items()
    }


def _one(value: object, cls: str | None, subject: object) -> object:
    whose = None if subject is None else str(subject)
    if cls is not None:
        return changes.personal(value, cls, whose)
    if changes.has_fields(value):
        return personal(value, subject=subject)
    if isinstance(value, list | tuple):
        return [_one(one, None, subject) for one in value]
    return value
