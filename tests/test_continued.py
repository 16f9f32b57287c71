"""An export of thousands is one event: it counts once and each subject finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.doctor import flow
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.sealing import event, insert, seal
from tests.stated import EXAMPLE, stated

if TYPE_CHECKING:
    from tests.trail import Trail

EXPORT = EXAMPLE["eventId"]
SUBJECTS = [f"cust_{number:04d}" for number in range(2_500)]
UNKNOWN = "0190a5a0-0000-7000-8000-000000000009"
DENIED = event(
    actor={"userId": "usr_2", "ipAddress": "203.0.113.7"},
    action="customer.pii.export",
    result="denied",
)


@pytest.fixture
def exported(trail: Trail) -> Trail:
    """One export in three entries, between two other events."""
    made = stated({**EXAMPLE, "subjects": SUBJECTS})
    insert(trail, event(), *made.texts, DENIED)
    assert seal(trail).events == len(made.texts) + 2
    return trail


def rows(trail: Trail, query: Any, *values: object) -> list[tuple[Any, ...]]:
    return trail.superuser().execute(query, values).fetchall()


def verified(trail: Trail) -> bool:
    report = Run(Asked(), dsn=trail.dsn).run()
    return not report.findings and report.verdict.exit_code == 0


def test_further_entries_name_the_first(exported: Trail) -> None:
    found = rows(
        exported,
        "select continues::text, event->'part'->>'n' from prooftrail.entry"
        " where action = 'customer.pii.export' and result = 'success' order by seq",
    )
    assert found == [(None, "1"), (EXPORT, "2"), (EXPORT, "3")]
    assert verified(exported)


def test_the_rollup_counts_events(exported: Trail) -> None:
    counted = "select sum(n)::int from prooftrail.daily where action = %s"
    assert rows(exported, counted, "customer.pii.export") == [(2,)]
    assert rows(
        exported,
        "select count(*) from prooftrail.log"
        " where continues is null and action = 'customer.pii.export'",
    ) == [(2,)]


def test_a_batch_of_continuations_alone_counts_nothing(trail: Trail) -> None:
    first, *further = stated({**EXAMPLE, "subjects": SUBJECTS}).texts
    counts = []
    for texts in ([first], further):
        insert(trail, *texts)
        seal(trail)
        counts += rows(trail, "select sum(n)::int from prooftrail.daily")
    assert counts == [(2,), (2,)]  # with the statement that opens the stream
    assert verified(trail)


def test_what_only_says_that_it_is_a_part_is_an_event(trail: Trail) -> None:
    own = "0190a5a0-0000-7000-8000-00000000000"
    insert(
        trail,
        event(eventId=f"{own}1", part={"of": f"{own}1", "n": 2, "total": 2}),
        event(eventId=f"{own}2", part={"of": f"{own}1", "n": 1, "total": 2}),
        event(eventId=f"{own}3", part={"of": "invoice 7", "n": 2, "total": 2}),
    )
    assert seal(trail).events == 3
    found = rows(trail, "select distinct continues from prooftrail.log where seq > 0")
    assert found == [(None,)]
    assert verified(trail)


@pytest.mark.parametrize("subject", [SUBJECTS[0], SUBJECTS[1_000], SUBJECTS[-1]])
def test_every_subject_finds_the_one_export(exported: Trail, subject: str) -> None:
    found = rows(
        exported,
        "select distinct coalesce(l.continues, l.event_id)::text"
        "  from prooftrail.subject q"
        "  join prooftrail.log l using (stream, seq, recorded_us)"
        " where q.subject = %s",
        subject,
    )
    assert found == [(EXPORT,)]


@pytest.mark.parametrize(
    "claim",
    [
        {"part": {"of": UNKNOWN, "n": 2, "total": 2}},
        {"part": {"of": EXPORT, "n": 2, "total": 3}},  # but another action
        {"part": {"of": EXPORT, "n": 2, "total": 3}, "action": EXAMPLE["action"]},
    ],
)
def test_doctor_names_who_hides_an_event_as_a_part(
    exported: Trail, claim: dict[str, Any]
) -> None:
    verifier = exported.login("verifier")
    (found,) = flow.adrift(verifier)
    assert found.state == "ok"
    insert(exported, event(**claim))
    seal(exported)
    (found,) = flow.adrift(verifier)
    newest = rows(exported, "select max(seq) from prooftrail.log")[0][0]
    assert found.state == "warn"
    assert f"main seq {newest}" in found.told
    assert verified(exported)
