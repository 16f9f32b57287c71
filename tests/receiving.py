"""A real webhook receiver over HTTP or HTTPS, with a CA of its own."""

from __future__ import annotations

import hmac
import json
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = b"a secret of thirty-two bytes....."
HOST = "alerts.example"


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    server_name: str | None = None

    @property
    def alert(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed(self) -> bool:
        stated = dict(
            part.split("=") for part in self.headers["Prooftrail-Signature"].split(",")
        )
        signed = f"{stated['t']}.".encode() + self.body
        return hmac.compare_digest(
            hmac.new(SECRET, signed, "sha256").hexdigest(), stated["v1"]
        )


@dataclass
class Receiver:
    port: int = 0
    ca_file: Path | None = None
    got: list[Received] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # of TLS handshakes
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    statuses: list[int] = field(default_factory=list)  # of the next answers

    @property
    def url(self) -> str:
        scheme = "https" if self.ca_file else "http"
        return f"{scheme}://{HOST}:{self.port}/hook?to=us"


@contextmanager
def receiver(directory: Path | None = None, *, name: str = HOST) -> Iterator[Receiver]:
    """Run one on a port of 127.0.0.1; with a directory, over TLS for `name`."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            got = Received(self.path, dict(self.headers), self.rfile.read(size))
            made.got.append(got)
            if made.answer is not None:
                made.answer(self)
                return
            status = made.statuses.pop(0) if made.statuses else 204
            self.send_response(status)
            if status in range(300, 400):
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that go away are what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if directory is not None:
        made.ca_file = directory / "ca.pem"
        context = _context(directory, name)
        context.sni_callback = lambda _sock, asked, _context: made.names.append(asked)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _context(directory: Path, name: str) -> ssl.SSLContext:
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's CA")])
    now = datetime.now(UTC)  # noqa: TID251  a certificate has a real time

    def builder(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            # Python 3.13 and newer ask for both (RFC 5280, section 4.2.1)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(public), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )

    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    ca = (
        builder(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            key.public_key(),
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(ca.public_bytes(pem))
    (directory / "leaf.pem").write_bytes(
        leaf.public_bytes(pem)
        + key.private_bytes(
            pem,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "leaf.pem")
    return context
