"""A time-stamping authority: `openssl ts` behind a real HTTP server.

It has a certificate of its own, issued by a root; what it answers can be changed.
"""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONFIG = """
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
[tsa]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ts]
serial = {at}/serial
crypto_device = builtin
signer_cert = {at}/tsa.pem
certs = {at}/root.pem
signer_key = {at}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
ess_cert_id_chain = no
"""


def _openssl(*given: str) -> None:
    done = subprocess.run(
        ["openssl", *given], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@dataclass
class Tsa:
    """An authority that runs."""

    at: Path
    url: str = ""
    change: Callable[[bytes], bytes] = field(default=lambda answer: answer)
    status: int = 200
    asked: int = 0

    @property
    def root(self) -> x509.Certificate:
        """Its issuer."""
        return x509.load_pem_x509_certificate((self.at / "root.pem").read_bytes())

    @property
    def own(self) -> x509.Certificate:
        """Its own certificate."""
        return x509.load_pem_x509_certificate((self.at / "tsa.pem").read_bytes())

    def answer(self, query: bytes) -> bytes:
        """Answer a request as openssl does."""
        asked, answered = self.at / "query.tsq", self.at / "answer.tsr"
        asked.write_bytes(query)
        config = str(self.at / "conf")
        _openssl("ts", "-reply", "-config", config, "-section", "ts",
                 "-queryfile", str(asked), "-out", str(answered))  # fmt: skip
        return answered.read_bytes()


def make(at: Path, name: str = "Example TSA") -> Tsa:
    """Make an authority and its issuer."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine: install openssl")
    config = at / "conf"
    config.write_text(CONFIG.format(at=at))
    (at / "serial").write_text("01\n")
    for who, section, more in (
        ("root", "ca", ()),
        ("tsa", "tsa", ("-CA", str(at / "root.pem"), "-CAkey", str(at / "root.key"))),
    ):
        subject = f"/CN={name}" if who == "tsa" else f"/CN={name} Root"
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
                 "-subj", subject, "-config", str(config), "-extensions", section,
                 "-keyout", str(at / f"{who}.key"), "-out", str(at / f"{who}.pem"),
                 *more)  # fmt: skip
    return Tsa(at)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """Give one that answers."""
    made = make(tmp_path_factory.mktemp("tsa"))
    with running(made):
        yield made


@pytest.fixture
def tsa(authority: Tsa) -> Iterator[Tsa]:
    """Give it to be changed; afterwards it answers as it should."""
    yield authority
    authority.change, authority.status, authority.asked = lambda one: one, 200, 0


@contextmanager
def running(tsa: Tsa) -> Iterator[Tsa]:
    """Let it answer over HTTP."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            tsa.asked += 1
            assert self.headers["Content-Type"] == "application/timestamp-query"
            query = self.rfile.read(int(self.headers["Content-Length"]))
            answer = tsa.change(tsa.answer(query))
            self.send_response(tsa.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *given: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    tsa.url = f"http://127.0.0.1:{server.server_address[1]}/tsa"
    try:
        yield tsa
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
