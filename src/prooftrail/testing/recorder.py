"""A recorder that keeps events in memory, in place of the real one.

Guarantees: it is a `Recorder` in all but its writer, so that the same code states,
redacts, protects and refuses. What is recorded on a connection is kept at once.

Does not: write, wait, or roll anything back.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from prooftrail.capture.audit_logger import STREAM, Recorder
from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.policy import Counts
from prooftrail.core import catalog, epochs
from prooftrail.errors import ConfigurationError
from prooftrail.store import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Unpack

    from prooftrail.capture.group_commit import GroupCommit
    from prooftrail.capture.redaction import Redactor
    from prooftrail.capture.stating import Fields
    from prooftrail.catalog import Policy
    from prooftrail.core.events import Event
    from prooftrail.store.connect import Connection
    from prooftrail.store.inbox import Row
    from prooftrail.store.within import Statement

_FOR_EVER = 2**62  # microseconds


class _Kept:
    """A writer whose rows stay here."""

    full = False

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def put(self, rows: Sequence[Row], event_id: str, *_: object) -> Future[str]:
        """Keep one event; further rows are its continuations."""
        first, *more = (json.loads(row.event) for row in rows)
        for part in more:  # one event is one here, in how many entries it may go
            first["subjects"] = [*first.get("subjects", []), *part.get("subjects", [])]
        if more:
            del first["part"]
        with self._lock:
            self.events.append(first)
        done: Future[str] = Future()
        done.set_result(event_id)
        return done

    def counts(self) -> Counts:
        """Return that all was written."""
        return Counts(len(self.events), 0, 0, 0, 0, 0)

    def drain(self) -> None:
        """Wait for nothing."""

    def close(self) -> None:
        """End nothing."""


class MemoryRecorder(Recorder):
    """Keeps what is recorded.

    Args:
        known: which actions there are.
        redactor: with the application's own secret names.
    """

    hears_of_capture = False  # or the first test of a process alone had an event more

    def __init__(
        self,
        *,
        known: catalog.Catalog = catalog.OPEN,
        redactor: Redactor | None = None,
    ) -> None:
        super().__init__(
            _no_connection,
            clock=lambda: time.time_ns() // 1_000,
            random=os.urandom,
            known=known,
            redactor=redactor,
            envelopes=_envelopes(),
        )
        atexit.unregister(self._writer.drain)
        self._kept = _Kept()
        self._writer = cast("GroupCommit", self._kept)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What was recorded, in order."""
        return self._kept.events

    def record(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        connection: object = None,
        policy: Policy = "closed",
        **fields: Unpack[Fields],
    ) -> str:
        """Keep an event; see `Recorder.record`."""
        del connection  # whether it commits is its own affair
        return super().record(event, stream=stream, policy=policy, **fields)

    def statement(
        self,
        event: Event | Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        **fields: Unpack[Fields],
    ) -> Statement:
        """Keep an event, and return its INSERT; see `Recorder.statement`."""
        stated, rows = self._rows(event, stream, fields)
        self._kept.put(rows, stated.event_id)
        return within.statement(rows)

    def close(self) -> None:
        """End; what was kept stays."""


def _envelopes() -> Envelopes:
    """Return what protects personal values by a key that nobody keeps."""
    public = X25519PrivateKey.generate().public_key().public_bytes_raw()
    key = epochs.EpochKey(epochs.key_id(public), public, 0, _FOR_EVER)
    published = epochs.Published(_Every({STREAM: bytes(16)}), [key])
    return Envelopes(lambda: published, random=os.urandom)


class _Every(dict[str, bytes]):
    """Ids of streams: one for all, whatever an application calls them."""

    def get(self, key: str, default: object = None) -> Any:  # noqa: ANN401, ARG002
        return bytes(16)

    def __missing__(self, key: str) -> bytes:
        return bytes(16)


def _no_connection() -> Connection:
    raise ConfigurationError("prooftrail.testing connects to no database")
