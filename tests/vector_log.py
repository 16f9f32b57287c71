"""A log of `spec/vectors/log/` in place of a database: what `store.reading` gives.

`install` puts it there, so that the whole of `prooftrail verify` runs over it but SQL.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prooftrail.integrity import stored
from prooftrail.integrity.diagnosis import Row
from prooftrail.integrity.subjects import SubjectRow
from prooftrail.store import connect, reading, wire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

NUMBER = 1


def install(log: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `reading` answer from a case."""
    answers = _Answers(log)
    for name in dir(answers):
        if not name.startswith("_"):
            monkeypatch.setattr(reading, name, getattr(answers, name))
    monkeypatch.setattr(connect, "connect", lambda *_, **__: _Connection())


def write_anchors(log: dict[str, Any], directory: Path) -> list[Path]:
    """Write a case's anchors; return the directories to be named."""
    for anchor in log["anchors"]:
        place = directory / anchor["place"]
        place.mkdir(parents=True)
        (place / "keys").write_text(anchor["keys"])
        (place / "checkpoints").write_text(anchor["checkpoints"])
    return [directory] if log["anchors"] else []


class _Connection(closing[Any]):
    def __init__(self) -> None:
        """Connect to nothing."""

    def close(self) -> None:
        """Nothing to close."""

    def __exit__(self, *_: object) -> None:
        """Likewise."""


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _row(entry: dict[str, Any]) -> Row:
    found = entry["columns"]
    ip = None if found["ip"] is None else ip_address(found["ip"]).packed
    event: str | None = entry["event"]
    return Row(
        entry["seq"],
        entry["recordedUs"],
        entry["kind"],
        bytes.fromhex(entry["streamIdHex"]),
        bytes.fromhex(entry["prevHex"]),
        bytes.fromhex(entry["bodyHex"]),
        bytes.fromhex(entry["leafHex"]),
        _bytes(entry["saltHex"]),
        None if event is None else event.encode(),
        UUID(found["eventId"]).bytes,
        found["occurredUs"],
        found["actor"],
        found["role"],
        found["action"],
        found["resourceType"],
        found["resourceId"],
        found["result"],
        wire.address(ip),
        found["pii"],
        None if found["continues"] is None else UUID(found["continues"]).bytes,
        found["authority"],
    )


class _Answers:
    """The functions of `store.reading`, over one stream."""

    def __init__(self, log: dict[str, Any]) -> None:
        self._log = log
        self._rows = [_row(entry) for entry in log["entries"]]
        self._seqs = [row.seq for row in self._rows]

    @contextmanager
    def snapshot(self, _: object) -> Iterator[None]:
        yield

    def states(self, _: object) -> list[stored.StreamState]:
        stream, head = self._log["stream"], self._log["head"] or {}
        return [
            stored.StreamState(
                NUMBER,
                stream["name"],
                bytes.fromhex(stream["streamIdHex"]),
                stream["base"],
                stream["incarnation"],
                stream["keys"],
                head.get("seq"),
                _bytes(head.get("leafHex")),
                head.get("recordedUs"),
                max(self._seqs, default=None),
            )
        ]

    def entries(
        self, _: object, __: int, start: int, stop: int, **_how: bool
    ) -> Iterator[Row]:
        return (row for row in self._rows if start <= row.seq < stop)

    def entry(self, _: object, __: int, seq: int) -> Row | None:
        return next((row for row in self._rows if row.seq == seq), None)

    def subjects(
        self, _: object, __: int, start: int, stop: int, **_how: bool
    ) -> Iterator[SubjectRow]:
        rows = [
            SubjectRow(
                *(row[key] for key in ("seq", "subject", "occurredUs", "recordedUs"))
            )
            for row in self._log["subjects"]
            if start <= row["seq"] < stop
        ]
        return iter(sorted(rows, key=lambda row: (row.seq, row.subject or "")))

    def next_seq(self, _: object, __: int, seq: int) -> int | None:
        return min((found for found in self._seqs if found >= seq), default=None)

    def first_since(self, _: object, __: int, recorded_us: int) -> int | None:
        found = [row.seq for row in self._rows if row.recorded_us >= recorded_us]
        return min(found, default=None)

    def last_before(self, _: object, __: int, recorded_us: int) -> int | None:
        found = [row.seq for row in self._rows if row.recorded_us < recorded_us]
        return max(found, default=None)

    def previous_seq(self, _: object, __: int, seq: int) -> int | None:
        return max((found for found in self._seqs if found < seq), default=None)

    def headers(self, _: object, __: int, start: int, stop: int) -> Iterator[Row]:
        for row in self.entries(None, 1, start, stop):
            yield Row.of((*row[:7], None, None))

    def size(self, _: object, __: int) -> int:
        return max(self._seqs, default=-1) + 1

    def beyond(self, _: object, __: int, seq: int) -> tuple[int, list[int]]:
        found = sorted({other for other in self._seqs if other > seq})
        return len(found), found

    def strays(self, _: object, __: int) -> list[int | None]:
        end = max(self._seqs, default=-1)
        return [row["seq"] for row in self._log["subjects"] if row["seq"] > end]

    def days(self, _: object, __: int) -> tuple[Counter[Any], int]:
        names = ("day", "action", "role", "result", "pii")
        rows = self._log["daily"]
        return Counter({tuple(row[key] for key in names): row["n"] for row in rows}), 0

    def checkpoints(self, _: object, __: int) -> Iterator[stored.StoredCheckpoint]:
        for row in self._log["checkpoints"]:
            yield stored.StoredCheckpoint(
                row["size"],
                row["signedUs"],
                row["note"],
                bytes.fromhex(row["peaksHex"]),
            )

    def repeated_ids(self, _: object) -> Iterator[stored.Repeated]:
        ids = Counter(entry["columns"]["eventId"] for entry in self._log["entries"])
        for entry, row in zip(self._log["entries"], self._rows, strict=True):
            event_id = entry["columns"]["eventId"]
            if ids[event_id] > 1:
                yield stored.Repeated(NUMBER, UUID(event_id).bytes, row.seq, row.event)

    def waiting(self, _: object) -> tuple[int, float]:
        return 0, 0.0

    def quarantined(self, _: object) -> int:
        return 0
