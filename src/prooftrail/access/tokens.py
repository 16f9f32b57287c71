"""Tokens: of API keys, of people's sessions, of invitations.

Guarantees: a token has 256 random bits and a prefix by which secret scanners, and our
own redaction, know it and its kind; only its SHA-256 is ever kept. No salt and no slow
hash: these stand against guessing, and nobody guesses 256 bits. A token of one kind is
never taken for another: a stolen cookie is no API key.

Source: OWASP, "Secrets in source code"; RFC 6750 (how it travels); RFC 4648, section 5.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = "ptk_"  # prooftrail key
SESSION: Final = "pts_"  # prooftrail session
INVITATION: Final = "pti_"  # prooftrail invitation
BYTES = 32

_REST = re.compile(r"[A-Za-z0-9_-]{43}")


def make(random: Callable[[int], bytes], prefix: str = PREFIX) -> str:
    """Return a new token, 47 characters.

    Args:
        random: gives n random bytes.
        prefix: of its kind.
    """
    return prefix + urlsafe_b64encode(random(BYTES)).decode().rstrip("=")


def is_token(text: str, prefix: str = PREFIX) -> bool:
    """Whether a text has a token's shape: others need not be looked up."""
    return text.startswith(prefix) and _REST.fullmatch(text, len(prefix)) is not None


def digest(token: str) -> bytes:
    """Return what is kept of a token, 32 bytes."""
    return sha256(token.encode()).digest()
