"""Asking a time-stamping authority for the time of a signature, over HTTP.

Guarantees: what is sent is a hash and a number that was never used before; nothing of a
report leaves the house. An answer counts only if it is to this request, over this
signature, signed by the certificate that it names, and no longer than `stamps.MOST`.
One that takes longer than `WHOLE` seconds is ended; no redirect is followed, and no
proxy taken from the environment.

Does not: judge whose certificate it is: whoever verifies the report does.

Source: RFC 3161, 2.4 and 3.4; RFC 5816.
"""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from prooftrail.errors import ConfigurationError, FormatError, ReportError
from prooftrail.reports import stamps

if TYPE_CHECKING:
    from collections.abc import Callable

TSA: Final = "PROOFTRAIL_TSA_URL"  # where the authority answers
WHOLE: Final = 10.0  # seconds until it is connected, and as many for an answer
ANSWER: Final = 64 * 1024  # bytes of it that are read
_OK: Final = 200
_HEADERS: Final = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
}
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority.

    Args:
        url: http or https: a token is signed, so that the way there needs no secrecy.
        random: gives n random bytes.

    Raises:
        ConfigurationError: the URL cannot be one.
    """

    url: str
    random: Callable[[int], bytes]

    def __post_init__(self) -> None:
        """Look at the URL."""
        parts = urlsplit(self.url)
        try:
            fine = parts.scheme in {"http", "https"} and parts.hostname and parts.port
        except ValueError:
            fine = False
        if fine is False or not parts.hostname or parts.username is not None:
            raise ConfigurationError(
                f"{TSA} has to be the http or https URL of a time-stamping authority,"
                " without a name or password in it"
            )

    @property
    def host(self) -> str:
        """What messages call it: a path may hold a token."""
        return urlsplit(self.url).hostname or ""

    def stamp(self, signature: bytes) -> bytes:
        """Return a time-stamp token over a signature, DER.

        Raises:
            ReportError: it is away, refuses, or answers something else.
        """
        try:
            nonce = int.from_bytes(b"\x01" + self.random(8), "big")
            answer = self._answer(_request(signature, nonce))
            token = _token(answer, nonce)
            stamps.look(token, signature)
        except (OSError, ValueError, http.client.HTTPException, FormatError) as error:
            why = str(error) or type(error).__name__
            raise ReportError(
                f"the time-stamping authority {self.host} gave no time: {why}"
            ) from error
        return token

    def _answer(self, body: bytes) -> bytes:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        with closing(kind(self.host, parts.port, timeout=WHOLE)) as connection:
            connection.connect()
            late = threading.Timer(WHOLE, _end, (connection.sock,))
            late.daemon = True
            late.start()
            try:
                connection.request("POST", target, body, _HEADERS)
                with closing(connection.getresponse()) as answer:
                    if answer.status != _OK:
                        raise FormatError(f"it answers with status {answer.status}")
                    held = answer.read(ANSWER + 1)
            finally:
                late.cancel()
        if len(held) > ANSWER:
            raise FormatError("its answer is too long")
        return held


def _end(link: socket.socket) -> None:
    """End a connection that lasts too long, wherever it waits."""
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)


def _request(signature: bytes, nonce: int) -> bytes:
    from asn1crypto import tsp  # noqa: PLC0415  an extra

    imprint = {
        "hash_algorithm": {"algorithm": "sha256"},
        "hashed_message": sha256(signature).digest(),
    }
    asked = {
        "version": "v1",
        "message_imprint": imprint,
        "nonce": nonce,
        "cert_req": True,
    }
    return bytes(tsp.TimeStampReq(asked).dump())


def _token(answer: bytes, nonce: int) -> bytes:
    """Return the token of an answer.

    Raises:
        FormatError: there is none, or it is to another request.
    """
    from asn1crypto import cms, core, tsp  # noqa: PLC0415

    class Answer(core.Sequence):  # type: ignore[misc]  # ships no types
        _fields: ClassVar = [
            ("status", tsp.PKIStatusInfo),
            ("time_stamp_token", cms.ContentInfo, {"optional": True}),
        ]

    try:
        read: Any = Answer.load(answer, strict=True)
        status = read["status"]["status"].native
        if status not in _GRANTED:
            told = "; ".join(read["status"]["status_string"].native or ())
            raise FormatError(f"it refuses ({status}{f': {told}' if told else ''})")
        token = read["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        if info["nonce"].native != nonce:
            raise FormatError("its answer is to another request")
        der = bytes(token.dump())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError("its answer is no time-stamp") from error
    if len(der) > stamps.MOST:
        raise FormatError(f"its time-stamp has more than {stamps.MOST:,} bytes")
    return der
