"""How often logging in may fail: then one waits, longer each time, then it is locked.

Guarantees: pure. Of failures within `WINDOW_US`, some are free; each one more doubles
how long the next attempt waits; as many as `most`, and nothing is tried until
`WINDOW_US` after the newest. Attempts while one waits do not count, so that nobody is
kept out for ever by what is refused.

Does not: keep a stranger from locking an account that he knows the address of, for a
while; what he may not do is guess on.

Source: OWASP, Authentication Cheat Sheet, "Login throttling"; PCI DSS 4, 8.3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND_US: Final = 1_000_000
WINDOW_US: Final = 15 * 60 * SECOND_US


class Rule(NamedTuple):
    """What is allowed to fail."""

    free: int  # failures after which one waits
    most: int  # failures after which it is locked; at most 64 are kept


ACCOUNT: Final = Rule(5, 10)
ADDRESS: Final = Rule(20, 50)  # an office has one address


class Wait(NamedTuple):
    """That nothing is tried at present."""

    why: Literal["slow", "locked"]
    until_us: int


def recent(times: Sequence[int], now_us: int) -> list[int]:
    """Return the failures that still count: those within a window of the newest one.

    The newest one's window, not the present's: else the oldest would fall out while it
    is locked, and open it too early.
    """
    known = [at for at in times if at <= now_us + WINDOW_US]  # no clock far ahead
    newest = max(known, default=now_us - WINDOW_US)
    if now_us - newest >= WINDOW_US:
        return []
    return [at for at in known if at > newest - WINDOW_US]


def wait(rule: Rule, times: Sequence[int], now_us: int) -> Wait | None:
    """Return whether one has to wait.

    >>> wait(ACCOUNT, [0] * 5, 999_999)
    Wait(why='slow', until_us=1000000)
    >>> wait(ACCOUNT, [0] * 5, 1_000_000)
    >>> wait(ACCOUNT, [0] * 10, 899_999_999)
    Wait(why='locked', until_us=900000000)
    """
    counted = recent(times, now_us)
    if len(counted) >= rule.most:
        return Wait("locked", max(counted) + WINDOW_US)
    if len(counted) < rule.free:
        return None
    until = max(counted) + SECOND_US * 2 ** (len(counted) - rule.free)
    return Wait("slow", until) if now_us < until else None
