"""What our code must do with vectors of entries, trees, notes, anchors and logs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.core import checkpoint, entry, merkle, note, origin, vkey
from prooftrail.errors import FormatError
from prooftrail.integrity.findings import Weight
from prooftrail.sign import anchor_reading
from prooftrail.signing import keys
from prooftrail.verification import render
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests import vector_log
from tests.vector_checks import binary, hashes

if TYPE_CHECKING:
    from pathlib import Path

VERDICTS = {
    "valid": note.NoteVerdict.VALID,
    "unsigned": note.NoteVerdict.UNSIGNED,
    "invalid": note.NoteVerdict.INVALID,
}


def check_header(case: dict[str, Any]) -> None:
    data = binary(case, "header")
    if "refused" in case:
        with pytest.raises(FormatError):
            entry.Header.decode(data)
        return
    header = entry.Header(
        case["kind"],
        binary(case, "streamId"),
        binary(case, "prev"),
        int(case["seq"]),
        int(case["recordedUs"]),
        binary(case, "body"),
    )
    assert header.encode() == data
    assert entry.Header.decode(data) == header
    assert header.leaf().hex() == case["leafHex"]
    assert entry.checksum(header.leaf()) == case["checksum"]


def check_body(case: dict[str, Any]) -> None:
    made = entry.body(binary(case, "salt"), case["event"].encode())
    assert made.hex() == case["bodyHex"]


def check_genesis(case: dict[str, Any]) -> None:
    assert entry.genesis(binary(case, "streamId")).hex() == case["genesisHex"]


def check_chain(case: dict[str, Any]) -> None:
    stream_id = binary(case, "streamId")
    prev = entry.genesis(stream_id)
    tree = merkle.Range()
    for item in case["entries"]:
        body = entry.body(binary(item, "salt"), item["event"].encode())
        assert (body.hex(), prev.hex()) == (item["bodyHex"], item["prevHex"])
        header = entry.Header(
            item["kind"], stream_id, prev, item["seq"], item["recordedUs"], body
        )
        assert header.encode().hex() == item["headerHex"]
        prev = header.leaf()
        assert prev.hex() == item["leafHex"]
        tree.append(prev)
    assert tree.root().hex() == case["rootHex"]


def check_tree(case: dict[str, Any]) -> None:
    leaves = hashes(case, "leaves")
    grown = merkle.Range()
    for leaf in leaves:
        grown.append(leaf)
    assert grown.root().hex() == case["rootHex"]
    at_once = merkle.peaks(merkle.levels(leaves), len(leaves)) if leaves else []
    assert merkle.root_of(at_once).hex() == case["rootHex"]


def check_compact_range(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            merkle.Range(case["size"], hashes(case, "peaks"))
    elif "leafHex" in case:
        held = merkle.Range(case["size"], merkle.split(b"".join(hashes(case, "peaks"))))
        held.append(binary(case, "leaf"))
        assert held.peaks == hashes(case, "newPeaks")
        assert held.root().hex() == case["newRootHex"]
    else:
        grown = merkle.Range()
        for leaf in hashes(case, "leaves"):
            grown.append(leaf)
        assert grown.peaks == hashes(case, "peaks")
        joined = merkle.Range()
        joined.extend(grown.size, grown.peaks)
        assert joined.root().hex() == case["rootHex"]


def check_origin(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            origin.parse_origin(case["origin"])
        return
    found = origin.parse_origin(case["origin"])
    incarnation = int(case["incarnation"])
    assert found == origin.Origin(case["base"], binary(case, "streamId"), incarnation)
    assert (found.text(), found.place()) == (case["origin"], case["place"])


def check_vkey(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            vkey.parse_vkey(case["vkey"])
        return
    found = vkey.parse_vkey(case["vkey"])
    assert (found.name, int(found.kind)) == (case["name"], case["kind"])
    assert found.public.hex() == case["publicHex"]
    assert found.key_id.hex() == case["keyIdHex"]
    assert found.format() == case["vkey"]


def check_note(case: dict[str, Any]) -> None:
    data = binary(case, "note")
    if "refused" in case:
        with pytest.raises(FormatError):
            note.parse_note(data)
        return
    parsed = note.parse_note(data)
    assert parsed.encode().encode() == data
    trusted = [vkey.parse_vkey(text) for text in case["keys"]]
    checked = note.verify_note(parsed, trusted, keys.check_ed25519)
    assert checked.verdict is VERDICTS[case["verdict"]]
    if "timeS" in case:
        assert checked.time_s == case["timeS"]


def check_checkpoint(case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(FormatError):
            checkpoint.parse_checkpoint(case["text"])
        return
    found = checkpoint.parse_checkpoint(case["text"])
    expected = (case["origin"], case["size"], case["rootHex"])
    assert (found.origin, str(found.size), found.root.hex()) == expected
    assert found.text() == case["text"]


def check_cosignature(case: dict[str, Any]) -> None:
    if "verdict" in case:
        check_note(case)
        return
    time_s = int(case["timeS"])
    message = note.cosigned_message(case["text"], time_s)
    assert message.decode() == case["message"]
    parsed = note.parse_note(f"{case['text']}\n{case['line']}")
    data = parsed.signatures[0].data
    assert data.hex() == case["dataHex"]
    assert data[:8] == time_s.to_bytes(8, "big")


def check_key_derivation(case: dict[str, Any]) -> None:
    master = keys.MasterKey(binary(case, "master"))
    kinds = vkey.KeyKind
    seeds = [master.seed(kind, case["origin"]).hex() for kind in kinds]
    assert seeds == [case["signerSeedHex"], case["cosignerSeedHex"]]
    own = keys.SigningKeys(master, case["origin"])
    assert [key.format() for key in own.verification_keys] == [
        case["signerVkey"],
        case["cosignerVkey"],
    ]
    stated = checkpoint.parse_checkpoint(case["text"])
    assert own.sign_checkpoint(stated, time_s=case["timeS"]) == case["note"]


def check_anchor(case: dict[str, Any], directory: Path) -> None:
    if "place" in case:
        if "refused" in case:
            with pytest.raises(FormatError):
                origin.parse_place(case["place"])
        else:
            found = origin.parse_place(case["place"])
            assert found == (binary(case, "streamId"), case["incarnation"])
    elif "keysFile" in case:
        place = directory / f"{'00' * 16}-1"
        place.mkdir()
        (place / "keys").write_text(case["keysFile"])
        contents = anchor_reading.read_anchor(directory)
        assert contents is not None
        (log,) = contents.logs
        assert [key.format() for key in log.keys] == case["keys"]
        damaged = [{"line": it.line, "torn": it.torn} for it in log.damaged_keys]
        assert damaged == case.get("damaged", [])
    else:
        read = anchor_reading.read_notes(io.BytesIO(case["file"].encode()))
        records: list[dict[str, Any]] = []
        for record in read:
            shown: dict[str, Any] = {"line": record.line, "offset": record.offset}
            if isinstance(record, anchor_reading.Damaged):
                shown |= {"damaged": True, "torn": record.torn}
            else:
                shown["size"] = record.checkpoint.size
            records.append(shown)
        assert records == case["records"]


def check_log(
    case: dict[str, Any], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector_log.install(case, monkeypatch)
    anchors = vector_log.write_anchors(case, directory / "anchor")
    asked = case.get("asked", {"fromUs": None, "toUs": None})
    found = Run(
        Asked(
            since_us=asked["fromUs"],
            until_us=asked["toUs"],
            anchors=tuple(anchors),
            keys=tuple(vkey.parse_vkey(text) for text in case.get("keys", ())),
        ),
        dsn="none",
    ).run()
    failures = [
        {"kind": str(one.kind), "seq": one.seq}
        for one in found.findings
        if one.weight is Weight.FAILURE
    ]
    assert sorted(failures, key=str) == sorted(case["failures"], key=str)
    assert found.verdict.value == case["verdict"]
    (stream,) = found.streams
    anchored = stream.anchored
    assert (None if anchored is None else anchored.size) == case["anchoredUpTo"]
    assert render.self_attested(stream) == case["selfAttestedFrom"]
    if "asked" in case:
        assert (stream.start, stream.stop) == (case["firstSeq"], case["stopSeq"])
