"""A duty is kept at work: it connects anew, more and more seldom where that fails."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from prooftrail.errors import UnavailableError
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, keeping
from tests.sealing import event, insert, log, seal
from tests.trail import now_us

if TYPE_CHECKING:
    import pytest

    from prooftrail.seal.sealed import Sealed
    from tests.trail import Trail

FULL = """
create function public.full() returns trigger language plpgsql as $$
begin
  raise exception 'could not extend file: No space left' using errcode = 'disk_full';
end $$;
create trigger full_disk before insert on prooftrail.log
  for each statement execute function public.full();
alter table prooftrail.log enable always trigger full_disk;
"""


def test_what_only_work_meets_is_tried_again_ever_more_seldom(trail: Trail) -> None:
    seal(trail)
    trail.superuser().execute(FULL)
    insert(trail, event())
    stop = threading.Event()
    warned: list[str] = []
    told: list[Sealed] = []

    def open_sealer() -> Sealer:
        return Sealer(
            lambda: connect.connect("sealer", dsn=trail.dsn),
            clock=now_us,
            random=os.urandom,
        )

    running = threading.Thread(
        target=keeping.keep, args=(open_sealer, stop, told.append, warned.append)
    )
    running.start()
    try:
        time.sleep(3)
        # after 0.05, 0.1, 0.2, ... 1.6 s: seven in three seconds
        assert 2 <= len(warned) <= 7
        trail.superuser().execute("drop trigger full_disk on prooftrail.log")
        deadline = time.monotonic() + 10
        while not told:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        stop.set()
        running.join()
    assert "No space left" in warned[0]
    assert len(log(trail)) == 1


class Recorded(threading.Event):
    """Never waits, and notes how long it was to; set after some waits."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._count = count

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        if len(self.pauses) == self._count:
            self.set()
        return self.is_set()


class Losing:
    """Loses its connection after some seconds of work."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def run(self, stop: object, told: object) -> None:  # noqa: ARG002
        time.sleep(self._seconds)
        raise UnavailableError("lost")

    def close(self) -> None:
        """Nothing to close."""


def test_a_duty_that_had_worked_is_connected_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "LONGEST_PAUSE", 0.2)
    stop = Recorded(7)
    works = iter([0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0])
    keeping.keep(lambda: Losing(next(works)), stop, lambda _: None, lambda _: None)
    assert stop.pauses == [0.05, 0.1, 0.2, 0.2, 0.05, 0.1, 0.2]
