"""Failures counted in the database, and refusals told not too often.

Guarantees: each attempt counts before it is judged, by account and by address, with
both locked: of many at once none is judged that is one too many. An IPv6 address counts
as its /64, which one household has.

Source: RFC 6177 (who is given what).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from prooftrail.access import limits
from prooftrail.store import people

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from prooftrail.access.access_key import AccessKey
    from prooftrail.access.limits import Rule, Wait
    from prooftrail.store.connect import Connection

AGAIN_US: Final = 60_000_000  # after which the same refusal is told again
KEPT: Final = 10_000  # refusals that are remembered
LONGEST: Final = 1024  # characters of what was typed that count


class Throttle:
    """Counts failed logins.

    Args:
        key: makes digests of whom they concern.
    """

    def __init__(self, key: AccessKey) -> None:
        self._key = key

    def count(
        self, link: Connection, account: str, address: str | None, now_us: int
    ) -> Wait | int:
        """Count an attempt as a failure, or say that one has to wait.

        Args:
            link: in a transaction, which is to end before the attempt is judged.
            account: the e-mail address that was typed.
            address: where the request comes from.
            now_us: the present.

        Returns:
            The failures of the account of late, this one too; or, not counted, until
            when nothing is tried.
        """
        now = moment(now_us)
        rules = self._rules(account, address)
        times: dict[bytes, list[int]] = {}
        for subject, rule in rules:
            times[subject] = limits.recent(people.failures(link, subject, now), now_us)
            waiting = limits.wait(rule, times[subject], now_us)
            if waiting is not None:
                return waiting
        counted = 0
        for subject, rule in rules:
            kept = limits.recent([*times[subject], now_us], now_us)[-rule.most :]
            people.note_failures(link, subject, kept, now)
            if rule is limits.ACCOUNT:
                counted = len(kept)
        people.forget_failures(link, moment(now_us - 2 * limits.WINDOW_US))
        return counted

    def clear(
        self, link: Connection, account: str, address: str | None, now_us: int
    ) -> None:
        """Count no failures of an account any more: its attempt of `now_us` was none.

        Those from the address stay: somebody who has an account can log in between
        guesses at another one.
        """
        now = moment(now_us)
        for subject, rule in self._rules(account, address):
            times = people.failures(link, subject, now)
            if rule is limits.ACCOUNT:
                times = []
            elif now_us in times:
                times.remove(now_us)
            people.note_failures(link, subject, times, now)

    def _rules(self, account: str, address: str | None) -> list[tuple[bytes, Rule]]:
        """Return as what an attempt counts, in one order: nobody waits in a circle."""
        found = [(self._key.throttled("account", account[:LONGEST]), limits.ACCOUNT)]
        if address is not None:
            counts_as = self._key.throttled("address", network(address))
            found.append((counts_as, limits.ADDRESS))
        return sorted(found)


class Seldom:
    """Says whether something was told of late.

    Args:
        clock: microseconds since the epoch, UTC.

    Safe to be shared by threads.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._told: OrderedDict[Hashable, int] = OrderedDict()

    def claim(self, what: Hashable) -> bool:
        """Return whether it is to be told now, by whoever asks."""
        now = self._clock()
        with self._lock:
            before = self._told.get(what)
            if before is not None and now - before < AGAIN_US:
                return False
            self._told[what] = now
            self._told.move_to_end(what)
            while len(self._told) > KEPT:
                self._told.popitem(last=False)
        return True

    def give_back(self, what: Hashable) -> None:
        """Say that it was not told after all."""
        with self._lock:
            self._told.pop(what, None)


def network(address: str | None) -> str:
    """Return what an address counts as; empty where there is none."""
    if address is None:
        return ""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:LONGEST]
    if isinstance(found, IPv6Address):
        return (found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64)).compressed
    return found.compressed


def moment(us: int) -> datetime:
    """Return a time, given in microseconds since the epoch, UTC."""
    return datetime.fromtimestamp(us / 1_000_000, UTC)
