"""Cursors: where a list goes on, for one question and as of one moment.

Guarantees: a cursor is a text that carries the last position and, for each stream, the
newest seq as of the first page; used with another question it is refused. It holds
nothing that the asker may not see, and opens nothing: row-level security decides on
every page anew.

Does not: stand in any promised format. What it holds may change with a release.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import NamedTuple

import msgspec

from prooftrail.errors import QuestionError
from prooftrail.store.question import Position, Question

LONGEST = 48 * 1024  # characters: a request's head has 64 KiB, other filters among them
_MOST = 1024 * 1024  # bytes of what it says
_FIRST, _LAST = -(2**63), 2**63 - 1


class Cursor(NamedTuple):
    """Where a list goes on."""

    as_of: dict[int, int]  # newest seq, by stream number
    before: Position


class _Written(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    version: int
    question: str
    occurred_us: int
    seq: int
    stream: int
    as_of: dict[int, int]


_DECODER = msgspec.json.Decoder(_Written)


def write(question: Question, cursor: Cursor) -> str:
    """Return a cursor as a text that fits a URL.

    Raises:
        QuestionError: there are too many streams for one.
    """
    data = msgspec.json.encode(
        _Written(1, _digest(question), *cursor.before, cursor.as_of)
    )
    text = urlsafe_b64encode(zlib.compress(data)).decode().rstrip("=")
    if len(text) > LONGEST:
        raise QuestionError(
            f"{len(cursor.as_of):,} streams are too many for pages: name some (stream)"
        )
    return text


def read(question: Question, text: str) -> Cursor:
    """Return the cursor that a text is.

    Raises:
        QuestionError: it is none, or that of another question.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError  # noqa: TRY301  as any other text that is none
        data = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = _DECODER.decode(zlib.decompressobj().decompress(data, _MOST))
        numbers = (found.occurred_us, found.seq, found.stream)
        every = (*numbers, *found.as_of, *found.as_of.values())
        fits = all(_FIRST <= number <= _LAST for number in every)
        small = all(0 <= number < 2**15 for number in (found.stream, *found.as_of))
        if found.version != 1 or not fits or not small:
            raise ValueError  # noqa: TRY301
    except (ValueError, Base64Error, zlib.error, msgspec.MsgspecError) as error:
        raise QuestionError(
            "cursor: this is none of ours; begin again without it"
        ) from error
    if found.question != _digest(question):
        raise QuestionError(
            "cursor: it belongs to another search; begin again without it"
        )
    return Cursor(found.as_of, Position(*numbers))


def _digest(question: Question) -> str:
    # what it may see is not in a question: the same one of two askers is the same
    return sha256(repr(question).encode()).hexdigest()[:16]
