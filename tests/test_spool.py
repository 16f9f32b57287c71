"""The spool's directory: adopted, damaged, full, of another key, of two processes."""

from __future__ import annotations

import logging
import os
import resource
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.capture.spool import Spool, from_environment
from prooftrail.capture.spool_format import START
from prooftrail.errors import ConfigurationError
from tests.spooling import CANARY, record, spool
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def drained(one: Spool) -> list[str]:
    """Return the ids of all that is replayed."""
    found = []
    while held := one.first(1_000, 1_000_000):
        found += [each.record.event_id for each in held]
        one.replayed(held)
    return found


def test_what_is_spooled_is_replayed_in_order_by_the_next_process(place: Path) -> None:
    first = spool(place)
    for n in range(0, 30, 3):
        assert first.append([record(n), record(n + 1), record(n + 2)]) == 3
    held = first.first(7, 1_000_000)
    assert [one.record.event_id for one in held] == [f"id-{n}" for n in range(7)]
    first.replayed(held)
    first.append([record(30)])
    assert first.waiting == 24
    first.close()
    second = spool(place)
    second.adopt()
    assert second.waiting == 24
    assert drained(second) == [f"id-{n}" for n in range(7, 31)]
    assert sorted(path.name for path in place.iterdir()) == ["key"]
    second.close()


def test_a_damaged_progress_means_to_replay_again(place: Path) -> None:
    one = spool(place)
    one.append([record(n) for n in range(5)])
    one.replayed(one.first(3, 1_000_000))
    one.close()
    (note,) = place.glob("*.done")
    for damaged in (b"", b"\xff" * 40, note.read_bytes()[::-1]):
        note.write_bytes(damaged)
        again = spool(place)
        again.adopt()
        assert again.waiting == 5
        again.close()


def test_two_spools_in_one_directory_keep_to_their_own_files(place: Path) -> None:
    first, second = spool(place), spool(place)
    first.append([record(1)])
    second.append([record(2)])
    second.adopt()
    assert (first.waiting, second.waiting) == (1, 1)
    first.close()
    second.adopt()
    assert drained(second) == ["id-1", "id-2"]
    second.close()


def test_files_are_private_and_hold_no_text(place: Path) -> None:
    one = spool(place)
    one.append([record(n) for n in range(20)])
    one.replayed(one.first(3, 1_000_000))
    assert place.stat().st_mode & 0o777 == 0o700
    names = {path.suffix for path in place.iterdir()}
    assert names == {"", ".spool", ".done"}
    for path in place.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
        data = path.read_bytes()
        assert b"canary" not in data, path
        assert b"id-" not in data, path
        assert b"main" not in data, path
    one.close()


def test_a_full_spool_takes_what_fits_and_says_so(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = spool(place, max_bytes=10_000)
    taken = one.append([record(n, 1_000) for n in range(20)])
    assert 5 <= taken < 10
    assert one.append([record(99, 5_000)]) == 0
    assert [each.message for each in caplog.records if "no more" in each.message] == [
        f"the spool {place} takes no more events: it holds 10000 bytes at most"
    ]
    assert sum(path.stat().st_size for path in place.iterdir()) <= 10_000
    assert drained(one) == [f"id-{n}" for n in range(taken)]
    assert one.append([record(99, 1_000)]) == 1
    one.close()


def test_a_disk_that_takes_no_more_loses_nothing_that_it_took(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = spool(place)
    one.append([record(n) for n in range(3)])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    (file,) = place.glob("*.spool")
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 100, hard))
    try:
        assert one.append([record(3, 1_000)]) == 0
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "its disk fails" in caplog.text
    assert one.append([record(4)]) == 1
    assert drained(one) == ["id-0", "id-1", "id-2", "id-4"]
    one.close()


def flipped(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_damage_is_kept_aside_told_and_counted_and_the_rest_replayed(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = spool(place)
    one.append([record(n, 100) for n in range(5)])
    one.close()
    (file,) = place.glob("*.spool")
    before = file.read_bytes()
    flipped(file, len(before) // 2)
    again = spool(place)
    again.adopt()
    assert drained(again) == ["id-0", "id-1", "id-3", "id-4"]
    assert again.lost == 1
    assert ".damaged" in caplog.text
    (kept,) = place.glob("*.damaged")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert 200 < len(kept.read_bytes()) < len(before) // 4
    assert not file.exists()
    again.close()


def test_damage_while_the_process_lives_is_found_as_well(place: Path) -> None:
    one = spool(place)
    one.append([record(n, 100) for n in range(3)])
    (file,) = place.glob("*.spool")
    flipped(file, START + 70)
    assert drained(one) == ["id-1", "id-2"]
    assert one.lost == 1
    assert len(list(place.glob("*.damaged"))) == 1
    assert one.waiting == 0
    one.close()


def test_a_file_of_another_key_is_left_as_it_is_and_told_once(
    place: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = spool(place)
    one.append([record(1)])
    one.close()
    (file,) = place.glob("*.spool")
    before = file.read_bytes()
    other = spool(place, key_file=tmp_path / "other")
    for _ in range(3):
        other.adopt()
    assert other.waiting == 0
    assert caplog.text.count("written with another key") == 1
    assert file.read_bytes() == before
    right = spool(place)  # it is not held by the one that cannot read it
    right.adopt()
    assert drained(right) == ["id-1"]
    other.close()
    right.close()


def test_what_others_can_read_is_refused(place: Path, tmp_path: Path) -> None:
    spool(place).close()
    (place / "key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        spool(place)
    (place / "key").chmod(0o600)
    (place / "key").write_text("no key\n")
    with pytest.raises(ConfigurationError, match="is not a key"):
        spool(place)
    place.chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        spool(place)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        spool(tmp_path / "file" / "below")


def test_the_environment_names_the_spool(place: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"clock": now_us, "random": os.urandom}
    assert from_environment({}, **options) is None
    env = {
        "PROOFTRAIL_SPOOL_DIR": str(place),
        "PROOFTRAIL_SPOOL_KEY_FILE": str(tmp_path / "apart"),
    }
    made = from_environment(env, **options)
    assert made is not None
    assert made.directory == place
    assert (tmp_path / "apart").exists()
    assert not (place / "key").exists()


def test_a_clock_set_back_puts_no_file_before_an_older_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prooftrail.capture.spool._FILE_BYTES", 1)
    times: Iterator[int] = iter(range(10**15, 0, -(10**6)))
    one = spool(place, clock=lambda: next(times))
    for n in range(4):
        one.append([record(n)])
    assert len(list(place.glob("*.spool"))) == 4
    one.close()
    again = spool(place)
    again.adopt()
    assert drained(again) == ["id-0", "id-1", "id-2", "id-3"]
    again.close()


def test_nothing_that_is_told_has_an_events_text(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "prooftrail"):
        one = spool(place, max_bytes=2_000)
        one.append([record(n, 300) for n in range(20)])
        (file,) = place.glob("*.spool")
        flipped(file, START + 70)
        drained(one)
        one.close()
    assert caplog.records
    assert CANARY not in caplog.text


def test_a_directory_that_is_gone_takes_nothing_and_says_so(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one = spool(place)
    shutil.rmtree(place)
    assert one.append([record(1)]) == 0
    assert "its disk fails" in caplog.text
    one.adopt()
    assert one.waiting == 0
