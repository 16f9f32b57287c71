"""Where the log does not fit: what was expected there, what stands there, since when.

Guarantees: each alteration that a verification found has a row, with the first and the
last entry concerned, one of six words for what was done (`DONE`), and the newest
anchored checkpoint before it that agrees: what it covers was as it is now at its time,
so that the alteration is of what came later.

Does not: date an alteration any closer. A checkpoint behind it states what the signer
had read before, whether the database still had that or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.core import entry, instants
from prooftrail.integrity.findings import Kind
from prooftrail.reports.document import Column, Table

if TYPE_CHECKING:
    from prooftrail.integrity.findings import Finding
    from prooftrail.integrity.tree import Claim
    from prooftrail.reports.integrity_facts import Integrity

LISTED: Final = 200  # rows that are printed
# what was done, and what should be there
DONE: Final = {
    Kind.EDITED: ("edit", "bytes and header that hash to the leaf that was sealed"),
    Kind.PROJECTION_EDITED: ("edit", "columns as the sealed bytes give them"),
    Kind.HEAD_EDITED: ("edit", "a head that names the newest entry, its leaf and time"),
    Kind.REGISTRY_EDITED: ("edit", "a registration as entry 0 states it"),
    Kind.ROLLUP_EDITED: ("edit", "daily counts as the entries give them"),
    Kind.FORGED: ("edit", "a checkpoint as a key that counts signed it"),
    Kind.DELETED: ("delete", "an entry at each seq"),
    Kind.MISSING: ("delete", "a stream of which there are checkpoints or keys"),
    Kind.INSERTED: ("insert", "no entry but the one that was sealed here"),
    Kind.DUPLICATED: ("insert", "each entry, and each eventId, once"),
    Kind.REORDERED: ("reorder", "the entry that was sealed at this seq"),
    Kind.TRUNCATED: ("truncate", "entries up to where head and checkpoints say"),
    Kind.REWRITTEN: ("rechain", "the entry that the next one is chained to"),
    Kind.FORKED: ("rechain", "one root for each size"),
    Kind.CLOCK: ("rechain", "times that do not go back along the chain"),
}
_OTHER: Final = ("edit", "what was sealed")


def breaks(found: Integrity) -> Table:
    """Return where the log does not fit, the first entry of each stream first."""
    failures = found.failures
    beyond = len(failures) - LISTED + found.report.more
    more = f" {beyond:,} more are not printed." if beyond > 0 else ""
    return Table(
        (
            Column("Stream", share=0.7),
            Column("Seq", "number", 0.8),
            Column("Kind", share=0.8),
            Column("Expected", share=2.2),
            Column("Found", share=2.6),
            Column("Not before: the last good anchor", share=2),
        ),
        tuple(
            (
                one.stream,
                span(one) or "beside the entries",
                DONE.get(one.kind, _OTHER)[0],
                _expected(found, one),
                one.told,
                _since(last_good(found, one)),
            )
            for one in failures[:LISTED]
        ),
        "Nothing was found altered.",
        f"Accounts that could: {accounts(found)}.{more}" if failures else "",
    )


def altered(found: Integrity) -> tuple[str, ...]:
    """Say how far back it can have happened, and who was able to."""
    told, seen = [], set()
    for first in found.failures:  # the first of each stream
        if first.stream in seen:
            continue
        seen.add(first.stream)
        good = last_good(found, first)
        name = first.stream or "The database"
        if good is None:
            told.append(
                f"{name}: no anchored checkpoint before it agrees, so the time"
                " of the alteration is not bounded by one."
            )
            continue
        when = _second(good.time_s)
        told.append(
            f"{name}: the last anchored checkpoint before it covers"
            f" {good.size:,} entries{f', of {when}' if when else ''}"
            f" ({good.place}); all up to there agrees with it."
        )
    told.append(f"Who could alter the log now: {accounts(found)}.")
    return tuple(told)


def accounts(found: Integrity) -> str:
    """Name the logins that could alter the log, as of the report."""
    if "holders" in found.unread:
        return "not known, for the database does not say"
    could = sorted({one.login for one in found.holders})
    return ", ".join(could) or "no login that is known"


def last_good(found: Integrity, one: Finding) -> Claim | None:
    """Return the newest anchored checkpoint before an alteration that agrees."""
    good = [
        claim
        for stream in found.report.streams
        if stream.name == one.stream
        for claim in stream.claims
        if claim.outside
        and claim.size in stream.agreed
        and (one.seq is None or claim.size <= one.seq)
    ]
    return max(good, key=lambda claim: claim.size, default=None)


def span(one: Finding) -> str:
    """Say which entries a finding is of; empty where it is of none."""
    if one.seq is None:
        return ""
    if one.last is None or one.last == one.seq:
        return f"{one.seq:,}"
    return f"{one.seq:,} to {one.last:,}"


def _expected(found: Integrity, one: Finding) -> str:
    """Say what should be there: the root that was signed, where that is known."""
    root = None
    if one.kind is Kind.REWRITTEN and one.last is not None:
        root = next(
            (
                claim
                for stream in found.report.streams
                if stream.name == one.stream
                for claim in sorted(stream.claims, key=lambda claim: not claim.outside)
                if claim.size == one.last + 1 and claim.size not in stream.agreed
            ),
            None,
        )
    if root is None:
        return DONE.get(one.kind, _OTHER)[1]
    return f"root {entry.checksum(root.root)} of the first {root.size:,}: {root.place}"


def _since(good: Claim | None) -> str:
    if good is None:
        return "not bounded: no anchored checkpoint before it agrees"
    when = _second(good.time_s)
    return f"{when or 'its time is not stated'}, {good.size:,} entries, {good.place}"


def _second(time_s: int | None) -> str:
    return "" if time_s is None else instants.text(time_s * instants.SECOND)
