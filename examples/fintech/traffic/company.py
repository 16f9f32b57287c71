"""The whole of it: the application in processes of its own, people, sealer and signer.

Guarantees: what `simulate` returns is the plan's truth; the log that it leaves is
sealed day by day, each entry recorded at the simulation's time; with a home for keys
personal values are kept, and each day is signed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import prooftrail
from examples.fintech import clock as clocks
from examples.fintech import db, security
from examples.fintech.models import Staff
from examples.fintech.traffic.drive import Driver
from examples.fintech.traffic.nights import Nights
from examples.fintech.traffic.plan import DAYS, Plan, moment
from examples.fintech.traffic.truth import Expected, Truth
from prooftrail.capture import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from examples.fintech.traffic.nights import Home
    from examples.fintech.traffic.people import Person
    from examples.fintech.traffic.plan import Day

PROCESSES = 2
STARTING = 60.0  # seconds that the application may take to begin
VERSION = "1.0.0"
_HOUR_US = 3_600_000_000


class Place(NamedTuple):
    """Where it all happens."""

    dsn: str  # the administrator's
    writer_dsn: str  # the application's, for events
    home: Home | None = None  # of keys: without it personal values are dropped


def simulate(
    place: Place,
    *,
    seed: int,
    begin: date,
    days: int = DAYS,
    told: Callable[[int, int], None] = lambda *_: None,
) -> Truth:
    """Let the company work; return what happened.

    Args:
        place: the databases' addresses; a trail is installed there.
        seed: of all chance.
        begin: the first day; the last one must lie in the past.
        days: how many.
        told: called after each day, with its number and how many there are.

    Raises:
        DriveError: the application did not answer as it must.
    """
    plan, truth = Plan(seed, begin, days), Truth(seed)
    env = {
        db.DSN: place.dsn,
        "PROOFTRAIL_WRITER_DSN": place.writer_dsn,
        clocks.SIMULATED: "1",
        clocks.BEGINS: str(_us(begin) + _HOUR_US),
        "FINTECH_VERSION": VERSION,
    }
    if place.home is not None:
        env["PROOFTRAIL_EPOCH_KEYS"] = str(place.home.epoch_keys)
    with ExitStack() as stack:
        stack.enter_context(_environment(env))
        nights = Nights(place.dsn, place.home, stack)
        nights.keep(_us(begin))
        recorder = stack.enter_context(
            prooftrail.open_recorder(place.writer_dsn, clock=clocks.clock)
        )
        stack.enter_context(process.using(recorder))
        stack.callback(db.close)
        _found(plan.root)
        application = stack.enter_context(closing(_Application(env)))
        application.start(_us(begin) + _HOUR_US)
        truth.add(
            [
                Expected("system.release.deploy", actor="deployment"),
                # the first administrator, who was added by hand
                Expected("prooftrail.data.change", actor="system"),
            ],
            moment(begin, 1),
        )

        def after(number: int, day: Day) -> None:
            recorder.drain()
            down = day.down if number + 1 < days else None
            if down is not None:
                driver.leave()
                driver.pass_time(round(down[0].timestamp() * 1e6))
                application.close()
            nights.end(_us(day.day + timedelta(days=1)) - 1)
            if down is not None:
                application.start(round(down[1].timestamp() * 1e6))
                truth.down.append((down[0].isoformat(), down[1].isoformat()))
            told(number + 1, days)

        driver = Driver(application.urls, truth)
        driver.run(plan, after)
        driver.pass_time(_us(begin + timedelta(days=days)) - 1)
    return truth


def _found(root: Person) -> None:
    """Add the first administrator: nobody could yet do so over HTTP."""
    db.create_all()
    with db.sessions()() as session:
        session.add(
            Staff(
                id=root.id,
                email=root.email,
                name=root.name,
                role=root.role,
                password_hash=security.hash_password(root.password),
            )
        )
        session.commit()


class _Application:
    """The application's processes, at the same addresses whenever they run.

    Args:
        env: of each.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._ports = [_free() for _ in range(PROCESSES)]
        self._running = ExitStack()

    @property
    def urls(self) -> list[str]:
        """Where they answer."""
        return [f"http://127.0.0.1:{port}" for port in self._ports]

    def start(self, now_us: int) -> None:
        """Start all of them, at that time."""
        env = {**self._env, clocks.BEGINS: str(now_us)}
        for port in self._ports:
            self._running.enter_context(_serving(env, port))

    def close(self) -> None:
        """End all of them."""
        self._running.close()


def _free() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _serving(env: Mapping[str, str], port: int) -> Iterator[None]:
    """Run the application in a process of its own, at a port."""
    command = [
        sys.executable, "-m", "uvicorn", "examples.fintech:app", "--port", str(port),
        "--log-level", "warning", "--no-proxy-headers", "--timeout-keep-alive", "900",
    ]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, **env})  # noqa: S603
    try:
        deadline = time.monotonic() + STARTING
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(
                        "the application does not begin: see the lines before this one"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _us(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**6
