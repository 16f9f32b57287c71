"""What stands around the log, in the Integrity report: outages, runs, privileges.

Guarantees: a part without anything says so in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.core import instants
from prooftrail.reports.circumstances import counted
from prooftrail.reports.document import Code, Column, Facts, Stacked, Table, Text
from prooftrail.verification.render import instant

if TYPE_CHECKING:
    from prooftrail.reports.integrity_facts import Integrity
    from prooftrail.store.continuity import Between

_MOST_COLUMNS: Final = 120  # of a chart
_MOST_GUARDS: Final = 40  # lines on what guards the log


def outages(found: Integrity) -> tuple[Table, Table, Table]:
    """Return when nothing captured, nothing happened, or nothing was signed."""
    flow = found.continuity
    names = found.streams

    def between(one: Between) -> tuple[str, str, str, str]:
        seconds = one.seconds
        return (
            names.get(one.stream, str(one.stream)),
            instant(one.from_us),
            "lasts" if one.to_us is None else instant(one.to_us),
            "" if seconds is None else f"{seconds:,}",
        )

    times = (
        Column("Stream"),
        Column("From", "time", 1.6),
        Column("To", "time", 1.6),
        Column("Seconds", "number"),
    )
    return (
        Table(
            (Column("Service"), *times),
            tuple((one.service, *between(one.time)) for one in flow.stops),
            found.without(
                "outages", "No time without any capturing process is in the trail."
            ),
            "Times in which no process of a service captured.",
        ),
        Table(
            times,
            tuple(map(between, flow.silences)),
            found.without("outages", "There is no event of an application."),
            "The longest times without an event of an application.",
        ),
        Table(
            times,
            tuple(map(between, flow.unsigned)),
            found.without("outages", "There are not two signatures."),
            "The longest times between two signatures.",
        ),
    )


def waited(found: Integrity) -> tuple[Stacked | Text, ...]:
    """Return how long entries waited to be signed and anchored, at most, by day."""
    if not found.waited:
        told = found.without("waited", "No entry of this range is signed yet.")
        return (Text((told,)),)
    first, last = min(found.waited), max(found.waited)
    width = (last - first) // _MOST_COLUMNS + 1  # days
    columns: dict[int, int] = {}
    for day, us in found.waited.items():
        at = (day - first) // width
        columns[at] = max(columns.get(at, 0), us)
    worst = max(found.waited, key=lambda day: (found.waited[day], -day))
    longest = _seconds(found.waited[worst])
    told = (
        f"The longest wait was {counted(longest, 'second')}, signed on"
        f" {instants.text(worst * instants.DAY)[:10]}. Until an entry is signed and its"
        " checkpoint is outside the database, whoever administers that could take it"
        " away unnoticed."
    )
    return (
        Stacked(
            ("the longest time from recording to signature, in seconds",),
            ("plain",),
            tuple(
                (
                    instants.text((first + at * width) * instants.DAY)[:10],
                    (_seconds(columns.get(at, 0)),),
                )
                for at in range((last - first) // width + 1)
            ),
            told,
        ),
        Text((told,)),
    )


def _seconds(us: int) -> int:
    """Return seconds, any part of one as a whole."""
    return -(-max(us, 0) // instants.SECOND)


def runs(found: Integrity) -> Table:
    """Return the verifications that the trail has."""
    return Table(
        (
            Column("Seq", "number", 0.6),
            Column("When", "time", 1.6),
            Column("Stream", share=0.8),
            Column("By", share=1.6),
            Column("Verdict", share=1),
            Column("Findings", "number", 0.8),
            Column("Of", share=1.6),
        ),
        tuple(
            (
                f"{one.seq:,}",
                one.at,
                one.stream,
                one.by,
                one.verdict,
                one.findings,
                one.asked,
            )
            for one in found.runs
        ),
        found.without("runs", "The trail has no verification of this period."),
        "Verifications that the trail has of this period, those that failed among"
        " them.",
    )


def privileges(found: Integrity) -> tuple[Table, Table, Table]:
    """Return who could alter the log, what guards it, and what was done to it."""
    return (
        Table(
            (
                Column("Login"),
                Column("Through", share=1),
                Column("Power", share=1),
                Column("Can", share=2.4),
                Column("What stands against it", share=2.4),
            ),
            tuple(
                (one.login, one.through or "itself", one.power, one.can, one.against)
                for one in found.holders
            ),
            found.without(
                "holders", "No login has more than the privilege table gives."
            ),
            "Logins of the database that could do more than the privilege table gives,"
            " at the time of this report.",
        ),
        _guards(found),
        Table(
            (Column("Event type", "code", 3), Column("Events", "number")),
            tuple((name, f"{n:,}") for name, n in found.acts),
            found.without("acts", "Nothing."),
            "What was done to the log and to who may read it, as the trail has it.",
        ),
    )


def _guards(found: Integrity) -> Table:
    rows = [
        (one.name, "as installed" if one.state == "ok" else "DIFFERS", line)
        for one in found.guards
        for line in one.told.split("\n")
    ]
    beyond = len(rows) - _MOST_GUARDS
    more = f" {beyond:,} more are not printed: prooftrail doctor has them."
    return Table(
        (Column("Guard", share=1), Column("State", share=0.9), Column("What", share=5)),
        tuple(rows[:_MOST_GUARDS]),
        found.without("guards", "There is no trail in this database."),
        "What guards the log in the database (grants, row security, triggers and"
        " constraints), compared with this release, at the time of this report."
        + (more if beyond > 0 else ""),
    )


def check(found: Integrity) -> tuple[Text, Code, Facts]:
    """Return what to type elsewhere."""
    keys = [key for one in found.report.streams for key in one.keys]
    return (
        Text(
            (
                (
                    "On a machine of your own, with Python 3.11 or newer, without the"
                    " server. The key is what you were given apart from this file; keys"
                    " that come with what they sign prove nothing."
                ),
            )
        ),
        Code(
            (
                "pip install 'prooftrail[report]'",
                "prooftrail verify --report THIS-FILE.pdf --certificate PEM --key KEY",
                "prooftrail verify --checkpoint checkpoint.txt --key KEY   # the log",
            )
        ),
        Facts(
            tuple((f"Key {number}", key) for number, key in enumerate(keys, 1))
            or (("Key", "entry 0 states none"),)
        ),
    )
