"""The signature of a report's PDF, checked byte by byte.

Guarantees: a seal holds only if one signature covers all of the file but its own place,
and that place has nothing but `<`, the signature in the one spelling that `signing`
writes for this certificate and this file, zeros, and `>`: there is no byte in the file
that could be another one. A time-stamp beside the signature holds only if the same key
bound just its bytes (`stamps`). The PDF is not parsed for that, so that nothing of a
file that nobody signed is: `rfind` and one pattern find the signature. Whatever the
bytes, the answer is a value. Whether the certificate is the right one, the caller says.

Source: ISO 32000-2, 12.8; ETSI EN 319 142-1 (PAdES B-B, B-T); RFC 5652; docs/adr/0018.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from prooftrail.errors import FormatError, ReportError
from prooftrail.reports import stamps

_RANGE = re.compile(
    rb"/ByteRange \[ ?0 ([1-9][0-9]{0,11}) ([1-9][0-9]{0,11}) ([1-9][0-9]{0,11}) *\]"
)
_HEX = re.compile(rb"(?:[0-9A-F]{2})*")
_NAME = b"/ByteRange"
_OTHER = "the signature is not over this file: it was altered"
_LONG_FORM = 0x82  # of a DER length: two bytes follow
_HEAD = 4  # bytes of DER that say how long it is
_MOST = 100_000  # hexadecimal digits of a signature's place


class Seal(NamedTuple):
    """What stands in the place of a report's signature."""

    certificate: x509.Certificate | None  # the one enclosed, where it reads as one
    wrong: str | None  # why it does not hold; None: it does
    signature: bytes = b""  # by the certificate's key
    token: bytes | None = None  # a time-stamp beside it, where there is one

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the certificate, hex; empty without one."""
        if self.certificate is None:
            return ""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return sha256(der).hexdigest()


class _Parts(NamedTuple):
    """What of a signature is its own; all else follows."""

    enclosed: bytes  # certificate, DER
    signature: bytes
    stamped: stamps.Stamped | None


def look(pdf: bytes) -> Seal | None:
    """Return a file's seal, None where it has none."""
    at = pdf.rfind(_NAME)
    if at < 0:
        return None
    found = _RANGE.match(pdf, at)
    if found is None:
        return Seal(None, "what says which bytes are signed is not as it was written")
    begin, end, rest = (int(number) for number in found.groups())
    if end + rest != len(pdf) or not begin < end <= len(pdf):
        return Seal(None, "bytes were added to the file, or taken away")
    place = pdf[begin:end]
    if len(place) > _MOST or place[:1] != b"<" or place[-1:] != b">":
        return Seal(None, "the place of the signature is not where it was")
    digest = sha256(memoryview(pdf)[:begin])
    digest.update(memoryview(pdf)[end:])
    return _signature(place[1:-1], digest.digest())


def _signature(text: bytes, digest: bytes) -> Seal:
    der = _der(text)
    if isinstance(der, str):
        return Seal(None, der)
    if digest not in der:  # soon told: it stands among what is signed
        return Seal(None, _OTHER)
    try:
        enclosed, signature, stamped = parts = _parts(der)
        certificate = x509.load_der_x509_certificate(enclosed)
        public = certificate.public_key()
    except Exception as error:  # noqa: BLE001  both libraries raise many kinds
        ours = isinstance(error, FormatError)
        return Seal(None, str(error) if ours else "the signature cannot be read")
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return Seal(certificate, "its certificate is for another kind of signature")
    wrong = _wrong(public, der, parts, digest)
    token = None if wrong or stamped is None else stamped.token
    return Seal(certificate, wrong, signature, token)


def _wrong(
    public: ec.EllipticCurvePublicKey, der: bytes, parts: _Parts, digest: bytes
) -> str | None:
    signature, stamped = parts.signature, parts.stamped
    try:
        attributes, expected = _expected(parts, digest)
        public.verify(signature, attributes, ec.ECDSA(SHA256()))
        if stamped is not None:
            bound = stamps.bound(signature, stamped.token)
            public.verify(stamped.bond, bound, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return _OTHER
    return None if expected == der else "the signature is not spelled as it was written"


def _der(text: bytes) -> bytes | str:
    """Return the signature in its place, or why there is none."""
    if not _HEX.fullmatch(text):
        return "the signature is not spelled as it was written"
    padded = bytes.fromhex(text.decode("ascii"))
    size = _HEAD + int.from_bytes(padded[2:_HEAD], "big")
    if padded[1:2] != bytes([_LONG_FORM]) or size > len(padded):
        return "there is no signature in its place"
    if padded[size:].strip(b"\x00"):
        return "what stands behind the signature is not all zeros"
    return padded[:size]


def _asn1() -> Any:  # noqa: ANN401  ships no types
    try:
        from asn1crypto import algos, cms, core, tsp, x509  # noqa: PLC0415
    except ImportError as error:
        raise ReportError(
            "reports are checked with the extra `report`: "
            "pip install 'prooftrail[report]'"
        ) from error
    return algos, cms, core, tsp, x509


def _parts(der: bytes) -> _Parts:
    """Return certificate, signature and time-stamp of CMS; all else is written anew."""
    _, cms, *_ = _asn1()
    signed = cms.ContentInfo.load(der, strict=True)["content"]
    [certificate] = signed["certificates"]
    [info] = signed["signer_infos"]
    return _Parts(
        certificate.chosen.dump(), info["signature"].native, stamps.read(info)
    )


def _expected(parts: _Parts, digest: bytes) -> tuple[bytes, bytes]:
    """Return the bytes that are signed, and the whole CMS, as `signing` writes both."""
    algos, cms, core, tsp, asn1_x509 = _asn1()
    enclosed, signature, stamped = parts
    certificate = asn1_x509.Certificate.load(enclosed)
    by = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    hashed = algos.DigestAlgorithm({"algorithm": "sha256", "parameters": core.Null()})
    names = [asn1_x509.GeneralName({"directory_name": certificate.issuer})]
    issuer = {"issuer": names, "serial_number": certificate.serial_number}
    reference = tsp.ESSCertIDv2(
        {"cert_hash": sha256(enclosed).digest(), "issuer_serial": issuer}
    )
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [digest]},
            {
                "type": "signing_certificate_v2",
                "values": [tsp.SigningCertificateV2({"certs": [reference]})],
            },
        ]
    )
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {"issuer_and_serial_number": cms.IssuerAndSerialNumber(by)}
            ),
            "digest_algorithm": hashed,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": signature,
        }
    )
    if stamped is not None:
        info["unsigned_attrs"] = stamps.attributes(stamped)
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [hashed],
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate],
            "signer_infos": [info],
        }
    )
    whole = cms.ContentInfo({"content_type": "signed_data", "content": signed})
    return attributes.dump(), whole.dump()
