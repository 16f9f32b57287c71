"""Event ids: RFC 9562 UUIDs, version 7 unless the caller brings another.

Version 7 begins with its time, so that the sealer can tell where an id could have
been sealed before; `docs/adr/0003` says why not version 4. Clock and randomness are
arguments.
"""

from __future__ import annotations

import re
from functools import lru_cache

from prooftrail.errors import EventError

_LOWER = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


def uuid7(microsecond: int, random: bytes) -> str:
    """Make a version 7 UUID (RFC 9562, section 5.7).

    Args:
        microsecond: the time; its milliseconds stand first, the remaining
            microseconds in `rand_a` (section 6.2, method 3), so ids sort by it.
        random: 8 random bytes, of which 62 bits are used.
    """
    milli, rest = divmod(microsecond, 1000)
    sub = rest * 4096 // 1000
    number = (milli & (2**48 - 1)) << 80 | 7 << 76 | sub << 64 | 2 << 62
    number |= int.from_bytes(random[:8], "big") >> 2
    text = f"{number:032x}"  # as str(UUID(int=number)), in a third of the time
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def millisecond_of(event_id: bytes) -> int | None:
    """Return the time in a version 7 UUID (16 bytes), in milliseconds, else None."""
    return int.from_bytes(event_id[:6], "big") if event_id[6] >> 4 == 7 else None  # noqa: PLR2004


def packed(text: str) -> bytes | None:
    """Return the 16 bytes of an id in lower case, None for any other text."""
    return bytes.fromhex(text.replace("-", "")) if _LOWER.fullmatch(text) else None


@lru_cache(maxsize=256)  # an event's id is looked at more than once on its way
def check(event_id: str) -> str:
    """Return the id in lower case.

    Raises:
        EventError: not an RFC 9562 UUID with hyphens.
    """
    lower = event_id.lower()
    if not _LOWER.fullmatch(lower):
        raise EventError(
            f"eventId {event_id[:60]!r} is not an RFC 9562 UUID: leave it out and "
            "one is made, or use a UUID of version 1 to 8"
        )
    return lower
