"""How a report that is made of what is read came about: the fields that all share.

Guarantees: source, times, filters, sequence and completeness are stated in one way by
all reports that `registry` lists; what is read one by one is held against the index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail import bundles
from prooftrail.reports.circumstances import counted, spanned
from prooftrail.reports.document import Run
from prooftrail.reports.typesetting import Attachment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.reports.circumstances import Circumstances
    from prooftrail.reports.counting import Counting
    from prooftrail.reports.desk import Desk
    from prooftrail.store.showing import Signed


RECORDED_ALONE: Final = (
    "Only what an application recorded is here; prooftrail coverage shows what is."
)
ALERTS_CUT: Final = "Only the newest 1,000 alerts were looked at."


class Read(NamedTuple):
    """What was read for a report."""

    name: str  # of the report
    version: int  # of its code
    query: str  # what it is about
    tally: Counting
    counted: int  # events of the query, by the index
    population: int  # events of the period
    signed: Sequence[Signed]


def run(
    desk: Desk,
    made: Circumstances,
    read: Read,
    *,
    filtered: str,
    printed: str,
    limitations: Sequence[str],
) -> Run:
    """Return the fourteen fields.

    Args:
        desk: where it was made.
        made: how.
        read: of what.
        filtered: rows after each filter.
        printed: rows printed, and control totals.
        limitations: that are known.
    """
    events = read.tally.events
    same = "as many as" if events == read.counted else "NOT AS MANY AS"
    return Run(
        report=f"{read.name}, {made.told_version(read.version)}",
        source=made.told_source,
        filters=filters(desk),
        query=desk.asked.query or read.query,
        run_by=made.told_by,
        times=made.told_times,
        population=f"{counted(read.population, 'event')} in the period",
        filtered=filtered,
        printed=printed,
        sequence=_sequence(read.tally.spans),
        completeness=f"{events:,} events read one by one, {same} the index counts"
        f" ({read.counted:,}); that no seq is missing is shown by the Integrity report",
        accuracy="no entry was hashed again for this report; prooftrail verify does so",
        integrity=unverified(desk, read.signed),
        files="",  # said when they are there
        limitations=tuple(limitations),
    )


def filters(desk: Desk) -> str:
    """Field 3 of a run."""
    asked = desk.asked.question
    names = ", ".join(sorted(desk.chosen.values())) or "none"
    return f"event time in {spanned(asked.from_us, asked.to_us)}; streams {names}"


def unverified(desk: Desk, signed: Sequence[Signed]) -> str:
    """Field 13 of a run, until the log was verified for it (`chain`)."""
    told = "; ".join(
        f"{desk.chosen.get(one.stream, one.stream)}: checkpoint of {one.size:,} entries"
        for one in signed
    )
    return f"not verified by this report; {told or 'no checkpoint yet'}"


def enclosed(
    signed: Sequence[Signed], keys: Iterable[str] | None = None
) -> list[Attachment]:
    """Return checkpoints and public keys as files; none where there is nothing.

    Args:
        signed: the newest checkpoint of each stream.
        keys: of the streams; None: those that the streams of the checkpoints state.
    """
    notes = "".join(one.note for one in signed)
    found = Attachment(
        bundles.CHECKPOINT,
        notes.encode(),
        "text/plain",
        "The newest checkpoint of each stream, as it was signed.",
    )
    if keys is None:
        keys = [key for one in signed for key in one.keys]
    ring = keyring(keys)
    return [one for one in (found, ring) if one.content]


def keyring(keys: Iterable[str]) -> Attachment:
    """Return public keys, one a line, as a file."""
    return Attachment(
        bundles.PUBLIC_KEY,
        "".join(f"{key}\n" for key in keys).encode(),
        "text/plain",
        "The keys that the log states. Compare them with those you were given.",
    )


def _sequence(spans: Mapping[str, tuple[int, int]]) -> str:
    told = (
        f"{name}: {first:,} to {last:,}"
        for name, (first, last) in sorted(spans.items())
    )
    return "; ".join(told) or "no event"
