"""The process's own recorder, behind `prooftrail.record`, and recorders like it.

Guarantees: one recorder a process, made when it is first used, with the system's clock
and randomness, and what the environment names: database, spool, epoch keys. A fork has
one of its own.

Does not: record (`audit_logger` does).
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from prooftrail.capture import announcing
from prooftrail.capture.audit_logger import PATIENCE, QUEUE_SIZE, STREAM, Recorder
from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.published import VARIABLE, PublishedFile
from prooftrail.capture.spool import Spool, from_environment
from prooftrail.core import catalog
from prooftrail.store import inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from concurrent.futures import Future
    from typing import Unpack

    from prooftrail.capture.envelopes import Missing
    from prooftrail.capture.redaction import Redactor
    from prooftrail.capture.stating import Fields
    from prooftrail.catalog import Policy
    from prooftrail.core.events import Event
    from prooftrail.store.within import Statement


def open_recorder(  # noqa: PLR0913  settings, all by name
    dsn: str | None = None,
    *,
    known: catalog.Catalog = catalog.OPEN,
    stream: str = STREAM,
    queue_size: int = QUEUE_SIZE,
    patience: float = PATIENCE,
    redactor: Redactor | None = None,
    clock: Callable[[], int] | None = None,
    envelopes: Envelopes | None = None,
    spool: Spool | Path | str | Literal[False] | None = None,
) -> Recorder:
    """Make a recorder with the system's clock and randomness.

    Args:
        dsn: of a login that may INSERT; by default `PROOFTRAIL_WRITER_DSN`, or
            `PROOFTRAIL_DSN` acting as the writer. Connects with the first event.
        known: see `Recorder`, as all others.
        stream: see `Recorder`.
        queue_size: see `Recorder`.
        patience: see `Recorder`.
        redactor: see `Recorder`.
        clock: see `Recorder`; by default the system's.
        envelopes: see `Recorder`; by default those of `open_envelopes`.
        spool: see `Recorder`; or its directory; by default as `PROOFTRAIL_SPOOL_DIR`
            says, if it does; False for none in any case.

    Raises:
        ConfigurationError: the spool cannot be used.
    """
    if spool is None:
        spool = from_environment(os.environ, clock=_clock, random=os.urandom)
    elif isinstance(spool, str | os.PathLike):
        spool = Spool(spool, clock=_clock, random=os.urandom)
    return Recorder(
        lambda: inbox.open_writer(dsn),
        clock=_clock if clock is None else clock,
        random=os.urandom,
        known=known,
        stream=stream,
        queue_size=queue_size,
        patience=patience,
        redactor=redactor,
        envelopes=open_envelopes() if envelopes is None else envelopes,
        spool=spool or None,
    )


def open_envelopes(
    path: str | None = None,
    *,
    missing: Missing = "drop",
    drop: Collection[str] = (),
) -> Envelopes:
    """Make what protects personal values, by the epoch keys that the keeper published.

    Args:
        path: of the file; by default `PROOFTRAIL_EPOCH_KEYS`. Without any, values that
            are marked as personal are dropped.
        missing: see `Envelopes`.
        drop: see `Envelopes`.
    """
    found = path or os.environ.get(VARIABLE)
    return Envelopes(
        (lambda: None) if not found else PublishedFile(Path(found)),
        random=os.urandom,
        missing=missing,
        drop=drop,
    )


def _clock() -> int:
    return time.time_ns() // 1_000


class _Default:
    """The process's own recorder, made when it is first used."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.recorder: Recorder | None = None
        self.held: list[Recorder | None] = []  # that come back, of nested `using`

    def unlock(self) -> None:
        self.lock = threading.Lock()

    def get(self) -> Recorder:
        if self.recorder is None:
            with self.lock:
                if self.recorder is None:
                    self.recorder = open_recorder()
        return self.recorder


_default = _Default()
if hasattr(os, "register_at_fork"):
    # another thread may have held the lock when this one forked
    os.register_at_fork(after_in_child=_default.unlock)


def chosen(recorder: Recorder | None) -> Recorder:
    """Return a recorder, or the process's own."""
    return _default.get() if recorder is None else recorder


def use(recorder: Recorder) -> None:
    """Make `recorder` the one that `prooftrail.record` uses; the caller closes it.

    Where requests were captured by another one before, that is an event. Inside of
    `using` (an application that begins in a test) it comes into use after that.
    """
    with _default.lock:
        if _default.held:
            _default.held[0] = recorder
            return
        before, _default.recorder = _default.recorder, recorder
    announcing.replace(before, recorder)


@contextmanager
def using(recorder: Recorder) -> Iterator[None]:
    """Use a recorder inside, and what was there before it afterwards, if anything."""
    with _default.lock:
        _default.held.append(_default.recorder)
        _default.recorder = recorder
    try:
        yield
    finally:
        with _default.lock:
            _default.recorder = _default.held.pop()


def drain() -> None:
    """Wait until what the process's own recorder took is written, if it was used."""
    recorder = _default.recorder
    if recorder is not None:
        recorder.drain()


def record(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    connection: object = None,
    policy: Policy = "closed",
    **fields: Unpack[Fields],
) -> str:
    """Record by the process's own recorder: see `Recorder.record`."""
    return _default.get().record(
        event, stream=stream, connection=connection, policy=policy, **fields
    )


def submit(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    policy: Policy = "closed",
    **fields: Unpack[Fields],
) -> Future[str]:
    """Submit to the process's own recorder: see `Recorder.submit`."""
    return _default.get().submit(event, stream=stream, policy=policy, **fields)


def statement(
    event: Event | Mapping[str, Any] | None = None,
    *,
    stream: str | None = None,
    **fields: Unpack[Fields],
) -> Statement:
    """Return an INSERT for any driver: see `Recorder.statement`."""
    return _default.get().statement(event, stream=stream, **fields)
