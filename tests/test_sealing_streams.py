"""Streams that come into being beside a sealer that runs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.store import sealing, streams
from tests.sealing import event, insert, log, sealer

if TYPE_CHECKING:
    from tests.trail import Trail


@pytest.mark.parametrize(
    ("module", "name"), [(sealing, "lock_heads"), (streams, "read")]
)
def test_a_stream_created_while_the_sealer_takes_the_lead(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    real = getattr(module, name)
    names = ["before", "after"]

    def create_beside(*given: Any) -> Any:
        monkeypatch.setattr(module, name, real)
        trail.stream(names[0])
        found = real(*given)
        trail.stream(names[1])
        return found

    insert(trail, event())
    with sealer(trail) as made:
        monkeypatch.setattr(module, name, create_beside)
        assert made.drain().events == 1
        insert(trail, event(), stream="before")
        insert(trail, event(), stream="after")
        assert made.drain().events == 2
    assert [len(log(trail, stream)) for stream in names] == [1, 1]


def test_a_sealer_at_rest_begins_a_stream_that_was_created(trail: Trail) -> None:
    stop = threading.Event()
    begun = "select count(*) from prooftrail.log where seq = 0"
    admin = trail.superuser()
    with sealer(trail) as made:
        running = threading.Thread(target=made.run, args=(stop, lambda _: None))
        running.start()
        try:
            for count, name in ((1, None), (2, "one"), (3, "two")):
                if name is not None:
                    trail.stream(name)
                deadline = time.monotonic() + 10
                while admin.execute(begun).fetchone() != (count,):
                    assert time.monotonic() < deadline, f"no entry 0 of {name}"
                    time.sleep(0.05)
        finally:
            stop.set()
            running.join()
