"""The pieces of the format, written from `spec/` alone: hashes, columns, notes.

The standard library and Ed25519, and nothing of ours. Each part names its document.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import struct
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]
Key = tuple[str, bytes, int, bytes]  # name, id, type, public key
Note = tuple[str, list[tuple[str, bytes]], str, int, bytes]

DAY_US = 86_400_000_000
FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z", re.ASCII)
SEGMENT = r"[A-Za-z0-9._~:-]+"
ORIGIN = re.compile(rf"{SEGMENT}(?:/{SEGMENT})*/([0-9a-f]{{32}})/(0|[1-9][0-9]*)")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
HEX = "[0-9a-f]"
ID = re.compile(f"{HEX}{{8}}-{HEX}{{4}}-[1-8]{HEX}{{3}}-[89ab]{HEX}{{3}}-{HEX}{{12}}")
CONTROL = re.compile(r"[\0-\t\x0b-\x1f]")
SIGNER, COSIGNER = 1, 4
DASH = "—"


# entry.md, tree.md
def label(name: bytes) -> bytes:
    return b"prooftrail/v1/" + name + b"\0"


def leaf_of(row: Row, body: bytes, seq: int | None = None) -> bytes:
    seq = (row["seq"] if seq is None else seq) & (2**64 - 1)
    head = b"\x01" + bytes([row["kind"] & 1]) + row["streamId"] + row["prev"]
    head += struct.pack(">Qq", seq, row["recordedUs"]) + body
    return sha256(b"\0" + head).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def peaks_of(leaves: list[bytes]) -> list[bytes]:
    peaks: list[bytes] = []
    for count, leaf in enumerate(leaves):
        top, rest = leaf, count
        while rest & 1:
            top, rest = node(peaks.pop(), top), rest >> 1
        peaks.append(top)
    return peaks


def root_of(leaves: list[bytes]) -> bytes:
    peaks = peaks_of(leaves)
    root = peaks.pop() if peaks else sha256(b"").digest()
    while peaks:
        root = node(peaks.pop(), root)
    return root


# projections.md
def project(event: str) -> tuple[Row, list[str]]:
    """Return columns and subjects; raise ValueError where the bytes are no event."""
    try:
        return _project(json.loads(event))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not an event") from error


def _project(event: Any) -> tuple[Row, list[str]]:
    actor, resource = event["actor"], event.get("resource") or {}
    pii = event.get("pii") or {}
    role, action = actor.get("role"), folded(event["action"])
    columns = {
        "eventId": event["eventId"],
        "occurredUs": microseconds(event["timestamp"]),
        "actor": cut(actor.get("userId")),
        "role": folded(role) if isinstance(role, str) else None,
        "action": action,
        "resourceType": folded(resource.get("type")),
        "resourceId": cut(resource.get("id")),
        "result": event["result"],
        "ip": address(actor.get("ipAddress")),
        "pii": bool(pii.get("fields") or pii.get("classes"))
        or str(action).startswith("customer.pii."),
        "continues": continued(event.get("part"), event["eventId"]),
        "authority": authority(event["result"], event.get("authorization")),
    }
    subjects = {subject[:200] for subject in event.get("subjects", [])}
    return columns, sorted(subjects - {columns["resourceId"]})


def continued(part: Any, own: str) -> str | None:
    if part is None:
        return None
    of, n, total = (part[name] for name in ("of", "n", "total"))
    if not isinstance(of, str) or {type(n), type(total)} != {int}:
        raise TypeError(part)
    return of if n > 1 and ID.fullmatch(of) and of != own else None


def authority(result: Any, stated: Any) -> str:
    said = stated if isinstance(stated, dict) else {}
    if "denied" in (result, said.get("decision")):
        return "denied"
    if said.get("basis") == "break_glass":
        return "break-glass"
    return "authorised" if said.get("decision") == "allowed" else "unexplained"


def microseconds(text: str) -> int:
    found = TIME.fullmatch(text)
    if not found:
        raise ValueError("not a time")
    since = datetime.fromisoformat(f"{found[1]}+00:00") - EPOCH
    seconds = since.days * 86_400 + since.seconds
    return seconds * 1_000_000 + int((found[2] or "0").ljust(6, "0"))


def cut(text: str | None) -> str | None:
    return None if text is None else text[:200]


def folded(text: str | None) -> str | None:
    return None if text is None else text[:200].translate(FOLD)


def address(text: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


# checkpoint.md
def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def parse_vkey(text: str) -> Key:
    name, key_id, key = text.split("+", 2)
    material = unbase64(key)
    found = sha256(name.encode() + b"\n" + material).hexdigest()[:8]
    if found != key_id or len(material) != 33 or material[0] not in (SIGNER, COSIGNER):
        raise ValueError("not a key")
    return name, bytes.fromhex(key_id), material[0], material[1:]


def parse_checkpoint(note: str) -> Note:
    """Return text, signatures, origin, size and root; raise ValueError."""
    body, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n") or CONTROL.search(note):
        raise ValueError("not a note")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, data = line.split(" ")
        signatures.append((name, unbase64(data)))
        if dash != DASH or not name or len(signatures[-1][1]) <= 4:
            raise ValueError("not a signature line")
    origin, size, root = body.split("\n")
    if not origin or not SIZE.fullmatch(size) or len(unbase64(root)) != 32:
        raise ValueError("not a checkpoint")
    return body + "\n", signatures, origin, int(size), unbase64(root)


def valid_signatures(
    text: str, signatures: list[tuple[str, bytes]], keys: list[Key]
) -> dict[Key, int | None] | None:
    """Return who signed and the stated times; None where one signed wrongly."""
    valid: dict[Key, int | None] = {}
    for name, data in signatures:
        for key in keys:
            if key[:2] != (name, data[:4]):
                continue
            signature, message, time = data[4:], text.encode(), None
            if key[2] == COSIGNER:
                time = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {time}\n{text}".encode()
                signature = signature[8:]
            try:
                Ed25519PublicKey.from_public_bytes(key[3]).verify(signature, message)
            except InvalidSignature:
                return None
            valid[key] = time
    return valid


# anchor.md
def read_keys(data: str) -> tuple[list[Key], bool]:
    """Return the keys, and whether a line is damaged that was not cut off."""
    keys, damaged = [], False
    for line in data.splitlines(keepends=True):
        try:
            keys.append(parse_vkey(line.removesuffix("\n")))
        except ValueError:
            damaged = damaged or not (line.endswith("!torn\n") or line[-1] != "\n")
    return keys, damaged


def records_of(data: str) -> Iterator[tuple[str, bool]]:
    """Yield records, and whether a write that was cut off would explain damage."""
    record, signed = "", False
    for line in data.splitlines(keepends=True):
        signs = line.startswith(f"{DASH} ")
        if record and ((signed and not signs) or ORIGIN.fullmatch(line[:-1])):
            yield record, record.endswith("!torn\n")
            record = ""
        record, signed = record + line, signs
    if record:
        last = record.splitlines()[-1]
        cut_off = not record.endswith("\n") or not last.startswith(f"{DASH} ")
        yield record, record.endswith("!torn\n") or cut_off
