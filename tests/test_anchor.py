"""Anchors: what is appended, and what a crash at any byte leaves."""

from __future__ import annotations

import io
import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.note import NoteVerdict, verify_note
from prooftrail.core.origin import Origin
from prooftrail.errors import AnchorError, FormatError
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.anchor_reading import (
    AnchorContents,
    AnchoredNote,
    Damaged,
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


def records(directory: Path) -> list[AnchoredNote | Damaged]:
    log = contents(directory).log(ORIGIN.stream_id, ORIGIN.incarnation)
    assert log is not None
    return list(log.records())


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


def test_what_is_appended_is_read_in_order_with_its_position(tmp_path: Path) -> None:
    for size in (1, 2, 2, 5):
        append(tmp_path, size)
    append(tmp_path, 9, OTHER)
    found = contents(tmp_path)
    assert [(log.stream_id, log.incarnation) for log in found.logs] == [
        (ORIGIN.stream_id, 12),
        (ORIGIN.stream_id, 13),
    ]
    assert found.other_names == ()
    log = found.logs[0]
    assert log.keys == keys().verification_keys
    assert log.damaged_keys == ()
    notes = list(log.records())
    assert sizes(notes) == [1, 2, 2, 5]
    assert [record.line for record in notes] == [1, 7, 13, 19]
    data = checkpoints_file(tmp_path).read_bytes()
    for record in notes:
        assert isinstance(record, AnchoredNote)
        text = record.note.encode().encode()
        assert data[record.offset :].startswith(text)
        verdict = verify_note(record.note, log.keys, check_ed25519).verdict
        assert verdict is NoteVerdict.VALID


def test_the_checkpoints_file_is_the_notes_one_after_another(tmp_path: Path) -> None:
    append(tmp_path, 1)
    append(tmp_path, 2)
    assert checkpoints_file(tmp_path).read_text() == note(1) + note(2)
    assert checkpoints_file(tmp_path).stat().st_mode & 0o7777 == 0o644


def test_a_key_is_written_once_and_new_ones_are_added(tmp_path: Path) -> None:
    append(tmp_path, 1)
    append(tmp_path, 2)
    path = tmp_path / ORIGIN.place() / "keys"
    vkeys = [key.format() for key in keys().verification_keys]
    assert path.read_text().splitlines() == vkeys
    rotated = SigningKeys(MasterKey(b"2" * 32), ORIGIN.text()).verification_keys
    Anchor(tmp_path).append_all(ORIGIN, [note(3)], rotated)
    assert path.read_text().splitlines() == vkeys + [key.format() for key in rotated]


def test_keys_are_there_before_the_note_that_they_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real = os.write

    def watched(fd: int, data: bytes) -> int:
        order.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))  # noqa: PTH115, PTH119
        return real(fd, data)

    monkeypatch.setattr(os, "write", watched)
    append(tmp_path, 1)
    assert order == ["keys", "checkpoints"]


def test_each_record_goes_out_in_one_write_to_a_file_opened_to_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, 1)
    with checkpoints_file(tmp_path).open("ab") as file:
        file.write(note(2).encode()[:50])
    flags: list[int] = []
    writes: list[bytes] = []
    synced: list[int] = []
    real_open, real_write, real_fsync = os.open, os.write, os.fsync

    def watched_open(path: Path, how: int, mode: int = 0) -> int:
        flags.append(how)
        return real_open(path, how, mode)

    def watched_write(fd: int, data: bytes) -> int:
        writes.append(data)
        return real_write(fd, data)

    def watched_fsync(fd: int) -> None:
        synced.append(fd)
        real_fsync(fd)

    monkeypatch.setattr(os, "open", watched_open)
    monkeypatch.setattr(os, "write", watched_write)
    monkeypatch.setattr(os, "fsync", watched_fsync)
    append(tmp_path, 3)
    assert writes == [b"!torn\n" + note(3).encode()]
    assert all(how & os.O_APPEND and not how & os.O_TRUNC for how in flags)
    assert len(synced) == 1


# Where a write of the last record may have been cut off: after each of its bytes.
CUTS = range(len(note(2).encode()))


def test_a_crash_after_any_byte_costs_the_record_and_nothing_else(
    tmp_path: Path,
) -> None:
    append(tmp_path, 1)
    path = checkpoints_file(tmp_path)
    first, second = note(1).encode(), note(2).encode()
    after_one_signature = second.rindex("— ".encode())
    for cut in CUTS:
        path.write_bytes(first + second[:cut])
        before = records(tmp_path)
        append(tmp_path, 3)
        append(tmp_path, 4)
        after = records(tmp_path)
        if cut == 0:
            assert (sizes(before), sizes(after)) == ([1], [1, 3, 4])
            continue
        if after_one_signature <= cut < after_one_signature + len("— ".encode()):
            # The note is whole with its first signature; a bit of a mark may follow.
            left: list[int | None] = [None] * (cut > after_one_signature)
            assert sizes(before) == [1, 2, *left]
            assert sizes(after) == [1, 2, *left, 3, 4]
            log = contents(tmp_path).logs[0]
            half = after[1]
            assert isinstance(half, AnchoredNote)
            result = verify_note(half.note, log.keys, check_ed25519)
            assert (result.verdict, result.time_s) == (NoteVerdict.VALID, None)
            continue
        assert (sizes(before), sizes(after)) == ([1, None], [1, None, 3, 4]), cut
        for found in (before[1], after[1]):
            assert isinstance(found, Damaged)
            assert (found.torn, found.line, found.offset) == (True, 7, len(first)), cut


def test_a_crash_while_closing_off_is_closed_off_again(tmp_path: Path) -> None:
    append(tmp_path, 1)
    path = checkpoints_file(tmp_path)
    first, second = note(1).encode(), note(2).encode()
    record = b"!torn\n" + note(3).encode()
    line_ends = [at for at in CUTS if at and second[at - 1 : at] == b"\n"]
    for cut in {1, 60, len(second) - 20, *line_ends} - {second.rindex("— ".encode())}:
        for again in (*range(1, 12), *range(12, len(record), 25)):
            path.write_bytes(first + second[:cut] + record[:again])
            append(tmp_path, 4)
            found = records(tmp_path)
            assert sizes(found)[0] == 1
            assert sizes(found)[-1] == 4
            damaged = [one for one in found if isinstance(one, Damaged)]
            assert damaged
            assert all(one.torn for one in damaged)


def test_the_first_record_can_be_torn_too(tmp_path: Path) -> None:
    append(tmp_path, 1)
    for cut in (1, 30, 100):
        checkpoints_file(tmp_path).write_bytes(note(1).encode()[:cut])
        append(tmp_path, 2)
        assert sizes(records(tmp_path)) == [None, 2]


def test_zeros_after_a_power_failure_are_closed_off(tmp_path: Path) -> None:
    append(tmp_path, 1)
    with checkpoints_file(tmp_path).open("ab") as file:
        file.write(note(2).encode()[:40] + bytes(4000))
    append(tmp_path, 3)
    found = records(tmp_path)
    assert sizes(found) == [1, None, 3]
    assert isinstance(found[1], Damaged)
    assert found[1].torn


def test_a_crash_while_writing_keys_costs_no_key(tmp_path: Path) -> None:
    append(tmp_path, 1)
    path = tmp_path / ORIGIN.place() / "keys"
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        append(tmp_path, 2)
        log = contents(tmp_path).logs[0]
        assert set(log.keys) == set(keys().verification_keys), cut
        assert all(damaged.torn for damaged in log.damaged_keys)


def test_an_anchor_that_is_not_mounted_is_never_made(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "share")
    with pytest.raises(AnchorError, match="mount it"):
        anchor.check()
    with pytest.raises(AnchorError, match="mount it"):
        append(tmp_path / "share", 1)
    assert not (tmp_path / "share").exists()
    (tmp_path / "share").mkdir()
    anchor.check()


def test_what_is_no_checkpoint_of_the_log_is_not_appended(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path)
    vkeys = keys().verification_keys
    with pytest.raises(FormatError, match="does not belong"):
        anchor.append_all(OTHER, [note(1)], vkeys)
    with pytest.raises(FormatError):
        anchor.append_all(ORIGIN, [note(1)[:-1]], vkeys)
    line = f"— a {'A' * 66000}\n"
    with pytest.raises(FormatError, match="less than"):
        anchor.append_all(ORIGIN, [note(1) + line], vkeys)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_and_the_next_append_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, 1)
    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: real(fd, data[:70]))
        with pytest.raises(AnchorError, match="70 of"):
            append(tmp_path, 2)
    append(tmp_path, 2)
    assert sizes(records(tmp_path)) == [1, None, 2]


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    append(tmp_path, 1)
    checkpoints_file(tmp_path).unlink()
    checkpoints_file(tmp_path).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AnchorError, match="cannot be written"):
        append(tmp_path, 2)
    assert not (tmp_path / "elsewhere").exists()
