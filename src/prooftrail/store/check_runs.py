"""Runs of verification that were asked for: begun, followed, kept, as the verifier.

Guarantees: a result that is there is never altered, nor is what was asked. A run whose
process is not seen for `STALE` seconds and left no result was interrupted.

Does not: prove anything (`audit.chain.verify` in the log states what was verified).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, cast

from prooftrail.store import files
from prooftrail.store.connect import driver_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.connect import Connection

STALE = 30.0  # seconds
LISTED = 100

State: TypeAlias = Literal["running", "finished", "interrupted"]


class CheckRun(NamedTuple):
    """A run, as it is known at present."""

    id: str
    asked_by: str
    streams: tuple[str, ...] | None  # None: all
    since_us: int | None  # recorded time, half-open
    until_us: int | None
    started_at: datetime
    finished_at: datetime | None
    done: int  # entries checked
    total: int  # entries in all; 0 until it is known
    verdict: str | None  # None while it runs
    report: str | None  # JSON; None while it runs, and in lists
    seen_seconds: float  # since its process was seen

    @property
    def state(self) -> State:
        """Whether it runs, has ended, or will never end."""
        if self.verdict is not None:
            return "finished"
        return "interrupted" if self.seen_seconds > STALE else "running"

    @property
    def told(self) -> str:
        """What to say of it in a line."""
        if self.state == "interrupted":
            return "could not verify: interrupted"
        return self.verdict or self.state


def begin(
    connection: Connection,
    run_id: str,
    *,
    asked_by: str,
    streams: Sequence[str] | None,
    since_us: int | None,
    until_us: int | None,
) -> None:
    """Keep that a run was asked for."""
    with driver_errors():
        connection.execute(
            files.query("check_begin"),
            {
                "id": run_id,
                "asked_by": asked_by,
                "streams": None if streams is None else list(streams),
                "from_us": since_us,
                "to_us": until_us,
            },
        )


def seen(connection: Connection, run_id: str, done: int, total: int) -> None:
    """Keep that its process is there, and how far it has come."""
    with driver_errors():
        connection.execute(
            files.query("check_seen"), {"id": run_id, "done": done, "total": total}
        )


def finish(
    connection: Connection,
    run_id: str,
    *,
    done: int,
    total: int,
    verdict: str,
    report: str,
) -> None:
    """Keep its result; one that is there stays."""
    with driver_errors():
        connection.execute(
            files.query("check_finish"),
            {
                "id": run_id,
                "done": done,
                "total": total,
                "verdict": verdict,
                "report": report,
            },
        )


def get(connection: Connection, run_id: str) -> CheckRun | None:
    """Return a run with its report; None if there is none of that id (a UUID)."""
    with driver_errors():
        row = connection.execute(files.query("check_get"), {"id": run_id}).fetchone()
    return None if row is None else _run(row)


def newest(connection: Connection, limit: int = LISTED) -> list[CheckRun]:
    """Return the newest runs, without their reports."""
    with driver_errors():
        rows = connection.execute(
            files.query("check_list"), {"limit": limit}
        ).fetchall()
    return [_run(row) for row in rows]


def _run(row: tuple[object, ...]) -> CheckRun:
    values = list(cast("list[object]", list(row)))
    if values[2] is not None:
        values[2] = tuple(cast("list[str]", values[2]))
    for at in (5, 6):
        if values[at] is not None:
            values[at] = cast("datetime", values[at]).astimezone(UTC)
    return CheckRun(*values)  # type: ignore[arg-type]
