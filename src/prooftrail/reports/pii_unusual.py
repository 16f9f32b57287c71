"""Accesses that somebody should look at: unexplained, by breaking the glass, unusual.

Guarantees: unexplained and break-glass accesses are listed one by one; mass access is
what the rule of `detections` finds, off-hours what `pii_hours` does. Each list says how
many there are in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from prooftrail.detections import rules
from prooftrail.reports import incidents, pii_hours, pii_rows
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import ranked, short
from prooftrail.reports.document import Column, Facts, Section, Table, Text

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from prooftrail.detections import Seen
    from prooftrail.reports.incidents import Incident
    from prooftrail.reports.pii_hours import Hours
    from prooftrail.reports.pii_reading import Known
    from prooftrail.reports.pii_rows import Value
    from prooftrail.reports.pii_tally import Tally

LISTED: Final = 2_000  # unexplained and break-glass accesses
OUTSIDE: Final = 100  # off-hours accesses
TOP: Final = 10
_NAMED: Final = 3
_SHARES: Final = {"Entry": 1.35, "Time, UTC": 1.8, "Who": 1.9, "Whose data": 1.6}
_DECIDED: Final = "Decided by; for what"


def attention(tally: Tally, subject: str | None) -> Section:
    """Return every unexplained and break-glass access.

    Args:
        tally: of the period.
        subject: of whom alone it is, and then without those who did it.
    """
    return Section(
        "Unexplained and break-glass accesses, one by one",
        (
            _listing(
                tally.those("unexplained"),
                "Unexplained: nothing says on whose authority.",
                subject,
            ),
            _listing(
                tally.those("break-glass"),
                "Break-glass: allowed by that alone, for the stated purpose.",
                subject,
            ),
        ),
    )


def _listing(found: Sequence[Sequence[Value]], told: str, subject: str | None) -> Table:
    if subject is None:
        names = ["Entry", "Time, UTC", "Who", "Action", "Whose data", _DECIDED]
        every: tuple[Column, ...] = pii_rows.COLUMNS
        rows = [pii_rows.printed(one) for one in found[:LISTED]]
    else:
        names = ["Entry", "Time, UTC", "Action", _DECIDED]
        every = pii_rows.COLUMNS_WITHOUT_ACTOR
        rows = [pii_rows.printed_without_actor(one, subject) for one in found[:LISTED]]
    at = [[one.name for one in every].index(name) for name in names]
    columns = [every[one] for one in at]
    columns = [replace(one, share=_SHARES.get(one.name, one.share)) for one in columns]
    if len(found) > LISTED:
        told += (
            f" The first {LISTED:,} of {len(found):,}; rows.csv has all, by their"
            " verdict."
        )
    return Table(
        tuple(columns),
        tuple(tuple(row[one] for one in at) for row in rows),
        "None.",
        told,
    )


def unusual(known: Known) -> Section:
    """Return off-hours, mass, own and no-case accesses."""
    tally = known.tally
    mass = masses(known.incidents)
    allowed = tally.allowed
    outside = sum(one.counts["outside"] for one in known.hours.values())
    unknown = sum(one.counts["unknown"] for one in known.hours.values())
    facts = Facts(
        (
            ("Mass access", counted(len(mass), "incident")),
            ("Outside the person's own hours", f"{outside:,}"),
            ("Of a person without known hours", f"{unknown:,}"),
            ("To one's own data", _of_people(tally.own, allowed)),
            ("Without a case or ticket", _of_people(tally.without_case, allowed)),
        )
    )
    return Section(
        "Off-hours, mass, own and no-case access",
        (
            facts,
            _mass(mass),
            _outside(known.hours),
            Text(
                (
                    (
                        "Own hours: those at which the same person accessed personal"
                        f" data on the {pii_hours.BACK_DAYS} days before, UTC, an hour"
                        " more or less, and their days of the week. Whoever did so on"
                        f" fewer than {pii_hours.LEAST_DAYS} of these days has none"
                        " yet, and is not judged. Holidays, shifts and time zones are"
                        " not known: this is reported, and no rule raises an alert by"
                        " it."
                    ),
                    (
                        "Own data: the decision's basis is self, or whoever did it is"
                        " among the data subjects. A case is the event's ticket, or"
                        " that of the approval. Denied attempts count in neither."
                    ),
                )
            ),
        ),
    )


def masses(found: Sequence[Incident]) -> list[Incident]:
    """Return what the rule of mass access found."""
    return [one for one in found if one.hit.rule == rules.MASS_ACCESS.id]


def _of_people(counts: Counter[str], of: int) -> str:
    told = f"{counts.total():,} of {of:,}"
    named = ", ".join(f"{short(who)} {n:,}" for who, n in ranked(counts, _NAMED))
    more = len(counts) - _NAMED
    return (
        told
        + (f": {named}" if named else "")
        + (f" and {more:,} more" if more > 0 else "")
    )


def _mass(found: Sequence[Incident]) -> Table:
    rule = rules.MASS_ACCESS
    rows = tuple(
        (
            second(one.hit.first.occurred_us),
            short(one.hit.key),
            f"{one.hit.subjects:,}" + (" at least" if one.hit.cut else ""),
            f"{one.hit.attempts:,}",
            f"{one.stream} {one.hit.first.seq:,} to {one.hit.last.seq:,}",
            one.handling,
        )
        for one in found[: incidents.LISTED]
    )
    columns = (
        Column("Begins", "time", 1.6),
        Column("Who", share=1.6),
        Column("Data subjects", "number", 0.8),
        Column("Accesses", "number", 0.8),
        Column("Entries", share=1.4),
        Column("Handling", share=1.5),
    )
    caption = (
        f"Mass access: rule {rule.id}, version {rule.version}:"
        f" {rule.thresholds['subjects']} data subjects or more of one person within"
        f" {rule.window // 60} minutes ({rule.source})."
    )
    return Table(columns, rows, "Mass access: the rule found none.", caption)


def _outside(hours: Mapping[str, Hours]) -> Table:
    every: list[tuple[str, Seen]] = sorted(
        ((stream, one) for stream, those in hours.items() for one in those.outside),
        key=lambda one: (one[1].order, one[0]),
    )
    rows = tuple(
        (
            second(one.occurred_us),
            short(one.actor or ""),
            one.action,
            f"{stream} {one.seq:,}",
        )
        for stream, one in every[:OUTSIDE]
    )
    columns = (
        Column("Time, UTC", "time", 1.6),
        Column("Who", share=2),
        Column("Action", "code", 2),
        Column("Entry", share=1.2),
    )
    n = sum(one.counts["outside"] for one in hours.values())
    caption = "Off-hours: outside the person's own hours."
    if n > len(rows):
        caption += f" The first {len(rows):,} of {n:,}."
    return Table(columns, rows, "Off-hours: none.", caption)


def exceptions(found: Sequence[Incident]) -> Table:
    """Return what the rules found of personal data."""
    return incidents.exceptions(found, "P", told)


def told(one: Incident) -> str:
    """Say what an incident is.

    The name of whoever did it stands beside what he did.
    """
    hit = one.hit
    what = {
        rules.UNEXPLAINED.id: "on no stated authority",
        rules.BREAK_GLASS.id: "by breaking the glass",
        rules.MASS_ACCESS.id: f"to the data of {hit.subjects:,} people",
    }[hit.rule]
    accesses = counted(hit.attempts, "access", "accesses")
    return f"{short(hit.key)}: {accesses} {what}"
