"""Evidence of entries: the lines of ``evidence.jsonl`` and of ``tree.jsonl``.

    {"event":<event bytes>,"header":<base64>,"salt":<base64>,"seq":7,"stream":<hex>}
    {"hash":"<base64>","index":3,"level":0}

Guarantees: a line is read only if writing what it says gives the same bytes again, so
that no byte of a file is without meaning. The event stands as the text that was hashed,
never as parsed JSON; `event` and `salt` are null where an entry's event is withheld or
gone. Reading raises `FormatError` and nothing else whatever the bytes. Does not say
that any of it is true: `integrity.evidence` does.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from prooftrail.core import entry
from prooftrail.core.entry import Header
from prooftrail.core.jcs import MAX_BYTES
from prooftrail.core.multiproof import Node
from prooftrail.core.vkey import decode_base64, encode_base64
from prooftrail.errors import FormatError

MAX_SEQ = 2**53 - 1  # what every JSON reader keeps
MAX_LEVEL = 63
# of an event, each byte of which can be spelled \\u00xx, and of all the rest
MAX_LINE_BYTES = 6 * MAX_BYTES + 1_000


class Item(NamedTuple):
    """One entry, as evidence states it."""

    header: Header
    salt: bytes | None  # 16 bytes; None with the event
    event: bytes | None  # as they are hashed; None: withheld, or gone

    @property
    def fits(self) -> bool | None:
        """Whether the event is what the header commits to; None: there is no event."""
        if self.salt is None or self.event is None:
            return None
        return entry.body(self.salt, self.event) == self.header.body


def encode_item(item: Item) -> bytes:
    """Return the line of an entry, newline included.

    Raises:
        FormatError: a seq above 2^53 - 1, an event without its salt or the other way
            round, or one that is no UTF-8.
    """
    header, salt, event = item
    if not 0 <= header.seq <= MAX_SEQ:
        raise FormatError(f"evidence spells seqs of 0 to 2^53 - 1, not {header.seq}")
    if (salt is None) != (event is None):
        raise FormatError("evidence has an event and its salt, or neither")
    if salt is not None and len(salt) != entry.SALT_BYTES:
        raise FormatError(f"a salt has {entry.SALT_BYTES} bytes, not {len(salt)}")
    return _encode(
        {
            "event": None if event is None else _text(event, header.seq),
            "header": encode_base64(header.encode()),
            "salt": None if salt is None else encode_base64(salt),
            "seq": header.seq,
            "stream": header.stream_id.hex(),
        }
    )


def parse_item(line: bytes) -> Item:
    """Read the line of an entry, its newline included.

    Raises:
        FormatError: not exactly what `encode_item` writes.
    """
    found = _decode(line, {"event", "header", "salt", "seq", "stream"})
    event, salt = found["event"], found["salt"]
    item = Item(
        Header.decode(_bytes(found["header"])),
        None if salt is None else _bytes(salt),
        None if event is None else _string(event).encode(),
    )
    _compare(line, encode_item(item))
    return item


def encode_node(node: Node) -> bytes:
    """Return the line of a node, newline included."""
    return _encode(
        {"hash": encode_base64(node.hash), "index": node.at, "level": node.level}
    )


def parse_node(line: bytes) -> Node:
    """Read the line of a node, its newline included.

    Raises:
        FormatError: not exactly what `encode_node` writes.
    """
    found = _decode(line, {"hash", "index", "level"})
    level, index = found["level"], found["index"]
    if type(level) is not int or not 0 <= level <= MAX_LEVEL:
        raise FormatError("a node's level is a number from 0 to 63")
    if type(index) is not int or not 0 <= index <= MAX_SEQ:
        raise FormatError("a node's index is a number from 0 to 2^53 - 1")
    node = Node(level, index, _bytes(found["hash"]))
    if len(node.hash) != entry.HASH_BYTES:
        raise FormatError(f"a node has {entry.HASH_BYTES} bytes")
    _compare(line, encode_node(node))
    return node


def _encode(values: dict[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _decode(line: bytes, names: set[str]) -> dict[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise FormatError(f"a line of evidence has at most {MAX_LINE_BYTES} bytes")
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"a line of evidence is no JSON: {error}") from error
    if not isinstance(found, dict) or set(found) != names:
        raise FormatError(f"a line of evidence has just {', '.join(sorted(names))}")
    return found


def _compare(line: bytes, again: bytes) -> None:
    if line != again:
        raise FormatError(
            "a line of evidence is not spelled as it is written: keys in order, no "
            "spaces, seq and stream as the header has them, one newline at its end"
        )


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError("a text is expected in a line of evidence")
    return value


def _bytes(value: object) -> bytes:
    return decode_base64(_string(value))


def _text(event: bytes, seq: int) -> str:
    try:
        return event.decode()
    except UnicodeDecodeError as error:
        raise FormatError(
            f"the event of entry {seq} is no UTF-8: it was altered where it is stored"
        ) from error
