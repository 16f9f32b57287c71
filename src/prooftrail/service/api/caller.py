"""Who calls: the API key of a request, and what it may do.

Guarantees: without a good key nothing is answered but 401; a key that may not do what
it asks is told 403, and that stands in the trail, as does that it asked for what is not
there or not for it; and once in `AGAIN` seconds that a key was used which was good
while this service ran, and is not any more. A key is looked up anew for whatever it
asks; when writing alone, one that was is believed for `BELIEVED` seconds, and while the
database does not answer for as much as `AWAY` seconds since it did, but never beyond
the time at which it expires. What is read, row-level security decides with each
statement, and a key that ended in between gets an error, no empty answer. No token is
kept: only its digest is. What another site has a browser send is refused, and the
password that a browser sends by itself writes and begins nothing.

Source: RFC 6750 (Bearer), RFC 7617 (Basic, for browsers: any name, the token as
password), RFC 9110 (401, 403); Fetch Metadata (Sec-Fetch-Site).
"""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.access import roles, tokens
from prooftrail.capture.client_address import client_address
from prooftrail.errors import ProoftrailError, UnavailableError
from prooftrail.search import viewing
from prooftrail.service.api.problems import Problem
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from prooftrail.access.roles import Right
    from prooftrail.service.parts import Parts
    from prooftrail.store.readers import Holder

BELIEVED = 5.0  # seconds
AGAIN = 60.0  # seconds after which the use of a dead key is told again
AWAY = 60.0  # seconds
REFUSED_IN = 16  # streams that a refusal is told in, at most
KEPT = 10_000  # keys that are remembered
# rights whose use does something
_BEARER_ONLY = ("write", "verify", "reveal", "triage")

# What a refusal is recorded as: of whom may not write or operate, nothing was viewed.
_ACTIONS: Mapping[Right, str] = {
    "read": "audit.log.view",
    "verify": "audit.chain.verify",
    "reveal": "prooftrail.reveal",
    "triage": "system.access.denied",
    "write": "system.access.denied",
    "operate": "system.access.denied",
}


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


class _Known(NamedTuple):
    """A key that was good when it was looked up; seconds on the monotonic clock."""

    holder: Holder
    looked_up: float
    asked: float  # when it was last asked for again, in a writer's turn


class _Dead(NamedTuple):
    """A key that opens nothing any more; seconds on the monotonic clock."""

    holder: Holder
    told: float


class Callers:
    """Knows callers by their keys.

    Args:
        parts: of the service.

    Safe to be shared by threads.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._dead: OrderedDict[bytes, _Dead] = OrderedDict()

    def of(self, request: Request, right: Right | None) -> Caller:
        """Return who calls.

        Args:
            request: with the key in its Authorization header.
            right: what it is to have; None where any key will do.

        Raises:
            Problem: 401 without a good key, 403 if it has not that right.
            ProoftrailError: the database is away, or the refusal is not recorded.
        """
        token = _given(request, right)
        holder = self._writer(token) if right == "write" else self.holder(token)
        if holder is None:
            self._tell_dead(request, token, right)
            raise _unknown(right)
        caller = Caller(holder, token, self._address(request))
        _note(request, caller, right)
        if right is not None and not caller.may(right):
            self._refused(caller, right)
            raise Problem(403, f"this key's role, {holder.role}, may not {right}")
        return caller

    def believed(self, request: Request, right: Right) -> Caller | None:
        """Return who writes if that is known without asking the database.

        None says nothing: ask `of`. Never blocks, hence needs no thread.

        Raises:
            Problem: as `of`, without a token or from another site.
        """
        token = _given(request, right)
        holder = self._recent(tokens.digest(token))
        if holder is None or not roles.may(holder.role, right):
            return None
        caller = Caller(holder, token, self._address(request))
        _note(request, caller, right)
        return caller

    def denied(self, request: Request, what: str) -> None:
        """Record that a key asked for what is not there, or not for it.

        Args:
            request: that was answered with who calls.
            what: kind of thing; which one is not told, nor whether it is there.

        Raises:
            ProoftrailError: it is not recorded.
        """
        caller, right = request.state.caller, request.state.right
        self._refused(caller, right or "read", what=what)

    def holder(self, token: str) -> Holder | None:
        """Return whose token it is at present, or None if it opens nothing."""
        digest, now = tokens.digest(token), time.monotonic()
        holder = self._parts.readers.holder(token)
        with self._lock:
            before = self._known.pop(digest, None)
            if holder is None and before is not None:
                self._dead[digest] = _Dead(before.holder, now - AGAIN)
                while len(self._dead) > KEPT:
                    self._dead.popitem(last=False)
            if holder is not None:
                self._known[digest] = _Known(holder, now, now)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
        return holder

    def _writer(self, token: str) -> Holder | None:
        """Return whose token it is; who is known does not wait for a database."""
        digest, now = tokens.digest(token), time.monotonic()
        with self._lock:
            known = self._good(digest)
            if known is not None and now >= known.looked_up + AWAY:
                known = None
            if known is not None and now < known.asked + BELIEVED:
                return known.holder  # it is being asked for, or was in vain just now
            if known is not None:
                self._known[digest] = known._replace(asked=now)
        try:
            return self.holder(token)
        except UnavailableError:
            if known is None:
                raise
            return known.holder

    def _address(self, request: Request) -> str | None:
        """Return the address of who asks; a header counts as far as proxies go."""
        return client_address(
            request.client.host if request.client else None,
            request.headers.getlist("x-forwarded-for"),
            self._parts.trusted_proxies,
        )

    def _recent(self, digest: bytes) -> Holder | None:
        now = time.monotonic()
        with self._lock:
            known = self._good(digest)
        if known is None or now >= known.looked_up + BELIEVED:
            return None
        return known.holder

    def _good(self, digest: bytes) -> _Known | None:
        """Return what is remembered of a key, unless it has expired by now."""
        known = self._known.get(digest)
        if known is None:
            return None
        expires_us = known.holder.expires_at.timestamp() * 1_000_000
        return known if self._parts.clock() < expires_us else None

    def _tell_dead(self, request: Request, token: str, right: Right | None) -> None:
        digest, now = tokens.digest(token), time.monotonic()
        with self._lock:
            dead = self._dead.get(digest)
            if dead is None or now < dead.told + AGAIN:
                return
            self._dead[digest] = dead._replace(told=now)
        caller = Caller(dead.holder, token, self._address(request))
        try:
            self._refused(caller, right or "read", what="key")
        except ProoftrailError:
            with self._lock:
                self._dead[digest] = dead  # the next one is told
            raise

    def _refused(self, caller: Caller, right: Right, **more: str) -> None:
        """Record that somebody with a key tried what it does not open."""
        viewing.record(
            self._parts.recorder,
            actor=caller.actor,
            streams=tuple(caller.holder.streams)[:REFUSED_IN],
            details={"refused": right, "reason": f"may not {right}", **more},
            action=_ACTIONS[right],
            result="denied",
        )


def _note(request: Request, caller: Caller, right: Right | None) -> None:
    """Keep with a request who calls and what for, for its log line and refusals."""
    request.state.key_id = caller.holder.key_id
    request.state.caller, request.state.right = caller, right


def _given(request: Request, right: Right | None) -> str:
    """Return the token that a request may use for this.

    Raises:
        Problem: 401 without one; 403 for what another site has a browser send.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Problem(403, "another site sent this request: open the address yourself")
    token = _token(
        request.headers.get("authorization", ""), basic=right not in _BEARER_ONLY
    )
    if token is None:
        raise _unknown(right)
    return token


def _unknown(right: Right | None) -> Problem:
    basic = "" if right in _BEARER_ONLY else ', Basic realm="prooftrail"'
    return Problem(
        401,
        "a good API key is needed, as 'Authorization: Bearer ...': this one is "
        "missing, unknown, expired or revoked (prooftrail key create)",
        {"WWW-Authenticate": f"Bearer{basic}"},
    )


def _token(header: str, *, basic: bool) -> str | None:
    scheme, _, rest = header.strip().partition(" ")
    text = rest.strip()
    if basic and scheme.lower() == "basic":
        try:
            text = b64decode(text, validate=True).decode().partition(":")[2]
        except (Base64Error, UnicodeError, ValueError):
            return None
    elif scheme.lower() != "bearer":
        return None
    return text if tokens.is_token(text) else None
