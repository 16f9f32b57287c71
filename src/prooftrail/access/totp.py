"""The second factor: time-based one-time passwords.

Guarantees: a code of the present step, or of the one before or after it, is accepted,
and none of a step that is not newer than the newest that was accepted: who looks over a
shoulder cannot use what he saw.

Source: RFC 6238 (SHA-1, 30 s, 6 digits: what every authenticator app knows), sections
5.2 and 6; RFC 4226.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from typing import Final

import pyotp

SECRET_BYTES: Final = 20  # RFC 4226: 160 bits are recommended
STEP_US: Final = 30_000_000
DRIFT: Final = 1  # steps
ISSUER: Final = "Prooftrail"


def step_of(secret: bytes, code: str, *, now_us: int, after: int) -> int | None:
    """Return the time step of a code that is good; None if it is not.

    Args:
        secret: 20 bytes.
        code: that was typed; blanks in it do not matter.
        now_us: the present.
        after: the newest step that was accepted; 0 for none.
    """
    given = "".join(code.split())
    if not (given.isascii() and given.isdigit()):
        return None
    made = pyotp.HOTP(encoded(secret))
    present = now_us // STEP_US
    for step in range(max(present - DRIFT, 0), present + DRIFT + 1):
        if hmac.compare_digest(made.at(step), given) and step > after:
            return step
    return None


def encoded(secret: bytes) -> str:
    """Return a secret as people type it into an app."""
    return b32encode(secret).decode()


def address(secret: bytes, email: str) -> str:
    """Return the otpauth:// address that apps read as a QR code."""
    return pyotp.TOTP(encoded(secret)).provisioning_uri(name=email, issuer_name=ISSUER)
