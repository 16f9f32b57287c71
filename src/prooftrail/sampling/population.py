"""A population of entries: its listing, and the digest by which it is known.

    <stream id, 32 hex> SP <seq> SP <leaf, 64 hex> SP <event time> LF

Guarantees: the listing has a line an entry, by stream id and then by seq, none twice;
the same entries give the same bytes, whichever way they were found. `parse` accepts
exactly what `listing` writes. Does not say that the entries are all that there are:
the query, and the log's verification, do.

Source: `spec/sampling.md`.
"""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core.evidence import MAX_SEQ
from prooftrail.core.instants import microseconds
from prooftrail.errors import EventError, FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE = re.compile(
    r"(?P<stream>[0-9a-f]{32}) (?P<seq>0|[1-9][0-9]{0,15}) (?P<leaf>[0-9a-f]{64})"
    r" (?P<time>[0-9T:.Z-]{20,27})"
)
MONTH = len("2026-01")


class Member(NamedTuple):
    """One entry of a population; sorts as the listing does."""

    stream_id: bytes  # 16 bytes
    seq: int
    leaf: bytes  # 32 bytes
    time: str  # the event's own, as the event spells it

    @property
    def month(self) -> str:
        """The month of the event's time, UTC, as in "2026-01"."""
        return self.time[:MONTH]

    def line(self) -> str:
        """Return the line of the listing, newline included."""
        return f"{self.stream_id.hex()} {self.seq} {self.leaf.hex()} {self.time}\n"


def listing(members: Iterable[Member]) -> bytes:
    """Return the listing of a population, in whichever order its members come.

    Raises:
        FormatError: an entry stands twice, or is none that can be listed.
    """
    ordered = sorted(members)
    for one, other in pairwise(ordered):
        if one[:2] == other[:2]:
            raise FormatError(
                f"entry {one.seq} of stream {one.stream_id.hex()} stands twice in the "
                "population"
            )
    return "".join(_checked(member).line() for member in ordered).encode("ascii")


def parse(text: bytes) -> list[Member]:
    """Read a listing.

    Raises:
        FormatError: not exactly what `listing` writes.
    """
    *lines, rest = text.decode("ascii", "replace").split("\n")
    if rest:
        raise FormatError("a listing's last line ends with a newline")
    members = [_parse_line(line) for line in lines]
    for one, other in pairwise(members):
        if one[:2] >= other[:2]:
            raise FormatError(
                "a listing is sorted by stream id and seq, without repetition; this "
                f"one has {other.line()[:60]!r} behind {one.line()[:60]!r}"
            )
    return members


def digest(text: bytes) -> str:
    """Return the digest of a listing as people see it: ``sha256:`` and 64 hex."""
    return "sha256:" + sha256(text).hexdigest()


def months(members: Sequence[Member]) -> dict[str, list[int]]:
    """Return the positions of each month's members, months in order."""
    found: dict[str, list[int]] = {}
    for position, member in enumerate(members):
        found.setdefault(member.month, []).append(position)
    return dict(sorted(found.items()))


def _checked(member: Member) -> Member:
    _parse_line(member.line()[:-1])
    return member


def _parse_line(line: str) -> Member:
    found = _LINE.fullmatch(line)
    if not found or int(found["seq"]) > MAX_SEQ:
        raise FormatError(f"{line[:80]!r} is no line of a listing")
    try:
        microseconds(found["time"])
    except EventError as error:
        raise FormatError(f"{found['time']!r} is no event time") from error
    return Member(
        bytes.fromhex(found["stream"]),
        int(found["seq"]),
        bytes.fromhex(found["leaf"]),
        found["time"],
    )
