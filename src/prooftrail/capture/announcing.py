"""That capture starts, stops or is reconfigured is in the trail: audit.capture.change.

Guarantees: once a process and recorder for each set of rules, with a digest of them, so
that an auditor sees from when to when which rules held. An end without its event (a
kill) shows as a start that follows a start. An application's start neither waits for
the event nor fails of it: what cannot be recorded is told to the logger `prooftrail`.

Does not: record inside of a request's scope; no request did it.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from prooftrail.capture.draft import SYSTEM
from prooftrail.catalog.audit import CAPTURE_CHANGE
from prooftrail.errors import ProoftrailError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from prooftrail.capture.audit_logger import Recorder

    Change = Literal["started", "stopped", "reconfigured"]

_log = logging.getLogger("prooftrail")

ENDING = 2.0  # seconds that an end waits for its event


class Captured(NamedTuple):
    """What captures: one application's middleware."""

    rules: str  # as JSON: routes and what they emit, policies, trusted proxies
    service: str | None = None
    version: str | None = None
    stream: str | None = None


class _Running:
    """What was announced in this process and has not stopped, by its recorder."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget all: a fork announces for itself."""
        self.lock = threading.Lock()
        self.by: WeakKeyDictionary[Recorder, dict[Captured, None]] = WeakKeyDictionary()

    def add(self, recorder: Recorder, one: Captured) -> bool:
        """Return whether this one is new."""
        with self.lock:
            there = self.by.setdefault(recorder, {})
            new = one not in there
            there[one] = None
        if new:
            # again, so that this runs before what recorders do at the end
            atexit.unregister(stop_all)
            atexit.register(stop_all)
        return new

    def take(self, recorder: Recorder, one: Captured) -> bool:
        """Return whether this one was there; it is not any more."""
        with self.lock:
            there = self.by.get(recorder, {})
            return there.pop(one, 0) is None

    def take_all(self, recorder: Recorder) -> list[Captured]:
        """Return all of a recorder; there are none of it any more."""
        with self.lock:
            return list(self.by.pop(recorder, {}))


_running = _Running()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_running.begin)


def start(recorder: Recorder, one: Captured) -> None:
    """Tell that requests are captured from now on; once."""
    if recorder.hears_of_capture and _running.add(recorder, one):
        _tell(recorder, one, "started")


def stop(recorder: Recorder, one: Captured) -> None:
    """Tell that they are not any more, if it was told that they are.

    Waits until that is durable, `ENDING` at most: what ends by a signal, as uvicorn
    does, runs nothing afterwards.
    """
    if _running.take(recorder, one):
        future = _tell(recorder, one, "stopped")
        if future is not None:
            wait([future], ENDING)


def replace(before: Recorder | None, after: Recorder) -> None:
    """Tell that what goes on is recorded by another recorder from now on."""
    if before is None or before is after or not after.hears_of_capture:
        return
    for one in _running.take_all(before):
        if _running.add(after, one):
            _tell(after, one, "reconfigured")


def stop_all() -> None:
    """Tell that all ends with its process."""
    for recorder in list(_running.by):
        for one in _running.take_all(recorder):
            _tell(recorder, one, "stopped")


def _tell(recorder: Recorder, one: Captured, change: Change) -> Future[str] | None:
    try:
        if recorder.crowded:  # handing over would wait
            _log.warning("that capture %s is not recorded: the queue is full", change)
            return None
        future = recorder.submit_stated(
            recorder.state(_event(recorder, one, change), stream=one.stream),
            stream=one.stream or recorder.stream,
            policy="spool",
        )
        future.add_done_callback(_look)
    except ProoftrailError as error:
        _log.warning("that capture %s is not recorded: %s", change, error)
        return None
    return future


def _look(future: Future[str]) -> None:
    error = future.exception()
    if error is not None:
        _log.warning("a change of capture is not recorded: %s", error)


def _event(recorder: Recorder, one: Captured, change: Change) -> Mapping[str, Any]:
    stated = json.dumps([one.rules, recorder.secret_names])
    told = {"service": one.service, "version": one.version}
    context = {name: value for name, value in told.items() if value}
    made: dict[str, Any] = {
        "actor": {"type": "service", "userId": one.service} if one.service else SYSTEM,
        "action": CAPTURE_CHANGE.name,
        "result": "success",
        "resource": {"type": "capture"},
        "details": {
            "change": change,
            "rules": f"sha256:{hashlib.sha256(stated.encode()).hexdigest()}",
            "process": os.getpid(),
        },
    }
    return made | ({"context": context} if context else {})
