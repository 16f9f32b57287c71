"""What the PII Access report says in detail, section by section.

Guarantees: every number is one of the tally's; a section that has nothing to show says
so. What is personal is shown as the rows have it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from prooftrail.reports import pii_charts as charts
from prooftrail.reports import pii_rows
from prooftrail.reports.circumstances import counted
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Column, Facts, Section, Table, Text
from prooftrail.reports.masking import masked
from prooftrail.store.question import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.reports.document import Stacked
    from prooftrail.reports.pii_tally import Export, Tally
    from prooftrail.store.question import Answer

TOP: Final = 25
EXPORTS: Final = 200
_VERDICTS: Final = (
    Column("Authorised", "number", 0.75),
    Column("Break-glass", "number", 0.85),
    Column("Denied", "number", 0.6),
    Column("Unexplained", "number", 0.8),
)
_MEANINGS: Final[Mapping[Answer, str]] = {
    "authorised": "the event states a decision that allowed it",
    "break-glass": "allowed by breaking the glass: no rule allowed it beforehand",
    "denied": "it was refused",
    "unexplained": "the event states no decision: nothing says on whose authority",
}


def verdicts(tally: Tally, drawn: Stacked | None) -> Section:
    """Return the four verdicts, and what they sum to."""
    rows: list[tuple[str, ...]] = [
        (one, _MEANINGS[one], f"{tally.verdicts[one]:,}", _share(tally, one))
        for one in ANSWERS
    ]
    rows.append(("Population", "all of them together", f"{tally.events:,}", ""))
    columns = (
        Column("Verdict", share=0.9),
        Column("Meaning", share=3.2),
        Column("Accesses", "number", 0.8),
        Column("Share", "number", 0.7),
    )
    told = Text((drawn.alt,)) if drawn is not None else Text(("There was none.",))
    return Section("The population, by verdict", (Table(columns, tuple(rows)), told))


def scope(tally: Tally) -> Section:
    """Return which classes of data there are in the accesses."""
    fields = ranked(tally.fields, TOP)
    more = len(tally.fields) - len(fields)
    told = ", ".join(f"{short(name)} ({n:,})" for name, n in fields) or "none stated"
    facts = Facts(
        (("Fields stated", told + (f" and {more:,} more" if more > 0 else "")),)
    )
    return Section(
        "Data classes in scope",
        (_table(tally.classes, "Class", "No access."), facts, charts.by_class(tally)),
    )


def policies(tally: Tally) -> Section:
    """Return by which revision of which policy accesses were decided."""
    by_policy = _table(tally.policies, "Policy, revision", "No access.")
    by_basis = _table(
        Counter(
            {
                (basis.replace("_", "-"), answer): n
                for (basis, answer), n in tally.bases.items()
            }
        ),
        "Basis",
        "No access.",
    )
    told = Text(
        (
            (
                "Policies and revisions are spelled as the application states them with"
                " its decision. Where an event states none, that is what is said."
            ),
        )
    )
    return Section("Authorisation, by policy revision", (by_policy, by_basis, told))


def _table(counts: Mapping[tuple[str, Answer], int], name: str, without: str) -> Table:
    every: Counter[str] = Counter()
    for (one, _), n in counts.items():
        every[one] += n
    rows = tuple(
        (
            short(one),
            f"{n:,}",
            *(_number(counts.get((one, answer), 0)) for answer in ANSWERS),
        )
        for one, n in ranked(every, TOP)
    )
    columns = (Column(name, share=2.2), Column("Accesses", "number", 0.75), *_VERDICTS)
    return Table(columns, rows, without, _first(every, TOP))


def people(tally: Tally) -> Section:
    """Return who accessed how much."""
    every = {who: one.counts.total() for who, one in tally.people.items()}
    top = ranked(every, TOP)
    rows = [_person(who, tally) for who, _ in top]
    rest = tally.events - sum(n for _, n in top)
    if rest:
        others = len(every) - len(top)
        told = f"{others:,} others" if others else "further ones, not told apart"
        rows.append((told, f"{rest:,}", "", "", "", "", "", ""))
    columns = (
        Column("Who", share=2.6),
        Column("Accesses", "number", 0.75),
        Column("Subjects", "number", 0.75),
        Column("Records", "number", 0.75),
        *_VERDICTS,
    )
    return Section(
        "By actor",
        (
            Table(columns, tuple(rows), "Nobody accessed personal data."),
            charts.by_person(tally),
            charts.week(tally),
            Text((charts.week(tally).alt,)),
        ),
    )


def _person(who: str, tally: Tally) -> tuple[str, ...]:
    one = tally.people[who]
    name = f", {short(one.name)}" if one.name else ""
    return (
        f"{short(who)}{name}",
        f"{one.counts.total():,}",
        _number(len(one.subjects)),
        _number(one.records),
        *(_number(one.counts[answer]) for answer in ANSWERS),
    )


def subjects(tally: Tally) -> Section:
    """Return whose data was accessed most: for the privacy officer."""
    by: Counter[str] = Counter()
    for person in tally.people.values():
        by.update(person.subjects)
    rows = tuple(
        (short(masked(one)), f"{n:,}", f"{by[one]:,}")
        for one, n in ranked(tally.subjects, TOP)
    )
    columns = (
        Column("Data subject", share=3),
        Column("Accesses", "number"),
        Column("By how many actors", "number", 1.3),
    )
    told = (
        f"Those whose data was accessed most, of"
        f" {_at_least(tally, len(tally.subjects))}. The data-subject edition shows one"
        " of them what concerns him."
    )
    return Section(
        "Data subjects", (Table(columns, rows, "No data subject is named.", told),)
    )


def purposes(tally: Tally) -> Section:
    """Return for what each class of data was accessed."""
    rows = tuple(
        (short(name), short(purpose, 120), f"{n:,}")
        for (name, purpose), n in ranked(tally.purposes, TOP)
    )
    columns = (
        Column("Class", share=1.5),
        Column("Purpose, as stated", share=3.5),
        Column("Accesses", "number", 0.7),
    )
    told = Text(
        (
            (
                f"{tally.without_purpose:,} of"
                f" {counted(tally.allowed, 'access', 'accesses')}"
                " that were not denied state no purpose. An access to several classes"
                " counts in each: these numbers add up to more than the population."
            ),
        )
    )
    table = Table(columns, rows, "No access.", _first(tally.purposes, TOP))
    return Section("By data class and purpose", (table, told))


def denied(tally: Tally, *, named: bool) -> Section:
    """Return what was refused.

    Args:
        tally: of the period.
        named: whether it is shown to whom.
    """
    counts: Counter[tuple[str, ...]] = Counter()
    for (who, action, asked, policy), n in tally.denials.items():
        counts[(who, action, asked, policy) if named else (action, policy)] += n
    rows = tuple(
        (*(short(one) for one in key), f"{n:,}") for key, n in ranked(counts, TOP)
    )
    columns = (
        *((Column("Who", share=2),) if named else ()),
        Column("Action", "code", 2),
        *((Column("Permission or role", share=1.6),) if named else ()),
        Column("Policy", share=1.4),
        Column("Denials", "number", 0.7),
    )
    return Section(
        "Denied attempts",
        (
            Table(
                columns,
                rows,
                "Nobody was denied access to personal data.",
                _first(counts, TOP),
            ),
        ),
    )


def exports(tally: Tally, *, named: bool) -> Section:
    """Return by which accesses data left the application.

    Args:
        tally: of the period.
        named: whether it is shown who did it.
    """
    rows = tuple(
        told if named else (*told[:2], *told[3:])
        for told in map(_export, tally.exports[:EXPORTS])
    )
    columns = (
        Column("Entry", "number", 1.2),
        Column("Time, UTC", "time", 1.75),
        *((Column("Who", share=1),) if named else ()),
        Column("Action", "code", 1.6),
        Column("Records", "number", 0.65),
        Column("As, to", share=1.3),
        Column("Purpose", share=1.3),
        Column("Verdict", share=0.9),
    )
    n = len(tally.exports)
    caption = f"The newest {EXPORTS} of {n:,}." if n > EXPORTS else ""
    refused = sum(one.row[-1] == "denied" for one in tally.exports)
    facts = Facts((("Attempts", f"{n:,}"), ("of these denied", f"{refused:,}")))
    table = Table(columns, rows[::-1], "Nothing was exported or shared.", caption)
    return Section("Exports, downloads and sharing", (facts, table) if n else (table,))


def _export(one: Export) -> tuple[str, ...]:
    found = dict(zip(pii_rows.DATA, one.row, strict=True))
    records = found["records"]
    return (
        f"{short(str(found['stream']), 24)} {found['seq']:,}",
        pii_rows.moment(str(found["time"])),
        short(str(found["actorId"] or "nobody is named")),
        str(found["action"]),
        "" if records is None else f"{records:,}",
        ", ".join(short(told) for told in (one.form, one.to) if told),
        short(str(found["purpose"] or "not stated")),
        str(found["verdict"]),
    )


def _share(tally: Tally, one: Answer) -> str:
    return _percent(tally.verdicts[one], tally.events)


def _percent(n: int, of: int) -> str:
    """Say a share.

    >>> _percent(1, 3), _percent(0, 0)
    ('33.3 %', '')
    """
    return f"{100 * n / of:.1f} %" if of else ""


def _number(n: int) -> str:
    """Say a number; none is an empty cell, so that others are seen."""
    return f"{n:,}" if n else ""


def _at_least(tally: Tally, n: int) -> str:
    return f"{n:,} at least" if tally.cut else f"{n:,}"


def _first(of: Mapping[Any, int], most: int) -> str:
    return f"The {most} most frequent of {len(of):,}." if len(of) > most else ""
