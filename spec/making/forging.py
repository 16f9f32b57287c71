"""Cases of whole logs: hashes that fit a false story, and what stands beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from making.logs import Log, event, events, finish, genuine, seal, signed
from making.primitives import (
    BASE,
    COSIGNER,
    ED25519,
    NOW_S,
    NOW_US,
    ORIGIN,
    OTHER_STREAM_ID,
    SIGNER,
    STRANGER,
    Key,
    checkpoint_text,
    note,
    root,
    salt,
)
from making.tampering import INCOMPLETE, Case, altered, case, rehash, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator


def rewriting() -> Iterator[Case]:
    """Yield logs whose hashes fit, and whose story does not."""
    log = genuine()
    item = log.entries[4]
    item["event"] = item["event"].replace("1.50", "9.50")
    rehash(item)
    title = "An entry replaced and hashed anew, its successors left alone"
    yield "rewritten-entry", case(title, log, ("rewritten", 4))
    log = genuine()
    item = log.entries[4]
    item["prevHex"] = salt(0).hex() * 2
    rehash(item)
    title = "An entry replaced and hashed anew, chained to neither neighbour"
    yield "rewritten-unchained", case(title, log, ("rewritten", 4))
    title = "Rewritten from 5, every hash recomputed: the anchor's checkpoint shows it"
    log = rewritten()
    log.checkpoints = [signed(log, 3)]
    yield "rewritten-anchored", case(title, log, ("rewritten", 3), anchored=3)
    log = rewritten()
    log.anchors.clear()
    title = "Rewritten from 5: a checkpoint that was left in the database shows it"
    yield "rewritten-checkpoint", case(title, log, ("rewritten", 3), anchored=None)
    log = Log()
    seal(log, events(), first_prev=bytes(32))
    title = "Entry 0 is not chained to the genesis"
    yield "rewritten-genesis", case(title, finish(log), ("rewritten", 0))
    log = Log()
    seal(log, events(), times={5: NOW_US + 999_999})
    title = "An entry recorded before its predecessor"
    yield "clock-back", case(title, finish(log), ("clock", 5))
    for name, title, kind, found in [
        ("kind-of-event", "An event of kind 1", 1, event(5)),
        ("kind-of-statement", "A statement of kind 0", 0, events()[5][1]),
    ]:
        log = Log()
        given = events()
        given[5] = (kind, found)
        seal(log, given)
        yield f"edited-{name}", case(title, finish(log), ("edited", 5))
    log = Log()
    seal(log, events())
    log.entries[4]["event"] = "{}"
    for item in log.entries[4:]:
        item["prevHex"] = log.entries[item["seq"] - 1]["leafHex"]
        rehash(item)
    title = "Bytes that are no event, hashed as such"
    yield "edited-no-event", case(title, finish(log), ("edited", 4))


def beside() -> Iterator[Case]:
    """Yield what stands beside the entries: head, registry, rollup."""

    def gone(log: Log) -> None:
        log.head = None

    def back(log: Log) -> None:
        log.head = {
            key: log.entries[6][key] for key in ("seq", "leafHex", "recordedUs")
        }

    other_leaf = genuine().entries[7]["leafHex"]
    for name, title, change, seq in [
        (
            "leaf",
            "The head's leaf edited",
            lambda log: log.head.update(leafHex=other_leaf),
            8,
        ),
        (
            "time",
            "The head's time edited",
            lambda log: log.head.update(recordedUs=1),
            8,
        ),
        ("gone", "The head deleted", gone, None),
        ("back", "The head moved back to 6", back, 7),
    ]:
        yield f"head-{name}", case(title, altered(change), ("head edited", seq))
    for name, value in [
        ("name", "other"),
        ("base", f"{BASE}2"),
        ("keys", [SIGNER.vkey]),
        ("incarnation", 2),
    ]:
        log = altered(lambda log: log.stream.update({name: value}))  # noqa: B023
        title = f"The registry's {name} is not what entry 0 states"
        yield f"registry-{name}", case(title, log, ("registry edited", 0))
    for name, change in [
        ("count", lambda log: log.daily[0].update(n=9)),
        ("deleted", lambda log: log.daily.pop()),
        ("added", lambda log: log.daily.append({**log.daily[0], "day": 1})),
    ]:
        yield (
            f"rollup-{name}",
            case("The rollup edited", altered(change), ("rollup edited", None)),
        )


def signatures() -> Iterator[Case]:
    """Yield checkpoints that are not what they seem."""
    log = genuine()
    first, second = (item["note"] for item in log.checkpoints)
    root_8 = root(log.leaves()[:8])
    text = checkpoint_text(8, root_8)
    stranger = f"{text}\n{STRANGER.line(text)}"
    wrong = f"{text}\n{SIGNER.line(checkpoint_text(7, root_8))}{COSIGNER.line(text)}"
    other_text = checkpoint_text(8, root_8, f"{ORIGIN[:-1]}2")
    other = f"{other_text}\n{Key(ED25519, f'{ORIGIN[:-1]}2').line(other_text)}"
    for name, title, record, seq in [
        ("signature", "A wrong signature", wrong, 7),
        ("stranger", "Signed by nobody who is known", stranger, 7),
        ("origin", "A checkpoint of another log", other, None),
        ("garbled", "A record that is none", second.replace("\n8\n", "\nx\n"), None),
    ]:
        log = genuine()
        log.anchors[0]["checkpoints"] = first + record
        yield f"forged-{name}", case(title, log, ("forged checkpoint", seq), anchored=3)
    log = genuine()
    log.anchors[0]["keys"] += f"{STRANGER.vkey}\n"
    title = "The anchor has a key that entry 0 does not state"
    yield "forged-key", case(title, log, ("forged checkpoint", None))
    log = genuine()
    fork = checkpoint_text(8, salt(0) * 2)
    log.anchors[0]["checkpoints"] += note(fork, NOW_S + 30)
    yield "forked", case("Two signed checkpoints of one size", log, ("forked", 7))
    for name, title, change in [
        (
            "stored-signature",
            "A wrong signature in the database",
            lambda log: log.checkpoints[1].update(note=wrong),
        ),
        (
            "stored-size",
            "A row that says another size than its note",
            lambda log: log.checkpoints[1].update(size=7),
        ),
        (
            "stored-peaks",
            "A compact range that is not the log's",
            lambda log: log.checkpoints[1].update(peaksHex=(salt(1) * 6).hex()),
        ),
    ]:
        yield f"forged-{name}", case(title, altered(change), ("forged checkpoint", 7))
    log = genuine()
    moved = f"{OTHER_STREAM_ID.hex()}-1"
    log.anchors.append({**log.anchors[0], "place": moved})
    title = "The anchor knows a stream that the database does not have"
    yield "stream-missing", case(title, log, ("stream missing", 0))
    log = altered(lambda log: log.anchors[0].update(checkpoints=""))
    title = "An anchor without a checkpoint of the stream"
    yield "incomplete-anchor", case(title, log, anchored=None, verdict=INCOMPLETE)
    log = altered(lambda log: log.anchors[0].update(keys=""))
    title = "An anchor without a key of the stream"
    yield "incomplete-keys", case(title, log, anchored=None, verdict=INCOMPLETE)
