"""Rows, and a part of a log by recorded time, from `spec/verification.md` alone."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from tests.independent.pieces import Row, address, label, leaf_of

Claim = tuple[int, bytes, bool, bytes | None]  # size, root, outside, stored peaks


def read_row(entry: Row) -> Row:
    """Return an entry with bytes for hex, and what is recomputed beside it."""
    columns = {**entry["columns"], "ip": address(entry["columns"]["ip"])}
    row = {**entry, "columns": columns}
    for key in ("streamId", "prev", "body", "leaf", "salt"):
        text = row.pop(f"{key}Hex")
        row[key] = None if text is None else bytes.fromhex(text)
    salt, event = row["salt"] or b"", (row["event"] or "").encode()
    row["true"] = sha256(label(b"body") + salt + event).digest()
    row["hashed"] = row["leaf"] == leaf_of(row, row["true"])
    row["headed"] = row["leaf"] == leaf_of(row, row["body"])
    row["whole"] = (
        row["event"] is not None
        and (row["kind"] in (0, 1) and len(salt) == 16 and len(row["prev"]) == 32)
        and (row["body"] == row["true"] and row["hashed"])
    )
    return row


class Part:
    """Which entries a part has, and how far headers are followed behind it."""

    def __init__(
        self, rows: list[Row], size: int, stream_id: bytes, genesis: bytes
    ) -> None:
        self.size = size
        self.stream_id = stream_id
        self.genesis = genesis
        self.rows = rows
        self.at: dict[int, list[Row]] = {}
        for row in rows:
            self.at.setdefault(row["seq"], []).append(row)

    def whole(self, row: Row) -> bool:
        """Tell whether a row is whole by its header."""
        shape = row["kind"] in (0, 1) and len(row["prev"]) == len(row["body"]) == 32
        return bool(shape and row["headed"] and row["streamId"] == self.stream_id)

    def only(self, seq: int) -> Row | None:
        """Return the row that stands at a seq, alone and whole."""
        found = self.at.get(seq, [])
        return found[0] if len(found) == 1 and self.whole(found[0]) else None

    def span(self, asked: dict[str, Any]) -> tuple[int, int]:
        """Return start and stop."""
        since, until = asked["fromUs"], asked["toUs"]
        start, stop = 0, self.size
        if since is not None:
            late = [row["seq"] for row in self.rows if row["recordedUs"] >= since]
            start = min(late, default=self.size)
        if until is not None:
            early = [row["seq"] for row in self.rows if row["recordedUs"] < until]
            stop = max(early, default=-1) + 1
        start, stop = min(start, stop), max(start, stop)
        while since is not None and start > 0:
            row, after = self.only(start - 1), self.at.get(start, [None])[0]
            linked = after is None or (row and after["prev"] == row["leaf"])
            if row is not None and row["recordedUs"] < since and linked:
                break
            start -= 1
        while until is not None and stop < self.size:
            row, before = self.only(stop), self.only(stop - 1)
            leaf = before["leaf"] if before is not None else None
            linked = row and row["prev"] == (self.genesis if stop == 0 else leaf)
            if row is not None and row["recordedUs"] >= until and linked:
                break
            stop += 1
        return start, stop

    def reach(self, stop: int, claims: list[Claim], *, signed: bool) -> int:
        """Return up to which size headers are followed."""
        if stop == self.size:
            return stop
        sizes = [(one[0], one[2]) for one in claims if stop < one[0] <= self.size]
        for wanted in (True, False):
            found = [size for size, outside in sizes if outside is wanted]
            if found and (wanted or signed):
                return min(found)
        return self.size
