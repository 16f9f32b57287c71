"""Cases of samples: populations, draws, and what must be refused."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import STREAM_ID
from making.trees import leaf

if TYPE_CHECKING:
    from collections.abc import Iterator


def drawn(seed: str, size: int, count: int) -> list[dict[str, int]]:
    """The draws, as the text says."""
    if count >= size:
        return [{"draw": 0, "position": at} for at in range(size)]
    found: list[dict[str, int]] = []
    k = 0
    while len(found) < count:
        k += 1
        x = int(sha256(f"{seed}:{k}".encode()).hexdigest(), 16)
        if x >= 2**256 - 2**256 % size:
            continue
        if all(one["position"] != x % size for one in found):
            found.append({"draw": k, "position": x % size})
    return found


def line(number: int, stream: bytes = STREAM_ID, month: int = 1) -> str:
    at = f"2026-{month:02d}-{number % 28 + 1:02d}T12:00:00Z"
    return f"{stream.hex()} {number} {leaf(number).hex()} {at}\n"


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield samples and refusals."""
    for name, seed, size, count in [
        ("example", "2026-Q1", 10, 3),
        ("one-of-one", "a", 1, 1),
        ("none-of-some", "a", 5, 0),
        ("none-of-none", "a", 0, 0),
        ("some-of-none", "a", 0, 25),
        ("more-than-there-are", "a", 5, 6),
        ("all", "a", 5, 5),
        ("all-but-one", "a", 5, 4),
        ("binary-size", "seed 7", 64, 25),
        ("usual", "auditor's seed, 2026-03-31", 12_345, 25),
        ("large", "~", 2**53 - 1, 5),
        ("colons", "a:1:2", 100, 5),
    ]:
        yield (
            name,
            {
                "title": f"{count} of {size}",
                "seed": seed,
                "size": size,
                "count": count,
                "draws": drawn(seed, size, count),
            },
        )
    for name, title, seed in [
        ("empty", "No seed", ""),
        ("long", "129 characters", "a" * 129),
        ("space-first", "A space first", " a"),
        ("space-last", "A space last", "a "),
        ("two-spaces", "Two spaces", "a  b"),
        ("newline", "A newline", "a\nb"),
        ("newline-last", "A newline last", "a\n"),
        ("nul", "U+0000", "a\0"),
        ("composed", "An accent, composed", "\u00e9"),
        ("combining", "An accent, combining", "e\u0301"),
        ("fullwidth", "A full-width digit", "\uff11"),
        ("no-break", "A no-break space", "a\u00a0b"),
        ("zero-width", "A zero-width space", "a\u200bb"),
    ]:
        case = {"title": title, "seed": seed, "size": 10, "count": 3, "refused": True}
        yield (f"refuse-{name}", case)


def shares(sizes: dict[str, int], count: int) -> dict[str, int]:
    total = sum(sizes.values())
    if count >= total:
        return sizes
    found = {month: count * size // total for month, size in sizes.items()}
    left = count - sum(found.values())
    by_rest = sorted(sizes, key=lambda month: (-(count * sizes[month] % total), month))
    for month in by_rest[:left]:
        found[month] += 1
    return found


def populations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield listings, samples by month of them, and what is no listing."""
    other = bytes(16)
    months = {"2026-01": 7, "2026-02": 11, "2026-03": 2}
    by_month = []
    starts = {}
    for month, (name, size) in enumerate(months.items(), 1):
        starts[name] = len(by_month)
        by_month += [line(len(by_month) + at, month=month) for at in range(size)]
    for name, title, lines in [
        ("empty", "No entry", []),
        ("one", "One entry", [line(3)]),
        ("streams", "By the bytes of the stream id", [line(9, other), line(2)]),
        ("seqs", "By number, not by text", [line(9), line(10)]),
        ("months", "Three months", by_month),
    ]:
        text = "".join(lines)
        case: dict[str, Any] = {
            "title": title,
            "listing": text,
            "size": len(lines),
            "digest": "sha256:" + sha256(text.encode()).hexdigest(),
        }
        if name == "months":
            case["byMonth"] = [
                {
                    "seed": "2026-Q1",
                    "count": count,
                    "draws": [
                        {**one, "position": starts[month] + one["position"]}
                        for month, share in shares(months, count).items()
                        for one in drawn(f"2026-Q1:{month}", months[month], share)
                    ],
                }
                for count in (0, 1, 2, 5, 10, 19, 20, 30)
            ]
        yield (name, case)
    for name, title, text in [
        ("order", "Not sorted", line(10) + line(9)),
        ("twice", "An entry twice", line(3) + line(3)),
        ("no-newline", "No newline at the end", line(3)[:-1]),
        ("crlf", "CR LF", line(3)[:-1] + "\r\n"),
        ("blank", "A blank line", line(3) + "\n"),
        ("zeros", "A seq with a zero before it", line(3).replace(" 3 ", " 03 ")),
        ("upper", "Upper-case hex", line(3).upper()),
        ("date", "No such day", line(3).replace("-01-04T", "-02-30T")),
        ("large", "A seq above 2^53 - 1", line(3).replace(" 3 ", f" {2**53} ")),
    ]:
        yield (f"refuse-{name}", {"title": title, "listing": text, "refused": True})
