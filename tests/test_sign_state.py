"""The signer's own state: round trips, damage, atomic saves, one signer at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prooftrail.core.merkle import EMPTY_ROOT, Range
from prooftrail.core.origin import Origin
from prooftrail.errors import ConfigurationError, FormatError, SignError
from prooftrail.sign.state import SignerState, SignerStates, read_state

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin("audit.example.com/a", bytes(range(16)), 0)
OTHER = Origin("audit.example.com/a", bytes(range(16)), 1)


def state(
    size: int, time_s: int = 1_700_000_000, origin: Origin = ORIGIN
) -> SignerState:
    tree = Range()
    leaf = None
    for number in range(size):
        leaf = sha256(number.to_bytes(8, "big")).digest()
        tree.append(leaf)
    return SignerState(origin.text(), size, leaf, tuple(tree.peaks), time_s)


def path_of(directory: Path, origin: Origin = ORIGIN) -> Path:
    return directory / f"{origin.place()}.json"


@st.composite
def states(draw: st.DrawFn) -> SignerState:
    size = draw(st.integers(0, 2**63 - 1))
    hashes = st.binary(min_size=32, max_size=32)
    peaks = draw(st.lists(hashes, min_size=size.bit_count(), max_size=size.bit_count()))
    return SignerState(
        ORIGIN.text(),
        size,
        draw(hashes) if size else None,
        tuple(peaks),
        draw(st.integers(0, 2**63 - 1)),
    )


@given(states())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_saved_is_loaded(tmp_path: Path, saved: SignerState) -> None:
    path_of(tmp_path).unlink(missing_ok=True)
    with SignerStates.open(tmp_path) as held:
        held.save(ORIGIN, saved)
        assert held.load(ORIGIN) == saved
    assert read_state(tmp_path, ORIGIN) == saved


def test_a_log_that_was_never_signed_has_no_state(tmp_path: Path) -> None:
    with SignerStates.open(tmp_path / "new" / "state") as held:
        assert held.load(ORIGIN) is None
        held.save(ORIGIN, state(0))
        assert held.load(OTHER) is None
        loaded = held.load(ORIGIN)
    assert loaded is not None
    assert (loaded.size, loaded.last_leaf, loaded.root) == (0, None, EMPTY_ROOT)


def test_the_loaded_state_goes_on_growing(tmp_path: Path) -> None:
    with SignerStates.open(tmp_path) as held:
        held.save(ORIGIN, state(5))
        loaded = held.load(ORIGIN)
        assert loaded is not None
        tree = loaded.range()
        tree.append(sha256((5).to_bytes(8, "big")).digest())
        assert tree.root() == state(6).root
        assert loaded == state(5)


def test_files_and_directory_are_the_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    with SignerStates.open(directory) as held:
        held.save(ORIGIN, state(3))
        held.save(ORIGIN, state(4))
    assert directory.stat().st_mode & 0o7777 == 0o700
    assert path_of(directory).stat().st_mode & 0o7777 == 0o600
    names = sorted(found.name for found in directory.iterdir())
    assert names == sorted([path_of(directory).name, "lock"])


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_directory_that_others_can_change_is_refused(
    tmp_path: Path, mode: int
) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        SignerStates.open(tmp_path)
    tmp_path.chmod(0o755)
    SignerStates.open(tmp_path).close()


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be used"):
        SignerStates.open(tmp_path / "file")


def test_every_bit_of_the_file_counts(tmp_path: Path) -> None:
    with SignerStates.open(tmp_path) as held:
        held.save(ORIGIN, state(3))
    data = path_of(tmp_path).read_bytes()
    for at in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            path_of(tmp_path).write_bytes(changed)
            try:
                loaded = read_state(tmp_path, ORIGIN)
            except SignError as error:
                assert "damaged" in str(error)  # noqa: PT017
                continue
            # Only white space between the values can be changed without harm.
            assert loaded == state(3)
            assert chr(data[at]).isspace()
            assert chr(changed[at]).isspace()


def test_a_file_cut_off_anywhere_is_damaged_and_not_missing(tmp_path: Path) -> None:
    with SignerStates.open(tmp_path) as held:
        held.save(ORIGIN, state(3))
    data = path_of(tmp_path).read_bytes()
    for cut in range(len(data) - 1):
        path_of(tmp_path).write_bytes(data[:cut])
        with pytest.raises(SignError, match="damaged"):
            read_state(tmp_path, ORIGIN)


@given(st.binary(max_size=200))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_bytes_are_damage(tmp_path: Path, data: bytes) -> None:
    path_of(tmp_path).write_bytes(data)
    with pytest.raises(SignError, match="damaged"):
        read_state(tmp_path, ORIGIN)


def written(directory: Path, **changes: object) -> None:
    """Write a state with these values and a checksum that fits them."""
    with SignerStates.open(directory) as held:
        path_of(directory).unlink(missing_ok=True)
        held.save(ORIGIN, state(3))
    file = json.loads(path_of(directory).read_text())
    file["state"] |= changes
    text = json.dumps(file["state"], sort_keys=True, separators=(",", ":"))
    file["checksum"] = sha256(text.encode()).hexdigest()
    path_of(directory).write_text(json.dumps(file))


def test_the_checksum_is_the_one_documented(tmp_path: Path) -> None:
    written(tmp_path)
    assert read_state(tmp_path, ORIGIN) == state(3)
    written(tmp_path, time_s=5)
    assert read_state(tmp_path, ORIGIN) == state(3, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 4},
        {"size": 0},
        {"size": -3},
        {"size": 2**63},
        {"size": 2**64},
        {"size": "3"},
        {"root": "00" * 32},
        {"last_leaf": None},
        {"last_leaf": "00"},
        {"last_leaf": "zz" * 32},
        {"peaks": []},
        {"peaks": ["00" * 31, "00" * 32]},
        {"time_s": -1},
        {"time_s": 2**63},
        {"more": 1},
        {"origin": "\ud800"},
    ],
)
def test_values_that_do_not_fit_each_other_are_damage(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    written(tmp_path, **changes)
    with pytest.raises(SignError, match="damaged"):
        read_state(tmp_path, ORIGIN)


def test_another_format_is_damage(tmp_path: Path) -> None:
    written(tmp_path)
    text = path_of(tmp_path).read_text()
    path_of(tmp_path).write_text(text.replace("prooftrail/v1", "prooftrail/v2"))
    with pytest.raises(SignError, match="format"):
        read_state(tmp_path, ORIGIN)


def test_a_state_of_another_log_is_refused(tmp_path: Path) -> None:
    base = Origin("other.example.com", ORIGIN.stream_id, ORIGIN.incarnation)
    with SignerStates.open(tmp_path) as held:
        held.save(base, state(3, origin=base))
        with pytest.raises(SignError, match="and not of"):
            held.load(ORIGIN)
        with pytest.raises(SignError, match="and not of"):
            held.save(ORIGIN, state(3))
        with pytest.raises(SignError, match="is not the state"):
            held.save(ORIGIN, state(3, origin=OTHER))


@pytest.mark.parametrize("reopened", [False, True])
def test_a_log_never_goes_back_nor_changes_at_its_size(
    tmp_path: Path, *, reopened: bool
) -> None:
    held = SignerStates.open(tmp_path)
    held.save(ORIGIN, state(5))
    if reopened:
        held.close()
        held = SignerStates.open(tmp_path)
    forked = SignerState(ORIGIN.text(), 5, bytes(32), (bytes(32),) * 2, 1_700_000_001)
    for wrong in (state(4), state(0), forked):
        with pytest.raises(SignError, match="never goes back"):
            held.save(ORIGIN, wrong)
    held.save(ORIGIN, state(5, 1_700_000_060))
    held.save(ORIGIN, state(9, 1_600_000_000))
    assert held.load(ORIGIN) == state(9, 1_600_000_000)
    held.close()


def test_a_crash_before_the_rename_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SignerStates.open(tmp_path) as held:
        held.save(ORIGIN, state(3))
        real = os.write
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda fd, data: real(fd, data[:40]))
            with pytest.raises(SignError, match="Nothing is signed"):
                held.save(ORIGIN, state(4))
        assert held.load(ORIGIN) == state(3)
        (tmp_path / f"{ORIGIN.place()}.json.new").write_bytes(b"half")
        assert held.load(ORIGIN) == state(3)
        held.save(ORIGIN, state(4))
        assert held.load(ORIGIN) == state(4)


def test_two_signers_never_hold_one_directory(tmp_path: Path) -> None:
    with SignerStates.open(tmp_path):
        with pytest.raises(SignError, match=rf"process {os.getpid()}\)") as refused:
            SignerStates.open(tmp_path)
        assert "stop it" in str(refused.value)
    SignerStates.open(tmp_path).close()


def hold(directory: Path, answers: multiprocessing.SimpleQueue[str]) -> None:
    try:
        SignerStates.open(directory)
    except SignError as error:
        answers.put(str(error))
    else:
        answers.put("held")
        os.kill(os.getpid(), 9)


def test_another_process_is_refused_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.SimpleQueue[str] = context.SimpleQueue()
    with SignerStates.open(tmp_path):
        child = context.Process(target=hold, args=(tmp_path, answers))
        child.start()
        child.join(30)
        assert "another signer" in answers.get()
    child = context.Process(target=hold, args=(tmp_path, answers))
    child.start()
    child.join(30)
    assert answers.get() == "held"
    assert child.exitcode == -9
    SignerStates.open(tmp_path).close()


def test_a_directory_that_was_closed_is_not_written(tmp_path: Path) -> None:
    held = SignerStates.open(tmp_path)
    held.close()
    held.close()
    with pytest.raises(SignError, match="closed"):
        held.save(ORIGIN, state(1))
    with pytest.raises(SignError, match="closed"):
        held.load(ORIGIN)


def test_a_state_that_makes_no_sense_is_not_made() -> None:
    for size, leaf, peaks, time_s in (
        (0, bytes(32), (), 0),
        (1, None, (bytes(32),), 0),
        (1, bytes(31), (bytes(32),), 0),
        (2, bytes(32), (bytes(32),) * 2, 0),
        (1, bytes(32), (bytes(32),), -1),
    ):
        with pytest.raises(FormatError):
            SignerState(ORIGIN.text(), size, leaf, peaks, time_s)
