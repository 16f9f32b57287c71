"""A report signed: PAdES B-B, in an update that is appended to the PDF.

Guarantees: the bytes of the unsigned PDF stay as they are, and come first; what is
appended is one signature field that nobody sees, and covers all of the file but the
place of the signature itself. PDF/A stays PDF/A: neither metadata nor pages change. The
time that it states is the caller's.

Does not: state a trusted time, nor say anything of the report's content.

Source: ETSI EN 319 142-1 (PAdES); ISO 19005-3; docs/adr/0018. The library is `pyHanko`.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization

from prooftrail.errors import ReportError

if TYPE_CHECKING:
    from prooftrail.signing.report_key import ReportKey

RESERVED = 8_192  # hexadecimal digits for the signature; zeros stay behind it
FIELD = "Prooftrail"


def sign(pdf: bytes, key: ReportKey, at_us: int) -> bytes:
    """Return a PDF with a signature.

    Args:
        pdf: unsigned, of `typesetting`.
        key: by which it is signed.
        at_us: when, microseconds since the epoch, UTC.

    Raises:
        ReportError: pyHanko is not there, or it is no PDF that can be signed.
    """
    try:
        from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415  an extra
        from pyhanko.sign.general import SigningError  # noqa: PLC0415
    except ImportError as error:
        raise ReportError(
            "signed reports need the extra `report`: pip install 'prooftrail[report]'"
        ) from error
    try:
        return _sign(pdf, key, datetime.fromtimestamp(at_us // 1_000_000, UTC))
    except (PdfError, SigningError) as error:
        raise ReportError(f"the report cannot be signed: {error}") from error


def _sign(pdf: bytes, key: ReportKey, at: datetime) -> bytes:
    from asn1crypto import keys, x509  # noqa: PLC0415
    from pyhanko.pdf_utils.incremental_writer import (  # noqa: PLC0415
        IncrementalPdfFileWriter,
    )
    from pyhanko.sign import fields, signers  # noqa: PLC0415
    from pyhanko_certvalidator.registry import (  # noqa: PLC0415
        SimpleCertificateStore,
    )

    class Writer(IncrementalPdfFileWriter):
        def _update_meta(self) -> None:
            """Leave metadata as they are: new ones would state this machine's time."""

        def ensure_output_version(self, version: tuple[int, int]) -> None:
            """Stay PDF 1.7, as PDF/A-3 has to."""

        def register_extension(self, ext: object) -> None:
            """Claim no extension, for the same reason."""

    class Timed(signers.PdfSigner):
        def init_signing_session(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401
            """State the caller's time, in place of the clock's."""
            session = super().init_signing_session(*given, **named)
            session.system_time = at
            return session

    certificate = x509.Certificate.load(
        key.certificate.public_bytes(serialization.Encoding.DER)
    )
    secret = key.private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    none: Any = SimpleCertificateStore  # ships no types
    signer = signers.SimpleSigner(certificate, keys.PrivateKeyInfo.load(secret), none())
    about = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signing = Timed(about, signer)
    made = signing.sign_pdf(Writer(io.BytesIO(pdf)), bytes_reserved=RESERVED)
    return bytes(made.getvalue())
