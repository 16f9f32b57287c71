"""What a form sends: names and texts, bounded.

Guarantees: a body of more bytes than are taken is refused while it arrives; each name
comes once; no text holds U+0000 or is no text.

Source: WHATWG URL, application/x-www-form-urlencoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from prooftrail.errors import QuestionError

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 16 * 1024
MOST_FIELDS = 32
_TYPE = "application/x-www-form-urlencoded"


async def read(request: Request, most: int = MOST_BYTES) -> dict[str, str]:
    """Return what a form sent.

    Args:
        request: that sends it.
        most: bytes of it.

    Raises:
        QuestionError: it is none, or too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise QuestionError("this is no form: use the page's own")
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > most:
            raise QuestionError(f"a form has at most {most:,} bytes: shorten it")
    return parse(data)


def parse(data: bytes) -> dict[str, str]:
    """Return the fields of a form's body.

    >>> parse(b"reason=ticket+7&pointer=%2Factor%2Femail")
    {'reason': 'ticket 7', 'pointer': '/actor/email'}

    Raises:
        QuestionError: it is none.
    """
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise QuestionError("this is no form: use the page's own") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found or "\0" in value:
            raise QuestionError(f"{name[:40]!r} is there twice or holds U+0000")
        found[name] = value
    return found
