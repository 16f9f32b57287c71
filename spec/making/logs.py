"""A whole log as a database and an anchor hold it, built by hand.

`Log` keeps entries as dicts in the spelling of `vectors/log/`; `seal` chains them,
`finish` adds what derives from them: head, rollup, checkpoints and anchor.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from making.events import LOGIN, statement
from making.primitives import (
    BASE,
    COSIGNER,
    NOW_S,
    NOW_US,
    ORIGIN,
    SIGNER,
    STREAM_ID,
    body_of,
    checkpoint_text,
    genesis,
    header,
    instant,
    jcs,
    leaf_of,
    note,
    peaks,
    root,
    salt,
    uuid7,
)

DAY_US = 86_400_000_000
FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
PLACE = f"{STREAM_ID.hex()}-1"
SIGNED_AT = (3, 8)


def event_id(number: int) -> str:
    return uuid7(NOW_US + number * 1000, sha256(b"id %d" % number).digest()[:8])


def source(number: int) -> dict[str, Any]:
    return {
        "login": LOGIN,
        "channel": "socket",
        "receivedAt": instant(NOW_US + number * 1000 + 7),
    }


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "eventId": event_id(number),
        "timestamp": instant(NOW_US + number * 1000),
        "actor": {"userId": f"usr_{number}"},
        "action": "invoice.approve",
        "result": "success",
        "$source": source(number),
        **more,
    }


def events() -> list[tuple[int, dict[str, Any]]]:
    """The nine entries of every log here: kind and event."""
    at = [NOW_US + number * 1000 for number in range(9)]
    created = {
        "format": "prooftrail/v1",
        "origin": ORIGIN,
        "name": "main",
        "keys": [SIGNER.vkey, COSIGNER.vkey],
    }
    kept = {
        "inboxId": 6,
        **source(5),
        "reason": "not JSON that can be sealed",
        "digest": "sha256:" + sha256(b"{").hexdigest(),
    }
    rich = event(
        4,
        actor={"userId": "usr_É", "role": "ADMIN", "ipAddress": "2001:db8::1"},
        action="customer.pii.Export",
        resource={"type": "Customer", "id": "cust_1", "name": "Acme 😀"},
        details={"amount": {"$number": "1.50"}, "$$own": [None, True, -7]},
    )
    return [
        (1, statement("trail.stream.create", created, event_id(0), at[0])),
        (0, event(1)),
        (
            0,
            event(
                2,
                action="data.export.create",
                resource={"type": "customer", "id": "cust_2"},
                subjects=["cust_3", "cust_1", "cust_2", "cust_3"],
                pii={"fields": ["email"], "classes": []},
            ),
        ),
        (
            0,
            event(
                3,
                actor={"type": "anonymous", "ipAddress": "no address"},
                result="failure",
            ),
        ),
        (0, rich),
        (1, statement("trail.quarantine", kept, event_id(5), at[5])),
        (0, event(6, action="$trail.quarantine")),
        (
            1,
            statement(
                "trail.claim",
                {"inboxId": 7, **source(6), "eventId": event_id(6)},
                event_id(7),
                at[7],
            ),
        ),
        (0, event(8, timestamp="1969-12-31T23:59:59.9Z", result="denied")),
    ]


def columns(found: dict[str, Any]) -> dict[str, Any]:
    """Project an event of these logs; addresses are spelled as they project."""
    actor, resource = found["actor"], found.get("resource", {})
    address = actor.get("ipAddress")
    action = found["action"][:200].translate(FOLD)
    pii, part = found.get("pii", {}), found.get("part", {})
    role, kind = actor.get("role"), resource.get("type")
    return {
        "eventId": found["eventId"],
        "occurredUs": -100_000
        if found["timestamp"].startswith("1969")
        else _microseconds(found["timestamp"]),
        "actor": actor.get("userId"),
        "role": role and role[:200].translate(FOLD),
        "action": action,
        "resourceType": kind and kind[:200].translate(FOLD),
        "resourceId": resource.get("id"),
        "result": found["result"],
        "ip": address if address != "no address" else None,
        "pii": bool(pii.get("fields") or pii.get("classes"))
        or action.startswith("customer.pii."),
        "continues": part["of"] if part.get("n", 1) > 1 else None,
        "authority": "denied" if found["result"] == "denied" else "unexplained",
    }


def _microseconds(text: str) -> int:
    """Look an instant up among those that these logs use."""
    for milli in range(100):
        if instant(NOW_US + milli * 1000) == text:
            return NOW_US + milli * 1000
    raise ValueError(text)


@dataclass
class Log:
    """A log; every part can be altered."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    subjects: list[dict[str, Any]] = field(default_factory=list)
    daily: list[dict[str, Any]] = field(default_factory=list)
    head: dict[str, Any] | None = None
    stream: dict[str, Any] = field(default_factory=dict)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    anchors: list[dict[str, str]] = field(default_factory=list)

    def copy(self) -> Log:
        return copy.deepcopy(self)

    def leaves(self) -> list[bytes]:
        return [bytes.fromhex(entry["leafHex"]) for entry in self.entries]

    def case(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "head": self.head,
            "entries": self.entries,
            "subjects": self.subjects,
            "daily": self.daily,
            "checkpoints": self.checkpoints,
            "anchors": self.anchors,
        }


def entry(  # the header's fields
    seq: int,
    kind: int,
    found: dict[str, Any],
    *,
    prev: bytes,
    recorded_us: int,
    stream_id: bytes = STREAM_ID,
) -> dict[str, Any]:
    """Seal one event."""
    data = jcs(found)
    body = body_of(salt(seq), data)
    return {
        "seq": seq,
        "recordedUs": recorded_us,
        "kind": kind,
        "streamIdHex": stream_id.hex(),
        "prevHex": prev.hex(),
        "bodyHex": body.hex(),
        "leafHex": leaf_of(header(kind, stream_id, prev, seq, recorded_us, body)).hex(),
        "saltHex": salt(seq).hex(),
        "event": data.decode(),
        "columns": columns(found),
    }


def seal(
    log: Log,
    given: list[tuple[int, dict[str, Any]]],
    *,
    times: dict[int, int] | None = None,
    first_prev: bytes | None = None,
) -> None:
    """Append events to a log, chained to what stands there."""
    for kind, found in given:
        seq = len(log.entries)
        before = first_prev if first_prev is not None else genesis(STREAM_ID)
        prev = bytes.fromhex(log.entries[-1]["leafHex"]) if seq else before
        recorded_us = (times or {}).get(seq, NOW_US + seq // 2 * 500_000)
        log.entries.append(entry(seq, kind, found, prev=prev, recorded_us=recorded_us))
        rows = sorted(
            set(found.get("subjects", [])) - {found.get("resource", {}).get("id")}
        )
        log.subjects += [
            {
                "seq": seq,
                "subject": subject,
                "occurredUs": log.entries[-1]["columns"]["occurredUs"],
                "recordedUs": recorded_us,
            }
            for subject in rows
        ]


def finish(log: Log, *, signed_at: tuple[int, ...] = SIGNED_AT) -> Log:
    """Write head, registry, rollup, checkpoints and anchor of a log."""
    count(log)
    set_head(log)
    log.stream = {
        "name": "main",
        "streamIdHex": STREAM_ID.hex(),
        "base": BASE,
        "incarnation": 1,
        "keys": [SIGNER.vkey, COSIGNER.vkey],
    }
    log.checkpoints = [signed(log, size) for size in signed_at]
    log.anchors = [
        {
            "place": PLACE,
            "keys": f"{SIGNER.vkey}\n{COSIGNER.vkey}\n",
            "checkpoints": "".join(item["note"] for item in log.checkpoints),
        }
    ]
    return log


def signed(log: Log, size: int) -> dict[str, Any]:
    """Sign the first `size` leaves, as the database keeps it."""
    leaves = log.leaves()[:size]
    time_s = NOW_S + 10 + size
    return {
        "size": size,
        "signedUs": time_s * 1_000_000 + 123,
        "note": note(checkpoint_text(size, root(leaves)), time_s),
        "peaksHex": b"".join(peaks(leaves[:-1])).hex(),
    }


def set_head(log: Log) -> None:
    newest = log.entries[-1]
    log.head = {key: newest[key] for key in ("seq", "leafHex", "recordedUs")}


def count(log: Log) -> None:
    """Count events a day, as the rollup does."""
    counted: dict[tuple[Any, ...], int] = {}
    for found in (item["columns"] for item in log.entries):
        if found["continues"]:
            continue
        day = found["occurredUs"] // DAY_US
        names = ("action", "role", "result", "pii")
        key = (day, *(found[name] for name in names))
        counted[key] = counted.get(key, 0) + 1
    log.daily = [
        {
            "day": key[0],
            "action": key[1],
            "role": key[2],
            "result": key[3],
            "pii": key[4],
            "n": n,
        }
        for key, n in sorted(counted.items(), key=str)
    ]


def genuine() -> Log:
    log = Log()
    seal(log, events())
    return finish(log)
