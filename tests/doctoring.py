"""Helpers of the tests of doctor: its checks, by name."""

from __future__ import annotations

from prooftrail.doctor import Check, examine
from prooftrail.store import connect
from tests.trail import Trail, now_us


def looked(trail: Trail, *, ahead_us: int = 0) -> dict[str, list[Check]]:
    """Return doctor's checks by name, as the verifier's own login."""
    env = {"PROOFTRAIL_VERIFIER_DSN": trail.login_dsn("verifier")}
    link = connect.connect("verifier", env=env, autocommit=True)
    found: dict[str, list[Check]] = {}
    try:
        for check in examine(link, clock=lambda: now_us() + ahead_us):
            found.setdefault(check.name, []).append(check)
    finally:
        link.close()
    return found


def only(trail: Trail, name: str, *, ahead_us: int = 0) -> Check:
    (check,) = looked(trail, ahead_us=ahead_us)[name]
    return check
