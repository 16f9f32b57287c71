"""Logins of a period, counted: by reason, account, source, and time.

Guarantees: one pass. Memory is bounded however many names and addresses were tried:
beyond `KEPT` of a kind further ones are counted together, and `cut` says so. Names are
what attackers typed: each is cut at `LONGEST` characters, and nothing else is done.

Does not: tell what an attempt was for. A name that the event withholds counts as that.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from prooftrail.core import instants
from prooftrail.detections.families import UNKNOWN_USER

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT: Final = 20_000  # accounts, sources, pairs of them, hours
LONGEST: Final = 200  # characters of a name
LISTED: Final = 50  # locks and the like, the newest
WITHHELD: Final = "name withheld"
HOUR_US: Final = 3_600 * instants.SECOND
NO_ADDRESS: Final = "no address stated"
FAILURE: Final = "auth.login.failure"
SUCCESS: Final = "auth.login.success"
LOCK: Final = "auth.account.lock"
MFA: Final = ("auth.mfa.enable", "auth.mfa.disable")
_BARRED: Final = ("locked", "disabled", "not_allowed", "expired")


class Noted(NamedTuple):
    """An event that is listed by itself."""

    stream: str
    seq: int
    at: str  # its own time
    action: str
    account: str
    told: str  # its reason


class Source(NamedTuple):
    """What came from an address."""

    attempts: int
    accounts: int  # different ones that are named


class Tally:
    """Counts events as they are shown, in whatever order they come."""

    def __init__(self) -> None:
        self.events = 0
        self.failures = 0
        self.successes = 0
        self.withheld = 0
        self.redacted = 0
        self.unknown = 0
        self.unknown_withheld = 0
        self.reasons: Counter[str] = Counter()
        self.accounts: Counter[str] = Counter()  # failures of each
        self.sources: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()  # source, account
        self.unknown_sources: Counter[str] = Counter()
        self.unknown_names: Counter[str] = Counter()
        self.barred: Counter[tuple[str, str]] = Counter()  # account, reason
        self.acts: Counter[str] = Counter()
        # by hour since the epoch
        self.hours: Counter[int] = Counter()
        self.unknown_hours: Counter[int] = Counter()
        self.noted: list[Noted] = []
        self.spans: dict[str, tuple[int, int]] = {}  # first and last seq, by stream
        self.cut = False

    def add(self, item: Mapping[str, Any]) -> None:
        """Count an event."""
        self.events += 1
        stream, seq = str(item["stream"]), int(item["seq"])
        first, last = self.spans.get(stream, (seq, seq))
        self.spans[stream] = min(first, seq), max(last, seq)
        action = str(item["action"])
        self._count(self.acts, action)
        if action == SUCCESS:
            self.successes += item.get("result") == "success"
        elif action == FAILURE:
            self._fail(item)
        elif (action == LOCK or action in MFA) and len(self.noted) < LISTED:
            reason = _text(_object(item.get("details")).get("reason"))
            account = _account(item) or WITHHELD
            at = str(item["timestamp"])
            self.noted.append(Noted(stream, seq, at, action, account, reason or ""))

    def _fail(self, item: Mapping[str, Any]) -> None:
        self.failures += 1
        details = _object(item.get("details"))
        self.redacted += "details" not in item and "redacted" in item
        reason = _text(details.get("reason")) or "not stated"
        account = _account(item)
        source = _text(_object(item.get("actor")).get("ipAddress")) or NO_ADDRESS
        hour = instants.microseconds(str(item["timestamp"])) // HOUR_US
        self._count(self.reasons, reason)
        self._count(self.sources, source)
        self._count(self.hours, hour)
        if account is None:
            self.withheld += 1
        else:
            self._count(self.accounts, account)
        self._count(self.pairs, (source, account or WITHHELD))
        if reason == UNKNOWN_USER:
            self.unknown += 1
            self._count(self.unknown_sources, source)
            self._count(self.unknown_hours, hour)
            if account is None:
                self.unknown_withheld += 1
            else:
                self._count(self.unknown_names, account)
        elif reason in _BARRED:
            self._count(self.barred, (account or WITHHELD, reason))

    def _count(self, counts: Counter[Any], one: object) -> None:
        if one in counts or len(counts) < KEPT:
            counts[one] += 1
        else:
            self.cut = True

    @property
    def rate(self) -> str:
        """The share of logins that failed.

        >>> Tally().rate
        'no login'
        """
        logins = self.failures + self.successes
        return f"{100 * self.failures / logins:.1f} %" if logins else "no login"

    def by_source(self, most: int) -> list[tuple[str, Source]]:
        """Return the sources with most failures."""
        different = Counter(
            source for source, account in self.pairs if account != WITHHELD
        )
        return [
            (one, Source(n, different[one])) for one, n in ranked(self.sources, most)
        ]

    def by_account(self, most: int) -> list[tuple[str, int, int]]:
        """Return the accounts with most failures: from how many sources."""
        different = Counter(account for _, account in self.pairs)
        return [(one, n, different[one]) for one, n in ranked(self.accounts, most)]


def ranked(counts: Mapping[Any, int], most: int) -> list[tuple[Any, int]]:
    """Return the largest counts; equal ones by their name.

    >>> ranked({"b": 2, "a": 2, "c": 1}, 2)
    [('a', 2), ('b', 2)]
    """
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:most]


def _account(item: Mapping[str, Any]) -> str | None:
    """Return which account was tried; None where its name is withheld."""
    return (
        _text(_object(item.get("resource")).get("id"))
        or _text(_object(item.get("actor")).get("userId"))
        or _text(_object(item.get("details")).get("attempted_login"))
    )


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value[:LONGEST] or None if isinstance(value, str) else None
