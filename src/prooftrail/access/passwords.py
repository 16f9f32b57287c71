"""Passwords: Argon2id, and which ones are taken.

Guarantees: a password is kept as Argon2id with OWASP's parameters, and stands in no
message. `check` does the same work whether or not there is anybody to compare with.
At most `AT_ONCE` are computed at a time, so that many who log in at once do not take
the machine's memory.

Does not: ask a service which passwords have leaked; a second factor stands beside.

Source: RFC 9106; OWASP, Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane); NIST
SP 800-63B, section 5.1.1.2 (length, no rules of composition, a list of common ones).
"""

from __future__ import annotations

import threading
import unicodedata
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST: Final = 12  # characters
LONGEST: Final = 128
AT_ONCE: Final = 4
VARIETY: Final = 5  # different characters at least

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
SALT_BYTES: Final = 16

# The commonest of twelve characters and more, without what people add at the end.
_COMMON: Final = frozenset(
    {
        "password",
        "passwordpassword",
        "passwort",
        "adminadmin",
        "administrator",
        "changeme",
        "changemenow",
        "correcthorsebatterystaple",
        "iloveyou",
        "iloveyouforever",
        "letmein",
        "letmeinnow",
        "qwerty",
        "qwertyuiop",
        "qwertyuiopasdfghjkl",
        "qwertyqwerty",
        "qwertz",
        "qwertzuiop",
        "asdfghjkl",
        "welcome",
        "welcometothejungle",
        "princess",
        "sunshine",
        "football",
        "superman",
        "trustno",
        "prooftrail",
        "prooftrailadmin",
        "audittrail",
        "",
    }
)
_ADDED: Final = "0123456789!?.,;:*#$@_- "


class Passwords:
    """Makes and checks hashes.

    Args:
        random: gives n random bytes.
        memory: KiB of one computation.

    Safe to be shared by threads.
    """

    def __init__(
        self, random: Callable[[int], bytes], *, memory: int = MEMORY_KIB
    ) -> None:
        self._random = random
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=memory, parallelism=1, type=Type.ID
        )
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = self.hash("of nobody: never compared with what was typed")

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        with self._room:
            return self._hasher.hash(_bytes(password), salt=self._random(SALT_BYTES))

    def check(self, password: str, kept: str | None) -> bool:
        """Return whether it is the password; without one to compare with, work alike.

        Args:
            password: that was typed.
            kept: the hash; None where nobody is known.
        """
        fits = len(password) <= LONGEST
        with self._room:
            try:
                self._hasher.verify(
                    self._nobody if kept is None else kept,
                    _bytes(password if fits else ""),
                )
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None and fits


def fault(password: str, email: str) -> str | None:
    """Return why a password is not taken, with what to do; None if it is.

    >>> fault("Password1234!", "dani@company.com")
    'that password is among the first that are guessed: take a few words of your own'
    """
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters: take a few words"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters: take a shorter one"
    text = unicodedata.normalize("NFKC", password).casefold()
    bare = text.strip(_ADDED)
    own = email.partition("@")[0]
    if bare in _COMMON or (len(own) > 3 and bare == own) or email in text:  # noqa: PLR2004
        return (
            "that password is among the first that are guessed: take a few words of "
            "your own"
        )
    if len(set(text)) < VARIETY:
        return (
            f"a password has at least {VARIETY} different characters: take a few words"
        )
    return None


def _bytes(password: str) -> bytes:
    """Return a password as it is hashed, whatever keyboard it was typed on."""
    text = unicodedata.normalize("NFKC", password)
    return text.encode("utf-8", "surrogatepass")
