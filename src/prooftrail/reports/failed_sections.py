"""What the Failed Authentication report says in detail, section by section.

Guarantees: every number is one of the tally's or of a hit's; a section that has nothing
to show says so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prooftrail.reports import failed_charts as charts
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Column, Facts, Section, Table, Text
from prooftrail.reports.failed_incidents import RULES, whence, whom
from prooftrail.reports.failed_logins import FAILURE, LISTED, LOCK, MFA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.reports.document import Stacked
    from prooftrail.reports.failed_logins import Tally
    from prooftrail.reports.incidents import Incident

TOP: Final = 15
_TIMELINE: Final = 50
_MEANINGS: Final = {
    "bad_password": "the password is not the account's",
    "unknown_user": "nobody has this name",
    "mfa": "the second factor was refused, or was missing",
    "locked": "the account is locked",
    "disabled": "the account is disabled",
    "not_allowed": "the account may not log in here",
    "bad_key": "the key is none of the account's",
    "unstated": "the log says no reason",
    "not stated": "the event says no reason",
}


def sections(
    tally: Tally, found: Sequence[Incident], drawn: Stacked | None
) -> tuple[Section, ...]:
    """Return all of them.

    Args:
        tally: of the period.
        found: in order of time.
        drawn: the chart of page one, of which the totals tell what it shows.
    """
    return (
        _totals(tally, drawn),
        _reasons(tally),
        _accounts(tally),
        _sources(tally),
        _patterns(found),
        _timeline(found),
        _locks(tally),
        _unknown(tally),
        _barred(tally),
        _handling(found),
        _thresholds(),
    )


def _totals(tally: Tally, drawn: Stacked | None) -> Section:
    logins = tally.failures + tally.successes
    pairs = [
        ("Logins", f"{logins:,}"),
        ("of these failed", f"{tally.failures:,} ({tally.rate})"),
        ("of these succeeded", f"{tally.successes:,}"),
        ("Accounts named", _at_least(tally, len(tally.accounts))),
        ("Failures without a name", f"{tally.withheld:,}"),
        ("Sources of failures", _at_least(tally, len(tally.sources))),
    ]
    if tally.redacted:
        pairs.append(("Failures that were redacted", f"{tally.redacted:,}"))
    told = Text((drawn.alt,)) if drawn is not None else Text(("No login failed.",))
    return Section("Totals and failure rate", (Facts(tuple(pairs)), told))


def _at_least(tally: Tally, n: int) -> str:
    return f"{n:,} at least" if tally.cut else f"{n:,}"


def _reasons(tally: Tally) -> Section:
    rows = tuple(
        (
            short(reason),
            _MEANINGS.get(reason, "as the application states it"),
            f"{n:,}",
            f"{100 * n / tally.failures:.1f} %",
        )
        for reason, n in ranked(tally.reasons, TOP)
    )
    columns = (
        Column("Reason", "code", 1),
        Column("Meaning", share=2.5),
        Column("Failures", "number", 0.7),
        Column("Share", "number", 0.7),
    )
    return Section("Reasons", (Table(columns, rows, "No login failed."),))


def _accounts(tally: Tally) -> Section:
    rows = tuple(
        (short(name), f"{n:,}", f"{sources:,}")
        for name, n, sources in tally.by_account(TOP)
    )
    columns = (
        Column("Account", share=3),
        Column("Failures", "number"),
        Column("Sources", "number"),
    )
    told = Text(
        (
            (
                "Names are as whoever tried them typed them. Where an event withholds"
                " a name,"
                f" as OpenSSH's do of names that nobody has, it is in no row:"
                f" {tally.withheld:,}"
                " of"
                f" {counted(tally.failures, 'failure')}."
            ),
        )
    )
    return Section(
        "Accounts that were tried most",
        (
            Table(columns, rows, "No failed login names an account."),
            told,
            charts.by_account(tally),
        ),
    )


def _sources(tally: Tally) -> Section:
    rows = tuple(
        (name, f"{one.attempts:,}", f"{one.accounts:,}")
        for name, one in tally.by_source(TOP)
    )
    columns = (
        Column("Source", "code", 3),
        Column("Failures", "number"),
        Column("Accounts named", "number"),
    )
    return Section(
        "Sources, and which accounts each tried",
        (Table(columns, rows, "No login failed."), charts.matrix(tally)),
    )


def _patterns(found: Sequence[Incident]) -> Section:
    each = Counter((one.hit.rule, one.hit.version) for one in found)
    rows = tuple(
        (
            f"{rule.id}, version {rule.version}",
            rule.title,
            "; ".join(
                f"{name.replace('_', ' ')} {n:,}" for name, n in rule.thresholds.items()
            ),
            _window(rule.window),
            rule.source,
            f"{each[rule.id, rule.version]:,}",
        )
        for rule in RULES
    )
    columns = (
        Column("Rule", share=1.3),
        Column("Definition", share=2),
        Column("Thresholds", share=2),
        Column("Window", share=0.8),
        Column("Source", share=1.3),
        Column("Hits", "number", 0.5),
    )
    told = (
        "Windows slide. What goes on is one hit, and what several rules see of one"
        " account or source is one, of the rule that says most."
    )
    return Section("Patterns", (Table(columns, rows, caption=told),))


def _window(seconds: int) -> str:
    """Say a window.

    >>> _window(1_200), _window(10_800), _window(86_400)
    ('20 min', '3 h', '24 h')
    """
    hours, rest = divmod(seconds, 3_600)
    return f"{hours} h" if not rest else f"{seconds // 60} min"


def _timeline(found: Sequence[Incident]) -> Section:
    rows = tuple(row for one in found[:_TIMELINE] for row in _course(one))
    columns = (
        Column("Time", "time", 1.4),
        Column("What", share=4.5),
        Column("Entry", "number", 0.9),
    )
    caption = ""
    if len(found) > _TIMELINE:
        caption = f"Of the first {_TIMELINE} of {len(found):,} incidents."
    return Section(
        "Incidents in order of time",
        (Table(columns, rows, "No rule found any.", caption),),
    )


def _course(one: Incident) -> Iterator[tuple[str, str, str]]:
    hit = one.hit
    told = [
        (hit.first, f"{hit.rule} begins: {whom(hit)}; from {whence(hit)}"),
        (hit.last, f"{hit.rule} ends, after {hit.attempts:,} attempts"),
    ]
    if hit.lockout is not None:
        told.append((hit.lockout, f"{hit.rule}: an account of these is locked"))
    if hit.success is not None:
        told.append((hit.success, f"{hit.rule}: a LOGIN of such an account succeeds"))
    for moment, what in sorted(told, key=lambda each: each[0]):
        yield second(moment.occurred_us), what, f"{one.stream} {moment.seq:,}"


def _locks(tally: Tally) -> Section:
    rows = tuple(
        (one.at, one.action, short(one.account), short(one.told), f"{one.seq:,}")
        for one in sorted(tally.noted, key=lambda one: (one.at, one.stream, one.seq))
    )
    columns = (
        Column("Time", "time", 1.4),
        Column("Action", "code", 1.4),
        Column("Account", share=1.6),
        Column("Reason", share=1.6),
        Column("Seq", "number", 0.6),
    )
    facts = Facts(
        (
            ("Accounts locked", f"{tally.acts[LOCK]:,}"),
            ("Refused for the second factor", f"{tally.reasons['mfa']:,}"),
            ("Second factors added", f"{tally.acts[MFA[0]]:,}"),
            ("Second factors removed", f"{tally.acts[MFA[1]]:,}"),
        )
    )
    return Section(
        "Lockouts and second factors",
        (facts, Table(columns, rows, caption=f"The newest {LISTED} at most.")),
    )


def _unknown(tally: Tally) -> Section:
    names = ranked(tally.unknown_names, TOP)
    facts = Facts(
        (
            ("Attempts", f"{tally.unknown:,}"),
            ("of these with a withheld name", f"{tally.unknown_withheld:,}"),
            ("Different names shown", f"{len(tally.unknown_names):,}"),
            (
                "Most frequent",
                ", ".join(f"{short(one)} ({n:,})" for one, n in names) or "none shown",
            ),
        )
    )
    rows = tuple((one, f"{n:,}") for one, n in ranked(tally.unknown_sources, TOP))
    columns = (Column("Source", "code", 3), Column("Attempts", "number"))
    return Section("Names that nobody has", (facts, Table(columns, rows)))


def _barred(tally: Tally) -> Section:
    rows = tuple(
        (short(account), reason, f"{n:,}")
        for (account, reason), n in ranked(tally.barred, TOP)
    )
    columns = (
        Column("Account", share=3),
        Column("Reason", "code"),
        Column("Attempts", "number"),
    )
    return Section("Locked and disabled accounts", (Table(columns, rows),))


def _handling(found: Sequence[Incident]) -> Section:
    each = Counter(one.handling for one in found)
    rows = tuple((name, f"{n:,}") for name, n in ranked(each, len(each)))
    told = Text(
        (
            (
                "An alert is raised by prooftrail serve as the log grows;"
                " acknowledgement and"
                " disposition are events. What was done outside the trail is not"
                " known to it."
            ),
        )
    )
    columns = (Column("State", share=3), Column("Incidents", "number"))
    return Section(
        "Handling", (Table(columns, rows, "There was nothing to handle."), told)
    )


def _thresholds() -> Section:
    return Section(
        "Thresholds, and changes of them",
        (
            Text(
                (
                    (
                        "This report looks by the thresholds that Patterns shows,"
                        " whatever"
                        " others somebody used meanwhile. A change of a threshold is"
                        " a new"
                        " version of its rule."
                    ),
                    (
                        f"A search for {FAILURE} shows every attempt. Looks by other"
                        " thresholds (prooftrail detect --threshold) are events of"
                        " the trail,"
                        " audit.log.view with these thresholds."
                    ),
                )
            ),
        ),
    )
