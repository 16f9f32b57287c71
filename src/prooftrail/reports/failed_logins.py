"""Logins of a period, counted: by reason, account, source, and time.

Guarantees: one pass. Memory is bounded however many names and addresses were tried:
beyond `KEPT` of a kind further ones are counted together, and `cut` says so. Names are
what attackers typed: each is cut at `LONGEST` characters, and nothing else is done.

Does not: tell what an attempt was for. A name that the event withholds counts as that.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.catalog.wording import mapping
from prooftrail.core import instants
from prooftrail.detections.families import UNKNOWN_USER
from prooftrail.reports.counting import Counting, ranked, text

if TYPE_CHECKING:
    from collections.abc import Mapping

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


class Tally(Counting):
    """Counts events as they are shown, in whatever order they come."""

    def __init__(self) -> None:
        super().__init__()
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

    def add(self, item: Mapping[str, Any]) -> None:
        """Count an event."""
        stream, seq = self.see(item)
        action = str(item["action"])
        self.count(self.acts, action)
        if action == SUCCESS:
            self.successes += item.get("result") == "success"
        elif action == FAILURE:
            self._fail(item)
        elif (action == LOCK or action in MFA) and len(self.noted) < LISTED:
            reason = text(mapping(item.get("details")).get("reason"))
            account = _account(item) or WITHHELD
            at = str(item["timestamp"])
            self.noted.append(Noted(stream, seq, at, action, account, reason or ""))

    def _fail(self, item: Mapping[str, Any]) -> None:
        self.failures += 1
        details = mapping(item.get("details"))
        self.redacted += "details" not in item and "redacted" in item
        reason = text(details.get("reason")) or "not stated"
        account = _account(item)
        source = text(mapping(item.get("actor")).get("ipAddress")) or NO_ADDRESS
        hour = instants.microseconds(str(item["timestamp"])) // HOUR_US
        self.count(self.reasons, reason)
        self.count(self.sources, source)
        self.count(self.hours, hour)
        if account is None:
            self.withheld += 1
        else:
            self.count(self.accounts, account)
        self.count(self.pairs, (source, account or WITHHELD))
        if reason == UNKNOWN_USER:
            self.unknown += 1
            self.count(self.unknown_sources, source)
            self.count(self.unknown_hours, hour)
            if account is None:
                self.unknown_withheld += 1
            else:
                self.count(self.unknown_names, account)
        elif reason in _BARRED:
            self.count(self.barred, (account or WITHHELD, reason))

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


def _account(item: Mapping[str, Any]) -> str | None:
    """Return which account was tried; None where its name is withheld."""
    return (
        text(mapping(item.get("resource")).get("id"))
        or text(mapping(item.get("actor")).get("userId"))
        or text(mapping(item.get("details")).get("attempted_login"))
    )
