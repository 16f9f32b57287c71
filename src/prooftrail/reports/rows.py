"""A report's rows, compared with the entries that are proven.

Guarantees: without a finding, each row is of an entry that is proven, in the stream
that the row names, each such entry has one row, and where its event is enclosed the row
says what the event says. Rows of entries that the checkpoint does not cover yet are
counted, and make the answer "could not verify". Never raises for what rows hold.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from prooftrail.core.origin import parse_origin
from prooftrail.errors import FormatError
from prooftrail.integrity.findings import MAX_KEPT, Kind, failure, incomplete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.core.checkpoint import Checkpoint
    from prooftrail.core.evidence import Item
    from prooftrail.integrity.findings import Finding

# What a row may repeat of its event, spelled as the event has it.
_REPEATED: Final = ("eventId", "action", "result")
_NAME: Final = "rows.jsonl"


class Rows:
    """Takes the entries that are proven, and what covers them; then the rows.

    Args:
        name: what findings call the report.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._items: dict[tuple[bytes, int], list[Item]] = {}  # by stream id and seq
        self._sizes: dict[bytes, int] = {}  # of checkpoints, by stream id
        self._findings: list[Finding] = []
        self._newer = 0

    def keep(self, item: Item) -> None:
        """Take an entry."""
        header = item.header
        self._items.setdefault((header.stream_id, header.seq), []).append(item)

    def cover(self, stated: Checkpoint) -> None:
        """Take a checkpoint."""
        if (stream_id := _stream_id(stated.origin)) is not None:
            self._sizes[stream_id] = stated.size

    def compare(self, rows: bytes, logs: Mapping[str, str]) -> list[Finding]:
        """Return what is to be said of rows.

        Args:
            rows: JSON lines.
            logs: origins of checkpoints, by the name of the stream in rows. A row that
                names none is of the one stream that there is.
        """
        streams = {name: _stream_id(origin) for name, origin in logs.items()}
        left = {place: len(those) for place, those in self._items.items()}
        for number, line in enumerate(rows.splitlines(), 1):
            self._take(number, line, streams, left)
        wrong = sorted(place[1] for place, many in left.items() if many)
        if wrong:
            told = (
                f"{len(wrong):,} entries are proven that no row is of, or more than one"
            )
            self._findings.append(failure(Kind.DELETED, self._name, wrong[0], told))
        if self._newer:
            told = (
                f"{self._newer:,} rows are of entries that no enclosed checkpoint "
                "covers: nothing proves them; make the report again, now that they "
                "are signed"
            )
            self._findings.append(incomplete(self._name, told))
        return self._findings

    def _take(
        self,
        number: int,
        line: bytes,
        streams: Mapping[str, bytes | None],
        left: dict[tuple[bytes, int], int],
    ) -> None:
        """Compare a row."""
        try:
            row = json.loads(line)
            place = self._place(row, streams)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            self._fail(Kind.INSERTED, None, f"line {number}: of no entry")
            return
        stream_id, seq = place
        if stream_id is None or seq >= self._sizes.get(stream_id, 0):
            self._newer += 1
            return
        if (stream_id, seq) not in left:
            told = f"line {number}: of no entry that is proven"
            self._fail(Kind.INSERTED, None, told)
            return
        left[stream_id, seq] -= 1
        said = {name: row[name] for name in _REPEATED if name in row}
        events = [_event(one.event) for one in self._items[stream_id, seq] if one.event]
        if events and not any(said.items() <= one.items() for one in events):
            self._fail(
                Kind.EDITED, seq, f"line {number}: it is not what the event says"
            )

    def _place(
        self, row: dict[str, Any], streams: Mapping[str, bytes | None]
    ) -> tuple[bytes | None, int]:
        """Return of which entry a row says that it is; no stream: not signed yet."""
        seq = row["seq"]
        if type(seq) is not int or seq < 0:
            raise ValueError(f"{seq!r} is no seq")
        name = row.get("stream")
        if name is None or (not streams and len(self._sizes) == 1):
            [stream_id] = self._sizes
            return stream_id, seq
        return streams.get(name), seq

    def _fail(self, kind: Kind, seq: int | None, told: str) -> None:
        if len(self._findings) < MAX_KEPT:
            self._findings.append(failure(kind, self._name, seq, f"{_NAME}, {told}"))


def _stream_id(origin: str) -> bytes | None:
    try:
        return parse_origin(origin).stream_id
    except FormatError:
        return None


def _event(text: bytes) -> dict[str, Any]:
    """Return what a row may repeat of an event."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(event, dict):
        return {}
    return {name: event.get(name) for name in _REPEATED}
