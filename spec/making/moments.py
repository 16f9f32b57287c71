"""Cases of times and event ids."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import instant, uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator


def timestamps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield texts of times, and what they mean."""
    for text, microsecond in [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.9Z", -100_000),
        ("2026-02-17T14:23:01.445Z", 1_771_338_181_445_000),
        ("2026-02-17T14:23:01.445000Z", 1_771_338_181_445_000),
        ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ]:
        name = "accept-" + text.replace(":", "").replace(".", "_").lower()
        yield name, {"title": "A time", "text": text, "microseconds": microsecond}
    for name, text in [
        ("offset", "2026-02-17T14:23:01+00:00"),
        ("no-zone", "2026-02-17T14:23:01"),
        ("lower-case", "2026-02-17t14:23:01z"),
        ("space", "2026-02-17 14:23:01Z"),
        ("seven-digits", "2026-02-17T14:23:01.1234567Z"),
        ("no-digits", "2026-02-17T14:23:01.Z"),
        ("comma", "2026-02-17T14:23:01,5Z"),
        ("no-such-day", "2026-02-29T00:00:00Z"),
        ("hour-24", "2026-02-17T24:00:00Z"),
        ("leap-second", "2026-06-30T23:59:60Z"),
        ("year-0", "0000-01-01T00:00:00Z"),
        ("newline", "2026-02-17T14:23:01Z\n"),
    ]:
        yield (
            f"refuse-{name}",
            {"title": "Not this format", "text": text, "refused": True},
        )
    for name, text, microsecond in [
        ("offset", "2026-03-01T00:30:00+01:00", 1_772_321_400_000_000),
        ("long-fraction", "2026-02-17T14:23:01.9999999Z", 1_771_338_181_999_999),
        ("before-epoch", "1969-12-31T23:59:59.9999999Z", -1),
        ("lower-case", "2026-02-17t14:23:01.5z", 1_771_338_181_500_000),
    ]:
        yield (
            f"convert-{name}",
            {
                "title": "What the sealer makes of another RFC 3339 time",
                "given": text,
                "text": instant(microsecond),
            },
        )


def uuids() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield event ids."""
    tail = "-6d6f-4c0e-9a55-3f1c2d4b5a69"
    for version in range(1, 9):
        text = f"0b8e7c62-6d6f-{version}c0e-9a55-3f1c2d4b5a69"
        time = 0x0B8E7C626D6F if version == 7 else None  # noqa: PLR2004
        case = {"title": "Every version of RFC 9562", "text": text, "millisecond": time}
        yield f"accept-version-{version}", case
    for name, text in [
        ("nil", "00000000-0000-0000-0000-000000000000"),
        ("max", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("version-0", "0b8e7c62-6d6f-0c0e-9a55-3f1c2d4b5a69"),
        ("version-9", "0b8e7c62-6d6f-9c0e-9a55-3f1c2d4b5a69"),
        ("other-variant", "0b8e7c62-6d6f-4c0e-ca55-3f1c2d4b5a69"),
        ("upper-case", "0B8E7C62" + tail),
        ("no-hyphens", "0b8e7c626d6f4c0e9a553f1c2d4b5a69"),
        ("braces", "{0b8e7c62" + tail + "}"),
        ("short", "0b8e7c6" + tail),
    ]:
        yield f"refuse-{name}", {"title": "No event id", "text": text, "refused": True}
    for number, microsecond in enumerate(
        [0, 999, 1_645_557_742_000_500, 2**48 * 1000 - 1]
    ):
        random = sha256(b"%d" % number).digest()[:8]
        yield (
            f"make-{number}",
            {
                "title": "Version 7 from a time and eight random bytes",
                "microsecond": microsecond,
                "randomHex": random.hex(),
                "text": uuid7(microsecond, random),
            },
        )
