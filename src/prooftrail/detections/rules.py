"""The rules: each a value, with its thresholds, their units and where they come from.

Guarantees: a rule does what `families` says of its id, by these thresholds; whoever has
other needs states others (`tuned`), and they are printed with each hit's rule. A change
of a rule or of its thresholds here is a new version of it.

Source: Microsoft Sentinel, Elastic and Sigma, as each rule says. What is said to be our
own default comes from none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from prooftrail.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Severity: TypeAlias = Literal["low", "medium", "high"]
OWN: Final = "our own default"
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400


class Rule(NamedTuple):
    """A rule as it is declared."""

    id: str
    version: int
    title: str
    severity: Severity
    source: str
    window: int  # seconds
    # by name; a name ends in its unit where it is no plain count
    thresholds: Mapping[str, int]

    @property
    def window_us(self) -> int:
        """The same in microseconds."""
        return self.window * 1_000_000

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "id": self.id,
            "version": self.version,
            "title": self.title,
            "severity": self.severity,
            "source": self.source,
            "windowSeconds": self.window,
            "thresholds": dict(self.thresholds),
        }


GUESSING: Final = Rule(
    "guessing",
    1,
    "Many failed logins on one account",
    "medium",  # high where it is rapid
    "Microsoft Sentinel; rapid: Elastic, Microsoft 365",
    20 * MINUTE,
    {"failures": 10, "rapid_failures": 20, "rapid_seconds": 5 * MINUTE},
)
GUESSED: Final = Rule(
    "guess-then-success",
    1,
    "Failed logins on one account, then a success",
    "high",
    "Microsoft Sentinel",
    20 * MINUTE,
    {"failures": 5},
)
SPRAY_FAST: Final = Rule(
    "spray-fast",
    1,
    "Failed logins on many accounts from one address, at once",
    "high",
    "Microsoft Sentinel",
    5 * MINUTE,
    {"accounts_above": 15},
)
SPRAY_SLOW: Final = Rule(
    "spray-slow",
    1,
    "A few failed logins on each of several accounts from one address",
    "high",
    "Elastic, Okta",
    HOUR,
    {
        "accounts": 5,
        "failures": 15,
        "most_each_from": 2,
        "most_each_to": 8,
        "few_from": 2,
        "few_to": 6,
        "few_percent": 60,
        "over_seconds": 5 * MINUTE,
    },
)
STUFFING: Final = Rule(
    "stuffing",
    1,
    "One or two failed logins on each of many accounts from one address",
    "high",
    "Elastic",
    15 * MINUTE,
    {"failures": 25, "accounts": 15, "most_each": 2},
)
ENUMERATION: Final = Rule(
    "enumeration",
    1,
    "Logins with names that nobody has, from one address",
    "medium",
    "Sigma",
    DAY,
    {"names_above": 10},
)
LOCKOUTS: Final = Rule(
    "repeated-lockouts",
    1,
    "One account is locked again and again",
    "medium",
    "Elastic",
    180 * MINUTE,
    {"lockouts": 3},
)
MASS_ACCESS: Final = Rule(
    "mass-access",
    1,
    "Somebody saw the personal data of many",
    "high",
    f"{OWN}, after Elastic's 25 files in 3 minutes",
    10 * MINUTE,
    {"subjects": 25},
)
ESCALATION: Final = Rule(
    "privilege-escalation",
    1,
    "A permission or an administrator's role was given",
    "medium",  # high where one gives it to himself, or nobody else approved
    f"Sigma; Elastic; grants within an hour are one: {OWN}",
    HOUR,
    {"grants": 1},
)
BREAK_GLASS: Final = Rule(
    "break-glass",
    1,
    "Access by breaking the glass",
    "high",
    f"PCI DSS 8.2.2; uses within an hour are one: {OWN}",
    HOUR,
    {"uses": 1},
)
PROBING: Final = Rule(
    "denial-probing",
    1,
    "Somebody tries again and again what he may not",
    "medium",
    OWN,
    10 * MINUTE,
    {"denials": 10},
)
UNEXPLAINED: Final = Rule(
    "unexplained-access",
    1,
    "Personal data was seen, and nothing says on whose authority",
    "high",
    f"PCI DSS 10.2.1.1, SOC 2 CC6.1; events within an hour are one: {OWN}",
    HOUR,
    {"events": 1},
)
LEAVER: Final = Rule(
    "leavers-use",
    1,
    "An account is used after whose it was has left",
    "high",
    f"PCI DSS 8.2.5, SOC 2 CC6.2; events within an hour are one: {OWN}",
    HOUR,
    {"events": 1},
)

STANDARD: Final = (
    GUESSED,
    GUESSING,
    STUFFING,
    SPRAY_FAST,
    SPRAY_SLOW,
    ENUMERATION,
    LOCKOUTS,
    MASS_ACCESS,
    ESCALATION,
    BREAK_GLASS,
    PROBING,
    UNEXPLAINED,
    LEAVER,
)


def tuned(
    changes: Mapping[str, Mapping[str, int]], rules: Iterable[Rule] = STANDARD
) -> tuple[Rule, ...]:
    """Return the rules with other thresholds.

    Args:
        changes: by rule, then by the threshold's name; `window` is one, in seconds.
        rules: to be changed.

    Raises:
        QuestionError: there is no such rule or threshold, or it is below 1.

    >>> tuned({"guessing": {"failures": 8}})[1].thresholds["failures"]
    8
    """
    found = {rule.id: rule for rule in rules}
    for name, thresholds in changes.items():
        rule = found.get(name)
        if rule is None:
            raise QuestionError(f"there is no rule {name!r}: {', '.join(found)}")
        for threshold, value in thresholds.items():
            if threshold != "window" and threshold not in rule.thresholds:
                raise QuestionError(
                    f"{name} has no threshold {threshold!r}: "
                    f"window, {', '.join(rule.thresholds)}"
                )
            if value < 1:
                raise QuestionError(f"{name}.{threshold} is at least 1")
            if threshold == "window":
                rule = rule._replace(window=value)
            else:
                rule = rule._replace(thresholds={**rule.thresholds, threshold: value})
        found[name] = rule
    return tuple(found.values())
