"""Sealing months of the attacks' log, whose streams have entries of an earlier month.

They go on in the present one, with checkpoints over both.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner, Result

from prooftrail.cli import main

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

OLD = {"main": 31, "side": 31}  # entries of the earlier month, from entry 0 on
WITHIN = 7  # a seq of that month


def month(attacked: Attacked, seq: int = WITHIN) -> str:
    (us,) = attacked.execute(
        "select recorded_us from prooftrail.log where stream = 1 and seq = %s", (seq,)
    ).fetchone() or (0,)
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m}"


def seal(attacked: Attacked, *given: str, **env: str) -> Result:
    return CliRunner().invoke(
        main, ["retention", "seal", *given], env=attacked.trail.env | env
    )


def told(done: Result) -> list[str]:
    """Return what is said of each stream in the end."""
    lines = done.stdout.splitlines()
    last = max(
        at
        for at, line in enumerate(lines)
        if line.startswith(("verified", "TAMPERED", "could not verify"))
    )
    return lines[last + 1 :]


def waiting(attacked: Attacked) -> list[tuple[str, str, dict[str, Any]]]:
    rows = attacked.execute(
        "select stream, login, event from prooftrail.inbox order by id"
    )
    return [(stream, login, json.loads(text)) for stream, login, text in rows]


def edit(attacked: Attacked, seq: int) -> None:
    attacked.disarm()
    attacked.execute(
        "update prooftrail.log set actor = 'x' where stream = 1 and seq = %s", (seq,)
    )


def state(attacked: Attacked, **details: object) -> None:
    """Record, as an application could, that the month is sealed, and seal that."""
    name = month(attacked)
    made = {
        "eventId": "4b6f4a9e-4d0a-4b6c-9a39-9d6ed35a1a11",
        "actor": {"userId": "app"},
        "action": "audit.retention.archive",
        "resource": {"type": "period", "id": name},
        "result": "success",
        "details": {"operation": "sealed", "period": name, **details},
    }
    attacked.insert(made)
    with attacked.sealer() as sealer:
        sealer.drain()
    attacked.sign()
