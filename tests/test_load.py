"""Many writers, two sealers, four streams: nobody waits for the sealer, nothing forks.

``PROOFTRAIL_LOAD_EVENTS`` sets how many events (100,000 for the acceptance run).
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import prooftrail
from prooftrail.core import ids
from prooftrail.store import connect
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.trail import now_us

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EVENTS = int(os.environ.get("PROOFTRAIL_LOAD_EVENTS", "8000"))
WRITERS = 8
STREAMS = ("main", "eu", "us", "test")

BLOCKED = """
select w.pid, array(select b.application_name from pg_stat_activity b
                     where b.pid = any(pg_blocking_pids(w.pid)))
  from pg_stat_activity w
 where w.datname = current_database()
   and w.application_name = 'prooftrail writer'
   and cardinality(pg_blocking_pids(w.pid)) > 0
"""


def _write(trail: Trail, worker: int, errors: list[BaseException]) -> None:
    recorder = prooftrail.Recorder(
        lambda: connect.connect("writer", dsn=trail.dsn),
        clock=now_us,
        random=os.urandom,
    )
    try:
        with recorder:
            futures = [
                recorder.submit(
                    event_id=ids.uuid7(now_us(), os.urandom(8)),
                    actor={"userId": f"usr_{worker}"},
                    action="customer.pii.view",
                    resource={"type": "customer", "id": f"cust_{number}"},
                    subjects=[f"cust_{number + 1}"],
                    result="success",
                    stream=STREAMS[number % len(STREAMS)],
                )
                for number in range(EVENTS // WRITERS)
            ]
            for future in futures:
                future.result()
    except BaseException as error:  # noqa: BLE001  the test looks at it
        errors.append(error)


def test_eight_writers_two_sealers_and_four_streams(
    trail: Trail, tmp_path: Path
) -> None:
    for name in STREAMS[1:]:
        trail.stream(name)
    env = trail.env
    logs = [tmp_path / "sealer.log", tmp_path / "sealer-2.log"]
    sealers = []
    for log in logs:
        with log.open("wb") as out:
            sealers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "prooftrail", "seal"],
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            )
    while not all(b"sealing" in log.read_bytes() for log in logs):
        time.sleep(0.05)
    errors: list[BaseException] = []
    blocked: list[object] = []
    admin = trail.superuser()
    try:
        writers = [
            threading.Thread(target=_write, args=(trail, at, errors))
            for at in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            blocked += admin.execute(BLOCKED).fetchall()
            waiting = admin.execute("select exists (select from prooftrail.inbox)")
            busy = any(writer.is_alive() for writer in writers)
            if not busy and waiting.fetchone() == (False,):
                break
            time.sleep(0.05)
        for writer in writers:
            writer.join()
    finally:
        for sealer in sealers:
            sealer.terminate()
            sealer.wait()
    told = [log.read_text() for log in logs]
    assert errors == []
    assert all(sealer.returncode == 0 for sealer in sealers), told
    behind_a_sealer = [row for row in blocked if "prooftrail sealer" in str(row)]
    assert behind_a_sealer == []
    row = admin.execute(
        "select count(*), count(distinct event_id) from prooftrail.log where kind = 0"
    ).fetchone()
    assert row == (EVENTS, EVENTS)
    deadlocks = admin.execute(
        "select deadlocks from pg_stat_database where datname = current_database()"
    ).fetchone()
    assert deadlocks == (0,)
    report = Run(Asked(), dsn=trail.dsn).run()
    assert report.findings == []
    assert report.verdict.exit_code == 0
