"""``python -m examples.fintech.traffic``: ninety days on an embedded PostgreSQL."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from examples.fintech.traffic import compare
from examples.fintech.traffic.company import Place, simulate
from examples.fintech.traffic.plan import DAYS
from prooftrail import embedded
from prooftrail.store import connect, install, streams


def main() -> int:
    """Run it; exit with 1 where the log differs from what was done."""
    parser = argparse.ArgumentParser(prog="python -m examples.fintech.traffic")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--truth", type=Path, help="where to write what was done")
    asked = parser.parse_args()
    begin = datetime.now(UTC).date() - timedelta(days=asked.days + 1)  # noqa: TID251
    begun = time.monotonic()
    with embedded.temporary(embedded.find_binaries()) as server:
        own = connect.connect(None, dsn=server.url, autocommit=True)
        install.install(own, now_us=time.time_ns() // 1_000)
        streams.create(own, "main", stream_id=bytes(16))
        own.close()
        truth = simulate(
            Place(server.url, server.url),
            seed=asked.seed,
            begin=begin,
            days=asked.days,
            told=_told,
        )
        wrong = compare.differences(server.url, truth)
    print(
        f"\n{truth.events.total():,} events of {asked.days} days in "
        f"{time.monotonic() - begun:.0f} s; {len(truth.anomalies)} anomalies"
    )
    if asked.truth is not None:
        asked.truth.write_text(json.dumps(truth.as_json(), indent=1))
    for line in wrong:
        print(line)
    return 1 if wrong else 0


def _told(done: int, days: int) -> None:
    print(f"\rday {done} of {days}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
