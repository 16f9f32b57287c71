"""Requests while the database is away, and kill -9: nothing acknowledged is lost.

``PROOFTRAIL_OUTAGE_SECONDS`` sets how long the database is away.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from prooftrail.capture import process
from tests.capturing import with_django, with_fastapi, with_flask
from tests.capturing.rig import USER, site
from tests.conftest import VERSIONS, one_version
from tests.recording import locked
from tests.spooling import Home, files, opened, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import Self, TypeAlias

    from tests.trail import Trail

    Served: TypeAlias = Callable[..., AbstractContextManager[str]]

SECONDS = float(os.environ.get("PROOFTRAIL_OUTAGE_SECONDS", "3"))
PATIENCE = 2.0
SPOOLED, CLOSED, FREE = "spooled", "closed", "free"
WORK = {
    SPOOLED: ("PUT", "/customers/cust_7", 200),
    CLOSED: ("DELETE", "/customers/cust_7", 204),
    "export": ("GET", "/export", 200),
    FREE: ("GET", "/free", 200),
}
SERVED = [
    pytest.param(with_fastapi.serve, id="fastapi"),
    pytest.param(with_flask.serve, id="flask"),
    pytest.param(with_django.serve_wsgi, id="django"),
    pytest.param(with_django.serve_asgi, id="django-asgi"),
]
CLIENTS = (*[SPOOLED] * 5, CLOSED, "export", FREE)


pytestmark = pytest.mark.database  # servers of its own


@pytest.fixture(params=[one_version(version) for version in VERSIONS])
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="prooftrail-capture-") as name:
        place = Path(name)
        place.chmod(0o711)  # run by root, PostgreSQL runs as nobody
        made = Home(place, str(request.param))
        try:
            yield made
        finally:
            made.stop()


class Load:
    """Eight clients, each with a connection of its own, a request after the other."""

    def __init__(self, url: str, name: str = "a") -> None:
        self._stop = threading.Event()
        self.told: dict[str, list[str]] = defaultdict(list)  # acknowledged, in order
        self.refused: set[str] = set()
        self.odd: list[Any] = []
        self.took: dict[str, list[float]] = defaultdict(list)  # seconds
        self._threads = [
            threading.Thread(target=self._ask, args=(url, f"{name}{n}", work))
            for n, work in enumerate(CLIENTS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def within(self, work: str, part: float) -> float:
        """Return the seconds within which this part of the answers came."""
        took = sorted(self.took[work])
        return round(took[min(int(part * len(took)), len(took) - 1)], 3)

    def _ask(self, url: str, name: str, work: str) -> None:
        method, path, right = WORK[work]
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            for number in count():
                if self._stop.is_set():
                    return
                asked = f"{work}.{name}.{number}"
                headers = {USER: f"usr_{name}", "x-request-id": asked}
                begun = time.monotonic()
                try:
                    answer = client.request(method, path, headers=headers)
                except httpx.TransportError:  # the server was killed
                    return
                self.took[work].append(time.monotonic() - begun)
                if answer.status_code == right:
                    self.told[name].append(asked)
                elif work in (CLOSED, "export") and _is_refusal(answer):
                    self.refused.add(asked)
                else:
                    self.odd.append((asked, answer.status_code, answer.text))
                time.sleep(0.003)


def _is_refusal(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and int(answer.headers["retry-after"]) > 0
        and "try again" in answer.json()["detail"]
    )


def compare(events: list[dict[str, Any]], load: Load) -> None:
    """Hold the sealed log against what clients were told."""
    ids = [one["eventId"] for one in events]
    assert len(ids) == len(set(ids))
    successes = [_asked(one) for one in events if one["result"] == "success"]
    assert set(Counter(successes).values()) <= {1}
    by_name = defaultdict(list)
    for asked in successes:
        by_name[asked.split(".")[1]].append(asked)
    for name, told in load.told.items():
        if told[0].startswith(FREE):
            assert by_name[name] == []
            continue
        acknowledged = set(told)
        assert [one for one in by_name[name] if one in acknowledged] == told
    # what was refused is told as such, in every case
    failures = {_asked(one) for one in events if one["result"] == "failure"}
    assert failures == load.refused


def _asked(event: dict[str, Any]) -> str:
    return str(event["context"]["requestId"])


@pytest.mark.parametrize("serve", SERVED)
def test_an_outage_under_load_loses_nothing_that_was_answered(
    home: Home, serve: Served
) -> None:
    place = home.place / "spool"
    with opened(home.connect, place, patience=PATIENCE) as made:
        with serve(made) as url, Load(url) as load:
            time.sleep(1)
            home.stop()
            time.sleep(SECONDS)
            assert made.counts().waiting_in_spool > 20
            home.start()
            time.sleep(1)
        until(lambda: made.counts().waiting_in_spool == 0)
        counts = made.counts()
    print(counts, len(load.refused), {work: load.within(work, 0.5) for work in WORK})
    print({work: (load.within(work, 0.95), load.within(work, 1)) for work in WORK})
    assert load.odd == []
    assert (counts.lost, counts.failed) == (0, len(load.refused))
    assert counts.spooled == counts.replayed > 20
    assert len(load.refused) >= 2
    # nobody who waits holds up the event loop; the rest is this machine's own delays
    assert load.within(FREE, 0.95) < PATIENCE / 2
    assert load.within(SPOOLED, 0.95) < PATIENCE / 2
    assert load.within(CLOSED, 1) < 2 * PATIENCE + 3
    assert files(place) == ["key"]
    compare(home.log(), load)


@contextmanager
def running(home: Home) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the application in a process of its own, which a test kills."""
    env = home.env | {
        "PROOFTRAIL_SPOOL_DIR": str(home.place / "spool"),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.processes.capturing", str(PATIENCE)],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as one:
        try:
            assert one.stdout is not None
            yield one, one.stdout.readline().strip()
        finally:
            one.kill()
            one.wait()


def test_kill_9_of_the_application_while_it_spools_loses_nothing(home: Home) -> None:
    loads = []
    place = home.place / "spool"
    for round_ in range(3):
        with running(home) as (one, url), Load(url, f"r{round_}n") as load:
            if round_ == 0:
                time.sleep(1)
                home.stop()
            time.sleep(2)
            one.kill()
        loads.append(load)
        assert [name for name in files(place) if name.endswith(".spool")]
    home.start()
    with running(home) as (_, url), Load(url, "last") as load:
        until(lambda: files(place) == ["key"])
    loads.append(load)
    with opened(home.connect, place) as made:  # what the last one may have left
        until(lambda: made.counts().waiting_in_spool == 0)
    events = home.log()
    for load in loads:
        assert load.odd == []
        names = {*load.told, *(one.split(".")[1] for one in load.refused)}
        own = [one for one in events if _asked(one).split(".")[1] in names]
        told = {asked for one in load.told.values() for asked in one}
        there = Counter(_asked(one) for one in own if one["result"] == "success")
        assert set(there.values()) <= {1}
        assert {one for one in told if not one.startswith(FREE)} <= set(there)
        for name, acknowledged in load.told.items():
            if not acknowledged[0].startswith(FREE):
                order = [_asked(one) for one in own if one["result"] == "success"]
                kept = [one for one in order if one in set(acknowledged)]
                assert kept == acknowledged, name
    assert len(events) > 100


@pytest.mark.parametrize("serve", SERVED)
def test_a_connection_that_hangs_holds_no_answer_up_for_long(
    trail: Trail, serve: Served
) -> None:
    with site(trail, serve, patience=0.5) as made:
        with locked(trail):
            begun = time.monotonic()
            assert made.call("DELETE", "/customers/cust_7") == 503
            assert made.call("GET", "/free") == 200
            assert time.monotonic() - begun < 5
        found = [(one["action"], one["result"]) for one in made.events()]
    # what hung was written after all, and that it was not answered so is there, too
    assert found == [
        ("customer.pii.delete", "success"),
        ("customer.pii.delete", "failure"),
    ]


@pytest.mark.parametrize("serve", SERVED)
def test_a_spool_that_cannot_be_used_lets_nothing_closed_succeed(
    serve: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PROOFTRAIL_SPOOL_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(process._default, "recorder", None)
    none: Any = None
    with (
        serve(none) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        assert _is_refusal(client.delete("/customers/cust_7"))
        assert client.put("/customers/cust_7").status_code == 200
