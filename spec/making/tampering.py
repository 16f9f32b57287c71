"""Cases of whole logs: genuine ones, and each kind of tampering with what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making.logs import (
    Log,
    count,
    entry,
    event,
    event_id,
    events,
    finish,
    genuine,
    seal,
    set_head,
    signed,
)
from making.primitives import (
    NOW_S,
    NOW_US,
    OTHER_STREAM_ID,
    body_of,
    checkpoint_text,
    header,
    leaf_of,
    note,
    root,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Case = tuple[str, dict[str, Any]]
TAMPERED, VERIFIED, INCOMPLETE = "tampered", "verified", "could not verify"


def case(
    title: str,
    log: Log,
    *failures: tuple[str, int | None],
    anchored: int | None = 8,
    verdict: str | None = None,
) -> dict[str, Any]:
    size = log.entries[-1]["seq"] + 1 if log.entries else 0
    attested = anchored or 0
    return {
        "title": title,
        **log.case(),
        "verdict": verdict or (TAMPERED if failures else VERIFIED),
        "failures": [{"kind": kind, "seq": seq} for kind, seq in failures],
        "anchoredUpTo": anchored,
        "selfAttestedFrom": attested if attested < size else None,
    }


def altered(change: Callable[[Log], object]) -> Log:
    log = genuine()
    change(log)
    return log


def set_field(seq: int, name: str, value: Any) -> Callable[[Log], object]:
    return lambda log: log.entries[seq].update({name: value})


def flip(seq: int, name: str) -> Callable[[Log], object]:
    def change(log: Log) -> None:
        data = bytearray.fromhex(log.entries[seq][name])
        data[5] ^= 1
        log.entries[seq][name] = data.hex()

    return change


def replace_text(seq: int, old: str, new: str) -> Callable[[Log], object]:
    def change(log: Log) -> None:
        text = log.entries[seq]["event"]
        if text.count(old) < 1:
            raise ValueError(old)
        log.entries[seq]["event"] = text.replace(old, new)

    return change


def rehash(item: dict[str, Any]) -> None:
    """Recompute body and leaf of an entry from what it holds."""
    data = {key[:-3]: bytes.fromhex(item[key]) for key in item if key.endswith("Hex")}
    body = body_of(data["salt"], item["event"].encode())
    head = header(
        item["kind"],
        data["streamId"],
        data["prev"],
        item["seq"],
        item["recordedUs"],
        body,
    )
    item["bodyHex"], item["leafHex"] = body.hex(), leaf_of(head).hex()


def rewritten() -> Log:
    """Entries 5 to 8 as somebody with all rights would write them anew."""
    log = Log()
    given = events()
    given[5] = (0, event(5, result="denied"))
    seal(log, given)
    finish(log)
    old = genuine()
    log.checkpoints, log.anchors = old.checkpoints, old.anchors
    return log


def genuine_cases() -> Iterator[Case]:
    """Yield logs that verify, some of which only an anchor would give away."""
    yield "verified-anchored", case("Verifies, anchored up to 8", genuine())
    log = altered(lambda log: log.anchors.clear())
    yield (
        "verified-without-anchor",
        case("Nothing left the database", log, anchored=None),
    )
    log = altered(lambda log: (log.anchors.clear(), log.checkpoints.clear()))
    yield "verified-unsigned", case("No checkpoint yet", log, anchored=None)
    log = Log()
    seal(log, events()[:1])
    finish(log, signed_at=(1,))
    yield "verified-entry-0", case("Entry 0 alone", log, anchored=1)
    log = genuine()
    first, second = (item["note"] for item in log.checkpoints)
    log.anchors[0]["checkpoints"] = first + second[:90] + "!torn\n" + second
    yield "verified-torn-anchor", case("A record that was cut off is no tampering", log)
    log = genuine()
    text = checkpoint_text(8, root(log.leaves()[:8]))
    log.anchors[0]["checkpoints"] += note(text, NOW_S + 99)
    yield "verified-heartbeat", case("The same size again, later", log)
    log = altered(lambda log: log.entries.pop())
    set_head(log)
    count(log)
    title = "The newest deleted, head and rollup corrected: nobody can tell"
    yield "verified-newest-deleted", case(title, log)
    log = rewritten()
    log.anchors.clear()
    log.checkpoints = [signed(log, 3)]
    title = "Rewritten from 5, no anchor and no later checkpoint: nobody can tell"
    yield "verified-rewritten", case(title, log, anchored=None)


def edits() -> Iterator[Case]:
    """Yield one edit of one column each."""
    newest = replace_text(8, "denied", "failure")
    for name, title, change, seq in [
        ("event-first", "Event bytes of entry 0", replace_text(0, "main", "mein"), 0),
        ("event", "Event bytes", replace_text(4, "1.50", "9.50"), 4),
        ("event-newest", "Event bytes of the newest entry", newest, 8),
        (
            "event-statement",
            "Event bytes of a statement",
            replace_text(5, "login", "nigol"),
            5,
        ),
        (
            "event-gone",
            "Event bytes and salt taken away",
            lambda log: log.entries[4].update(event=None, saltHex=None),
            4,
        ),
        ("salt", "The salt", flip(4, "saltHex"), 4),
        ("body", "The body", flip(4, "bodyHex"), 4),
        ("leaf", "The leaf", flip(4, "leafHex"), 4),
        ("leaf-newest", "The leaf of the newest entry", flip(8, "leafHex"), 8),
        ("prev", "The link", flip(4, "prevHex"), 4),
        ("prev-first", "The genesis", flip(0, "prevHex"), 0),
        (
            "stream-id",
            "The stream id",
            set_field(4, "streamIdHex", OTHER_STREAM_ID.hex()),
            4,
        ),
        (
            "recorded",
            "The recorded time",
            set_field(4, "recordedUs", NOW_US + 1_000_001),
            4,
        ),
        ("kind", "The kind", set_field(4, "kind", 1), 4),
        ("kind-2", "A kind that does not exist", set_field(4, "kind", 2), 4),
    ]:
        yield (
            f"edited-{name}",
            case(f"{title} edited", altered(change), ("edited", seq)),
        )
    log = genuine()
    item = log.entries[4]
    shift = bytes.fromhex(item["saltHex"])[:-1] + b" "
    item["saltHex"] = shift.hex()
    rehash(item)
    for later in log.entries[5:]:
        later["prevHex"] = log.entries[later["seq"] - 1]["leafHex"]
        rehash(later)
    finish(log)
    item["saltHex"], item["event"] = shift[:-1].hex(), " " + item["event"]
    title = "A salt's last byte, a space, moved to the event: the body is the same"
    yield "edited-salt-boundary", case(title, log, ("edited", 4))
    for name, value in [
        ("eventId", event_id(99)),
        ("occurredUs", NOW_US),
        ("actor", "usr_e"),
        ("role", None),
        ("action", "customer.pii.view"),
        ("resourceType", "account"),
        ("resourceId", "cust_9"),
        ("result", "denied"),
        ("ip", "2001:db8::2"),
        ("pii", False),
        ("continues", event_id(2)),
        ("authority", "authorised"),
    ]:
        log = altered(lambda log: log.entries[4]["columns"].update({name: value}))  # noqa: B023
        title = f"The column {name} edited, the bytes left alone"
        yield f"projection-{name.lower()}", case(title, log, ("projection edited", 4))
    for name, title, change in [
        ("subject-deleted", "A subject row deleted", lambda log: log.subjects.pop(0)),
        (
            "subject-edited",
            "A subject row edited",
            lambda log: log.subjects[0].update(subject="cust_0"),
        ),
        (
            "subject-time",
            "A subject row's time edited",
            lambda log: log.subjects[0].update(occurredUs=1),
        ),
        (
            "subject-added",
            "A subject row added",
            lambda log: log.subjects.append({**log.subjects[0], "subject": "cust_9"}),
        ),
    ]:
        yield (
            f"projection-{name}",
            case(title, altered(change), ("projection edited", 2)),
        )


def moves() -> Iterator[Case]:
    """Yield entries that are gone, that are new, or that changed places."""
    for name, title, first, last in [
        ("first", "Entry 0 deleted", 0, 0),
        ("middle", "An entry deleted", 4, 4),
        ("range", "Three entries deleted", 3, 5),
    ]:
        log = genuine()
        del log.entries[first : last + 1]
        yield (
            f"deleted-{name}",
            case(title, log, ("deleted", first), anchored=8 if first == last else 3),
        )
    log = altered(lambda log: log.entries.pop())
    yield "truncated-by-head", case("The newest entry deleted", log, ("truncated", 8))
    log = genuine()
    del log.entries[6:]
    set_head(log)
    count(log)
    title = "The newest three deleted, head and rollup corrected: the anchor shows it"
    yield "truncated-by-anchor", case(title, log, ("truncated", 6), anchored=3)
    log = genuine()
    prev = bytes.fromhex(log.entries[3]["leafHex"])
    forged = entry(4, 0, event(40), prev=prev, recorded_us=log.entries[4]["recordedUs"])
    log.entries.insert(5, forged)
    yield "inserted-second", case("A second entry 4", log, ("inserted", 4))
    log = genuine()
    log.entries.append(entry(99, 0, event(99), prev=prev, recorded_us=2 * NOW_US))
    title = "An entry far beyond the head"
    yield "inserted-apart", case(title, log, ("inserted", 99))
    log = Log()
    seal(log, events()[:1])
    finish(log, signed_at=())
    log.entries[0]["seq"] = -1
    found = (("inserted", -1), ("truncated", 0))
    title = "Entry 0, which is all there is, moved below it"
    yield "inserted-below-0", case(title, log, *found, anchored=None)
    log = altered(lambda log: log.entries.insert(5, dict(log.entries[4])))
    yield "duplicated-row", case("Entry 4 stands there twice", log, ("duplicated", 4))
    log = Log()
    given = events()
    given[5] = (0, event(4, details={"again": True}))
    seal(log, given)
    finish(log)
    title = "Another event under an eventId that is taken"
    yield "duplicated-event-id", case(title, log, ("duplicated", 5))
    log = genuine()
    one, other = log.entries[3], log.entries[4]
    one["seq"], other["seq"] = 4, 3
    log.entries[3:5] = [other, one]
    title = "Entries 3 and 4 changed places"
    found = (("reordered", 3), ("reordered", 4))
    yield "reordered", case(title, log, *found, anchored=3)
    log = genuine()
    log.entries[4] = entry(
        4,
        0,
        event(4),
        prev=bytes.fromhex(log.entries[4]["prevHex"]),
        recorded_us=log.entries[4]["recordedUs"],
        stream_id=OTHER_STREAM_ID,
    )
    yield (
        "inserted-other-stream",
        case("An entry of another stream", log, ("inserted", 4)),
    )
