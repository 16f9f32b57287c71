"""``prooftrail spool``: counts without contents, and what a dead application left."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.recording import event, waiting
from tests.spooling import NOWHERE, away, files, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


def prooftrail(*words: str, dsn: str = NOWHERE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prooftrail", *words],
        env={**os.environ, "PROOFTRAIL_WRITER_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
    )


def spooled(place: Path, count: int) -> list[str]:
    with opened(away, place) as made:
        return [made.record(event(), policy="spool") for _ in range(count)]


def test_what_waits_is_shown_and_replayed(trail: Trail, tmp_path: Path) -> None:
    place = tmp_path / "spool"
    told = spooled(place, 7)
    shown = prooftrail("spool", "show", str(place))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "7 events wait" in shown.stdout
    assert "nobody's" in shown.stdout
    assert "usr_a1b2c3" not in shown.stdout

    done = prooftrail("spool", "replay", str(place))
    assert done.returncode == 1
    assert "7 events wait, 0 cannot be recorded" in done.stderr

    done = prooftrail("spool", "replay", str(place), dsn=trail.login_dsn("writer"))
    assert (done.returncode, done.stdout) == (0, "recorded 7 events\n"), done.stderr
    assert waiting(trail) == told
    assert files(place) == ["key"]


def test_what_a_living_process_holds_is_left_to_it(
    trail: Trail, tmp_path: Path
) -> None:
    place = tmp_path / "spool"
    with opened(away, place) as made:
        made.record(event(), policy="spool")
        shown = prooftrail("spool", "show", str(place))
        assert "1 events, " in shown.stdout
        assert "held by a process" in shown.stdout
        done = prooftrail("spool", "replay", str(place), dsn=trail.login_dsn("writer"))
        assert (done.returncode, done.stdout) == (0, "recorded 0 events\n")
        assert made.counts().waiting_in_spool == 1


def test_damage_is_told_by_the_exit_code(trail: Trail, tmp_path: Path) -> None:
    place = tmp_path / "spool"
    spooled(place, 3)
    (file,) = place.glob("*.spool")
    data = bytearray(file.read_bytes())
    data[60] ^= 1
    file.write_bytes(data)
    shown = prooftrail("spool", "show", str(place))
    assert shown.returncode == 1
    assert "2 events, " in shown.stdout
    assert "damaged" in shown.stdout
    done = prooftrail("spool", "replay", str(place), dsn=trail.login_dsn("writer"))
    assert done.returncode == 1
    assert "1 cannot be recorded" in done.stderr
    shown = prooftrail("spool", "show", str(place))
    assert shown.returncode == 1
    assert "kept aside" in shown.stdout


def test_a_spool_without_its_key_is_not_given_another(tmp_path: Path) -> None:
    for word in ("show", "replay"):
        done = prooftrail("spool", word, str(tmp_path))
        assert done.returncode == 1
        assert "PROOFTRAIL_SPOOL_KEY_FILE" in done.stderr
    assert list(tmp_path.iterdir()) == []
