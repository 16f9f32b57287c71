"""Signed reports: what is appended, who accepts it, and that every bit of it counts."""

from __future__ import annotations

import gc
import io
import os
import re
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from prooftrail.errors import ReportError
from prooftrail.integrity.verdict import Verdict
from prooftrail.reports import seals, signing, verifying
from prooftrail.reports.typesetting import Attachment, typeset
from tests import pdfsig
from tests.pdfsig import needs_pdfsig
from tests.reported import report
from tests.signed_report import (
    AT_US,
    LOG,
    check,
    flipped,
    key,
    own,
    plain,
    pseudo,
    signed,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pypdf.generic import DictionaryObject

    from prooftrail.signing.report_key import ReportKey

__all__ = ["own", "plain", "signed"]  # fixtures
LOADING = """
import sys, time
from prooftrail.reports.signing import Signing
assert "pyhanko" not in sys.modules
Signing(None)
while "pyhanko.sign.signers" not in sys.modules:
    time.sleep(0.05)
"""


def test_a_signed_report_is_verified(signed: bytes, own: ReportKey) -> None:
    found = check(signed, own)
    assert (found.findings, found.verdict) == ([], Verdict.VERIFIED)
    assert (found.entries, found.first, found.last) == (3, 2, 11)
    assert found.key == LOG.signer_key


def test_what_signs_is_loaded_before_the_first_volume_is_there() -> None:
    """By itself, while something else is done."""
    subprocess.run([sys.executable, "-c", LOADING], check=True, timeout=60)


def test_memory_stays_flat_over_volumes(own: ReportKey) -> None:
    """Without the collector of cycles, which may come late."""
    enclosed = Attachment("a.txt", os.urandom(400_000).hex().encode(), "text/plain", "")
    [pdf] = typeset([(report(), [enclosed])], AT_US)
    assert len(pdf) > 400_000
    signing.sign(pdf, own, AT_US)  # loads what it takes
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        begun, _ = tracemalloc.get_traced_memory()
        for _ in range(5):
            signing.sign(pdf, own, AT_US)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert left - begun < len(pdf)


def test_the_unsigned_bytes_come_first_as_they_were(
    plain: bytes, signed: bytes
) -> None:
    assert signed.startswith(plain)
    assert seals.look(plain) is None


def spelled(values: DictionaryObject, name: str) -> str:
    """A value, with references by their number."""
    found = re.sub(
        r"(IndirectObject\(\d+, \d+), \d+", r"\1", repr(values.raw_get(name))
    )
    assert found
    return found


def test_pdf_a_stays_pdf_a(plain: bytes, signed: bytes) -> None:
    before, after = PdfReader(io.BytesIO(plain)), PdfReader(io.BytesIO(signed))
    assert spelled(before.trailer, "/Info") == spelled(after.trailer, "/Info")
    for name in ("/Metadata", "/OutputIntents", "/StructTreeRoot", "/AF", "/Names"):
        assert spelled(before.root_object, name) == spelled(after.root_object, name)
    assert not {"/Version", "/Extensions"} & set(after.root_object)
    [field] = after.root_object["/AcroForm"]["/Fields"]  # type: ignore[index]
    widget = field.get_object()
    assert widget["/Rect"] == [0, 0, 0, 0]  # needs no appearance
    assert widget["/F"] & 0b1111 == 0b0100  # printed, and neither hidden nor no view
    assert set(after.root_object["/AcroForm"]) == {"/Fields", "/SigFlags"}  # type: ignore[call-overload]


@needs_pdfsig
def test_pdfsig_accepts_it(signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(signed)
    shown = pdfsig.said(path)
    assert "Signature is Valid" in shown
    assert "Total document signed" in shown
    assert "Common Name: Example" in shown
    assert "May 28 2026" in shown


def test_pyhanko_accepts_it(signed: bytes, own: ReportKey) -> None:
    der = own.certificate.public_bytes(serialization.Encoding.DER)
    [found] = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    status = validate_pdf_signature(
        found, ValidationContext(trust_roots=[x509.Certificate.load(der)])
    )
    assert status.intact
    assert status.valid
    assert status.bottom_line
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_without_a_certificate_nobody_vouches_for_it(signed: bytes) -> None:
    found = check(signed, None)
    assert found.verdict is Verdict.INCOMPLETE
    assert "nobody vouches for that certificate" in told(found)
    found = verifying.check("a.pdf", signed, [], None)
    assert found.verdict is Verdict.INCOMPLETE


def test_without_the_log_s_key_nobody_vouches_for_the_checkpoint(
    signed: bytes, own: ReportKey
) -> None:
    found = verifying.check("a.pdf", signed, [], own.certificate)
    assert found.verdict is Verdict.INCOMPLETE
    assert "nobody vouches for the key" in told(found)


def test_a_thief_s_own_signature_is_not_verified(
    plain: bytes, own: ReportKey, tmp_path: Path
) -> None:
    theirs = key(tmp_path / "theirs.pem", seed=2)  # the same name
    pdf = signing.sign(plain, theirs, AT_US)
    found = check(pdf, own)
    assert found.verdict is Verdict.TAMPERED
    assert "not signed by the certificate that was given" in told(found)
    assert check(pdf, None).verdict is Verdict.INCOMPLETE


def test_a_second_signature_is_found(
    signed: bytes, own: ReportKey, tmp_path: Path
) -> None:
    again = signing.FIELD
    assert again.encode() in signed
    with pytest.raises(ReportError, match="cannot be signed"):
        signing.sign(signed, own, AT_US)


def hole(pdf: bytes) -> tuple[int, int]:
    at = pdf.rindex(b"/Contents <") + len("/Contents ")
    return at, pdf.index(b">", at) + 1


def test_every_bit_of_what_is_appended_counts(
    plain: bytes, signed: bytes, own: ReportKey
) -> None:
    """The signature's place and its padding among it, in every bit."""
    begin, end = hole(signed)
    assert end - begin == signing.RESERVED + 2
    for at in range(len(plain), len(signed)):
        # in every bit where the signature stands, in one of each byte elsewhere
        for bit in range(8) if begin <= at < begin + 1_600 else (at % 8,):
            found = check(flipped(signed, at, bit), own)
            assert found.verdict is not Verdict.VERIFIED, f"byte {at}, bit {bit}"


def test_bits_all_over_the_file_count(
    plain: bytes, signed: bytes, own: ReportKey
) -> None:
    random = pseudo(3)
    for at in range(0, len(plain), 23):
        found = check(flipped(signed, at, random.randrange(8)), own)
        assert found.verdict is Verdict.TAMPERED, f"byte {at}"


def test_padding_that_is_not_zero_is_found(signed: bytes, own: ReportKey) -> None:
    _, end = hole(signed)
    for other in (b"1", b"A", b"a", b" ", b"\x00", b"g"):
        data = signed[: end - 2] + other + signed[end - 1 :]
        found = check(data, own)
        assert found.verdict is Verdict.TAMPERED
        assert "zeros" in told(found) or "not spelled" in told(found)


def test_the_same_signature_spelled_otherwise_is_found(
    signed: bytes, own: ReportKey
) -> None:
    begin, end = hole(signed)
    lower = signed[:begin] + signed[begin:end].lower() + signed[end:]
    assert "not spelled" in told(check(lower, own))


@pytest.mark.parametrize("more", [b"\n", b" ", b"%%EOF\n", b"1 0 obj\n<<>>\nendobj\n"])
def test_what_follows_the_signature_is_found(
    signed: bytes, own: ReportKey, more: bytes
) -> None:
    found = check(signed + more, own)
    assert found.verdict is Verdict.TAMPERED
    assert "bytes were added" in told(found)
    assert check(more + signed, own).verdict is Verdict.TAMPERED
    assert check(signed[: -len(more)], own).verdict is Verdict.TAMPERED


def test_an_update_with_a_range_of_its_own_is_found(
    signed: bytes, own: ReportKey
) -> None:
    for text in ("0 10 20 30", "0 1 2", "0 5 4 3", "0 10 20 99999999999999"):
        more = f"\n/ByteRange [ {text} ]".encode()
        assert check(signed + more, own).verdict is Verdict.TAMPERED
    size = len(signed) + 40
    more = f"\n/ByteRange [ 0 10 20 {size - 20} ]".encode().ljust(40)
    assert check(signed + more, own).verdict is Verdict.TAMPERED


def test_what_is_no_report_could_not_be_verified(plain: bytes, own: ReportKey) -> None:
    for pdf, what in ((b"", "no PDF"), (b"PK", "no PDF"), (plain, "no signature")):
        found = check(pdf, own)
        assert found.verdict is Verdict.INCOMPLETE
        assert what in told(found)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_becomes_of_it_the_answer_is_a_value(
    data: st.DataObject, signed: bytes, own: ReportKey
) -> None:
    begin, _ = hole(signed)
    at = data.draw(st.integers(0, len(signed)) | st.integers(begin, begin + 2_000))
    cut = data.draw(st.integers(0, 60) | st.integers(0, len(signed)))
    put = data.draw(st.binary(max_size=60) | st.just(signed[begin : begin + 100]))
    pdf = signed[:at] + put + signed[at + cut :]
    for certificate in (own, None):
        found = check(pdf, certificate)
        assert (pdf == signed) or found.verdict is not Verdict.VERIFIED


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_whatever_stands_in_place_of_a_signature(der: bytes) -> None:
    body = b"%PDF-1.7 /Contents "
    text = b"3082%04X" % len(der) + der.hex().upper().encode()
    tail = b"/ByteRange [ 0 %d %d %d ]"
    end = len(body) + len(text) + 2
    rest = tail % (len(body), end, 0)
    rest = tail % (len(body), end, len(rest) + 1)
    found = seals.look(body + b"<" + text + b">" + rest.ljust(len(rest) + 1))
    assert found is not None
    assert found.wrong is not None
