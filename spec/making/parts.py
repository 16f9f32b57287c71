"""Cases of a part of a log: what is moved out of a period, what its borders show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making.logs import Log, event, events, finish, genuine, seal, set_head, signed
from making.primitives import NOW_US
from making.tampering import Case, case, rehash, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

# Entries share a time two by two: 2 and 3, 4 and 5 are those recorded in between.
FROM_US, TO_US = NOW_US + 500_000, NOW_US + 1_500_000
BEFORE_US, BEHIND_US = FROM_US - 1, TO_US


def part(
    title: str,
    log: Log,
    *failures: tuple[str, int | None],
    span: tuple[int, int] = (2, 6),
    asked: tuple[int | None, int | None] = (FROM_US, TO_US),
    anchored: int | None = 8,
) -> dict[str, Any]:
    start, stop = span
    made = case(title, log, *failures, anchored=anchored)
    size = log.entries[-1]["seq"] + 1
    covered = (anchored or 0) >= stop + (stop < size)
    made["selfAttestedFrom"] = None if covered else max(anchored or 0, start)
    made["asked"] = {"fromUs": asked[0], "toUs": asked[1]}
    made["firstSeq"], made["stopSeq"] = start, stop
    return made


def moved(*seqs: int, to_us: int) -> Log:
    """Edit entries and their times; their hashes are left."""
    log = genuine()
    for seq in seqs:
        replace_text(seq, "eventId", "eventid")(log)
        log.entries[seq]["recordedUs"] = to_us
    return log


def forged(first: int, last: int, recorded_us: int | None = None) -> Log:
    """Replace entries and hash them anew, each chained to the one before."""
    log = genuine()
    for item in log.entries[first : last + 1]:
        item["event"] = item["event"].replace('"success"', '"failure"')
        item["columns"]["result"] = "failure"
        if recorded_us is not None:
            item["recordedUs"] = recorded_us
            for row in log.subjects:
                if row["seq"] == item["seq"]:
                    row["recordedUs"] = recorded_us
        item["prevHex"] = log.entries[item["seq"] - 1]["leafHex"]
        rehash(item)
    return log


def rewritten(*, first: int, times: dict[int, int]) -> Log:
    """Write entries from `first` on anew, with every hash; old claims stand."""
    log = Log()
    given = events()
    given[first] = (0, event(first, result="denied"))
    seal(log, given, times=times)
    finish(log)
    old = genuine()
    log.anchors, log.checkpoints = old.anchors, [signed(log, 3)]
    return log


def genuine_parts() -> Iterator[Case]:
    """Yield parts that verify."""
    log = genuine()
    yield "part-verified", part("Entries 2 to 5 by their times", log)
    title = "From a time on; nothing stands behind it"
    yield (
        "part-verified-from",
        part(title, log, span=(6, 9), asked=(TO_US, None)),
    )
    title = "Before a time"
    asked: tuple[int | None, int | None] = (None, FROM_US)
    yield "part-verified-to", part(title, log, span=(0, 2), asked=asked, anchored=3)
    title = "A period in which nothing was recorded"
    asked = (FROM_US + 1, FROM_US + 2)
    yield "part-verified-empty", part(title, log, span=(4, 4), asked=asked)
    log = genuine()
    log.anchors.clear()
    title = "Nothing left the database: a part attests itself from its start"
    yield "part-verified-without-anchor", part(title, log, anchored=None)
    log = genuine()
    log.entries[6]["columns"]["actor"] = "usr_e"
    replace_text(8, "denied", "failure")(log)
    title = "A column and bytes that were edited outside: no part of it"
    yield "part-verified-outside", part(title, log)


def tampered_parts() -> Iterator[Case]:
    """Yield parts whose entries were moved out, deleted or rewritten."""
    all_of_it = (2, 3, 4, 5)
    for name, title, seqs, to_us, stop in [
        ("first-before", "The first edited, its time before", (2,), BEFORE_US, 6),
        ("first-behind", "The first edited, its time behind", (2,), BEHIND_US, 6),
        ("last-before", "The last edited, its time before", (5,), BEFORE_US, 7),
        ("last-behind", "The last edited, its time behind", (5,), BEHIND_US, 7),
        ("all-before", "All edited, their times before", all_of_it, BEFORE_US, 7),
        ("all-behind", "All edited, their times behind", all_of_it, BEHIND_US, 7),
    ]:
        log = moved(*seqs, to_us=to_us)
        found = [("edited", seq) for seq in seqs]
        made = part(title, log, *found, span=(2, stop))
        yield f"part-moved-{name}", made
    for name, title, first, last, stop in [
        ("first", "The first entry deleted", 2, 2, 6),
        ("last", "The last entry deleted", 5, 5, 7),
        ("all", "All entries deleted", 2, 5, 7),
    ]:
        log = genuine()
        del log.entries[first : last + 1]
        anchored = 8 if first == last else None
        gone = ("deleted", first)
        made = part(title, log, gone, span=(2, stop), anchored=anchored)
        yield f"part-deleted-{name}", made
    log = forged(5, 5, BEHIND_US)
    title = "The last replaced, hashed anew, its time behind: the next link shows it"
    made = part(title, log, ("rewritten", 5), span=(2, 5))
    yield "part-forged-last-behind", made
    log = forged(2, 2, BEFORE_US)
    title = "The first replaced, hashed anew, its time before: the next link shows it"
    yield "part-forged-first-before", part(title, log, ("rewritten", 2))
    log = rewritten(first=4, times={})
    title = "Rewritten from 4 to the end: the anchor's checkpoint behind shows it"
    yield "part-rewritten", part(title, log, ("rewritten", 3), anchored=3)
    log = rewritten(first=4, times={4: BEHIND_US, 5: BEHIND_US})
    title = "Rewritten from 4 to the end and moved behind the period"
    yield (
        "part-rewritten-behind",
        part(title, log, ("rewritten", 3), span=(2, 4), anchored=3),
    )
    log = genuine()
    del log.entries[7:]
    set_head(log)
    title = "The log cut off behind the part: the anchor shows it"
    yield "part-truncated", part(title, log, ("truncated", 7), anchored=3)
