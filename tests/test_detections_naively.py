"""The engine finds what the definition says, of any events."""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: a run can be repeated
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.detections import STANDARD, detect, families
from tests.detecting import (
    BEGIN,
    SECOND,
    denied,
    failed,
    granted,
    locked,
    logged_in,
    naively,
    saw,
    told,
    unknown,
)

if TYPE_CHECKING:
    from prooftrail.detections import Seen

WHO = ("ada", "ben")
LEFT = {"ben": BEGIN + 900 * SECOND}
# small, so that events of few keys make and end incidents
RULES = tuple(
    rule._replace(
        window=max(rule.window // 20, 30),
        thresholds={
            name: {"few_percent": 60, "over_seconds": 20, "rapid_seconds": 5}.get(
                name, min(value, 6 if rule.id == "stuffing" else 3)
            )
            for name, value in rule.thresholds.items()
        },
    )
    for rule in STANDARD
)


PAUSES = (0, 1, 3, 10, 30, 90, 400)


def made(random: Random, at: int) -> Seen:
    who, ip = random.choice(WHO), f"203.0.113.{random.randrange(2)}"
    account = f"u{random.randrange(5)}"
    return random.choice(
        (
            lambda: failed(at, account, ip),
            lambda: failed(at, account, ip),
            lambda: failed(at, who, ip),
            lambda: logged_in(at, who, ip),
            lambda: unknown(at, random.choice((None, "root", "x")), ip),
            lambda: locked(at, who),
            lambda: saw(at, f"c{random.randrange(9)}", actor=who),
            lambda: saw(at, "c1", actor=who, authority="unexplained"),
            lambda: saw(at, "c1", actor=who, authority="break-glass"),
            lambda: denied(at, who),
            lambda: granted(at, random.choice(WHO), who),
        )
    )()


def compare(seed: int, pauses: list[int]) -> set[str]:
    """Return the rules by which something was found, the same in both ways."""
    random, at, events = Random(seed), 0, []
    for pause in pauses:
        at += pause
        events.append(made(random, at))
    names = set()
    for family in families.ALL:
        ids = {name for name, _, _ in family.rules}
        rules = tuple(rule for rule in RULES if rule.id in ids)
        found = sorted(told(hit) for hit in detect(events, rules, LEFT))
        assert found == naively(events, rules, LEFT), family.name
        names |= {one.rule for one in found}
    return names


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(PAUSES), max_size=120))
def test_incidents_are_those_of_the_definition(seed: int, pauses: list[int]) -> None:
    compare(seed, pauses)


def test_every_rule_is_compared() -> None:
    names: set[str] = set()
    for seed in range(12):
        pauses = Random(seed).choices(PAUSES[: 3 + seed % 5], k=150)
        names |= compare(seed, pauses)
    assert names == {rule.id for rule in RULES}
