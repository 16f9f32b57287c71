"""The origin: the name under which one stream's checkpoints are signed.

    origin = <base> "/" <stream id, 32 lower-case hex digits> "/" <incarnation, decimal>

The base is chosen by the operator (`audit.example.com/billing`); the incarnation
counts the times a stream was started anew, so that two logs never share a name.

Guarantees: `parse_origin` accepts exactly what `Origin.text` writes; an origin is
printable ASCII without space or plus, thus a valid C2SP key name and safe to print.
Does not guarantee that the base is an address at which anything answers.

Source: design, "Checkpoints"; C2SP tlog-checkpoint (the origin line).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from prooftrail.core.entry import STREAM_ID_BYTES
from prooftrail.errors import FormatError

MAX_BASE_CHARS = 200
MAX_INCARNATION = 2**63 - 1

_BASE = re.compile(r"[A-Za-z0-9._~:-]+(?:/[A-Za-z0-9._~:-]+)*")
_ORIGIN = re.compile(r"(?P<base>.+)/(?P<stream>[0-9a-f]{32})/(?P<incarnation>[0-9]+)")
_PLACE = re.compile(r"(?P<stream>[0-9a-f]{32})-(?P<incarnation>[0-9]+)")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log a checkpoint speaks of."""

    base: str  # 1 to 200 characters: letters, digits and . _ ~ : - in / segments
    stream_id: bytes  # 16 bytes
    incarnation: int  # from 0 to 2^63 - 1

    def __post_init__(self) -> None:
        if not _BASE.fullmatch(self.base) or len(self.base) > MAX_BASE_CHARS:
            raise FormatError(
                f"origin base {self.base[:60]!r} is not usable: take a name such as "
                "audit.example.com/billing (letters, digits and . _ ~ : - between "
                f"slashes, at most {MAX_BASE_CHARS})"
            )
        if len(self.stream_id) != STREAM_ID_BYTES:
            raise FormatError(
                f"a stream id has {STREAM_ID_BYTES} bytes, not {len(self.stream_id)}"
            )
        if not 0 <= self.incarnation <= MAX_INCARNATION:
            raise FormatError(f"incarnation {self.incarnation} is not in 0 .. 2^63 - 1")

    def text(self) -> str:
        """Return the origin line, without newline."""
        return line(self.base, self.stream_id, self.incarnation)

    def place(self) -> str:
        """Return the name under which files of this log lie in a directory."""
        return f"{self.stream_id.hex()}-{self.incarnation}"


def line(base: str | None, stream_id: bytes, incarnation: int | None) -> str:
    """Return the line that these parts give, usable or not.

    A database that was altered may hold anything; `Origin` takes what is usable.
    """
    return f"{base}/{stream_id.hex()}/{incarnation}"


def parse_origin(text: str) -> Origin:
    """Read an origin line.

    Raises:
        FormatError: not exactly what `Origin.text` writes.
    """
    found = _ORIGIN.fullmatch(text)
    if not found:
        raise FormatError(
            f"origin {text[:80]!r} is not <base>/<stream id, 32 hex>/<incarnation>"
        )
    return Origin(
        base=found["base"],
        stream_id=bytes.fromhex(found["stream"]),
        incarnation=decimal(found["incarnation"]),
    )


def parse_place(name: str) -> tuple[bytes, int]:
    """Read a name that `Origin.place` made: stream id and incarnation.

    Raises:
        FormatError: another name.
    """
    found = _PLACE.fullmatch(name)
    if not found:
        raise FormatError(f"{name[:80]!r} is not <stream id, 32 hex>-<incarnation>")
    incarnation = decimal(found["incarnation"])
    return bytes.fromhex(found["stream"]), incarnation


def decimal(text: str) -> int:
    """Read an ASCII decimal from 0 to 2^63 - 1 without leading zeros.

    Raises:
        FormatError: any other spelling.
    """
    if not _DECIMAL.fullmatch(text) or (number := int(text)) > MAX_INCARNATION:
        raise FormatError(
            f"{text[:30]!r} is not a decimal number from 0 to 2^63 - 1 "
            "without leading zeros"
        )
    return number
