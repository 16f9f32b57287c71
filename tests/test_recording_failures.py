from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

import prooftrail
from prooftrail import EventError, RecordError
from prooftrail.capture.process import open_recorder
from prooftrail.errors import (
    ConfigurationError,
    DatabaseError,
    UnavailableError,
)
from prooftrail.store import inbox
from tests.recording import (
    event,
    locked,
    recorder,
    seal,
    sealed,
    until_the_writer_waits,
    waiting,
)

if TYPE_CHECKING:
    from tests.trail import Trail


def test_no_acknowledged_event_is_lost_when_connections_are_killed(
    trail: Trail,
) -> None:
    stop = threading.Event()
    kills = 0

    def storm() -> None:
        nonlocal kills
        with psycopg.connect(trail.dsn, autocommit=True) as killer:
            while not stop.wait(0.03):
                kills += len(
                    killer.execute(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where usename = 'prooftrail_writer'"
                        " and datname = current_database()"
                    ).fetchall()
                )

    killing = threading.Thread(target=storm)
    killing.start()
    try:
        with recorder(trail) as made, ThreadPoolExecutor(8) as pool:

            def many(thread: int) -> list[str]:
                ids: list[str] = []
                while len(ids) < 60 or kills <= 3:  # a fast machine records more
                    details = {"n": [thread, len(ids)]}
                    ids.append(made.record(event(details=details)))
                return ids

            recorded = [one for ids in pool.map(many, range(8)) for one in ids]
    finally:
        stop.set()
        killing.join()
    assert kills > 3
    assert len(set(recorded)) == len(recorded) >= 480
    seal(trail)
    assert sorted(sealed(trail)) == sorted(recorded)


def test_one_event_that_the_database_refuses_spoils_no_other(trail: Trail) -> None:
    trail.superuser().execute(
        "alter table prooftrail.inbox add constraint no_poison"
        " check (event not like '%poison%')"
    )
    with recorder(trail) as made:
        with locked(trail):
            futures = [
                made.submit(event(details={"n": "poison" if n in (3, 37) else n}))
                for n in range(100)
            ]
        for n, future in enumerate(futures):
            if n in (3, 37):
                with pytest.raises(EventError, match="no_poison"):
                    future.result(20)
            else:
                future.result(20)
        kept = [future.result() for n, future in enumerate(futures) if n not in (3, 37)]
        assert waiting(trail) == kept


def test_a_full_queue_holds_the_caller_and_then_refuses(trail: Trail) -> None:
    with recorder(trail, queue_size=2, patience=0.4) as made:
        with locked(trail):
            futures = [made.submit(event())]
            until_the_writer_waits(trail)
            futures += [made.submit(event()), made.submit(event())]
            begun = time.monotonic()
            with pytest.raises(RecordError, match=r"2 events wait.*NOT recorded"):
                made.submit(event())
            assert 0.3 < time.monotonic() - begun < 5
        recorded = [future.result(10) for future in futures]
        assert waiting(trail) == recorded


def test_a_queue_with_room_again_lets_the_caller_go_on(trail: Trail) -> None:
    with recorder(trail, queue_size=1) as made, ThreadPoolExecutor(1) as pool:
        with locked(trail):
            made.submit(event())
            until_the_writer_waits(trail)
            made.submit(event())
            third = pool.submit(made.record, event())
            time.sleep(0.2)
            assert not third.done()
        recorded = third.result(10)
        assert recorded == waiting(trail)[2]


class _Late(Future[str]):
    """A future that is done in the moment in which its caller gives up."""

    def __init__(self, outcome: str | Exception) -> None:
        super().__init__()
        self.outcome = outcome

    def result(self, timeout: float | None = None) -> str:
        if timeout is None:
            return super().result()
        if isinstance(self.outcome, str):
            self.set_result(self.outcome)
        else:
            self.set_exception(self.outcome)
        raise TimeoutError


def test_what_becomes_durable_at_the_last_moment_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes: list[str | Exception] = ["an id", RecordError("away"), TimeoutError()]
    made = open_recorder("postgresql://nowhere.invalid/")
    monkeypatch.setattr(made._writer, "put", lambda *_: _Late(outcomes.pop(0)))
    with made:
        assert made.record(event()) == "an id"
        with pytest.raises(RecordError, match="away"):
            made.record(event())
        with pytest.raises(TimeoutError):
            made.record(event())


def test_a_connection_that_hangs_does_not_hold_the_caller_for_ever(
    trail: Trail,
) -> None:
    with (
        recorder(trail, patience=0.2) as made,
        locked(trail),
        pytest.raises(RecordError, match="not known to be durable"),
    ):
        made.record(event())


def test_a_database_that_is_away_fails_after_the_patience(trail: Trail) -> None:
    options = {"clock": lambda: 0, "random": lambda n: b"\0" * n}
    made = prooftrail.Recorder(
        lambda: inbox.open_writer("postgresql://127.0.0.1:1/nowhere"),
        patience=0.3,
        **options,  # type: ignore[arg-type]
    )
    begun = time.monotonic()
    with pytest.raises(RecordError, match="same eventId") as told:
        made.record(event())
    assert 0.2 < time.monotonic() - begun < 5
    assert isinstance(told.value.__cause__, UnavailableError)
    made.close()
    with pytest.raises(RecordError, match="closed"):
        made.record(event())
    assert trail.dsn not in str(told.value)


def test_a_login_without_the_right_is_told_at_once(trail: Trail) -> None:
    dsn = trail.login_dsn("reader")
    made = prooftrail.open_recorder(dsn)
    with pytest.raises(DatabaseError, match="permission denied"):
        made.record(event())
    made.close()


def test_no_dsn_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROOFTRAIL_DSN", raising=False)
    monkeypatch.delenv("PROOFTRAIL_WRITER_DSN", raising=False)
    made = prooftrail.open_recorder()
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_WRITER_DSN"):
        made.record(event())
    made.close()


def test_a_broken_dsn_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFTRAIL_WRITER_DSN", "postgresql://u:se%cret@h:x/db")
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_WRITER_DSN") as told:
        inbox.open_writer()
    assert "cret" not in str(told.value)


def test_a_stream_name_that_cannot_be_is_refused(trail: Trail) -> None:
    with recorder(trail) as made:
        with pytest.raises(ConfigurationError, match="no stream is named"):
            made.record(event(), stream="Main Stream")
        assert waiting(trail) == []


def test_a_standby_after_a_failover_is_left_again(trail: Trail) -> None:
    with inbox.open_writer(trail.login_dsn("writer")) as writing:
        writing.execute("set default_transaction_read_only = on")
        with pytest.raises(UnavailableError, match="read-only"):
            inbox.insert_all(writing, [inbox.Row("main", "{}")])
