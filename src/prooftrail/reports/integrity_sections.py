"""The parts of the Integrity report behind its first page.

Guarantees: a part without anything says so in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.core import entry, instants
from prooftrail.integrity.findings import Weight
from prooftrail.reports import integrity_surroundings as surroundings
from prooftrail.reports.circumstances import counted
from prooftrail.reports.document import Column, Section, Table, Text
from prooftrail.reports.integrity_breaks import LISTED, breaks, span
from prooftrail.verification import render

if TYPE_CHECKING:
    from prooftrail.integrity.findings import Finding
    from prooftrail.reports.integrity_facts import Integrity

METHOD: Final = (
    (
        "Each entry's bytes were hashed again and compared with its header, its leaf"
        " and"
        " its place in the chain; every projected column was computed again from the"
        " bytes"
        " and compared."
    ),
    (
        "The Merkle tree (RFC 6962) over all leaves was built, and its root compared at"
        " every size that a checkpoint states. A checkpoint counts only with a"
        " signature"
        " (Ed25519, C2SP signed note) by a key that is given, or kept with an anchor,"
        " or"
        " stated by the first entry."
    ),
    (
        "Checkpoints from anchors, outside the database's reach, were compared as well:"
        " these are what an administrator of the database cannot alter."
    ),
)
LIMITATIONS: Final = (
    (
        "What happened before capture is not covered: an event that was never"
        " recorded is"
        " in no log."
    ),
    (
        "Entries that are newer than the last anchor could be cut off or written anew"
        " by"
        " whoever administers the database; with the next anchor they cannot."
    ),
    (
        "Whoever holds the signing key could sign another log; anchors that were"
        " written"
        " before show that, too."
    ),
    (
        "Times are the clocks of those who recorded and signed; an anchor with a"
        " trusted"
        " time states more."
    ),
)


def sections(found: Integrity) -> tuple[Section, ...]:
    """Return the parts, in order."""
    return (
        Section("Findings", (breaks(found), _findings(found))),
        Section("Asked for, and verified", (_ranges(found),)),
        Section("Tests", (_tests(found),)),
        Section("How soon entries were signed", surroundings.waited(found)),
        Section("Outages and silences", surroundings.outages(found)),
        Section("Verification runs", (surroundings.runs(found),)),
        Section("Who could alter the log", surroundings.privileges(found)),
        Section("How to check it yourself", surroundings.check(found)),
        Section(
            "What this proves, and what it does not",
            (
                Text(
                    (
                        (
                            "It proves that the entries that were recomputed are,"
                            " byte for"
                            " byte, those that the checkpoints were signed over, in"
                            " the same"
                            " order, none missing among them."
                        ),
                        *LIMITATIONS,
                    )
                ),
            ),
        ),
    )


def exceptions(found: Integrity) -> Table:
    """Return what somebody should look at."""
    rows = [
        (
            f"I-{number}",
            one.kind.value,
            one.told,
            _recorded(one.recorded_us),
            f"{one.stream} {span(one)}".strip(),
            "high" if one.weight is Weight.FAILURE else "medium",
            "open",
            "",
        )
        for number, one in enumerate(_ordered(found)[:LISTED], 1)
        if one.weight is not Weight.WARNING
    ]
    return Table(
        (
            Column("Id", share=0.5),
            Column("Criterion", share=0.9),
            Column("What", share=2.8),
            Column("When", "time", 1.6),
            Column("Evidence", share=1),
            Column("Severity", share=0.7),
            Column("Status", share=0.6),
            Column("Owner", share=0.8),
        ),
        tuple(rows),
        "None.",
    )


def reach(found: Integrity) -> tuple[str, ...]:
    """Say how far the log is anchored."""
    told = []
    for stream in found.report.streams:
        if not stream.entries:
            continue
        since = render.self_attested(stream)
        if stream.anchored is None:
            told.append(
                f"{stream.name} is not anchored outside the database: it attests"
                " itself alone."
            )
        elif since is None:
            when = _second(stream.anchored.time_s)
            told.append(
                f"{stream.name} is anchored outside the database to the end of the"
                f" range{f', as of {when}' if when else ''}."
            )
        else:
            told.append(
                f"{stream.name} is anchored outside the database up to"
                f" {stream.anchored.size:,} entries; from entry {since:,} on it attests"
                " itself alone."
            )
    return tuple(told)


def silence(found: Integrity) -> tuple[str, ...]:
    """Say, where there is nothing, whether capture was alive."""
    n = sum(found.continuity.signatures.values())
    if "outages" in found.unread:
        return ("Whether anything was captured or signed could not be read.",)
    return (
        f"The signer was alive: {counted(n, 'checkpoint')} of this period, signed"
        " though nothing was added."
        if n
        else "Nothing was signed in this period, either: whether anything was captured"
        " cannot be said from the log.",
        (
            f"{counted(len(found.continuity.stops), 'time')} without any capturing"
            " process"
            " in this period."
        ),
    )


def _ordered(found: Integrity) -> list[Finding]:
    return sorted(
        found.report.findings,
        key=lambda one: (-one.weight, one.stream, one.seq is None, one.seq or 0),
    )


def _findings(found: Integrity) -> Table:
    rows = [
        (
            {1: "not verified", 0: "note"}[int(one.weight)],
            one.kind.value,
            one.stream,
            span(one),
            _recorded(one.recorded_us),
            one.told,
        )
        for one in _ordered(found)
        if one.weight is not Weight.FAILURE
    ]
    beyond = len(rows) - LISTED
    return Table(
        (
            Column("Weight", share=0.8),
            Column("Kind", share=1),
            Column("Stream", share=0.7),
            Column("Seq", "number", 0.8),
            Column("Recorded", "time", 1.5),
            Column("What was found", share=4),
        ),
        tuple(rows[:LISTED]),
        "Nothing else was found.",
        f"{beyond:,} more are not printed: prooftrail verify --json has them."
        if beyond > 0
        else "What could not be verified, and what is worth knowing.",
    )


def _ranges(found: Integrity) -> Table:
    rows = []
    for one in found.report.streams:
        followed = one.followed
        rows.append(
            (
                one.name,
                _range(one.start, one.stop) if one.entries else "no entry",
                f"{one.entries:,}",
                "the whole log" if followed is None else _range(*followed),
                "" if one.root is None else entry.checksum(one.root),
                f"{one.compared:,}",
                "no"
                if one.anchored is None
                else f"up to {one.anchored.size:,} entries, {one.anchored.place}",
            )
        )
    return Table(
        (
            Column("Stream", share=0.8),
            Column("Entries recomputed (seq)", share=1.2),
            Column("How many", "number", 0.8),
            Column("Links followed (seq)", share=1.2),
            Column("Root at the end", "code", 2.2),
            Column("Checkpoints", "number", 0.9),
            Column("Anchored", share=2),
        ),
        tuple(rows),
        "There is no stream in this database.",
        "The range that was asked for is that of the cover, by the time of recording.",
    )


def _tests(found: Integrity) -> Table:
    kinds = [one.kind.value for one in found.report.findings]

    def told(*names: str) -> str:
        n = sum(kinds.count(name) for name in names)
        return counted(n, "finding") if n else "no finding"

    whole = all(one.followed is None for one in found.report.streams)
    return Table(
        (Column("Test", share=3), Column("Result", share=2)),
        (
            ("Each entry's bytes hash to what its header states", told("edited")),
            (
                "Columns that are searched are those of the bytes",
                told("projection edited"),
            ),
            (
                "Each entry follows the one before; none is missing",
                told("deleted", "inserted", "reordered", "duplicated"),
            ),
            (
                "The log ends where its head and its checkpoints say",
                told("truncated", "head edited"),
            ),
            ("Roots are those that were signed", told("rewritten", "forked")),
            ("Signatures are by keys that count", told("forged checkpoint")),
            (
                "Streams are those that entry 0 states",
                told("registry edited", "stream missing"),
            ),
            (
                "Daily counts are those of the entries",
                told("rollup edited") if whole else "not tested: a part was asked for",
            ),
            ("Times do not go back", told("clock")),
            ("Nothing waits to be sealed for long", told("unsealed")),
            ("Nothing stands in quarantine", told("quarantined")),
            ("All could be read", told("could not be read")),
        ),
    )


def _range(start: int, stop: int) -> str:
    return f"{start:,} to {stop - 1:,}" if stop > start else "none"


def _recorded(us: int | None) -> str:
    return "" if us is None else render.instant(us)


def _second(time_s: int | None) -> str:
    return "" if time_s is None else instants.text(time_s * instants.SECOND)
