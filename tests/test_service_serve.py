"""`prooftrail serve` as it is run: kill, stop, outage, tampering."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests import sealing
from tests.receiving import receiver
from tests.serving_rig import Serving, alerting
from tests.signing_rig import unguarded
from tests.watching_rig import until

if TYPE_CHECKING:
    from tests.trail import Trail


def sealed(trail: Trail) -> int:
    row = trail.superuser().execute(
        "select count(*) from prooftrail.log where kind = 0"
        " and action = 'customer.pii.view'"
    )
    return int(row.fetchall()[0][0])


def anchored(trail: Trail, anchor: object) -> object:
    report = Run(Asked(anchors=(anchor,)), dsn=trail.dsn).run()  # type: ignore[arg-type]
    assert report.verdict.exit_code == 0, report.findings
    return report.streams[0].anchored


def test_it_seals_signs_verifies_answers_and_stops_with_nothing_left(
    trail: Trail,
) -> None:
    with Serving(trail, "--every=1") as service:
        for _ in range(20):
            service.record()
        until(lambda: sealed(trail) == 20, "sealed")
        until(
            lambda: (
                service.metric('prooftrail_verification_exit_code{why="whole"}') == 0
            ),
            "verified",
        )
        state = service.state()
        assert state["writing"] is None
        assert state["reading"] is None
        assert {name: one["up"] for name, one in state["duties"].items()} == {
            "seal": True,
            "keep": True,
            "sign": True,
        }
        assert service.metric('prooftrail_duty_up{duty="sign"}') == 1
        run = service.http.post(f"{service.url}/checks").json()["id"]
        until(
            lambda: (
                service.http.get(f"{service.url}/checks/{run}").json()["told"]
                == "verified"
            ),
            "verified on demand",
        )
        for _ in range(300):
            service.record()
        assert service.stop() == 0
    waiting = trail.superuser().execute("select count(*) from prooftrail.inbox")
    assert waiting.fetchone() == (0,)
    assert sealed(trail) == 320
    row = trail.superuser().execute("select seq + 1 from prooftrail.head").fetchone()
    assert row is not None
    assert getattr(anchored(trail, service.anchor), "size", 0) == row[0]
    assert service.said("stopped", well=True)
    assert "postgresql://" not in service.text
    assert "usr_1" not in service.text


@pytest.mark.parametrize("duty", ["seal", "keep", "sign"])
def test_a_duty_that_is_killed_is_started_again_and_told(
    trail: Trail, duty: str
) -> None:
    with Serving(trail, "--only=api", f"--only={duty}") as service:
        until(lambda: service.state()["duties"][duty]["up"], "up")
        until(lambda: service.child(duty), "there")
        first = service.child(duty)
        os.kill(first, signal.SIGKILL)
        until(lambda: service.child(duty) not in {0, first}, "another one")
        until(lambda: service.state()["duties"][duty]["up"], "up again")
        assert service.state()["duties"][duty]["restarts"] == 1
        assert service.metric(f'prooftrail_duty_restarts_total{{duty="{duty}"}}') == 1
        (line,) = service.said("a duty ended and is started again", duty=duty)
        assert line["code"] == -signal.SIGKILL
        service.record()
        assert service.stop() == 0
    assert sealed(trail) == (1 if duty == "seal" else 0)


def test_what_a_duty_refuses_is_told_by_health(trail: Trail) -> None:
    sealing.insert(trail, sealing.event(), sealing.event())
    sealing.seal(trail)
    with unguarded(trail) as superuser:
        superuser.execute("update prooftrail.head set seq = seq - 1")
    with Serving(trail, "--only=api", "--only=seal") as service:
        until(lambda: "main" in str(service.state()["duties"]["seal"]["told"]), "told")
        assert service.state()["writing"] is None
        assert service.stop() == 1  # what waits could not be sealed
        assert service.said("a duty could not finish", duty="seal")


def test_the_duties_of_a_service_that_was_killed_stop_by_themselves(
    trail: Trail,
) -> None:
    with Serving(trail) as service:
        names = ("seal", "keep", "sign")
        until(lambda: all(service.child(name) for name in names), "there")
        children = [service.child(name) for name in names]
        until(lambda: len(service.said("duty")) >= 2, "at work")
        service.process.kill()
        service.process.wait()

        def gone() -> bool:
            return not any(_runs(child) for child in children)

        until(gone, "the duties to stop")


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_second_signal_ends_it_at_once(trail: Trail) -> None:
    with Serving(trail, "--only=api", "--only=seal") as service:
        until(lambda: service.child("seal"), "there")
        holding = trail.superuser()
        holding.execute("begin")
        holding.execute("lock table prooftrail.log in access exclusive mode")
        service.record()
        service.process.send_signal(signal.SIGTERM)
        until(lambda: service.said("stopping"), "stopping")
        begun = time.monotonic()
        assert service.stop() == 1
        assert time.monotonic() - begun < 5
        holding.execute("rollback")
    sealing.seal(trail)
    assert sealed(trail) == 1


def test_it_ends_while_its_verification_and_its_looks_hang(trail: Trail) -> None:
    with Serving(
        trail, "--only=api", "--only=watch", "--every=0.5", "--budget=0.1"
    ) as service:
        until(lambda: service.said("running"), "running")
        holding = trail.superuser()
        holding.execute("begin")
        holding.execute("lock table prooftrail.head in access exclusive mode")

        def hangs() -> bool:
            (count,) = holding.execute(
                "select count(*) from pg_locks where not granted"
                " and relation = 'prooftrail.head'::regclass"
            ).fetchall()[0]
            return bool(count > 1)  # the look of the watch or its run, and the pulse's

        until(hangs, "statements that hang")
        begun = time.monotonic()
        service.stop()
        assert time.monotonic() - begun < 20
        holding.execute("rollback")


def test_an_edit_by_a_superuser_is_told_by_event_metric_webhook_and_readiness(
    trail: Trail,
) -> None:
    sealing.insert(trail, *(sealing.event() for _ in range(20)))
    sealing.seal(trail)
    with (
        receiver() as made,
        Serving(trail, "--every=0.5", *alerting(made)) as service,
    ):
        until(
            lambda: (
                service.metric('prooftrail_verification_exit_code{why="whole"}') == 0
            ),
            "verified",
        )
        with unguarded(trail) as superuser:
            superuser.execute(
                "update prooftrail.log set resource_id = 'nobody' where seq = 7"
            )
        until(lambda: made.got, "a webhook")
        assert made.got[0].is_signed()
        assert made.got[0].alert["findings"][0]["seq"] == 7
        until(lambda: service.state()["reading"], "readiness")
        assert "seq 7" in service.state()["reading"]
        assert service.state()["writing"] is None
        assert service.metric("prooftrail_findings") == 1, service.said("finding")
        service.record()
        superuser = trail.superuser()

        def event() -> list[tuple[bytes]]:
            return superuser.execute(
                "select event from prooftrail.log"
                " where action = 'prooftrail.integrity.finding'"
            ).fetchall()

        until(event, "an event in the log")
        details = json.loads(event()[0][0])["details"]
        assert (details["kind"], details["seq"]) == ("projection edited", 7)
        assert service.stop() == 0
    assert "nobody" not in service.text


def test_a_log_cut_off_behind_the_anchor_is_told(trail: Trail) -> None:
    with (
        receiver() as made,
        Serving(trail, "--every=0.5", *alerting(made)) as service,
    ):
        for _ in range(10):
            service.record()

        def covered() -> bool:
            size = service.metric('prooftrail_anchored_entries{stream="main"}')
            return size is not None and size > 10

        until(covered, "anchored")
        with unguarded(trail) as superuser:
            superuser.execute("delete from prooftrail.checkpoint")
            superuser.execute("delete from prooftrail.log where seq >= 5")
            superuser.execute(
                "update prooftrail.head set (seq, leaf, recorded_us) = (select seq,"
                " leaf, recorded_us from prooftrail.log order by seq desc limit 1)"
            )
        until(lambda: made.got, "a webhook")
        kinds = {
            one["kind"] for got in made.got for one in got.alert.get("findings", ())
        }
        # deleted: a verification had counted the entries when they went
        assert kinds & {"truncated", "rewritten", "deleted"}
        until(lambda: service.state()["reading"], "readiness")


def test_an_outage_of_the_database_is_survived(trail: Trail) -> None:
    name = trail.database
    with Serving(trail, "--every=0.5") as service, trail.cluster.admin() as admin:
        service.record()
        until(lambda: sealed(trail) == 1, "sealed")
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (name,),
        )
        until(lambda: service.state()["writing"], "writing told")
        assert service.state()["reading"] is not None
        assert service.metric("prooftrail_database_up") == 0
        admin.execute(f"alter database {name} allow_connections true")
        until(lambda: service.state()["writing"] is None, "writing again")
        until(lambda: service.state()["reading"] is None, "reading again")
        service.record()
        until(lambda: sealed(trail) == 2, "sealed again")
        assert service.metric('prooftrail_duty_restarts_total{duty="seal"}') == 0
        assert service.metric("prooftrail_findings") in {None, 0}
        assert service.stop() == 0


def test_each_duty_has_its_own_login_and_sees_no_other_s(trail: Trail) -> None:
    names = ["writer", "sealer", "signer", "keeper", "reader", "verifier", "access"]
    logins = {
        f"PROOFTRAIL_{login.upper()}_DSN": trail.login_dsn(login) for login in names
    }
    nothing = {"PROOFTRAIL_DSN": ""}
    with Serving(trail, "--every=0.5", **logins, **nothing) as service:
        service.record()
        until(lambda: sealed(trail) == 1, "sealed")
        for duty, login in (("seal", "sealer"), ("keep", "keeper"), ("sign", "signer")):
            until(lambda duty=duty: service.child(duty), "there")  # type: ignore[misc]
            with open(f"/proc/{service.child(duty)}/environ", "rb") as file:  # noqa: PTH123
                env = file.read().decode().split("\0")
            dsns = [one.partition("=")[0] for one in env if "postgresql://" in one]
            assert dsns == [f"PROOFTRAIL_{login.upper()}_DSN"]
            assert not any("WEBHOOK" in one for one in env)
        users = {
            row[0]
            for row in trail.superuser().execute(
                "select distinct usename from pg_stat_activity"
                " where datname = current_database()"
                " and application_name like 'prooftrail%%'"
            )
        }
        assert users >= {"prooftrail_sealer", "prooftrail_keeper", "prooftrail_signer"}
        assert not any(user.endswith("owner") for user in users)
        assert service.stop() == 0


def serve(trail: Trail, *arguments: str, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.processes.serving", "serve", *arguments],
        env=trail.env | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


def test_what_cannot_be_run_is_said_at_once(trail: Trail) -> None:
    code, told = serve(trail, "--only=sign", "--key-file=/nowhere/key")
    assert code == 1
    assert "there is no master key at /nowhere/key" in told
    code, told = serve(trail, "--only=api", "--webhook=https://x.example/")
    assert code == 1
    assert "needs a secret" in told
    with Serving(trail, "--only=api") as service:
        port = service.url.rpartition(":")[2]
        code, told = serve(
            trail,
            *("--only=api", "--only=watch", f"--port={port}"),
            PROOFTRAIL_DSN="postgresql://127.0.0.1:1/nothing",
        )
    assert code == 1
    assert f"nothing can listen at 127.0.0.1 port {port}" in told
    assert "not well" not in told  # nobody looked, nothing was verified


def test_one_duty_alone_runs_without_the_others(trail: Trail) -> None:
    sealing.insert(trail, sealing.event())
    with Serving(trail, "--only=seal") as service:
        until(lambda: sealed(trail) == 1, "sealed")
        assert service.said("running", only=["seal"])
        assert not service.said("listening")
        assert service.stop(signal.SIGINT) == 0
