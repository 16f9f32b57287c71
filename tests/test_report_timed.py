"""Reports signed with a trusted time: by a real authority, whose every bit counts."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError, FormatError, ReportError
from prooftrail.integrity.verdict import Verdict
from prooftrail.reports import seals, signing, stamping, stamps, verifying
from prooftrail.reports.stamping import Authority
from tests import pdfsig, time_authority
from tests.pdfsig import needs_pdfsig
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
from tests.test_report_signing import hole
from tests.time_authority import authority, tsa

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate

    from prooftrail.bundles.checking import Checked
    from prooftrail.signing.report_key import ReportKey
    from tests.time_authority import Tsa

__all__ = ["authority", "own", "plain", "signed", "tsa"]  # fixtures


def asked(tsa: Tsa) -> Authority:
    return Authority(tsa.url, pseudo(7).randbytes)


@pytest.fixture(scope="session")
def timed(plain: bytes, own: ReportKey, authority: Tsa) -> bytes:
    return signing.sign(plain, own, AT_US, asked(authority))


def verified(pdf: bytes, own: ReportKey, *given: Certificate) -> Checked:
    return verifying.check("a.pdf", pdf, [LOG.signer_key], own.certificate, given)


def notes(found: Checked) -> str:
    return "; ".join(found.notes)


def test_the_time_is_told_and_who_vouches_for_it(
    timed: bytes, own: ReportKey, authority: Tsa
) -> None:
    for given in (
        (authority.root,),
        (authority.own,),
        (own.certificate, authority.root),
    ):
        found = verified(timed, own, *given)
        assert (found.findings, found.verdict) == ([], Verdict.VERIFIED)
        assert "signed before 20" in notes(found)
        assert "Example TSA states, by a certificate that was given" in notes(found)
    found = verified(timed, own)
    assert found.verdict is Verdict.VERIFIED
    assert "nobody vouches for that authority" in notes(found)


def test_without_a_trusted_time_that_is_said(
    signed: bytes, own: ReportKey, authority: Tsa
) -> None:
    found = check(signed, own)
    assert found.verdict is Verdict.VERIFIED
    assert "no trusted time is in it" in notes(found)
    found = verified(signed, own, authority.root)  # somebody counts on one
    assert found.verdict is Verdict.INCOMPLETE
    assert "no trusted time is in it" in told(found)


def test_another_authority_does_not_count(
    timed: bytes, own: ReportKey, tmp_path: Path
) -> None:
    thief = time_authority.make(tmp_path)  # of the same name
    for one in (thief.root, thief.own, own.certificate):
        found = verified(timed, own, one)
        assert found.verdict is Verdict.TAMPERED
        assert "by no authority that was given" in told(found)


def test_the_unsigned_bytes_come_first_as_they_were(
    plain: bytes, signed: bytes, timed: bytes
) -> None:
    assert timed.startswith(plain)
    begin, end = hole(timed)
    assert end - begin == signing.TIMED + 2
    # before the signature's place nothing but its size differs
    assert begin == hole(signed)[0]


@needs_pdfsig
def test_pdfsig_accepts_it(timed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(timed)
    shown = pdfsig.said(path)
    assert "Signature is Valid" in shown
    assert "Total document signed" in shown


def test_pyhanko_accepts_it(timed: bytes, own: ReportKey, authority: Tsa) -> None:
    roots = [
        x509.Certificate.load(one.public_bytes(serialization.Encoding.DER))
        for one in (own.certificate, authority.root)
    ]
    [found] = PdfFileReader(io.BytesIO(timed)).embedded_signatures
    status = validate_pdf_signature(found, ValidationContext(trust_roots=roots))
    assert status.bottom_line
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.trusted
    assert status.timestamp_validity.valid


def test_every_bit_of_what_is_appended_counts(
    plain: bytes, timed: bytes, own: ReportKey
) -> None:
    """One of each byte, the time-stamp's too, and all of some."""
    begin, end = hole(timed)
    used = begin + 1 + len(timed[begin + 1 : end - 1].rstrip(b"0"))
    places = [
        *range(len(plain), begin),
        *range(begin, used + 40),
        *range(end, len(timed)),
    ]
    places += range(used + 40, end, 97)  # the padding
    for at in places:
        for bit in range(8) if begin <= at < used and at % 61 == 0 else (at % 8,):
            found = check(flipped(timed, at, bit), own)
            assert found.verdict is not Verdict.VERIFIED, f"byte {at}, bit {bit}"


def test_a_time_stamp_of_another_signature_is_found(
    plain: bytes, timed: bytes, own: ReportKey, authority: Tsa
) -> None:
    other = signing.sign(plain, own, AT_US + 1_000_000, asked(authority))
    one, two = seals.look(timed), seals.look(other)
    assert one is not None
    assert two is not None
    assert one.token is not None
    assert two.token is not None
    with pytest.raises(FormatError, match="something else than this signature"):
        stamps.look(two.token, one.signature)
    assert stamps.look(one.token, one.signature).by.endswith("Example TSA")


def away(tsa: Tsa) -> None:
    tsa.status = 503


def refuses(tsa: Tsa) -> None:
    tsa.change = lambda _: bytes.fromhex("30053003020102")


def of_before(tsa: Tsa) -> None:
    kept: list[bytes] = []

    def change(answer: bytes) -> bytes:
        kept.append(answer)
        return kept[0]

    tsa.change = change


def too_long(tsa: Tsa) -> None:
    tsa.change = lambda answer: answer + bytes(stamping.ANSWER)


def forged(tsa: Tsa) -> None:
    tsa.change = lambda answer: answer[:-1] + bytes([answer[-1] ^ 1])


def no_answer(tsa: Tsa) -> None:
    tsa.change = lambda _: b"<html>sign in</html>"


TROUBLES = {
    "away": (away, "status 503"),
    "refuses": (refuses, "it refuses (rejection)"),
    "of before": (of_before, "to another request"),
    "too long": (too_long, "too long"),
    "forged": (forged, "gave no time"),
    "no answer": (no_answer, "no time-stamp"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_an_authority_that_gives_no_time_keeps_no_report_back(
    plain: bytes, own: ReportKey, tsa: Tsa, name: str
) -> None:
    trouble, why = TROUBLES[name]
    trouble(tsa)
    if name == "of before":
        asked(tsa).stamp(b"x")
    made = signing.Signing(own, Authority(tsa.url, pseudo(8).randbytes))
    before = tsa.asked
    for _ in range(2):
        found = check(made.sign(plain, AT_US), own)
        assert found.verdict is Verdict.VERIFIED
        assert "no trusted time is in it" in notes(found)
    assert tsa.asked == before + 1  # and is not asked again
    assert made.without is not None
    assert why in made.without
    assert "127.0.0.1" in made.without
    with pytest.raises(ReportError, match="gave no time"):
        signing.sign(plain, own, AT_US, Authority(tsa.url, pseudo(9).randbytes))


def test_nobody_there_keeps_no_report_back(plain: bytes, own: ReportKey) -> None:
    made = signing.Signing(own, Authority("http://127.0.0.1:9/", pseudo(1).randbytes))
    assert check(made.sign(plain, AT_US), own).verdict is Verdict.VERIFIED
    assert made.without is not None
    assert "refused" in made.without


def test_one_that_takes_for_ever_is_ended(
    plain: bytes, own: ReportKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends a byte now and then, so that no single read takes long."""
    monkeypatch.setattr(stamping, "WHOLE", 1.0)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            link, _ = server.accept()
            with link, suppress(OSError):
                link.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not stop.wait(0.2):
                    link.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        made = signing.Signing(own, Authority(url, pseudo(1).randbytes))
        begun = time.monotonic()
        assert check(made.sign(plain, AT_US), own).verdict is Verdict.VERIFIED
        assert time.monotonic() - begun < 10
        stop.set()
        thread.join()
    assert made.without is not None


@pytest.mark.parametrize(
    "url", ["", "tsa.example", "ftp://tsa.example", "http://", "http://a:b@tsa.example",
            "http://tsa.example:99999"]
)  # fmt: skip
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_TSA_URL has to be"):
        Authority(url, pseudo(1).randbytes)


def test_the_command_tells_the_time(
    timed: bytes, own: ReportKey, authority: Tsa, tmp_path: Path
) -> None:
    path, pem, root = (tmp_path / one for one in ("a.pdf", "own.pem", "root.pem"))
    path.write_bytes(timed)
    pem.write_bytes(own.certificate_pem())
    root.write_bytes(authority.root.public_bytes(serialization.Encoding.PEM))
    given = ["verify", "--report", str(path), "--certificate", str(pem)]
    given += ["--key", LOG.signer_key.format()]
    done = CliRunner().invoke(main, [*given, "--tsa-certificate", str(root)])
    assert done.exit_code == 0, done.output
    assert "by a certificate that was given" in done.output
    root.write_bytes(b"x")
    done = CliRunner().invoke(main, [*given, "--tsa-certificate", str(root)])
    assert (done.exit_code, "holds no certificate" in done.output) == (2, True)


def test_another_key_cannot_bind_a_time(
    plain: bytes, own: ReportKey, authority: Tsa, tmp_path: Path
) -> None:
    theirs = key(tmp_path / "theirs.pem", seed=5)
    pdf = signing.sign(plain, theirs, AT_US, asked(authority))
    assert verified(pdf, own, authority.root).verdict is Verdict.TAMPERED
