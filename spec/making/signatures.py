"""Cases of names, keys, signed notes and checkpoints."""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.primitives import (
    BASE,
    COSIGNATURE,
    COSIGNER,
    ED25519,
    MASTER,
    NOW_S,
    ORIGIN,
    SIGNER,
    STRANGER,
    STREAM_ID,
    Key,
    base64,
    checkpoint_text,
    note,
)
from making.trees import leaf

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = leaf(7)
TEXT = checkpoint_text(8, ROOT)


def origins() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield origin lines."""
    for name, base, incarnation in [
        ("usual", BASE, 1),
        ("one-segment", "prooftrail.internal", 0),
        ("port", "audit.example.com:8443/a_b/~c-d", 2**63 - 1),
    ]:
        yield (
            f"accept-{name}",
            {
                "title": "An origin and its parts",
                "origin": f"{base}/{STREAM_ID.hex()}/{incarnation}",
                "base": base,
                "streamIdHex": STREAM_ID.hex(),
                "incarnation": str(incarnation),
                "place": f"{STREAM_ID.hex()}-{incarnation}",
            },
        )
    stream = STREAM_ID.hex()
    for name, origin in [
        ("no-base", f"/{stream}/1"),
        ("empty-segment", f"a//{stream}/1"),
        ("space", f"a b/{stream}/1"),
        ("plus", f"a+b/{stream}/1"),
        ("unicode", f"prüfung/{stream}/1"),
        ("upper-case", f"a/{stream.upper()}/1"),
        ("short-stream", f"a/{stream[:-1]}/1"),
        ("leading-zero", f"a/{stream}/01"),
        ("negative", f"a/{stream}/-1"),
        ("too-large", f"a/{stream}/{2**63}"),
        ("no-incarnation", f"a/{stream}"),
        ("newline", f"a/{stream}/1\n"),
        ("long-base", f"{'a' * 201}/{stream}/1"),
    ]:
        yield (
            f"refuse-{name}",
            {"title": "No origin", "origin": origin, "refused": True},
        )


def vkeys() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield verification keys."""
    for name, key in [("signer", SIGNER), ("cosigner", COSIGNER)]:
        yield (
            f"accept-{name}",
            {
                "title": "A key and its parts",
                "vkey": key.vkey,
                "name": key.name,
                "kind": key.kind,
                "publicHex": key.public.hex(),
                "keyIdHex": key.key_id.hex(),
            },
        )
    name, key_id, material = SIGNER.vkey.split("+", 2)
    other = base64(b"\x02" + SIGNER.public)
    other_id = sha256(name.encode() + b"\n\x02" + SIGNER.public).hexdigest()[:8]
    short = b"\x01" + SIGNER.public[:-1]
    short_id = sha256(name.encode() + b"\n" + short).hexdigest()[:8]
    for case, text in [
        ("wrong-id", f"{name}+00000000+{material}"),
        ("upper-case-id", f"{name}+{key_id.upper()}+{material}"),
        ("no-name", f"+{key_id}+{material}"),
        ("space-in-name", f"a b+{key_id}+{material}"),
        ("unknown-type", f"{name}+{other_id}+{other}"),
        ("short-key", f"{name}+{short_id}+{base64(short)}"),
        ("loose-base64", f"{name}+{key_id}+{material}="),
        ("two-parts", f"{name}+{key_id}"),
        ("newline", f"{SIGNER.vkey}\n"),
        ("empty", ""),
    ]:
        yield f"refuse-{case}", {"title": "No key", "vkey": text, "refused": True}


def notes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield signed notes: what they are worth, and what is none."""
    keys = [SIGNER.vkey, COSIGNER.vkey]
    good = note(TEXT)
    wrong = SIGNER.line(checkpoint_text(9, ROOT))
    unknown = STRANGER.line(TEXT)
    other_name = Key(ED25519, "another/log").line(TEXT)
    data = SIGNER.key_id + SIGNER.signature(TEXT)
    long = f"— {SIGNER.name} {base64(data + bytes(1))}\n"
    untimed = (
        f"— {COSIGNER.name} {base64(COSIGNER.key_id + COSIGNER.signature(TEXT)[8:])}\n"
    )
    at = struct.pack(">Q", NOW_S + 1) + COSIGNER.signature(TEXT)[8:]
    retimed = f"— {COSIGNER.name} {base64(COSIGNER.key_id + at)}\n"
    for name, title, text, verdict, time in [
        ("both", "Both signatures hold", good, "valid", NOW_S),
        ("signer-only", "One is enough", f"{TEXT}\n{SIGNER.line(TEXT)}", "valid", None),
        (
            "cosigner-only",
            "The other too",
            f"{TEXT}\n{COSIGNER.line(TEXT)}",
            "valid",
            NOW_S,
        ),
        (
            "stranger-beside",
            "Unknown keys count for nothing",
            good + unknown,
            "valid",
            NOW_S,
        ),
        (
            "other-name",
            "A key of another name is unknown",
            f"{TEXT}\n{other_name}",
            "unsigned",
            None,
        ),
        (
            "stranger-only",
            "No known key signed",
            f"{TEXT}\n{unknown}",
            "unsigned",
            None,
        ),
        (
            "wrong",
            "A wrong signature by a known key",
            f"{TEXT}\n{wrong}",
            "invalid",
            None,
        ),
        (
            "wrong-beside-valid",
            "One wrong signature fails the note",
            f"{TEXT}\n{wrong}{COSIGNER.line(TEXT)}",
            "invalid",
            NOW_S,
        ),
        (
            "other-text",
            "The text was changed",
            good.replace("\n8\n", "\n9\n"),
            "invalid",
            None,
        ),
        ("long-signature", "A byte too many", f"{TEXT}\n{long}", "invalid", None),
        (
            "untimed-cosignature",
            "A cosignature without its time",
            f"{TEXT}\n{untimed}",
            "invalid",
            None,
        ),
        (
            "retimed-cosignature",
            "A cosignature with another time",
            f"{TEXT}\n{retimed}",
            "invalid",
            None,
        ),
        (
            "blank-line",
            "The last blank line counts",
            f"a\n\nb\n\n{SIGNER.line('a' + chr(10) * 2 + 'b' + chr(10))}",
            "valid",
            None,
        ),
    ]:
        yield (
            f"verify-{name}",
            {
                "title": title,
                "note": text,
                "keys": keys,
                "verdict": verdict,
                "timeS": time,
            },
        )
    line = SIGNER.line(TEXT)
    malformed: list[tuple[str, str, str | bytes]] = [
        ("no-signature", "No signature", TEXT + "\n"),
        ("no-blank-line", "No blank line", TEXT + line),
        ("cut", "No newline at its end", good[:-1]),
        ("hyphen", "A hyphen for the dash", good.replace("—", "-")),
        ("two-spaces", "Two spaces", good.replace(f"{ORIGIN} ", f"{ORIGIN}  ")),
        ("no-name", "No key name", f"{TEXT}\n— {base64(data)}\n"),
        ("plus-in-name", "A plus in the key name", f"{TEXT}\n— a+b {base64(data)}\n"),
        ("short", "Nothing after the key id", f"{TEXT}\n— a {base64(SIGNER.key_id)}\n"),
        ("padding", "Base64 with padding bits", f"{TEXT}\n— a {base64(data)[:-2]}B=\n"),
        (
            "no-padding",
            "Base64 without padding",
            f"{TEXT}\n{line.rstrip('=' + chr(10))}\n",
        ),
        ("cr", "A carriage return", good.replace("\n", "\r\n")),
        ("tab", "A tab in the text", "a\tb\n\n" + line),
        ("escape", "A terminal escape in the text", "a\x1b[2Jb\n\n" + line),
        ("latin-1", "Not UTF-8", b"\xe9\n\n" + line.encode()),
        ("empty", "No bytes", ""),
        (
            "101-signatures",
            "More than 100 signatures",
            TEXT + "\n" + "— a AAAAAAA=\n" * 101,
        ),
    ]
    for name, title, text in malformed:
        given = {"note": text} if isinstance(text, str) else {"noteHex": text.hex()}
        yield f"refuse-{name}", {"title": title, **given, "refused": True}


def checkpoints() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield checkpoint texts."""
    empty = sha256(b"").digest()
    for name, size, root in [
        ("usual", 8, ROOT),
        ("empty", 0, empty),
        ("largest", 2**63 - 1, ROOT),
    ]:
        yield (
            f"accept-{name}",
            {
                "title": "A checkpoint and its parts",
                "text": checkpoint_text(size, root),
                "origin": ORIGIN,
                "size": str(size),
                "rootHex": root.hex(),
            },
        )
    spelled = base64(ROOT)
    for name, text in [
        ("extension-line", TEXT + "extension\n"),
        ("two-lines", f"{ORIGIN}\n8\n"),
        ("no-newline", TEXT[:-1]),
        ("blank-line", TEXT + "\n"),
        ("empty-origin", f"\n8\n{spelled}\n"),
        ("leading-zero", f"{ORIGIN}\n08\n{spelled}\n"),
        ("negative", f"{ORIGIN}\n-8\n{spelled}\n"),
        ("plus", f"{ORIGIN}\n+8\n{spelled}\n"),
        ("hex", f"{ORIGIN}\n0x8\n{spelled}\n"),
        ("arabic-digit", f"{ORIGIN}\n\u0668\n{spelled}\n"),
        ("too-large", f"{ORIGIN}\n{2**63}\n{spelled}\n"),
        ("short-root", f"{ORIGIN}\n8\n{base64(ROOT[:-1])}\n"),
        ("long-root", f"{ORIGIN}\n8\n{base64(ROOT + bytes(1))}\n"),
        ("loose-root", f"{ORIGIN}\n8\n{spelled[:-2]}{chr(ord(spelled[-2]) + 1)}=\n"),
        ("hex-root", f"{ORIGIN}\n8\n{ROOT.hex()}\n"),
        ("space", f"{ORIGIN}\n8 \n{spelled}\n"),
        ("cr", TEXT.replace("\n", "\r\n")),
    ]:
        yield (
            f"refuse-{name}",
            {"title": "No checkpoint", "text": text, "refused": True},
        )


def cosignatures() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield timestamped cosignatures."""
    for name, time_s in [("now", NOW_S), ("zero", 0), ("largest", 2**63 - 1)]:
        yield (
            name,
            {
                "title": "A cosignature: its message, bytes and line",
                "text": TEXT,
                "timeS": str(time_s),
                "seedHex": COSIGNER.seed.hex(),
                "message": f"cosignature/v1\ntime {time_s}\n{TEXT}",
                "dataHex": COSIGNER.signature(TEXT, time_s).hex(),
                "line": COSIGNER.line(TEXT, time_s),
            },
        )
    data = struct.pack(">Q", 2**63) + COSIGNER.private.sign(
        f"cosignature/v1\ntime {2**63}\n{TEXT}".encode()
    )
    line = f"— {COSIGNER.name} {base64(COSIGNER.key_id + data)}\n"
    yield (
        "refuse-time",
        {
            "title": "A time of 2^63: signed well, and invalid all the same",
            "note": f"{TEXT}\n{line}",
            "keys": [COSIGNER.vkey],
            "verdict": "invalid",
        },
    )


def derivations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield keys as they come from a master."""
    for name, master, origin in [
        ("counting", MASTER, ORIGIN),
        ("zeros", bytes(32), ORIGIN),
        ("other-log", MASTER, f"{BASE}/{STREAM_ID.hex()}/2"),
    ]:
        signer, cosigner = (
            Key(kind, origin, master) for kind in (ED25519, COSIGNATURE)
        )
        yield (
            name,
            {
                "title": "Two keys of a log, derived from a master",
                "masterHex": master.hex(),
                "origin": origin,
                "signerSeedHex": signer.seed.hex(),
                "signerVkey": signer.vkey,
                "cosignerSeedHex": cosigner.seed.hex(),
                "cosignerVkey": cosigner.vkey,
                "text": checkpoint_text(8, ROOT, origin),
                "timeS": NOW_S,
                "note": checkpoint_text(8, ROOT, origin)
                + "\n"
                + signer.line(checkpoint_text(8, ROOT, origin))
                + cosigner.line(checkpoint_text(8, ROOT, origin)),
            },
        )
