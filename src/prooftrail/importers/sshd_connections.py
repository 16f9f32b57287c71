"""Connections to an SSH server: which lines of its log tell of one and the same.

Guarantees: sshd serves each connection by a process of its own, so lines are of one
connection where server and pid are the same; those of the child that serves a session
have another pid, and are of the one with their address and port. A pid or a port that
comes again is another connection: where it names another address or port, where the
first one had ended, or after ten minutes without a login (sshd waits for two). Lines
without a pid go by address and port alone. Memory holds the connections of ten minutes,
and at most `MAX_INSIDE` that were let in and not seen to leave.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.importers.sshd_lines import Line
    from prooftrail.importers.sshd_messages import Told

GRACE_US: Final = 10 * instants.MINUTE  # sshd's LoginGraceTime is 2 by default
MAX_INSIDE: Final = 50_000

_SWEEP = 1_000  # lines between two looks at what is over
_SAME_LEAVING_US = 5 * instants.SECOND
_TRIES = frozenset({"failed", "accepted", "partial"})
_NAMES = frozenset({"named", "pam", "more", "partial"})


class Evidence(NamedTuple):
    """One line that tells of a login, and where it stands."""

    number: int
    line: Line
    told: Told


class Connection:
    """What the lines of one connection said until now."""

    __slots__ = (
        "address", "ended", "ending", "exists", "first", "host", "inside", "keys",
        "last_us", "left", "more", "partial", "port", "refused", "told", "user", "why",
    )  # fmt: skip

    def __init__(self, at_us: int) -> None:
        self.keys: set[tuple[object, ...]] = set()
        self.last_us = at_us
        self.first: Evidence | None = None  # that somebody tried to log in
        self.told = 0  # attempts that are events
        self.user: str | None = None  # the name that is tried
        self.exists: bool | None = None  # whether an account has it
        self.why: str | None = None  # what is wrong with the account
        self.address: str | None = None
        self.host: str | None = None  # where PAM knows a name alone
        self.port: int | None = None
        self.partial = False  # a first factor was accepted
        self.refused: dict[str, int] = {}  # attempts by PAM module
        self.more = 0  # that PAM counted together
        self.inside: str | None = None  # who was let in
        self.ended = False
        self.left = False  # whoever was inside; told
        self.ending: str | None = None

    def learn(self, seen: Evidence) -> None:
        """Take in what a line says."""
        told = seen.told
        self.last_us = seen.line.at_us
        if told.address is not None and self.address is None:
            if parsed(told.address) is not None:
                self.address = told.address
            else:
                self.host = told.address
        self.port = self.port if told.port is None else told.port
        self.user = self.user if told.user is None else told.user
        self.exists = self.exists if told.exists is None else told.exists
        if told.kind == "left":
            self.ending = self.ending or told.why
        else:
            self.why = told.why or self.why
        if told.kind == "partial":
            self.partial = True
        elif told.kind == "pam":
            module = told.module or ""
            self.refused[module] = self.refused.get(module, 0) + told.times
        elif told.kind == "more":
            self.more += told.times
        tried = told.kind == "left" and told.user is not None and told.preauth
        if self.first is None and (tried or told.kind in _NAMES):
            self.first = seen

    def continues(self, seen: Evidence) -> bool:
        """Return whether a line with the same pid can be of this connection."""
        told = seen.told
        other = (
            told.port is not None and self.port is not None and told.port != self.port
        )
        if told.address is not None and self.address is not None:
            found = parsed(told.address)
            other = other or (found is not None and found != parsed(self.address))
        if other or (told.kind in _TRIES and (self.ended or self.inside is not None)):
            return False
        if self.inside is not None:
            return told.kind not in _NAMES or told.exists is not False
        return abs(seen.line.at_us - self.last_us) <= GRACE_US

    def place(self, told: Told) -> dict[str, Any]:
        """Return from where it came: ipAddress and perhaps interface, or host; port."""
        address = told.address or self.address or self.host
        port = told.port if told.port is not None else self.port
        found = None if address is None else parsed(address)
        place: dict[str, Any] = {}
        if found is None:
            found = None if self.address is None else parsed(self.address)
        if isinstance(found, IPv6Address) and found.scope_id is not None:
            place["interface"] = found.scope_id
            found = IPv6Address(int(found))
        if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        if found is not None:
            place["ipAddress"] = str(found)
        elif address is not None:
            place["host"] = address
        if port is not None:
            place["port"] = port
        return place


class Connections:
    """The connections of one log that may go on."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Connection] = {}
        self._leaving: dict[tuple[str, str | None], int] = {}
        self._lines = 0

    def stale(self, seen: Evidence) -> Iterator[Connection]:
        """Forget what a line shows to be over, and give it."""
        for key in _keys(seen):
            known = self._known.get(key)
            if known is not None and not known.continues(seen):
                yield self._forget(known)
        self._lines += 1
        if self._lines % _SWEEP == 0:
            yield from self._sweep(seen.line.at_us)

    def of(self, seen: Evidence) -> Connection:
        """Return the connection of a line: one that is known, or a new one."""
        keys = _keys(seen)
        known = next((self._known[key] for key in keys if key in self._known), None)
        found = Connection(seen.line.at_us) if known is None else known
        for key in keys:
            found.keys.add(key)
            self._known[key] = found
        return found

    def rest(self) -> Iterator[Connection]:
        """Forget all, and give them in the order of their beginning."""
        while self._known:
            yield self._forget(next(iter(self._known.values())))

    def leaves(self, seen: Evidence) -> bool:
        """Return False where two processes tell that the same person left.

        For sessions that began before the log does: nothing else shows that the two are
        of one connection.
        """
        key = (seen.line.server, seen.told.user)
        before = self._leaving.pop(key, None)
        now_us = seen.line.at_us
        if before is not None and abs(now_us - before) <= _SAME_LEAVING_US:
            return False
        if len(self._leaving) > _SWEEP:
            self._leaving.clear()
        self._leaving[key] = now_us
        return True

    def _sweep(self, now_us: int) -> Iterator[Connection]:
        inside: list[Connection] = []
        for one in list(dict.fromkeys(self._known.values())):
            if one.inside is not None and not one.ended:
                inside.append(one)
            elif now_us - one.last_us > GRACE_US:
                yield self._forget(one)
        for one in inside[: max(0, len(inside) - MAX_INSIDE)]:
            yield self._forget(one)

    def _forget(self, one: Connection) -> Connection:
        for key in one.keys:
            if self._known.get(key) is one:
                del self._known[key]
        return one


def parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address, or None for what is none."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def _keys(seen: Evidence) -> list[tuple[object, ...]]:
    line, told = seen.line, seen.told
    keys: list[tuple[object, ...]] = []
    if line.pid is not None:
        keys.append((line.server, line.pid))
    if line.pid is None or (told.port is not None and told.address is not None):
        keys.append((line.server, told.address, told.port))
    return keys
