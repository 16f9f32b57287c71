"""Rules on the log as it grows: an alert is raised once, recorded, told, and tested."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.catalog import missing, tell
from prooftrail.service.alerting import ACTOR, TESTER
from prooftrail.service.detecting import Detecting, Look
from prooftrail.store import connect, detecting
from tests import planning
from tests.planning import explained, look
from tests.receiving import receiver
from tests.sealing import database_clock, event, insert, log, seal
from tests.searched import earlier
from tests.serving_rig import Serving, alerting
from tests.trail import now_us
from tests.watching_rig import until, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail
    from tests.watching_rig import Watched

EVIL = "zoe\x1b[31m"


def guess(
    trail: Trail, account: str = "usr_7", count: int = 10, *, days: int = 0, **more: Any
) -> None:
    """Insert failed logins of the last minutes, or of so many days ago."""
    now = datetime.fromtimestamp(now_us() / 1e6, UTC)
    now -= timedelta(days=days, seconds=count)
    insert(
        trail,
        *(
            event(
                timestamp=f"{now + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}",
                actor={"type": "anonymous", "ipAddress": "203.0.113.66"},
                action="auth.login.failure",
                result="failure",
                resource={"type": "staff", "id": account},
                details={"reason": "bad_password"},
            )
            for n in range(count)
        ),
        **more,
    )


def told(one: Watched) -> str | None:
    """Return what health has of detection; None before it has looked, too."""
    state = one.health.duties.get("detect")
    return None if state is None else state.told


def is_well(one: Watched) -> bool:
    """Whether it has looked, and nothing is told."""
    state = one.health.duties.get("detect")
    return state is not None and state.told is None


@contextmanager
def looking(one: Watched, **paces: float) -> Iterator[Detecting]:
    made = Detecting(
        one.recorder,
        one.alerts,
        one.health,
        one.metrics,
        one.log,
        clock=now_us,
        look=Look(**({"pace": 0.05, "test": 0.0, "again": 0.1} | paces)),
        dsn=one.trail.dsn,
    )
    made.start()
    try:
        yield made
    finally:
        assert made.close()


def raised(trail: Trail, stream: str = "main") -> list[dict[str, Any]]:
    seal(trail)
    return [one for one in log(trail, stream) if one["action"].endswith("alert.raise")]


def test_an_incident_is_raised_once_however_often_it_is_looked_at(trail: Trail) -> None:
    trail.stream("b")
    with watched(trail) as one:
        with looking(one):
            guess(trail, EVIL)
            seal(trail)
            until(lambda: one.told("alert.raise"), "an alert")
            guess(trail, EVIL, 30)  # it goes on
            guess(trail, "usr_8", stream="b")
            seal(trail)
            until(lambda: len(one.told("alert.raise")) == 2, "another one")
            until(lambda: one.events("prooftrail.alert.raise"), "recorded")
        (first,) = raised(trail)
        (second,) = raised(trail, "b")
        with looking(one):  # it begins anew, and knows
            guess(trail, "usr_9")
            seal(trail)
            until(lambda: len(one.told("alert.raise")) == 3, "a third one")
        alerts = one.told("alert.raise")
    assert [len(raised(trail, name)) for name in ("main", "b")] == [2, 1]
    quarantined = trail.superuser().execute("select 1 from prooftrail.quarantine")
    assert quarantined.fetchall() == []
    assert first["eventId"] == first["resource"]["id"] == alerts[0]["alert"]
    assert first["actor"] == ACTOR
    assert missing(first) == []
    assert tell(first).startswith("prooftrail-detect raised an alert: guessing, medium")
    assert first["details"]["rule"] == "guessing"
    assert first["details"]["key"] == EVIL
    assert first["details"]["attempts"] == 10
    assert first["details"]["addresses"] == ["203.0.113.66"]
    sealed = [n for n, e in enumerate(log(trail), 1) if e["action"].startswith("auth")]
    assert first["details"]["first_seq"] == sealed[0]
    assert second["details"]["key"] == "usr_8"
    told = alerts[0]
    assert (told["rule"], told["stream"], told["synthetic"]) == (
        "guessing",
        "main",
        False,
    )
    # webhooks are told which entries, and of nobody
    assert "zoe" not in json.dumps(told)
    assert "203.0.113" not in json.dumps(told)


def test_an_alert_that_is_not_sealed_yet_is_recorded_once(trail: Trail) -> None:
    with watched(trail) as one:
        guess(trail)
        seal(trail)
        for _ in range(2):  # the second one cannot know of the first
            with looking(one):
                before = len(one.told("alert.raise"))
                until(
                    lambda: len(one.told("alert.raise")) > before,  # noqa: B023
                    "an alert",
                )
                until(lambda: one.events("prooftrail.alert.raise"), "recorded")
                time.sleep(0.3)
        assert len(one.events("prooftrail.alert.raise")) == 2
    assert len(raised(trail)) == 1
    rows = trail.superuser().execute("select count(*) from prooftrail.quarantine")
    assert rows.fetchone() == (0,)


def test_what_was_sealed_meanwhile_is_looked_at_and_what_is_older_is_not(
    trail: Trail,
) -> None:
    with watched(trail) as one:
        for account, days in (("older", 3), ("meanwhile", 1)):
            behind = days * 86_400_000_000
            guess(trail, account, days=days)
            with database_clock(behind):
                seal(trail, clock=partial(earlier, behind))
        with looking(one):
            until(lambda: one.told("alert.raise"), "an alert")
            time.sleep(0.3)
    assert [one["details"]["key"] for one in raised(trail)] == ["meanwhile"]


def test_what_cannot_be_recorded_is_recorded_later(trail: Trail) -> None:
    admin = trail.superuser()
    with watched(trail) as one:
        guess(trail)
        seal(trail)
        admin.execute("alter table prooftrail.inbox rename to away")
        with looking(one):
            until(lambda: one.told("alert.raise"), "told all the same")
            until(lambda: told(one), "and that it is not recorded")
            admin.execute("alter table prooftrail.away rename to inbox")
            until(lambda: one.events("prooftrail.alert.raise"), "recorded")
            until(lambda: is_well(one), "well again")
        assert len(one.told("alert.raise")) == 1


def test_an_event_is_made_that_must_raise_an_alert(trail: Trail) -> None:
    with watched(trail) as one:
        with looking(one, test=7200.0, missed=30.0):
            until(lambda: one.events("prooftrail.detection.test"), "a test")
            seal(trail)
            until(lambda: one.told("alert.raise"), "an alert")
            until(lambda: one.events("prooftrail.alert.raise"), "recorded")
            assert is_well(one)
        assert one.told("alert.raise")[0]["synthetic"] is True
        (found,) = raised(trail)
        assert found["details"]["key"] == TESTER
        assert found["details"]["severity"] == "low"
        tests = [e for e in log(trail) if e["action"] == "prooftrail.detection.test"]
        assert missing(tests[0]) == []
        with looking(one, test=7200.0):  # not again before it is time
            time.sleep(0.5)
        assert one.events("prooftrail.detection.test") == []


def test_a_test_that_raises_no_alert_is_told(trail: Trail) -> None:
    with watched(trail) as one, looking(one, test=7200.0, missed=0.3):
        # nobody seals
        until(lambda: told(one), "missed")
        assert "raised no alert" in str(told(one))
        seal(trail)  # and once it comes, all is well
        until(lambda: is_well(one), "well again")
    assert "detection does not work" in one.written.getvalue()


def test_a_service_alerts_within_five_seconds_of_the_last_event(trail: Trail) -> None:
    with receiver() as hook:
        arguments = ("--only=seal", "--detect", "--detect-test=0", *alerting(hook))
        with Serving(trail, *arguments) as serving:
            until(lambda: serving.said("running"), f"running: {serving.text}")
            time.sleep(1)
            begun = time.monotonic()
            guess(trail)
            until(lambda: hook.got, f"an alert: {serving.text}")
            took = time.monotonic() - begun
            assert hook.got[0].alert["rule"] == "guessing"
            until(lambda: raised_now(trail), "recorded")
    assert took < 5, took


def raised_now(trail: Trail) -> list[Any]:
    rows = trail.superuser().execute(
        "select seq from prooftrail.log where action = 'prooftrail.alert.raise'"
    )
    return rows.fetchall()


@pytest.fixture(scope="module")
def shared_trail(
    cluster: Any, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Trail]:
    """One filled database for all plans."""
    name = f"following_{worker_id}_{cluster.version}"
    made = cluster.clone(name, tmp_path_factory.mktemp(name))
    try:
        made.stream("b")
        planning.fill(made)
        yield made
    finally:
        made.close()
        cluster.drop(name)


def test_what_comes_is_read_from_the_log_s_key_and_alerts_from_an_index(
    shared_trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = planning.filled(shared_trail)
    connection = connect.connect("verifier", dsn=shared_trail.dsn, autocommit=True)
    sent: list[tuple[Any, Any]] = []
    execute = connection.execute

    def spy(query: Any, values: Any = None, **options: Any) -> Any:
        sent.append((query, values))
        return execute(query, values, **options)

    with monkeypatch.context() as patched:
        patched.setattr(connection, "execute", spy)
        list(detecting.after(connection, 1, 9_000, 9_300, 0))
        detecting.raised(connection, 1, 0)
        detecting.tested_us(connection, 1)
    expected = ["log_pkey", "subject", "log_action", "log_action"]
    for (query, values), index in zip(sent, expected, strict=True):
        plan = explained(connection, query, values)
        if index == "subject":
            assert "Seq Scan" not in {
                one["Node Type"] for one in plan if one.get("Alias") == "s"
            }
        else:
            look(plan, {index}, filled, index_only=False)
    connection.close()
