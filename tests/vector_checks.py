"""What our code must do with a vector: one function a structure of the format.

Each takes a case as `spec/vectors/README.md` describes it and asserts; `test_vectors`
finds them by name.
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import pytest

from prooftrail.core import (
    events,
    ids,
    instants,
    jcs,
    normal,
    note,
    projection,
    statement,
)
from prooftrail.errors import CanonicalError, EventError
from prooftrail.seal import prepare
from prooftrail.store.waiting import InboxRow

REASONS = {
    "not-utf8": "not UTF-8",
    "not-json": "not JSON",
    "duplicate-key": "stands twice",
    "nul": r"U\+0000",
    "surrogate": "surrogate",
    "depth": "deeper than 32",
    "size": "at most 262144",
}
VERDICTS = {
    "valid": note.NoteVerdict.VALID,
    "unsigned": note.NoteVerdict.UNSIGNED,
    "invalid": note.NoteVerdict.INVALID,
}


def binary(case: dict[str, Any], name: str) -> bytes:
    """A field that is text, hex or repeated parts, as bytes."""
    if f"{name}Hex" in case:
        return bytes.fromhex(case[f"{name}Hex"])
    if f"{name}Parts" in case:
        parts = (part.encode() * times for part, times in case[f"{name}Parts"])
        return b"".join(parts)
    text: str = case[name]
    return text.encode()


def hashes(case: dict[str, Any], name: str) -> list[bytes]:
    return [bytes.fromhex(item) for item in case[f"{name}Hex"]]


def columns(found: projection.Projection) -> dict[str, Any]:
    return {
        "eventId": str(UUID(bytes=found.event_id)),
        "occurredUs": found.occurred_us,
        "actor": found.actor,
        "role": found.role,
        "action": found.action,
        "resourceType": found.resource_type,
        "resourceId": found.resource_id,
        "result": found.result,
        "ip": None if found.ip is None else str(ip_address(found.ip)),
        "pii": found.pii,
        "continues": found.continues and str(UUID(bytes=found.continues)),
        "authority": found.authority,
    }


def check_canonical(case: dict[str, Any]) -> None:
    text = binary(case, "input")
    if "refused" in case:
        with pytest.raises(CanonicalError, match=REASONS[case["refused"]]):
            jcs.read(text)
        return
    value, canonical = jcs.read(text)
    if "canonicalHex" in case:
        assert canonical.hex() == case["canonicalHex"]
    else:
        assert sha256(canonical).hexdigest() == case["canonicalSha256"]
    assert jcs.canonical(value) == jcs.spell(value) == canonical
    assert jcs.read(canonical) == (value, canonical)


def check_number(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(CanonicalError):
            jcs.number(case["token"])
    else:
        assert jcs.number(case["token"]) == case["value"]


def check_escape(case: dict[str, Any]) -> None:
    escaped = normal.escape(case["input"], enveloped=case["envelope"])
    assert escaped == case["escaped"]


def check_timestamp(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(EventError):
            instants.microseconds(case["text"])
    elif "given" in case:
        assert instants.convert(case["given"]) == case["text"]
    else:
        assert instants.microseconds(case["text"]) == case["microseconds"]


def check_uuid(case: dict[str, Any]) -> None:
    text = case["text"]
    packed = None if "refused" in case else UUID(text).bytes
    assert ids.packed(text) == packed
    if "refused" in case:
        try:
            assert ids.check(text) != text
        except EventError:
            return
    elif "randomHex" in case:
        assert ids.uuid7(case["microsecond"], binary(case, "random")) == text
    else:
        assert ids.check(text) == text
        assert ids.millisecond_of(UUID(text).bytes) == case["millisecond"]


def check_event(case: dict[str, Any]) -> None:
    event, now_us = case["event"], case["nowUs"]
    data = jcs.canonical(event)
    if "refused" in case:
        with pytest.raises(EventError, match=case["refused"]):
            events.check(data, event, now_us=now_us)
    else:
        events.check(data, event, now_us=now_us)


def check_sealing(case: dict[str, Any]) -> None:
    row = case["row"]
    inbox_row = InboxRow(
        1,
        "main",
        binary(row, "event").decode(),
        b"\x01" if row.get("envelope") else None,
        row["login"],
        row["channel"],
        row["receivedUs"],
    )
    made = prepare.prepare(
        inbox_row, now_us=row["receivedUs"], random=lambda _: binary(case, "random")
    )
    if isinstance(made, prepare.Refused):
        assert made.reason == case["refused"]
        return
    assert made.sealed.decode() == case["eventBytes"]
    assert made.claim is case["claim"]
    assert (made.projection, made.subjects) == projection.read(made.sealed)
    assert prepare.stated_bytes(made.sealed) == made.stated


def check_projection(case: dict[str, Any]) -> None:
    data = case["eventBytes"].encode()
    if "refused" in case:
        with pytest.raises(EventError):
            projection.read(data)
        return
    found, _ = projection.read(data)
    shown = columns(found)
    expected = case["columns"]
    if expected["ip"] is not None:  # addresses have several spellings
        assert ip_address(shown["ip"]) == ip_address(expected["ip"])
        shown["ip"] = expected["ip"]
    assert shown == expected


def check_subjects(case: dict[str, Any]) -> None:
    assert projection.read(case["eventBytes"].encode())[1] == case["subjects"]


def check_statement(case: dict[str, Any]) -> None:
    made = statement.statement(
        case["action"],
        stream=case["stream"],
        details=case["details"],
        event_id=case["eventId"],
        at_us=case["atUs"],
    )
    data = jcs.canonical(made)
    assert data.decode() == case["eventBytes"]
    check_projection(case)
    if case["action"] == statement.STREAM_CREATE:
        details = case["details"]
        assert details == statement.stream_create(
            details["origin"], details["name"], details["keys"]
        )
