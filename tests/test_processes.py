"""Processes beside one: they work, share nothing, and end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.processes import in_order, pool

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKING = """
import os, time
from prooftrail.processes import pool
if __name__ == "__main__":
    with pool(2, ("json",)) as two:
        print(two.submit(os.getpid).result(), flush=True)
        two.submit(time.sleep, 600).result()
"""


PREPARING = """
import os
from multiprocessing import forkserver
from prooftrail.processes import pool, prepare
def begun():
    return forkserver._forkserver._forkserver_pid
if __name__ == "__main__":
    prepare(("json",))
    before = begun()
    prepare(("json",))
    with pool(1, ("json",)) as one:
        print(before, begun(), one.submit(os.getppid).result())
"""


def test_work_is_done_elsewhere() -> None:
    with pool(2, ("json",), tasks=1) as two:
        pids = {one.result() for one in [two.submit(os.getpid) for _ in range(4)]}
    assert len(pids) == 4
    assert os.getpid() not in pids


def test_what_is_done_comes_in_the_order_of_the_tasks() -> None:
    taken = []

    def tasks() -> Iterator[float]:
        for pause in (0.5, 0.0, 0.2, 0.0, 0.0):
            taken.append(pause)
            yield pause

    with pool(2, ()) as two:
        done = in_order(two, slept, tasks(), 2)
        assert next(done) == 0.5
        assert len(taken) <= 3
        assert list(done) == [0.0, 0.2, 0.0, 0.0]


def test_the_environment_is_that_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they are copies of may have begun with another one."""
    for value in ("one", "two"):
        monkeypatch.setenv("OF_A_TEST", value)
        with pool(1, ()) as one:
            assert one.submit(os.getenv, "OF_A_TEST").result() == value
    monkeypatch.delenv("OF_A_TEST")
    with pool(1, ()) as one:
        assert one.submit(os.getenv, "OF_A_TEST").result() is None


def test_what_they_are_copies_of_is_begun_before() -> None:
    """And is the one that they are copies of then; twice is as once."""
    told = subprocess.run(
        [sys.executable, "-c", PREPARING], stdout=subprocess.PIPE, check=True
    )
    before, after, parent = map(int, told.stdout.split())
    assert before == after == parent


def test_each_process_begins_once() -> None:
    with pool(1, (), begin=note) as one:
        assert [one.submit(noted).result() for _ in range(3)] == [1, 1, 1]


def slept(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


NOTES: list[int] = []


def note() -> None:
    NOTES.append(1)


def noted() -> int:
    return len(NOTES)


def test_an_error_comes_back() -> None:
    with pool(1, ()) as one, pytest.raises(ZeroDivisionError):
        one.submit(divmod, 1, 0).result()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_none_is_left_when_who_asked_is_ended(
    how: signal.Signals, tmp_path: Path
) -> None:
    script = tmp_path / "asking.py"
    script.write_text(ASKING)
    asking = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    pid = int(asking.stdout.readline())
    assert lives(pid)
    asking.send_signal(how)
    asking.wait(30)
    asking.stdout.close()
    until = time.monotonic() + 30
    while lives(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not lives(pid)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # one that nobody has waited for yet has ended
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
