"""Testing: an application's own tests ask which events it left.

    def test_an_export_is_recorded(client, captured_events):
        client.get("/customers/export")
        captured_events.assert_exactly(
            {"action": "customer.pii.export", "result": "success"}
        )

Guarantees: events are stated as in production, secrets cut and personal values
protected, and refused alike; nothing is written anywhere. With pytest the fixture is
there by itself (`plugin`); elsewhere `capture()` is the same as a context manager.
Importing this package loads nothing.

Does not: connect to a database. That an event rides a transaction (`connection=`) is
told by a test with a real one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prooftrail.testing.captured import CapturedEvents, capture

__all__ = ["CapturedEvents", "capture"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("prooftrail.testing.captured"), name)
