"""A report signed: PAdES B-B, or B-T, in an update that is appended to the PDF.

Guarantees: the bytes of the unsigned PDF stay as they are, and come first; what is
appended is one signature field that nobody sees, and covers all of the file but the
place of the signature itself. PDF/A stays PDF/A: neither metadata nor pages change. The
time that it states is the caller's; a trusted time stands beside the signature where an
authority gave one (B-T). Where it gave none, the report is signed all the same, and why
there is none is told.

Does not: say anything of the report's content.

Source: ETSI EN 319 142-1 (PAdES); ISO 19005-3; docs/adr/0018. The library is `pyHanko`.
"""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from prooftrail.errors import ReportError
from prooftrail.reports import stamps

if TYPE_CHECKING:
    from prooftrail.reports.stamping import Authority
    from prooftrail.signing.report_key import ReportKey

RESERVED = 8_192  # hexadecimal digits for the signature; zeros stay behind it
TIMED = 32_768  # the same, with a trusted time
FIELD = "Prooftrail"


class Signing:
    """Signs the volumes of a report, each with a trusted time while there is one.

    Args:
        key: by which they are signed.
        authority: of whom the time is asked; None: of nobody.
    """

    def __init__(self, key: ReportKey, authority: Authority | None = None) -> None:
        self._key = key
        self._authority = authority
        self.without: str | None = None  # why there is no trusted time, if not in all
        # that takes half a second, in which the first volume is set
        Thread(target=_load, daemon=True).start()

    def sign(self, pdf: bytes, at_us: int) -> bytes:
        """Return a PDF with a signature.

        An authority that gave no time is not asked again.

        Raises:
            ReportError: as `sign` does.
        """
        if self._authority is not None:
            try:
                return sign(pdf, self._key, at_us, self._authority)
            except NoTimeError as error:
                self._authority, self.without = None, str(error)
        return sign(pdf, self._key, at_us)


def _load() -> None:
    """Load pyHanko, if it is there: `sign` says where it is not."""
    with suppress(ImportError):
        import_module("pyhanko.sign.signers")


class NoTimeError(ReportError):
    """No trusted time was given: ask another authority, or sign without."""


def sign(
    pdf: bytes, key: ReportKey, at_us: int, authority: Authority | None = None
) -> bytes:
    """Return a PDF with a signature.

    Args:
        pdf: unsigned, of `typesetting`.
        key: by which it is signed.
        at_us: when, microseconds since the epoch, UTC.
        authority: gives the trusted time.

    Raises:
        NoTimeError: the authority gave no time.
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
        at = datetime.fromtimestamp(at_us // 1_000_000, UTC)
        return _sign(pdf, key, at, authority)
    except (PdfError, SigningError) as error:
        raise ReportError(f"the report cannot be signed: {error}") from error


def _sign(
    pdf: bytes, key: ReportKey, at: datetime, authority: Authority | None
) -> bytes:
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

    class Signer(signers.SimpleSigner):
        async def unsigned_attrs(
            self,
            digest_algorithm: str,  # noqa: ARG002
            signature: bytes,
            *given: Any,  # noqa: ANN401, ARG002
            **named: Any,  # noqa: ANN401, ARG002
        ) -> Any:  # noqa: ANN401
            """Set the trusted time beside the signature, bound to it."""
            if authority is None:
                return None
            try:
                # apart, for it has a loop of its own
                token = await asyncio.to_thread(authority.stamp, signature)
            except ReportError as error:
                raise NoTimeError(str(error)) from error
            bond = key.private.sign(stamps.bound(signature, token), ec.ECDSA(SHA256()))
            return stamps.attributes(stamps.Stamped(token, bond))

    certificate = x509.Certificate.load(
        key.certificate.public_bytes(serialization.Encoding.DER)
    )
    secret = key.private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    none: Any = SimpleCertificateStore  # ships no types
    signer = Signer(certificate, keys.PrivateKeyInfo.load(secret), none())
    about = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    signing = Timed(about, signer)
    reserved = RESERVED if authority is None else TIMED
    with io.BytesIO(pdf) as unsigned:
        writer = Writer(unsigned)
        with signing.sign_pdf(writer, bytes_reserved=reserved) as made:
            signed = bytes(made.getvalue())
        # the parts of pyHanko hold one another, and so what is big of them would stay
        del writer.prev.xrefs
    return signed
