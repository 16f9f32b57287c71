"""What was done about something that a report found, as the trail has it.

Guarantees: all of it is of the alert's own events; where there is no alert, or nothing
was done, that is what is said. Does not: know what was done outside the trail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.search.alerts import Alert

NOT_HANDLED: Final = "not handled in the trail"
TEST: Final = "a test of detection"


def is_test(alert: Alert | None) -> bool:
    """Return whether the service itself made what was found, to test detection."""
    return alert is not None and alert.details.get("synthetic") is True


def is_handled(alert: Alert | None) -> bool:
    """Return whether somebody acknowledged or closed it."""
    return alert is not None and alert.state != "open"


def status(alert: Alert | None) -> str:
    """Say where it stands."""
    if alert is None:
        return NOT_HANDLED
    if is_test(alert):
        return TEST
    if alert.closed is not None:
        return f"closed: {alert.closed['disposition']}"
    return "alert acknowledged" if alert.acknowledged else "alert open"


def owner(alert: Alert | None) -> str:
    """Say who closed it, or acknowledged it; empty where nobody did."""
    return str(_done(alert).get("by") or "")


def at(alert: Alert | None) -> str:
    """Say when that was; empty where nobody did."""
    return str(_done(alert).get("at") or "")


def _done(alert: Alert | None) -> Mapping[str, Any]:
    return {} if alert is None else alert.closed or alert.acknowledged or {}
