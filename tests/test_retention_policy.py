"""Policies: the longest minimum wins, conflicts are told, the calendar is exact."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.errors import ConfigurationError
from prooftrail.retention import period, policy, writing
from prooftrail.retention.period import Period
from prooftrail.retention.policy import Policy, Rule
from prooftrail.retention.presets import PRESETS

NAMES = [one.name for one in PRESETS]
ACTION = "auth.login.failure"

frameworks = st.lists(st.sampled_from(NAMES), unique=True).map(tuple)
lengths = st.builds(Period, st.integers(0, 200), st.integers(0, 800)).filter(any)
globs = st.text("ab.*", min_size=1, max_size=6)
actions = st.text("ab.", min_size=1, max_size=6)
days = st.dates(date(1990, 1, 1), date(2200, 1, 1))


def usable(rule: Rule) -> bool:
    """Whether the own numbers of a rule do not contradict each other."""
    keep, most = rule.keep, rule.most
    return keep is None or most is None or not period.ever_longer(keep, most)


rules = st.builds(
    Rule,
    globs,
    frameworks,
    st.none() | lengths,
    st.none() | lengths,
    st.none() | st.just("Code de commerce L123-22"),
).filter(usable)


def made(*stated: Rule) -> Policy:
    found = policy.UNSET
    for rule in stated:
        found = found.replace(policy.check(rule))
    return found


policies = st.lists(rules, max_size=4).map(lambda stated: made(*stated))


def test_without_a_policy_it_is_seven_years() -> None:
    held = policy.effective(policy.UNSET, ACTION)
    assert held.minimum.period == Period(84)
    assert held.minimum.source == "product default"
    assert (held.maximum, held.online, held.conflicts) == (None, None, ())


def test_of_several_frameworks_the_longest_minimum_wins() -> None:
    rule = Rule("*", ("PCI-DSS", "NYDFS-500.06", "SOC2"), period.parse("6mo"))
    held = policy.effective(made(rule), ACTION)
    assert (held.minimum.source, held.minimum.period.code) == ("NYDFS-500.06", "5y")
    assert [one.source for one in held.minimums] == [
        "NYDFS-500.06",
        "SOC2",
        "PCI-DSS",
        "set for *",
    ]
    assert held.online is not None
    assert held.online.source == "PCI-DSS"


def test_a_framework_alone_never_makes_it_shorter_than_the_default() -> None:
    held = policy.effective(made(Rule("*", ("PCI-DSS",))), ACTION)
    assert held.minimum.source == "product default"


@given(policies, globs, frameworks, st.sampled_from(NAMES), actions, days)
def test_one_more_framework_never_shortens(
    stated: Policy,
    glob: str,
    chosen: tuple[str, ...],
    more: str,
    action: str,
    start: date,
) -> None:
    one = stated.replace(policy.check(Rule(glob, chosen, Period(1))))
    other = stated.replace(policy.check(Rule(glob, (*chosen, more), Period(1))))
    was, will = (policy.effective(each, action) for each in (one, other))
    assert will.minimum.period.mean_days >= was.minimum.period.mean_days
    assert will.earliest(start) >= was.earliest(start)
    assert policy.shortened(one, other) == []


@given(policies, actions, days)
def test_the_longest_minimum_wins_on_every_day(
    stated: Policy, action: str, start: date
) -> None:
    held = policy.effective(stated, action)
    ends = [period.until(start, one.period) for one in held.minimums]
    assert held.earliest(start) == max(ends)
    assert held.minimum.period.mean_days == max(
        one.period.mean_days for one in held.minimums
    )


@given(st.permutations(NAMES), st.permutations(NAMES))
def test_conflicts_do_not_depend_on_the_order_of_the_frameworks(
    one: list[str], other: list[str]
) -> None:
    told = [
        policy.effective(made(Rule("*", tuple(names))), ACTION).conflicts
        for names in (one, other)
    ]
    assert told[0] == told[1]
    assert {(each.minimum.source, each.maximum.source) for each in told[0]} >= {
        ("SOX", "GDPR-CNIL"),
        ("SOX", "GDPR-CNIL-CONTROL"),
        ("product default", "GDPR-CNIL"),
    }


@given(policies, actions)
def test_a_conflict_is_every_minimum_that_ends_after_a_maximum(
    stated: Policy, action: str
) -> None:
    held = policy.effective(stated, action)
    told = {(one.minimum, one.maximum) for one in held.conflicts}
    for least in held.minimums:
        for most in held.maximums:
            apart = period.ever_longer(least.period, most.period)
            assert ((least, most) in told) == apart


def test_the_minimum_of_one_framework_and_the_maximum_of_another_may_meet() -> None:
    rule = Rule("*", ("PCI-DSS", "GDPR-CNIL"), period.parse("6mo"))
    assert policy.refusals(made(rule)) == []
    sox = made(rule._replace(frameworks=("PCI-DSS", "GDPR-CNIL", "SOX")))
    ((name, conflict),) = policy.refusals(sox)
    assert name == "*"
    assert str(conflict) == (
        "7 years at least by SOX (convention), 12 months at most by GDPR-CNIL "
        "(recommendation)"
    )


def test_a_legal_obligation_excuses_a_conflict_and_does_not_hide_it() -> None:
    rule = Rule("*", ("SOX", "GDPR-CNIL"), legal_obligation="Code de commerce L123-22")
    held = policy.effective(made(rule), ACTION)
    assert len(held.conflicts) == 2
    assert policy.refusals(made(rule)) == []
    assert held.latest(date(2026, 1, 1)) is None


def test_a_legal_obligation_holds_for_its_class_alone() -> None:
    stated = made(
        Rule("*", ("GDPR-CNIL",), period.parse("6mo")),
        Rule("auth.*", ("SOX",), legal_obligation="a duty"),
        Rule("admin.*", ("SOX",)),
    )
    assert {name for name, _ in policy.refusals(stated)} == {"admin.*"}


def test_a_class_has_its_own_numbers_in_place_of_those_for_all() -> None:
    stated = made(
        Rule("*", (), period.parse("5y"), period.parse("6y")),
        Rule("auth.*", ("PCI-DSS",), period.parse("90d"), period.parse("18mo")),
    )
    auth, other = (policy.effective(stated, one) for one in (ACTION, "data.x"))
    assert auth.minimum.source == "PCI-DSS"
    assert auth.maximum is not None
    assert auth.maximum.period == Period(18)
    assert other.minimum.period == Period(60)


def test_what_is_of_two_classes_is_told_for_both_together() -> None:
    stated = made(
        Rule("auth.*", (), period.parse("1y")), Rule("*.failure", ("NYDFS-500.06",))
    )
    told = {name: str(held.minimum.period) for name, held in policy.each_class(stated)}
    assert told == {
        "*": "7 years",
        "*.failure": "7 years",
        "auth.*": "12 months",
        "*.failure & auth.*": "5 years",
    }


def test_a_shortening_shows_also_where_only_two_classes_together_get_shorter() -> None:
    short = Rule("*.failure", (), period.parse("1y"))
    before = made(short, Rule("auth.*", (), period.parse("7y")))
    after = before.replace(Rule("auth.*"))
    assert [name for name, _, _ in policy.shortened(before, after)] == [
        "*.failure & auth.*"
    ]
    assert policy.shortened(after, before) == []


@given(policies, rules, actions, days)
def test_what_is_not_told_as_shortened_is_not_shorter_for_any_action(
    before: Policy, rule: Rule, action: str, start: date
) -> None:
    after = before.replace(policy.check(rule))
    was, will = (policy.effective(one, action) for one in (before, after))
    first = start.replace(day=1)  # a partition's border
    shorter = will.earliest(first) < was.earliest(first)
    assert policy.shortened(before, after) or not shorter


@given(policies)
def test_a_stored_policy_reads_as_what_was_set(stated: Policy) -> None:
    assert writing.read(writing.text(stated)) == stated


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '[{"class": "*", "keeps": "7y"}]',
        '[{"class": "*", "keep": 7}]',
        '[{"class": "*", "keep": "7"}]',
        '[{"class": "*", "frameworks": ["NEW-1"]}]',
        '[{"class": "a b"}]',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        writing.read(text)


@given(globs, actions)
def test_a_class_fits_as_a_glob_does(glob: str, action: str) -> None:
    pattern = "".join(".*" if one == "*" else re.escape(one) for one in glob)
    assert policy.covers(glob, action) == bool(re.fullmatch(pattern, action))


@given(globs, globs, actions)
def test_classes_that_share_an_action_overlap(
    one: str, other: str, action: str
) -> None:
    shared = policy.covers(one, action) and policy.covers(other, action)
    assert policy.overlap(one, other) == policy.overlap(other, one)
    assert policy.overlap(one, other) or not shared


def test_classes_without_a_common_action_do_not_overlap() -> None:
    assert not policy.overlap("auth.*", "admin.*")
    assert not policy.overlap("*.view", "*.export")
    assert policy.overlap("auth.*", "*.view")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule("auth login"), "no class of actions"),
        (Rule("auth.*", ("PCI",)), "did you mean PCI-DSS"),
        (Rule("*", (), period.parse("2y"), period.parse("1y")), "contradict"),
        (Rule("*", legal_obligation=" "), "name the duty"),
        (Rule("*", legal_obligation="two\nlines"), "name the duty"),
        (Rule("*", legal_obligation="x" * 501), "name the duty"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused(rule: Rule, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        policy.check(rule)
