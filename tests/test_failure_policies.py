"""Failure policies: what each call waits for, while the database is away or not."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail import ConfigurationError, DatabaseError, EventError, RecordError
from prooftrail.store import inbox
from tests.recording import (
    event,
    locked,
    recorder,
    until_the_writer_waits,
    waiting,
)
from tests.spooling import NOWHERE, away, files, opened, spool, until

if TYPE_CHECKING:
    from tests.trail import Trail


def test_while_the_database_is_away_spooling_waits_for_no_patience(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(away, tmp_path / "spool", patience=0.5) as made:
        begun = time.monotonic()
        futures = [made.submit(event(), policy="spool") for _ in range(100)]
        assert all(future.result(5) for future in futures)
        assert time.monotonic() - begun < 5
        with pytest.raises(RecordError, match="same eventId"):
            made.record(event())
        assert made.counts()[1:] == (100, 0, 100, 0, 1)
    assert "100 audit events stay in the spool" in caplog.text
    assert caplog.text.count("database is away") == 1
    assert "usr_a1b2c3" not in caplog.text


def test_a_database_that_never_answers_is_away_after_a_second(tmp_path: Path) -> None:
    hanging = threading.Event()

    def connect() -> Any:
        hanging.wait(20)
        return inbox.open_writer(NOWHERE)

    with opened(connect, tmp_path / "spool", patience=5) as made:
        begun = time.monotonic()
        made.record(event(), policy="spool")
        assert 0.9 < time.monotonic() - begun < 3
        begun = time.monotonic()
        made.record(event(), policy="spool")
        assert time.monotonic() - begun < 0.9
        hanging.set()


def test_a_connection_that_comes_too_late_is_closed(trail: Trail) -> None:
    late = threading.Event()
    came: list[Any] = []

    def connect() -> Any:
        late.wait(20)
        came.append(inbox.open_writer(trail.login_dsn("writer")))
        return came[0]

    with (
        opened(connect, None, patience=0.3) as made,
        pytest.raises(RecordError, match="does not answer"),
    ):
        made.record(event())
    late.set()
    until(lambda: bool(came) and came[0].closed)


def test_without_a_spool_such_calls_are_as_closed_ones() -> None:
    with opened(away, None, patience=0.3) as made:
        with pytest.raises(RecordError, match="same eventId"):
            made.record(event(), policy="spool")
        assert made.counts().failed == 1


def test_a_full_spool_fails_as_closed_ones_do_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = spool(tmp_path / "spool", max_bytes=8_000)
    with opened(away, None, patience=0.5, spool=small) as made:
        futures = [made.submit(event(), policy="spool") for _ in range(100)]
        outcomes = [future.exception(5) for future in futures]
        counts = made.counts()
    failed = [one for one in outcomes if one is not None]
    assert all(isinstance(one, RecordError) for one in failed)
    assert counts.failed == len(failed) > 50
    assert counts.spooled == 100 - len(failed) > 5
    assert outcomes[: counts.spooled] == [None] * counts.spooled
    assert caplog.text.count("takes no more events") == 1


def test_a_spool_with_room_again_takes_more_in_order(
    trail: Trail, tmp_path: Path
) -> None:
    small = spool(tmp_path / "spool", max_bytes=8_000)
    there = threading.Event()

    def connect() -> Any:
        return (
            inbox.open_writer(trail.login_dsn("writer")) if there.is_set() else away()
        )

    with opened(connect, None, patience=20, spool=small) as made:
        futures = [made.submit(event(), policy="spool") for _ in range(100)]
        until(lambda: made.counts().spooled > 5)
        there.set()
        assert [future.result(20) for future in futures] == waiting(trail)
        until(lambda: made.counts().waiting_in_spool == 0)


def test_background_never_blocks_and_what_is_lost_is_counted(
    trail: Trail, caplog: pytest.LogCaptureFixture
) -> None:
    with recorder(trail, queue_size=10) as made:
        with locked(trail):
            made.submit(event(), policy="background")
            until_the_writer_waits(trail)
            begun = time.monotonic()
            futures = [made.submit(event(), policy="background") for _ in range(50)]
            assert time.monotonic() - begun < 1
            assert all(future.done() for future in futures)
            kept = [made.submit(event()) for _ in range(5)]  # there is room for these
        assert [future.result(10) for future in kept] == waiting(trail)[-5:]
        assert made.counts().lost == 45
        assert made.counts().recorded == 11
    assert len(waiting(trail)) == 11
    assert "audit events are lost: the queue is full" in caplog.text
    made.submit(event(), policy="background")
    assert made.counts().lost == 46


def test_what_nobody_waits_for_gathers_and_who_waits_does_not(trail: Trail) -> None:
    with recorder(trail) as made:
        made.record(event())
        for _ in range(100):
            made.submit(event(), policy="background")
            time.sleep(0.001)
        begun = time.monotonic()
        made.submit(event(), policy="background")
        made.record(event())  # takes along what gathers
        waited = time.monotonic() - begun
        row = (
            trail.superuser()
            .execute(
                "select count(*), count(distinct xmin::text) from prooftrail.inbox"
            )
            .fetchone()
        )
    assert row is not None
    rows, commits = row
    assert rows == 103
    assert commits < 40  # of 20 ms each, on a busy machine, too
    assert waited < 5


def test_background_events_are_spooled_or_else_lost_after_the_patience(
    tmp_path: Path,
) -> None:
    with opened(away, tmp_path / "spool") as made:
        made.record(event(), policy="background")
        until(lambda: made.counts().waiting_in_spool == 1)
    with opened(away, None, patience=0.2) as made:
        made.record(event(), policy="background")
        until(lambda: made.counts().lost == 1)


def test_a_killed_connection_alone_spools_nothing(trail: Trail, tmp_path: Path) -> None:
    with recorder(trail, spool=spool(tmp_path / "spool")) as made:
        for _ in range(5):
            made.record(event(), policy="spool")
            trail.superuser().execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'prooftrail_writer'"
                " and datname = current_database()"
            )
        assert made.counts()[:2] == (5, 0)


def test_what_the_database_refuses_when_replayed_is_kept_aside(
    trail: Trail, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "spool"
    with opened(away, place) as made:
        for n in range(9):
            said = event(details={"n": "poison" if n == 4 else n})
            made.record(said, policy="spool")
    trail.superuser().execute(
        "alter table prooftrail.inbox add constraint no_poison"
        " check (event not like '%poison%')"
    )
    with recorder(trail, spool=spool(place)) as made:
        until(lambda: made.counts().waiting_in_spool == 0 and made.counts().lost == 1)
        assert made.counts().replayed == 8
    assert len(waiting(trail)) == 8
    assert [Path(name).suffix for name in files(place)] == [".refused", ""]
    assert "poison" not in caplog.text


def test_wrong_settings_are_told_at_once_and_not_spooled(
    trail: Trail, tmp_path: Path
) -> None:
    def unnamed() -> Any:
        return inbox.open_writer(env={})

    with (
        opened(unnamed, tmp_path / "spool") as made,
        pytest.raises(ConfigurationError),
    ):
        made.record(event(), policy="spool")
    reading = trail.login_dsn("reader")
    with (
        opened(lambda: inbox.open_writer(reading), tmp_path / "spool") as made,
        pytest.raises(DatabaseError, match="permission denied"),
    ):
        made.record(event(), policy="spool")
    with opened(away, tmp_path / "spool") as made, pytest.raises(EventError):
        made.record({"action": "x"}, policy="background")


def test_the_ends_of_calls_are_told_to_no_log_with_their_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "prooftrail"):
        with opened(away, tmp_path / "spool", patience=0.2) as made:
            made.record(event(details={"n": "canary-1"}), policy="spool")
            made.record(event(details={"n": "canary-1"}), policy="background")
        with opened(away, None, patience=0.2) as made:
            made.record(event(details={"n": "canary-1"}), policy="background")
    assert "lost" in caplog.text
    assert "canary" not in caplog.text
