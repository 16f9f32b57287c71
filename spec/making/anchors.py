"""Cases of anchor files: records, torn and damaged ones, keys, names of places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making.primitives import (
    COSIGNER,
    NOW_S,
    OTHER_STREAM_ID,
    SIGNER,
    STREAM_ID,
    checkpoint_text,
    note,
)
from making.trees import leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

TORN = "!torn\n"


def _note(size: int) -> str:
    return note(checkpoint_text(size, leaf(size)), NOW_S + size)


def _good(before: str, size: int) -> dict[str, Any]:
    return {**_at(before), "size": size}


def _at(before: str) -> dict[str, Any]:
    return {"line": before.count("\n") + 1, "offset": len(before.encode())}


def _bad(before: str, *, torn: bool) -> dict[str, Any]:
    return {**_at(before), "damaged": True, "torn": torn}


def files() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `checkpoints` files with their records."""
    one, two, three = _note(1), _note(2), _note(3)
    yield "records-empty", {"title": "An empty file", "file": "", "records": []}
    yield (
        "records-three",
        {
            "title": "Three records",
            "file": one + two + three,
            "records": [_good("", 1), _good(one, 2), _good(one + two, 3)],
        },
    )
    for name, title, length in [
        ("origin", "Cut off within the origin", 20),
        ("text", "Cut off within the text", len(checkpoint_text(2, leaf(2))) - 9),
        ("line", "Cut off within the first signature", two.index("—") + 60),
        ("blank", "Cut off after the blank line", two.index("—")),
    ]:
        torn = two[:length]
        yield (
            f"records-torn-{name}",
            {
                "title": f"{title}, closed, and followed by another record",
                "file": one + torn + TORN + three,
                "records": [
                    _good("", 1),
                    _bad(one, torn=True),
                    _good(one + torn + TORN, 3),
                ],
            },
        )
        yield (
            f"records-torn-{name}-at-end",
            {
                "title": f"{title}, and not closed yet",
                "file": one + torn,
                "records": [_good("", 1), _bad(one, torn=True)],
            },
        )
    first_line = two[: two.index("—", two.index("—") + 1)]
    yield (
        "records-one-signature",
        {
            "title": "Cut off between the signatures: a note with one, which it is",
            "file": one + first_line + three,
            "records": [_good("", 1), _good(one, 2), _good(one + first_line, 3)],
        },
    )
    mark = one + two[:30]
    yield (
        "records-torn-mark",
        {
            "title": "A mark that was cut off itself is closed again",
            "file": mark + "!to" + TORN + three,
            "records": [
                _good("", 1),
                _bad(one, torn=True),
                _good(mark + "!to" + TORN, 3),
            ],
        },
    )
    garbled = two.replace("\n2\n", "\nx\n")
    yield (
        "records-garbled",
        {
            "title": "A garbled record is damage that no cut-off write explains",
            "file": one + garbled + three,
            "records": [_good("", 1), _bad(one, torn=False), _good(one + garbled, 3)],
        },
    )
    junk = "somebody wrote here\n"
    yield (
        "records-junk",
        {
            "title": "A line that does not belong there, before a record",
            "file": one + junk + three,
            "records": [_good("", 1), _bad(one, torn=False), _good(one + junk, 3)],
        },
    )


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `keys` files and names of places."""
    both = f"{SIGNER.vkey}\n{COSIGNER.vkey}\n"
    yield (
        "keys-both",
        {"title": "Two keys", "keysFile": both, "keys": [SIGNER.vkey, COSIGNER.vkey]},
    )
    yield (
        "keys-no-newline",
        {
            "title": "A whole key without its newline counts: its id fits",
            "keysFile": both[:-1],
            "keys": [SIGNER.vkey, COSIGNER.vkey],
        },
    )
    cut = SIGNER.vkey[:-9]
    yield (
        "keys-torn",
        {
            "title": "A key that was cut off, closed, and written again",
            "keysFile": cut + TORN + both,
            "keys": [SIGNER.vkey, COSIGNER.vkey],
            "damaged": [{"line": 1, "torn": True}],
        },
    )
    yield (
        "keys-junk",
        {
            "title": "What is no key",
            "keysFile": f"{SIGNER.vkey}\nno key\n{COSIGNER.vkey}\n",
            "keys": [SIGNER.vkey, COSIGNER.vkey],
            "damaged": [{"line": 2, "torn": False}],
        },
    )
    for name, place, stream_id, incarnation in [
        ("usual", f"{STREAM_ID.hex()}-1", STREAM_ID, 1),
        ("other", f"{OTHER_STREAM_ID.hex()}-0", OTHER_STREAM_ID, 0),
    ]:
        yield (
            f"place-{name}",
            {
                "title": "The directory of a log",
                "place": place,
                "streamIdHex": stream_id.hex(),
                "incarnation": incarnation,
            },
        )
    for name, place in [
        ("upper-case", f"{STREAM_ID.hex().upper()}-1"),
        ("no-incarnation", STREAM_ID.hex()),
        ("leading-zero", f"{STREAM_ID.hex()}-01"),
        ("short", f"{STREAM_ID.hex()[:-1]}-1"),
    ]:
        yield (
            f"place-refuse-{name}",
            {"title": "No directory of a log", "place": place, "refused": True},
        )
