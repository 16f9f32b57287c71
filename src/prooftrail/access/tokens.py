"""Tokens of API keys.

Guarantees: a token has 256 random bits and a prefix by which secret scanners, and our
own redaction, know it; only its SHA-256 is ever kept. No salt and no slow hash: these
stand against guessing, and nobody guesses 256 bits.

Source: OWASP, "Secrets in source code"; RFC 6750 (how it travels); RFC 4648, section 5.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "ptk_"  # prooftrail key
BYTES = 32

_SHAPE = re.compile(r"ptk_[A-Za-z0-9_-]{43}")


def make(random: Callable[[int], bytes]) -> str:
    """Return a new token, 47 characters.

    Args:
        random: gives n random bytes.
    """
    return PREFIX + urlsafe_b64encode(random(BYTES)).decode().rstrip("=")


def is_token(text: str) -> bool:
    """Whether a text has a token's shape: others need not be looked up."""
    return _SHAPE.fullmatch(text) is not None


def digest(token: str) -> bytes:
    """Return what is kept of a token, 32 bytes."""
    return sha256(token.encode()).digest()
