from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.recording import seal, sealed, waiting

if TYPE_CHECKING:
    from tests.trail import Trail


FORKING = """
import os, sys, threading, prooftrail

def some(name, n):
    for i in range(n):
        one = prooftrail.record(actor={"userId": name}, action="system.job.run",
                                result="success", details={"n": i})
        os.write(1, one.encode() + b"\\n")  # whole lines, whoever writes

some("before", 3)
busy = threading.Thread(target=some, args=("thread", 150))
busy.start()
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        some(f"child {number}", 20)
        prooftrail.submit(actor={"userId": "exit"}, action="system.job.run",
                          result="success")  # drained at exit
        sys.exit(0)
    children.append(child)
some("parent", 20)
busy.join()
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
some("after", 3)
"""


def test_forked_workers_record_on_connections_of_their_own(trail: Trail) -> None:
    env = trail.env | {"PROOFTRAIL_WRITER_DSN": trail.login_dsn("writer")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.split()
    there = waiting(trail)
    assert len(told) == 3 + 150 + 80 + 20 + 3
    assert set(told) <= set(there)
    assert len(there) == len(set(there)) == len(told) + 4


KILLED = """
import sys, threading, prooftrail
lock = threading.Lock()
def go(n):
    while True:
        one = prooftrail.record(actor={"userId": "u"}, action="system.job.run",
                                result="success")
        with lock:
            sys.stdout.write(one + "\\n"); sys.stdout.flush()
for n in range(8):
    threading.Thread(target=go, args=(n,)).start()
"""


def test_kill_9_loses_no_acknowledged_event(trail: Trail) -> None:
    told: list[str] = []
    for seconds in (0.5, 0.63, 0.71):
        with subprocess.Popen(
            [sys.executable, "-c", KILLED],
            env=trail.env,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            told.append(process.stdout.readline().strip())
            time.sleep(seconds)
            process.kill()
            lines = process.stdout.read().split("\n")
        told += lines[:-1]  # the last one may be torn
    assert len(told) > 50
    seal(trail)
    there = sealed(trail)
    assert set(told) <= set(there)
    assert len(there) == len(set(there))


def test_the_default_recorder_acts_as_the_writer(trail: Trail) -> None:
    code = (
        "import prooftrail; print(prooftrail.record(actor=prooftrail.Actor("
        "user_id='u'), action='auth.logout', result='success'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=trail.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert waiting(trail) == [done.stdout.strip()]


def test_importing_the_package_loads_no_driver() -> None:
    code = (
        "import sys, prooftrail; "
        "print([m for m in ('psycopg', 'msgspec', 'orjson', 'click') "
        "if m in sys.modules]); "
        "print(all(hasattr(prooftrail, n) for n in prooftrail.__all__)); "
        "print(hasattr(prooftrail, 'nothing'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:3] == ["[]", "True", "False"]
