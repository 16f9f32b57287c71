"""One webhook: a signed POST to an address that was looked at.

Guarantees: https, unless the operator allowed http for that host by name; the name is
resolved once a try, all its addresses are judged (`addresses`), and the connection goes
to one of these very addresses, with the certificate checked for the name, so that no
later answer of a name server counts. No redirect is followed, no proxy is taken from
the environment; time and size of the answer are bounded. Messages name the host alone:
a path may hold a token.

The body is signed: `Prooftrail-Signature: t=SECONDS,v1=HEX` where HEX is the
HMAC-SHA256 under the secret of SECONDS, a full stop and the body.

Source: RFC 2104; OWASP Server-Side Request Forgery Prevention Cheat Sheet.
"""

from __future__ import annotations

import hmac
import http.client
import re
import socket
import ssl
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from prooftrail.errors import ConfigurationError
from prooftrail.service import addresses

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from urllib.parse import SplitResult

    from prooftrail.service.addresses import Network

SILENCE = 10.0  # seconds without a byte
WHOLE = 15.0  # seconds from the connection's begin to the answer's end
ANSWER = 64 * 1024  # bytes of an answer that are read
MIN_SECRET = 16  # bytes

_HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
_OK = range(200, 300)
_REDIRECTS = range(300, 400)


@dataclass(frozen=True)
class Allowed:
    """What the operator allowed besides public https."""

    networks: tuple[Network, ...] = ()
    http_hosts: frozenset[str] = field(default_factory=frozenset)
    ca_file: Path | None = None  # in place of the system's authorities


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, by the system.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Webhook:
    """Where alerts go.

    Args:
        url: https://host/path.
        secret: signs; 16 bytes at least.
        allowed: what is allowed besides public https.
        resolver: from host and port to addresses.

    Raises:
        ConfigurationError: the URL, the secret or the authorities are unusable.
    """

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        allowed: Allowed | None = None,
        resolver: Callable[[str, int], list[str]] = resolve,
    ) -> None:
        allowed = allowed or Allowed()
        parts, port = _parts(url, allowed)
        if len(secret) < MIN_SECRET:
            raise ConfigurationError(
                f"the webhook's secret is shorter than {MIN_SECRET} bytes: make one "
                "with openssl rand -hex 32"
            )
        self.host = str(parts.hostname)
        self._port = port
        self._shown = parts.netloc.rpartition("@")[2]
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secret = secret
        self._networks = allowed.networks
        self._resolver = resolver
        self._tls = _tls(allowed.ca_file) if parts.scheme == "https" else None

    def post(self, body: bytes, *, delivery: str, now_s: int) -> str | None:
        """Send; return why it did not arrive, or None.

        Args:
            body: JSON.
            delivery: the same for each try of one alert, so that a receiver can tell.
            now_s: seconds since the epoch, part of what is signed.
        """
        try:
            address = self._address()
        except OSError as error:
            return f"{self.host} is not resolved: {error.strerror or error}"
        except ConfigurationError as error:
            return str(error)
        signature = hmac.new(self._secret, f"{now_s}.".encode() + body, "sha256")
        headers = {
            "Host": self._shown,
            "Content-Type": "application/json",
            "User-Agent": "prooftrail",
            "Prooftrail-Delivery": delivery,
            "Prooftrail-Signature": f"t={now_s},v1={signature.hexdigest()}",
        }
        try:
            status = self._exchange(address, body, headers)
        except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
            return f"{self.host} did not answer: {type(error).__name__}"
        if status in _REDIRECTS:
            return f"{self.host} answered {status}: redirects are not followed"
        return None if status in _OK else f"{self.host} answered {status}"

    def _address(self) -> str:
        """Return the address to connect to.

        Raises:
            ConfigurationError: it must not be connected to.
            OSError: there is none.
        """
        found = self._resolver(self.host, self._port)
        if not found:
            raise OSError("no address")
        for one in found:
            if why := addresses.refusal(one, self._networks):
                raise ConfigurationError(
                    f"{self.host} is not connected to: {why}; if it is meant, allow "
                    "its network"
                )
        return found[0]

    def _exchange(self, address: str, body: bytes, headers: dict[str, str]) -> int:
        with closing(self._connection(address)) as connection:
            cut = threading.Timer(WHOLE, _cut, (connection,))
            cut.daemon = True
            cut.start()
            try:
                connection.request(
                    "POST",
                    self._target,
                    body=body,
                    headers=headers,
                    preload_content=False,
                )
                answer = connection.getresponse()
                answer.read(ANSWER, decode_content=False)
                return answer.status
            finally:
                cut.cancel()

    def _connection(self, address: str) -> HTTPConnection:
        if self._tls is None:
            return HTTPConnection(address, self._port, timeout=SILENCE)
        return HTTPSConnection(
            address,
            self._port,
            timeout=SILENCE,
            server_hostname=self.host,
            ssl_context=self._tls,
        )


def _cut(connection: HTTPConnection) -> None:
    """End a connection under whoever waits for it."""
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):  # it ended by itself
            sock.shutdown(socket.SHUT_RDWR)


def _parts(url: str, allowed: Allowed) -> tuple[SplitResult, int]:
    refused = (
        "the webhook is no https URL such as https://alerts.example/hook (what is not "
        "ASCII is written as %XX)"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(refused) from None
    host = parts.hostname or ""
    if (
        parts.scheme not in {"https", "http"}
        or not _HOST.fullmatch(host)
        or not (url.isascii() and url.isprintable())
        or " " in url
        or parts.username is not None
    ):
        raise ConfigurationError(refused)
    if parts.scheme == "http" and host not in allowed.http_hosts:
        raise ConfigurationError(
            f"the webhook at {host} is http: use https, or allow http for this host "
            "by name"
        )
    return parts, port or (443 if parts.scheme == "https" else 80)


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError(
            f"{ca_file} cannot be read as certificates of authorities: "
            f"{error.strerror or error}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
