"""Who calls: the API key of a request, and what it may do.

Guarantees: without a good key nothing is answered but 401; a key that may not do what
it asks is told 403, and that stands in the trail. A key that was looked up is believed
for `BELIEVED` seconds when writing; what is read, row-level security decides with each
statement. No token is kept: only its digest is.

Source: RFC 6750 (Bearer), RFC 7617 (Basic, for browsers: any name, the token as
password), RFC 9110 (401, 403).
"""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.access import roles, tokens
from prooftrail.search import viewing
from prooftrail.service.api.problems import Problem
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from starlette.requests import Request

    from prooftrail.access.roles import Right
    from prooftrail.service.parts import Parts
    from prooftrail.store.readers import Holder

BELIEVED = 5.0  # seconds
REFUSED_IN = 16  # streams that a refusal is told in, at most
KEPT = 10_000  # keys that are remembered

# What a refusal is recorded as, where it is no view.
_ACTIONS = {"verify": "audit.chain.verify", "reveal": "prooftrail.reveal"}


class Caller(NamedTuple):
    """Whose request it is."""

    holder: Holder
    token: str
    address: str | None

    @property
    def actor(self) -> dict[str, Any]:
        """Who this is in an event."""
        told: dict[str, Any] = {
            "type": "service",
            "userId": f"key:{self.holder.key_id}",
            "role": self.holder.role,
        }
        if self.address is not None:
            told["ipAddress"] = self.address
        return told

    @property
    def sees_all_time(self) -> bool:
        """Whether its key is limited to no period."""
        return self.holder.from_us <= FIRST_US and self.holder.to_us == LAST_US

    @property
    def operates(self) -> bool:
        """Whether it may be told what concerns all streams and all time."""
        whole = self.holder.all_streams and self.sees_all_time
        return whole and self.may("operate")

    def may(self, right: Right) -> bool:
        """Whether the key's role has a right."""
        return roles.may(self.holder.role, right)


class Callers:
    """Knows callers by their keys.

    Args:
        parts: of the service.

    Safe to be shared by threads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Holder, float]] = OrderedDict()

    def of(self, request: Request, right: Right | None) -> Caller:
        """Return who calls.

        Args:
            request: with the key in its Authorization header.
            right: what it is to have; None where any key will do.

        Raises:
            Problem: 401 without a good key, 403 if it has not that right.
            ProoftrailError: the database is away, or the refusal is not recorded.
        """
        token = _token(request.headers.get("authorization", ""))
        holder = None if token is None else self.holder(token)
        if token is None or holder is None:
            raise Problem(
                401,
                "a good API key is needed, as 'Authorization: Bearer ...': this one is "
                "missing, unknown, expired or revoked (prooftrail key create)",
                {"WWW-Authenticate": 'Bearer, Basic realm="prooftrail"'},
            )
        caller = Caller(holder, token, _address(request))
        request.state.key_id = holder.key_id
        if right is not None and not caller.may(right):
            self._refused(caller, right)
            raise Problem(403, f"this key's role, {holder.role}, may not {right}")
        return caller

    def believed(self, request: Request, right: Right) -> Caller | None:
        """Return who calls if that is known without asking the database.

        None says nothing: ask `of`. Never blocks, hence needs no thread.
        """
        token = _token(request.headers.get("authorization", ""))
        holder = None if token is None else self._recent(tokens.digest(token))
        if token is None or holder is None or not roles.may(holder.role, right):
            return None
        request.state.key_id = holder.key_id
        return Caller(holder, token, _address(request))

    def holder(self, token: str) -> Holder | None:
        """Return whose token it is, or None if it opens nothing."""
        digest, now = tokens.digest(token), time.monotonic()
        found = self._recent(digest)
        if found is not None:
            return found
        holder = self._parts.readers.holder(token)
        with self._lock:
            self._known.pop(digest, None)
            if holder is not None:
                self._known[digest] = (holder, now + BELIEVED)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return holder

    def _recent(self, digest: bytes) -> Holder | None:
        now = time.monotonic()
        with self._lock:
            found = self._known.get(digest)
        return found[0] if found is not None and now < found[1] else None

    def _refused(self, caller: Caller, right: Right) -> None:
        """Record that somebody with a key tried what it does not open."""
        viewing.record(
            self._parts.recorder,
            actor=caller.actor,
            streams=tuple(caller.holder.streams)[:REFUSED_IN],
            details={"refused": right},
            action=_ACTIONS.get(right, "audit.log.view"),
            result="denied",
        )


def _token(header: str) -> str | None:
    scheme, _, rest = header.strip().partition(" ")
    text = rest.strip()
    if scheme.lower() == "basic":
        try:
            text = b64decode(text, validate=True).decode().partition(":")[2]
        except (Base64Error, UnicodeError, ValueError):
            return None
    elif scheme.lower() != "bearer":
        return None
    return text if tokens.is_token(text) else None


def _address(request: Request) -> str | None:
    """Return the address of who is connected; nothing that a header claims."""
    host = request.client.host if request.client else ""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return None
