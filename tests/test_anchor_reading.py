"""Reading anchors: any bytes are reported, and what is missing is told apart."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.note import verify_note
from prooftrail.core.origin import Origin
from prooftrail.errors import AnchorError
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.anchor_reading import (
    AnchorContents,
    AnchoredNote,
    Damaged,
    FileState,
    read_anchor,
    read_notes,
)
from prooftrail.signing.keys import MasterKey, SigningKeys, check_ed25519

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.core.vkey import VerificationKey

ORIGIN = Origin("audit.example.com/a", bytes(range(16)), 12)
OTHER = Origin("audit.example.com/a", bytes(range(16)), 13)


@cache
def keys(origin: Origin = ORIGIN) -> SigningKeys:
    return SigningKeys(MasterKey(bytes(32)), origin.text())


@cache
def note(size: int, origin: Origin = ORIGIN) -> str:
    checkpoint = Checkpoint(origin.text(), size, bytes([size % 256]) * 32)
    return keys(origin).sign_checkpoint(checkpoint, time_s=1_700_000_000 + size)


def append(directory: Path, size: int, origin: Origin = ORIGIN) -> None:
    Anchor(directory).append_all(
        origin, [note(size, origin)], keys(origin).verification_keys
    )


def contents(directory: Path) -> AnchorContents:
    found = read_anchor(directory)
    assert found is not None
    return found


def sizes(found: list[AnchoredNote | Damaged]) -> list[int | None]:
    return [
        record.checkpoint.size if isinstance(record, AnchoredNote) else None
        for record in found
    ]


def read(data: bytes) -> list[AnchoredNote | Damaged]:
    return list(read_notes(io.BytesIO(data)))


def signers(record: AnchoredNote) -> list[VerificationKey]:
    result = verify_note(record.note, keys().verification_keys, check_ed25519)
    return [found.key for found in result.valid]


def checkpoints_file(directory: Path) -> Path:
    return directory / ORIGIN.place() / "checkpoints"


def test_a_garbled_record_is_reported_and_not_as_torn() -> None:
    parts = [note(size).encode() for size in (1, 2, 3)]
    text = b"".join(parts)
    start = len(parts[0])
    for at in range(len(parts[1]) - 1):
        changed = bytearray(text)
        changed[start + at] ^= 0x01
        found = read(bytes(changed))
        assert sizes(found)[0] == 1, at
        assert sizes(found)[-1] == 3, at
        bad = [
            one
            for one in found
            if isinstance(one, Damaged)
            or len(signers(one)) < 2
            or one.checkpoint.origin != ORIGIN.text()
        ]
        assert bad, at
        assert not any(isinstance(one, Damaged) and one.torn for one in bad), at


def test_a_lost_newline_between_two_records_costs_no_third() -> None:
    found = read((note(1) + note(2)[:-1] + "x" + note(3) + note(4)).encode())
    assert sizes(found) == [1, None, None, 4]
    assert not any(isinstance(one, Damaged) and one.torn for one in found)


def test_a_record_of_another_log_is_reported_as_it_stands() -> None:
    found = read((note(1) + note(2, OTHER) + note(3)).encode())
    assert [
        one.checkpoint.origin for one in found if isinstance(one, AnchoredNote)
    ] == [
        ORIGIN.text(),
        OTHER.text(),
        ORIGIN.text(),
    ]


def test_a_record_without_end_takes_no_memory_and_is_passed_over() -> None:
    data = b"x" * 3_000_000 + b"\n" + b"y\n" * 600_000 + note(1).encode()
    found = read(data)
    assert sizes(found) == [None, 1]
    assert isinstance(found[0], Damaged)
    assert found[0].reason == "a note has at most 1000000 bytes"
    assert isinstance(found[1], AnchoredNote)
    assert (found[1].line, found[1].offset) == (600_002, 4_200_001)


pieces = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([note(1).encode(), note(2).encode(), b"\n", b"!torn\n", b"\r\n"]),
    st.sampled_from(note(3).encode().splitlines(keepends=True)),
    st.integers(0, 400).map(lambda cut: note(4).encode()[:cut]),
)


@given(st.lists(pieces, max_size=12).map(b"".join))
def test_any_bytes_are_reported_and_cover_the_file(data: bytes) -> None:
    found = read(data)
    starts = [one.offset for one in found]
    assert starts == sorted(set(starts))
    assert (starts[:1] == [0]) == bool(data)
    for one in found:
        assert data[: one.offset].count(b"\n") + 1 == one.line
        if isinstance(one, AnchoredNote):
            assert data[one.offset :].startswith(one.note.encode().encode())


@given(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=5), st.binary(max_size=200))
def test_whole_notes_before_garbage_are_never_lost(
    counts: list[int], rest: bytes
) -> None:
    found = read("".join(note(count) for count in counts).encode() + b"\n" + rest)
    assert sizes(found)[: len(counts)] == counts


def test_what_is_missing_is_told_apart(tmp_path: Path) -> None:
    assert read_anchor(tmp_path / "none") is None
    assert contents(tmp_path) == AnchorContents((), ())
    place = tmp_path / ORIGIN.place()
    place.mkdir()
    log = contents(tmp_path).log(ORIGIN.stream_id, ORIGIN.incarnation)
    assert log is not None
    assert (log.keys_file, log.checkpoints) == (FileState.MISSING, FileState.MISSING)
    assert list(log.records()) == []
    (place / "checkpoints").touch()
    (place / "keys").touch()
    (tmp_path / "lost+found").mkdir()
    found = contents(tmp_path)
    assert found.other_names == ("lost+found",)
    assert (found.logs[0].keys_file, found.logs[0].checkpoints) == (
        FileState.EMPTY,
        FileState.EMPTY,
    )
    assert list(found.logs[0].records()) == []
    assert found.log(ORIGIN.stream_id, 99) is None
    append(tmp_path, 1)
    log = contents(tmp_path).logs[0]
    assert (log.keys_file, log.checkpoints) == (FileState.PRESENT, FileState.PRESENT)


def test_what_cannot_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnchorError, match="cannot be read"):
        read_anchor(tmp_path / "file")
    (tmp_path / ORIGIN.place()).touch()
    with pytest.raises(AnchorError, match="Not a directory"):
        read_anchor(tmp_path)
    (tmp_path / ORIGIN.place()).unlink()
    append(tmp_path, 1)
    log = contents(tmp_path).logs[0]
    checkpoints_file(tmp_path).unlink()
    with pytest.raises(AnchorError, match="cannot be read"):
        list(log.records())


def test_keys_that_are_none_are_reported(tmp_path: Path) -> None:
    append(tmp_path, 1)
    path = tmp_path / ORIGIN.place() / "keys"
    signer, cosigner = (key.format() for key in keys().verification_keys)
    path.write_bytes(f"{signer}\nhello\r\n\n".encode() + b"\xff\n" + cosigner.encode())
    log = contents(tmp_path).logs[0]
    assert log.keys == keys().verification_keys
    assert [(one.line, one.torn) for one in log.damaged_keys] == [
        (2, False),
        (3, False),
        (4, False),
    ]
    path.write_bytes(b"x" * 1_000_001)
    log = contents(tmp_path).logs[0]
    assert log.keys == ()
    assert "not a file of keys" in log.damaged_keys[0].reason
