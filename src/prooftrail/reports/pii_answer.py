"""The first page of the PII Access report: how many, by whom, on whose authority.

Guarantees: the four verdicts are set beside the population, and it is said whether they
sum to it. Where nothing was accessed, it is said whether capture ran meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports import pii_unusual as unusual
from prooftrail.reports.circumstances import counted
from prooftrail.reports.document import Answer
from prooftrail.reports.pii_reading import RULES
from prooftrail.reports.pii_tally import NOBODY
from prooftrail.store.question import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.reports.pii_reading import Known
    from prooftrail.reports.pii_tally import Tally

SHOWN: Final = 4  # incidents


def answer(known: Known, whose: str | None) -> Answer:
    """Return what a reader learns in a minute.

    Args:
        known: what was read.
        whose: of whom alone it is, as he is shown; None of everybody.
    """
    tally = known.tally
    n = tally.events
    glass, unexplained = tally.verdicts["break-glass"], tally.verdicts["unexplained"]
    mass = unusual.masses(known.incidents) if whose is None else []
    figures = [
        (f"{n:,}", "accesses"),
        *((f"{tally.verdicts[one]:,}", one) for one in ANSWERS),
    ]
    if not n:
        return Answer(
            "Personal data was not accessed.",
            "fact",
            tuple(_nothing(known)),
            tuple(figures),
        )
    told = [_reach(tally, whose), _sum(known)]
    if whose is None:
        told += _incidents(known)
    items = glass + unexplained + len(mass)
    if not items:
        headline = (
            "No access is unexplained."
            if known.adds_up
            else "The verdicts do not sum to the population."
        )
        return Answer(
            headline,
            "fact" if known.adds_up else "attention",
            tuple(told),
            tuple(figures),
        )
    need = "needs" if items == 1 else "need"
    return Answer(
        f"{counted(items, 'item')} {need} attention.",
        "attention",
        tuple(told),
        tuple(figures),
    )


def _incidents(known: Known) -> Iterator[str]:
    """Say which incidents there are, in the order of the rules."""
    found = known.incidents
    order = [rule.id for rule in RULES]
    worst = sorted(found, key=lambda one: order.index(one.hit.rule))
    yield from (f"{unusual.told(one)}." for one in worst[:SHOWN])
    if not found:
        return
    more = f"{len(found) - SHOWN:,} more incidents. " if len(found) > SHOWN else ""
    unhandled = sum(not one.is_handled for one in found)
    yield (
        f"{more}Not handled in the trail: {unhandled:,} of"
        f" {counted(len(found), 'incident')}."
    )


def _reach(tally: Tally, whose: str | None) -> str:
    """Say who accessed what."""
    accesses = counted(tally.events, "access", "accesses")
    if whose is not None:
        return f"{accesses} to the data of {whose}."
    least = "at least " if tally.cut else ""
    people = len(tally.people) - (NOBODY in tally.people)
    told = (
        f"{accesses} by {least}{counted(people, 'actor')}, to {least}"
        f"{counted(len(tally.subjects), 'data subject')} and"
        f" {counted(tally.records, 'record')}."
    )
    if NOBODY in tally.people:
        n = tally.people[NOBODY].counts.total()
        told += f" {n:,} name no actor."
    return told


def _sum(known: Known) -> str:
    """Say whether the verdicts sum to the population."""
    verdicts = known.tally.verdicts
    total = " + ".join(f"{verdicts[one]:,} {one}" for one in ANSWERS)
    if known.adds_up:
        return f"{total} = {known.counted:,}, the population."
    index = " + ".join(f"{known.indexed[one]:,} {one}" for one in ANSWERS)
    return (
        f"{total} were read one by one; the index has {index}, and counts"
        f" {known.counted:,}. THESE ARE NOT THE SAME: verify the log (prooftrail"
        " verify)."
    )


def _nothing(known: Known) -> Iterator[str]:
    """Say that there was nothing, and whether capture ran meanwhile."""
    yield (
        f"Of {counted(known.population, 'event')} of any kind in this period none"
        " touches personal data."
    )
    ran = known.continuity
    if ran is None:
        return
    stops = "never" if not ran.stops else counted(len(ran.stops), "time")
    yield (
        f"As the trail tells it, capture stopped {stops} in this period, and"
        f" {counted(sum(ran.signatures.values()), 'checkpoint')} were signed."
    )
    if ran.silences and ran.silences[0].seconds is not None:
        hours = ran.silences[0].seconds / 3_600
        yield f"The longest time without any event is {hours:,.1f} hours."
    yield "Whether the log has a gap is shown by the Integrity report."
