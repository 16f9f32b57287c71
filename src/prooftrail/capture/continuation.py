"""Continuation entries: an event that touched more subjects than one entry holds.

Guarantees: no id is ever cut or left out. The first entry is the event itself, with
``part {of: its own eventId, n: 1, total}``; each further one repeats who, what, when,
to what and with which outcome (and `pii`, so that it is found as such), and holds the
next ids under an id of its own. That id follows from the event's: recording the same
event again gives the same entries, which the sealer drops.

Source: design, "The event"; `spec/event.md`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from prooftrail.core import events, jcs
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.core.jcs import Value

CONTINUED = ("timestamp", "actor", "action", "resource", "result", "pii")

_FEW_BYTES = 8 * 1024  # of ids: these fit into every entry
_PART_BYTES = 160  # `part` and the punctuation around `subjects`
_VERSION_7, _VERSION_8 = 7, 8
_LABEL = b"prooftrail/v1/part\x00"


def split(value: dict[str, Value], *, limit: int) -> list[dict[str, Value]]:
    """Return the event as one entry, or as the parts that hold all its subjects.

    Args:
        value: a stated event with its eventId.
        limit: the bytes that an entry may have.

    Raises:
        EventError: it is a part already.
    """
    subjects = value.get("subjects")
    if not isinstance(subjects, list):
        return [value]
    if len(subjects) <= events.MAX_SUBJECTS and _surely_fit(subjects):
        return [value]
    sizes = [_size(subject) for subject in subjects]
    if len(subjects) <= events.MAX_SUBJECTS and sum(sizes) <= _FEW_BYTES:
        return [value]
    first = {name: item for name, item in value.items() if name != "subjects"}
    further = {name: value[name] for name in CONTINUED if name in value}
    rooms = [
        limit - len(jcs.canonical(base)) - _PART_BYTES for base in (first, further)
    ]
    chunks = list(_chunks(subjects, sizes, *rooms))
    if len(chunks) == 1:
        return [value]
    if "part" in value:
        raise EventError(
            f"subjects has {len(subjects)} ids, more than one entry holds, and the "
            "event is a part already: leave 'part' out, record() makes the parts"
        )
    of = value["eventId"]
    parts = []
    for n, chunk in enumerate(chunks, start=1):
        part = dict(first if n == 1 else further)
        if n > 1:
            part["eventId"] = derive(str(of), n)
        if chunk:
            part["subjects"] = chunk
        part["part"] = {"of": of, "n": n, "total": len(chunks)}
        parts.append(part)
    return parts


def derive(of: str, n: int) -> str:
    """Return the eventId of part `n` of event `of`.

    A version 7 id keeps its time and stays one; any other gives a version 8 id
    (RFC 9562, section 5.8), all of it from the SHA-256 of both.
    """
    whole = UUID(of)
    digest = sha256(_LABEL + whole.bytes + n.to_bytes(8, "big")).digest()
    number = int.from_bytes(digest[:16], "big")
    version = _VERSION_8
    if whole.version == _VERSION_7:
        number = (whole.int >> 64 << 64) | (number & (2**64 - 1))
        version = _VERSION_7
    number = number & ~(0xF << 76) | version << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=number))


def _chunks(
    subjects: list[Value], sizes: list[int], first_room: int, room: int
) -> Iterator[list[Value]]:
    """Cut the list where an entry is full, by number or by bytes."""
    start, left = 0, first_room
    for index, size in enumerate(sizes):
        if index - start >= events.MAX_SUBJECTS or size > left:
            yield subjects[start:index]
            start, left = index, room
        left -= size
    yield subjects[start:]


def _surely_fit(subjects: list[Value]) -> bool:
    """Say whether ids are few and short, without spelling them: the usual case."""
    characters = 0
    for one in subjects:
        characters += len(one) if type(one) is str else _FEW_BYTES
    # a character is spelled by six bytes at most; quotes and a comma come with each
    return 6 * characters + 3 * len(subjects) <= _FEW_BYTES


def _size(subject: Value) -> int:
    return len(jcs.canonical(subject)) + 1
