"""Jobs: what runs by itself, from cron or by hand. Each records itself.

python -m examples.fintech.jobs process-export
"""

from __future__ import annotations

import csv
import io
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

import prooftrail
from examples.fintech.clock import clock
from examples.fintech.db import sessions
from examples.fintech.models import Account, Customer, Export, Grant, LoginSession
from prooftrail import audited

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = timedelta(days=7)  # files of exports


def _ran(name: str) -> Callable[[int], dict[str, object]]:
    def details(result: int) -> dict[str, object]:
        actor = prooftrail.current_actor()
        started = "schedule" if actor is None else actor["userId"]
        return {"job": name, "record_count": result, "started_by": started}

    return details


@audited(
    "system.job.run",
    resource=("job", "process-export"),
    details=_ran("process-export"),
)
def process_export() -> int:
    """Make the files of all exports that wait; return how many."""
    with sessions()() as db:
        waiting = db.scalars(select(Export).where(Export.state == "waiting")).all()
        for one in waiting:
            names = ["id", *one.fields]
            if one.dataset == "accounts":
                names += ["customer_id", "plan", "status"]
            table: type[Account | Customer] = (
                Account if one.dataset == "accounts" else Customer
            )
            columns = [getattr(table, name) for name in names]
            found = db.execute(select(*columns).order_by(table.id)).all()
            out = io.StringIO()
            rows = csv.writer(out)
            rows.writerow(names)
            rows.writerows(found)
            one.content = out.getvalue().encode()
            one.rows, one.state = len(found), "ready"
            whose = names.index("customer_id" if one.dataset == "accounts" else "id")
            one.subjects = sorted({str(row[whose]) for row in found})
        db.commit()
        return len(waiting)


@audited(
    "system.job.run", resource=("job", "purge-expired"), details=_ran("purge-expired")
)
def purge_expired() -> int:
    """Delete sessions that ended and files that are old; return how many."""
    now = clock.now()
    with sessions()() as db:
        ended = db.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
        old = db.execute(
            update(Export)
            .where(Export.created_at < now - KEPT, Export.content.is_not(None))
            .values(content=None, state="purged")
        )
        db.commit()
        return int(ended.rowcount + old.rowcount)  # type: ignore[attr-defined]


@audited(
    "system.job.run", resource=("job", "sync-approvals"), details=_ran("sync-approvals")
)
def sync_approvals() -> int:
    """End grants whose time is over; return how many."""
    with sessions()() as db:
        ended = db.execute(delete(Grant).where(Grant.expires_at <= clock.now()))
        db.commit()
        return int(ended.rowcount)  # type: ignore[attr-defined]


JOBS: dict[str, Callable[[], int]] = {
    "process-export": process_export,
    "purge-expired": purge_expired,
    "sync-approvals": sync_approvals,
}


def main() -> int:
    """Run the job that is named; return an exit code."""
    names = sys.argv[1:]
    if len(names) != 1 or names[0] not in JOBS:
        print(f"name one of {', '.join(JOBS)}", file=sys.stderr)
        return 2
    print(JOBS[names[0]]())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
