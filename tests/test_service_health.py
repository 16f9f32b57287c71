"""What the service says of itself: readiness, and figures for Prometheus."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.integrity.findings import Kind, failure, incomplete
from prooftrail.integrity.tree import Anchored
from prooftrail.service import logs
from prooftrail.service.health import DutyState, Health
from prooftrail.service.metrics import OTHERS, STREAMS, Metrics
from prooftrail.service.pulse import Pulse
from prooftrail.store.facts import Facts
from prooftrail.store.readers import Load
from prooftrail.store.survey import Signed
from prooftrail.verification.report import Report, StreamReport
from tests import sealing
from tests.trail import now_us

if TYPE_CHECKING:
    from tests.trail import Trail

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "metrics.md"


def test_a_failed_verification_turns_reading_and_never_writing() -> None:
    health = Health()
    assert health.report("integrity", "main: entry 3 was edited")
    assert health.reading_problem == "main: entry 3 was edited"
    assert health.writing_problem is None
    assert health.report("integrity", None)
    assert health.reading_problem is None


def test_only_a_change_between_well_and_not_well_is_news() -> None:
    health = Health()
    told = [None, "away", "away still", None, None]
    assert [health.report("inbox", one) for one in told] == [
        False,
        True,
        False,
        True,
        False,
    ]


def test_what_nobody_looks_at_any_more_counts_as_a_problem() -> None:
    now = [0.0]
    health = Health(lambda: now[0])
    health.report("inbox", None, lasts=30)
    now[0] = 29
    assert health.writing_problem is None
    now[0] = 31
    assert "inbox" in str(health.writing_problem)


def full() -> Metrics:
    """Return metrics in which everything has happened once."""
    health = Health()
    health.report_duty("seal", DutyState(up=True, restarts=2, told=None))
    metrics = Metrics(health, clock=now_us, load=lambda: Load(5, 3, 1))
    metrics.accepted("http", 3)
    metrics.refused("http")
    metrics.request("GET", "/audit/events/{event_id}", 200, 0.02)
    metrics.follows(1)
    report = Report([StreamReport("main", "x", anchored=Anchored(10, None, "y"))])
    metrics.verified("whole", report, 1.5)
    metrics.standing(0)
    metrics.alerted("delivered")
    metrics.raised("guessing")
    metrics.facts = Facts(4, 1.5, 1, (Signed("main", 12, 10, now_us()),))
    return metrics


def test_the_page_names_every_metric_with_its_kind_and_labels() -> None:
    there = set()
    for family in full().registry.collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {
            label
            for sample in family.samples
            for label in sample.labels
            if label != "le"
        }
        there.add((name, family.type, ", ".join(sorted(labels)) or "none"))
    told = set()
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `prooftrail_"):
            told.add((cells[0].strip("`"), cells[1], cells[2]))
    assert told == there


def test_labels_are_bounded() -> None:
    metrics = Metrics(Health(), clock=now_us)
    metrics.request("BREW", "", 404, 0.1)
    metrics.facts = Facts(
        0, 0, 0, tuple(Signed(f"s{n}", 2, 1, 1) for n in range(STREAMS + 50))
    )
    text = metrics.render().decode()
    assert 'method="other",route="none",status="404"' in text
    assert len(re.findall(r"^prooftrail_log_entries{", text, re.MULTILINE)) == 101
    assert f'prooftrail_log_entries{{stream="{OTHERS}"}} 100.0' in text


@pytest.mark.parametrize(
    ("finding", "code"),
    [(failure(Kind.EDITED, "main", 1, "x"), 1), (incomplete("", "x"), 2)],
)
def test_what_did_not_verify_leaves_the_last_success_as_it_was(
    finding: object, code: int
) -> None:
    metrics = full()
    before = metrics.registry.get_sample_value(
        "prooftrail_verification_success_timestamp_seconds", {"why": "whole"}
    )
    report = Report()
    report.findings.append(finding)  # type: ignore[arg-type]
    metrics.verified("whole", report, 1)
    value = metrics.registry.get_sample_value
    assert value("prooftrail_verification_exit_code", {"why": "whole"}) == code
    assert before == value(
        "prooftrail_verification_success_timestamp_seconds", {"why": "whole"}
    )


def problems(health: Health) -> tuple[str | None, str | None]:
    return health.writing_problem, health.reading_problem


def pulse(trail: Trail) -> tuple[Pulse, Health, Metrics]:
    health = Health()
    metrics = Metrics(health, clock=now_us)
    log = logs.open_log(io.StringIO(), clock=now_us)
    env = {"PROOFTRAIL_DSN": trail.dsn}
    return Pulse(health, metrics, log, env=env), health, metrics


def test_a_look_finds_what_waits_and_what_is_signed(trail: Trail) -> None:
    sealing.insert(trail, sealing.event())
    sealing.seal(trail)
    sealing.insert(trail, sealing.event(), sealing.event())
    looking, health, metrics = pulse(trail)
    looking.look()
    looking.close()
    value = metrics.registry.get_sample_value
    assert value("prooftrail_database_up") == 1
    assert value("prooftrail_unsealed_events") == 2
    assert value("prooftrail_log_entries", {"stream": "main"}) == 2
    assert value("prooftrail_signed_entries", {"stream": "main"}) == 0
    assert problems(health) == (None, None)


def test_an_outage_is_told_and_so_is_its_end(trail: Trail) -> None:
    looking, health, metrics = pulse(trail)
    looking.look()
    with trail.cluster.admin() as admin:
        admin.execute(f"alter database {trail.database} allow_connections false")
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (trail.database,),
        )
        looking.look()
        assert None not in problems(health)
        text = metrics.render().decode()
        assert "prooftrail_database_up 0.0" in text
        assert "prooftrail_unsealed_events" not in text
        admin.execute(f"alter database {trail.database} allow_connections true")
    looking.look()
    looking.close()
    assert problems(health) == (None, None)


def test_an_inbox_that_takes_nothing_in_turns_writing_alone(trail: Trail) -> None:
    looking, health, _ = pulse(trail)
    with trail.cluster.admin() as admin:
        admin.execute(
            f"alter database {trail.database} set default_transaction_read_only = on"
        )
    looking.look()
    looking.close()
    assert "no writes" in str(health.writing_problem)
    assert health.reading_problem is None


def test_a_login_that_may_not_write_is_told(trail: Trail) -> None:
    trail.superuser().execute(
        "revoke insert (stream, event, envelope) on prooftrail.inbox"
        " from prooftrail_writer"
    )
    looking, health, _ = pulse(trail)
    looking.look()
    looking.close()
    assert "may not write" in str(health.writing_problem)


def test_an_inbox_that_is_locked_turns_writing_until_it_is_free(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prooftrail.service.pulse.TIMEOUT_MS", 300)
    looking, health, _ = pulse(trail)
    looking.look()
    assert problems(health) == (None, None)
    holding = trail.superuser()
    holding.execute("begin")
    holding.execute("lock table prooftrail.inbox in access exclusive mode")
    looking.look()
    assert "it is locked" in str(health.writing_problem)
    holding.execute("rollback")
    looking.look()
    looking.close()
    assert problems(health) == (None, None)
    waiting = trail.superuser().execute("select count(*) from prooftrail.inbox")
    assert waiting.fetchone() == (0,)
