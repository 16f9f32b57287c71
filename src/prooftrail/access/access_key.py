"""What the service's own key gives: it stands outside the database, in a file.

    sealing key = HKDF-SHA256(master, no salt, 32 bytes, info = L("access/totp"))
    sealed      = nonce[12] || AES-256-GCM(sealing key, secret), additional data: e-mail
    others      = HMAC-SHA256 under L("access/enrol"), /csrf, /throttle, /session

Guarantees: who has the database alone has no second factor, and learns from digests
neither whose address failed to log in nor what was typed there. A secret opens in its
own person's row only. Secrets do not show in `repr`.

Does not: guard against whoever has the key and the database.

Source: NIST SP 800-38D, RFC 5869, RFC 2104.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac
from typing import TYPE_CHECKING, Literal, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prooftrail.access import tokens
from prooftrail.access.totp import SECRET_BYTES
from prooftrail.core.entry import label
from prooftrail.errors import ConfigurationError, FormatError
from prooftrail.signing.keys import create_master_key, load_master_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prooftrail.signing.keys import MasterKey

NONCE_BYTES = 12
SESSION_CHARS = 16  # of a session's name in events

Use: TypeAlias = Literal["enrol", "csrf", "throttle", "session"]


class AccessKey:
    """What a master key gives.

    Args:
        master: from the service's own file.
        random: gives n random bytes.
    """

    __slots__ = ("_cipher", "_keys", "_random")

    def __init__(self, master: MasterKey, *, random: Callable[[int], bytes]) -> None:
        self._cipher = AESGCM(_derived(master, "totp"))
        uses: tuple[Use, ...] = ("enrol", "csrf", "throttle", "session")
        self._keys = {use: _derived(master, use) for use in uses}
        self._random = random

    def enrolment(self, token: str) -> bytes:
        """Return the second factor's secret that an invitation's link shows."""
        return self._digest("enrol", token)[:SECRET_BYTES]

    def seal(self, secret: bytes, email: str) -> bytes:
        """Encrypt a second factor's secret."""
        nonce = self._random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, email.encode())

    def open(self, sealed: bytes, email: str) -> bytes:
        """Return a second factor's secret.

        Raises:
            FormatError: it is damaged, of somebody else, or of another key.
        """
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], email.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise FormatError(
                "a second factor does not open: the access key is another one than "
                "when it was set. Restore that key file, or invite the person again"
            ) from error

    def csrf(self, session: str) -> str:
        """Return what a form of a session holds, so that no other site's passes."""
        return self._digest("csrf", session).hex()

    def is_csrf(self, session: str, given: str) -> bool:
        """Return whether a form holds it, in the same time whatever it holds."""
        return compare_digest(
            self.csrf(session).encode(), given.encode("utf-8", "surrogatepass")
        )

    def throttled(self, kind: Literal["account", "address"], value: str) -> bytes:
        """Return as what failures are counted, 32 bytes."""
        return self._digest("throttle", f"{kind}\x00{value}")

    def session_name(self, session: str) -> str:
        """Return as what a session stands in events."""
        return self._digest("session", tokens.digest(session).hex()).hex()[
            :SESSION_CHARS
        ]

    def _digest(self, use: Use, text: str) -> bytes:
        return hmac(self._keys[use], text.encode("utf-8", "surrogatepass"), sha256)


def open_key(
    path: Path, *, random: Callable[[int], bytes], begun: Callable[[], bool]
) -> AccessKey:
    """Return the service's key; make it where nobody was let in yet.

    Args:
        path: of its file.
        random: gives n random bytes.
        begun: says whether there are people already, whose second factors it opens;
            asked only where there is no key.

    Raises:
        ConfigurationError: the file is missing, damaged, or readable by others.
    """
    if path.exists():
        return AccessKey(load_master_key(path), random=random)
    if begun():
        raise ConfigurationError(
            f"there is no access key at {path}, and people's second factors are "
            "encrypted with it: restore it from its backup, or name the right file "
            "(PROOFTRAIL_ACCESS_KEY)"
        )
    return AccessKey(create_master_key(path, random), random=random)


def _derived(master: MasterKey, use: str) -> bytes:
    made = HKDF(SHA256(), length=32, salt=None, info=label(f"access/{use}"))
    return made.derive(master.secret)
