"""The key that signs reports: ECDSA P-256 and a certificate of its own, in one file.

Guarantees: the file is made with mode 0600 and never over another one; one that others
can read is refused. The same secret, name and time give the same certificate. Secrets
do not show in `repr`. The key signs reports and nothing of the log: whoever holds it
can sign a false report, and no checkpoint.

Does not: vouch for the name in the certificate, which is self-signed. Whoever verifies
a report compares the certificate with the one that he was given.

Source: RFC 5280, RFC 6979, FIPS 186-5; docs/adr/0018.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from prooftrail.errors import ConfigurationError
from prooftrail.signing.durable import create_file
from prooftrail.signing.keys import MASTER_MODE, check_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

YEARS = 10  # a report must be checkable for as long as entries are kept
MOST_NAME = 64  # characters: RFC 5280, ub-common-name
_SECRET_BYTES = 48  # 128 bits more than the order has: no bias that could be seen
# the order of P-256's group (FIPS 186-5)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_MOST_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class ReportKey:
    """A private key with its certificate."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    def certificate_pem(self) -> bytes:
        """Return the certificate, to be given to whoever verifies reports."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def create(
    path: Path, name: str, random: Callable[[int], bytes], now_us: int
) -> ReportKey:
    """Make a key and its certificate, and write both to a new file of mode 0600.

    Args:
        path: must not exist; its directory must.
        name: whose reports it signs, 1 to 64 characters that print.
        random: gives that many random bytes (`secrets.token_bytes`).
        now_us: the present, microseconds since the epoch, UTC.

    Raises:
        ConfigurationError: no such name, or the file exists or cannot be written.
    """
    if not name.isprintable() or not 1 <= len(name.strip()) <= len(name) <= MOST_NAME:
        raise ConfigurationError(
            f"a certificate's name has 1 to {MOST_NAME} characters that print: take "
            "the name of whoever makes the reports"
        )
    scalar = int.from_bytes(random(_SECRET_BYTES), "big") % (_ORDER - 1) + 1
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    made = ReportKey(private, _certify(private, name, now_us))
    text = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        create_file(path, text + made.certificate_pem(), MASTER_MODE)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{path} exists: a key is never overwritten. Use it as it is; if it is not "
            "one, move it away"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"key {path} cannot be made: {error.strerror}. Its directory must exist "
            "and be writable"
        ) from error
    return made


def load(path: Path) -> ReportKey:
    """Read a key with its certificate.

    Raises:
        ConfigurationError: missing, unreadable, readable by others, or not a key.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            check_private(path, os.fstat(fd), "key for reports")
            text = os.read(fd, _MOST_BYTES)
        finally:
            os.close(fd)
    except OSError as error:
        raise ConfigurationError(
            f"the key for reports {path} cannot be read: {error.strerror}. Name the "
            "file that prooftrail key report made"
        ) from error
    found = _parsed(text)
    if found is None:
        raise ConfigurationError(
            f"{path} is not a key for reports with its certificate, or is damaged: "
            "restore it from its backup, or make one with prooftrail key report"
        )
    return found


def _parsed(text: bytes) -> ReportKey | None:
    """Read both; why it cannot be read would tell part of the secret."""
    try:
        private = serialization.load_pem_private_key(text, None)
        certificate = x509.load_pem_x509_certificate(text)
    except (ValueError, TypeError):
        return None
    if (
        not isinstance(private, ec.EllipticCurvePrivateKey)
        or not isinstance(private.curve, ec.SECP256R1)
        or certificate.public_key() != private.public_key()
    ):
        return None
    return ReportKey(private, certificate)


def _certify(
    private: ec.EllipticCurvePrivateKey, name: str, now_us: int
) -> x509.Certificate:
    public = private.public_key()
    point = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = sha256(point).digest()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.fromtimestamp(now_us // 1_000_000, UTC).replace(microsecond=0)
    usage = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(int.from_bytes(digest[:16], "big") | 1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=366 * YEARS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, content_commitment=True, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier(digest[:20]), critical=False)
        .sign(private, SHA256(), ecdsa_deterministic=True)
    )
