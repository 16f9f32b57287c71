"""Months that ended are sealed by the service, by verifications that passed anyway."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail import catalog
from prooftrail.core import instants
from prooftrail.retention import closing
from prooftrail.service.closing import Months
from prooftrail.sign.registering import create_stream
from prooftrail.store import connect
from prooftrail.store.interrupting import Interrupting
from tests.attacks.conftest import attacked, prepared
from tests.attacks.rig import MASTER, Attacked
from tests.closing_rig import edit, month, state
from tests.trail import BASE, now_us
from tests.watching_rig import Watched, until, watched

if TYPE_CHECKING:
    from prooftrail.verification.report import Report

__all__ = ["attacked", "prepared"]  # fixtures

MONTH_AGO = 32 * instants.DAY


def sealed(seen: Watched) -> list[tuple[str, str, Any]]:
    """Return stream and result of the events that wait, and what they tell."""
    rows = seen.trail.superuser().execute(
        "select stream, event::jsonb from prooftrail.inbox"
        " where event::jsonb->>'action' = %s order by id",
        (closing.ACTION,),
    )
    return [(stream, event["result"], event) for stream, event in rows]


def more_runs(seen: Watched, verdict: str = "verified") -> None:
    runs = seen.runs("whole", verdict)
    until(lambda: seen.runs("whole", verdict) > runs + 2, "more verifications")


def late(attacked: Attacked) -> None:
    """Make a stream with entries of two months, none of them signed."""
    admin = connect.connect(None, dsn=attacked.trail.dsn, autocommit=True)
    attacked.trail.made["late"] = create_stream(
        admin, "late", base=BASE, master=MASTER, random=os.urandom
    )
    admin.close()
    attacked.seal(1, 4, "late", since_us=MONTH_AGO)
    attacked.seal(5, 2, "late")


def test_each_stream_s_month_is_sealed_once(attacked: Attacked) -> None:
    attacked.trail.stream("empty")
    name = month(attacked)
    with watched(attacked.trail) as seen:
        seen.start(attacked.anchor)
        until(lambda: len(sealed(seen)) >= 2, "two seals")
        more_runs(seen)
        found = sealed(seen)
        assert [one[:2] for one in found] == [("main", "success"), ("side", "success")]
        for _, _, event in found:
            assert catalog.missing(event) == []
            assert event["action"] == "audit.retention.archive"
            assert event["actor"] == {"type": "system", "userId": "prooftrail-serve"}
            details = event["details"]
            assert (details["operation"], details["period"]) == ("sealed", name)
            assert (details["record_count"], details["last_seq"]) == (31, 30)
            assert details["anchors"] == 1
        # the run was of the whole log: the largest checkpoint covers the month, too
        assert found[0][2]["details"]["checkpoint_size"] == 204
        assert f"{name} is sealed" in seen.written.getvalue()
    with attacked.sealer() as sealer:
        sealer.drain()
    attacked.sign()
    with watched(attacked.trail) as seen:  # as after a restart
        seen.start(attacked.anchor)
        until(lambda: seen.runs("whole"), "a first verification")
        more_runs(seen)
        assert sealed(seen) == []


def test_what_is_not_signed_waits_and_holds_up_no_other(attacked: Attacked) -> None:
    late(attacked)
    with watched(attacked.trail) as seen:
        seen.start()
        until(lambda: len(sealed(seen)) >= 2, "two seals")
        more_runs(seen)
        assert {stream for stream, _, _ in sealed(seen)} == {"main", "side"}
        attacked.sign()
        until(lambda: len(sealed(seen)) >= 3, "the third seal")
        (stream, _, event) = sealed(seen)[-1]
        assert stream == "late"
        assert event["details"]["record_count"] == 5


def test_nothing_of_a_log_that_does_not_verify_is_sealed(attacked: Attacked) -> None:
    edit(attacked, 150)
    with watched(attacked.trail) as seen:
        seen.start()
        until(lambda: seen.told("finding"), "an alert")
        more_runs(seen, "tampered")
        assert sealed(seen) == []


def test_a_seal_that_does_not_agree_is_told_once(attacked: Attacked) -> None:
    state(attacked, record_count=40, first_seq=0, last_seq=39)
    with watched(attacked.trail) as seen:
        seen.start()
        until(lambda: len(sealed(seen)) >= 2, "what came of both streams")
        more_runs(seen)
        assert [one[:2] for one in sealed(seen)] == [
            ("main", "failure"),
            ("side", "success"),
        ]
        assert "was sealed at" in seen.written.getvalue()
        until(lambda: seen.told("integrity.seal"), "an alert")
        (alert,) = seen.told("integrity.seal")
        assert alert["stream"] == "main"
        assert alert["verdict"] == "tampered"
        assert "was sealed at" in alert["text"]
        assert "when-verification-fails" in alert["whatToDo"]


def test_what_could_not_be_recorded_is_tried_again(attacked: Attacked) -> None:
    with watched(attacked.trail) as seen:
        attacked.execute("revoke insert on prooftrail.inbox from prooftrail_writer")
        attacked.execute(
            "revoke insert (stream, event, envelope) on prooftrail.inbox"
            " from prooftrail_writer"
        )
        seen.start()
        until(lambda: "an event is unrecorded" in seen.written.getvalue(), "a refusal")
        assert "is sealed" not in seen.written.getvalue()
        attacked.execute(
            "grant insert (stream, event, envelope) on prooftrail.inbox"
            " to prooftrail_writer"
        )
        until(lambda: len(sealed(seen)) >= 2, "two seals")
        more_runs(seen)
        assert len(sealed(seen)) == 2


@pytest.mark.parametrize(("months", "found"), [(20, 2), (26, 0)])
def test_the_last_24_months_are_looked_at(
    attacked: Attacked, months: int, found: int
) -> None:
    report: Report = attacked.verify()
    with watched(attacked.trail) as seen:
        ahead = Months(
            seen.telling,
            Interrupting(),
            clock=lambda: now_us() + months * 30 * instants.DAY,
            anchors=(),
            dsn=attacked.trail.dsn,
        )
        ahead.seal(report)
        periods = {event["details"]["period"] for _, _, event in sealed(seen)}
        # the month in which the log goes on has nothing behind it
        assert periods == ({month(attacked)} if found else set())
        assert len(sealed(seen)) == found
