"""A retention policy: how long entries of each class are kept, and on which ground.

Guarantees: pure. Of all minimums that hold for an entry the longest wins, so that one
more framework never shortens anything; every pair of a minimum and a maximum that
contradict each other is a `Conflict`, a value, whether or not a legal obligation is
stated for it. Without an own minimum it is 7 years, whatever frameworks were chosen.

A class is a glob over actions (`*` is any run of characters). Frameworks of all classes
that an action is of hold for it. The own minimum and maximum stated for `*` hold where
no narrower class states one; of several narrower ones the longest minimum and the
shortest maximum hold.

Does not: know what is in the log (`plan` does), or drop anything: nothing here can.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.errors import ConfigurationError
from prooftrail.retention import period, presets
from prooftrail.retention.period import Period
from prooftrail.retention.presets import Firmness, Preset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

ALL = "*"
DEFAULT = Period(7 * presets.YEARS)
LONGEST_REASON = 500  # characters

_CLASS = re.compile(r"[a-z0-9_.$*-]{1,200}")


class Rule(NamedTuple):
    """What is stated for one class."""

    glob: str = ALL
    frameworks: tuple[str, ...] = ()  # names of presets
    keep: Period | None = None  # the own minimum
    most: Period | None = None  # the own maximum
    legal_obligation: str | None = None  # why it may be kept beyond a maximum


class Ground(NamedTuple):
    """One number, and what it stands on."""

    source: str  # a preset's name, or where it was set
    period: Period
    firmness: Firmness
    basis: str

    def __str__(self) -> str:
        own = self.firmness in {Firmness.DEFAULT, Firmness.SET}
        return self.source if own else f"{self.source} ({self.firmness})"


class Conflict(NamedTuple):
    """A minimum that ends after a maximum does."""

    minimum: Ground
    maximum: Ground

    def __str__(self) -> str:
        least, most = self.minimum, self.maximum
        return f"{least.period} at least by {least}, {most.period} at most by {most}"


class Effective(NamedTuple):
    """What holds for the entries of an action, or of a class."""

    classes: tuple[str, ...]
    minimums: tuple[Ground, ...]  # the longest first; never empty
    maximums: tuple[Ground, ...]  # the shortest first
    online: Ground | None  # the longest
    unnumbered: tuple[Preset, ...]  # chosen frameworks that give no minimum
    legal_obligations: tuple[str, ...]

    @property
    def minimum(self) -> Ground:
        """The longest minimum: it wins."""
        return self.minimums[0]

    @property
    def maximum(self) -> Ground | None:
        """The shortest maximum."""
        return self.maximums[0] if self.maximums else None

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Every minimum with every maximum that it contradicts."""
        return tuple(
            Conflict(least, most)
            for least in self.minimums
            for most in self.maximums
            if period.ever_longer(least.period, most.period)
        )

    def earliest(self, start: date) -> date:
        """Return the first day on which entries recorded before `start` may go."""
        return max(period.until(start, one.period) for one in self.minimums)

    def latest(self, start: date) -> date | None:
        """Return the day by which entries recorded from `start` on must have gone.

        None without a maximum, or where a legal obligation is stated.
        """
        if self.legal_obligations or not self.maximums:
            return None
        return min(period.within(start, one.period) for one in self.maximums)


class Policy(NamedTuple):
    """The rules, one a class."""

    rules: tuple[Rule, ...] = ()

    def replace(self, rule: Rule) -> Policy:
        """Return it with the rule of one class in place of that class's former one.

        A rule that states nothing takes the class out.
        """
        others = [one for one in self.rules if one.glob != rule.glob]
        stated = [rule] if rule != Rule(rule.glob) else []
        return Policy(tuple(sorted([*others, *stated], key=_glob)))


UNSET = Policy()


def check(rule: Rule) -> Rule:
    """Return a rule with its names as they are spelled.

    Raises:
        ConfigurationError: no such class or framework, an own maximum below the own
            minimum, or a reason that cannot be shown.
    """
    glob = rule.glob.lower()
    if not _CLASS.fullmatch(glob):
        raise ConfigurationError(
            f"{rule.glob[:40]!r} is no class of actions: write a name in which * "
            "stands for anything, such as auth.* or customer.pii.*"
        )
    reason = rule.legal_obligation
    if reason is not None and not (
        reason.strip() and len(reason) <= LONGEST_REASON and reason.isprintable()
    ):
        raise ConfigurationError(
            "--legal-obligation: name the duty, in one line of at most "
            f"{LONGEST_REASON} characters"
        )
    keep, most = rule.keep, rule.most
    if keep is not None and most is not None and period.ever_longer(keep, most):
        raise ConfigurationError(
            f"{glob}: at least {keep} and at most {most} contradict each other"
        )
    names = {presets.named(name).name for name in rule.frameworks}
    return rule._replace(glob=glob, frameworks=tuple(sorted(names)))


def effective(policy: Policy, action: str) -> Effective:
    """Return what holds for an action; for a class, what holds for all of it."""
    return _together([one for one in policy.rules if covers(one.glob, action)])


def each_class(policy: Policy) -> Iterator[tuple[str, Effective]]:
    """Yield what holds for each class, `*` first.

    Two classes that share actions are told once more, together, as `a & b`: for the
    actions that are of both.
    """
    yield from _by_class(policy, [one.glob for one in policy.rules])


def shortened(before: Policy, after: Policy) -> list[tuple[str, Effective, Effective]]:
    """Return the classes whose minimum gets shorter, with what held and will hold."""
    globs = [one.glob for one in (*before.rules, *after.rules)]
    return [
        (name, was, will)
        for (name, was), (_, will) in zip(
            _by_class(before, globs), _by_class(after, globs), strict=True
        )
        if any(
            all(period.ever_longer(one.period, other.period) for other in will.minimums)
            for one in was.minimums
        )
    ]


def refusals(policy: Policy) -> list[tuple[str, Conflict]]:
    """Return the conflicts that no legal obligation is stated for, by class."""
    return [
        (name, conflict)
        for name, held in each_class(policy)
        if not held.legal_obligations
        for conflict in held.conflicts
    ]


@lru_cache(maxsize=4096)
def covers(glob: str, action: str) -> bool:
    """Return whether an action, or all of a class, is of the class `glob`.

    >>> covers("auth.*", "auth.login.success"), covers("auth.*", "auth.mfa.*")
    (True, True)
    """
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), action) is not None


def overlap(one: str, other: str) -> bool:
    """Return whether some action is of both classes.

    >>> overlap("auth.*", "*.failure"), overlap("auth.*", "admin.*")
    (True, False)
    """
    reached = {(0, 0)}  # places in both up to which one text fits
    waiting = [(0, 0)]
    while waiting:
        i, j = waiting.pop()
        nexts = []
        if i < len(one) and one[i] == ALL:
            nexts += [(i + 1, j)] + [(i, j + 1)] * (j < len(other))
        if j < len(other) and other[j] == ALL:
            nexts += [(i, j + 1)] + [(i + 1, j)] * (i < len(one))
        if i < len(one) and j < len(other) and one[i] == other[j]:
            nexts.append((i + 1, j + 1))
        fresh = set(nexts) - reached
        reached |= fresh
        waiting += fresh
    return (len(one), len(other)) in reached


def _by_class(policy: Policy, globs: Iterable[str]) -> Iterator[tuple[str, Effective]]:
    names = [ALL, *sorted(set(globs) - {ALL})]
    for name in names:
        yield name, effective(policy, name)
    for one, other in combinations(names, 2):
        if overlap(one, other) and not covers(one, other) and not covers(other, one):
            yield (
                f"{one} & {other}",
                _together(
                    [
                        rule
                        for rule in policy.rules
                        if covers(rule.glob, one) or covers(rule.glob, other)
                    ],
                ),
            )


def _together(rules: list[Rule]) -> Effective:
    """Return what several rules say that all hold."""
    names = sorted({name for rule in rules for name in rule.frameworks})
    chosen = [presets.named(name) for name in names]
    least = [
        Ground(one.name, one.minimum, one.firmness, one.basis)
        for one in chosen
        if one.minimum is not None
    ]
    most = [
        Ground(one.name, one.maximum, one.firmness, one.basis)
        for one in chosen
        if one.maximum is not None
    ]
    online = [
        Ground(one.name, one.online, one.firmness, one.basis)
        for one in chosen
        if one.online is not None
    ]
    own = _own([(rule.glob, rule.keep) for rule in rules])
    least += own or [
        Ground(
            Firmness.DEFAULT.value,
            DEFAULT,
            Firmness.DEFAULT,
            "7 years unless configured",
        )
    ]
    most += _own([(rule.glob, rule.most) for rule in rules])
    narrow = tuple(rule.glob for rule in rules if rule.glob != ALL)
    return Effective(
        narrow or (ALL,),
        tuple(sorted(least, key=_longest_first)),
        tuple(sorted(most, key=lambda one: (one.period.mean_days, one.source))),
        min(online, key=_longest_first, default=None),
        tuple(one for one in chosen if one.minimum is None),
        tuple(one.legal_obligation for one in rules if one.legal_obligation),
    )


def _own(stated: list[tuple[str, Period | None]]) -> list[Ground]:
    found = [(glob, length) for glob, length in stated if length is not None]
    narrower = [one for one in found if one[0] != ALL]
    return [
        Ground(f"set for {glob}", length, Firmness.SET, "by the administrator")
        for glob, length in narrower or found
    ]


def _glob(rule: Rule) -> str:
    return rule.glob


def _longest_first(one: Ground) -> tuple[Any, ...]:
    return (-one.period.mean_days, one.source)
