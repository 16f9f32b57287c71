"""An export of thousands is one event: it counts once and each subject finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.alterations import PART
from tests.sealing import event, insert, seal
from tests.stated import EXAMPLE, stated

if TYPE_CHECKING:
    import psycopg

    from tests.trail import Trail

EXPORT = EXAMPLE["eventId"]
SUBJECTS = [f"cust_{number:04d}" for number in range(2_500)]
DENIED = event(
    actor={"userId": "usr_2", "ipAddress": "203.0.113.7"},
    action="customer.pii.export",
    result="denied",
)

# What a reader's search asks first, keys in a list's order; and how many there are.
LISTS = {
    "log_actor": ("actor = 'usr_a1b2c3' and continues is null", 1),
    "log_action": (
        "stream = 1 and action > 'customer.p' and action < 'd' and continues is null",
        3,
    ),
    "log_resource": ("resource_id = 'cust_x7y8z9' and continues is null", 1),
    "log_time": ("stream = 1 and pii and continues is null", 3),
    "log_failed_ip": (
        "ip = '203.0.113.7' and result <> 'success' and continues is null",
        1,
    ),
    "log_continues": (f"continues = '{EXPORT}'", 2),
}


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


def test_a_readers_keys_come_from_the_indexes_alone(exported: Trail) -> None:
    more = [
        event(
            actor={
                "userId": f"usr_{number % 50}",
                "ipAddress": f"10.0.0.{number % 50}",
            },
            action="auth.login.failure",
            resource={"type": "account", "id": f"acct_{number}"},
            result="failure",
        )
        for number in range(2_000)  # enough for a planner
    ]
    insert(exported, *more)
    seal(exported)
    admin = exported.superuser()
    admin.execute("vacuum analyze prooftrail.log")
    admin.execute(
        "insert into prooftrail.reader_grant"
        " (role, streams, from_us, to_us, expires_at)"
        " values ('prooftrail_reader', '{1}', 0, 4000000000000000, now() + '1 h')"
    )
    names = dict(
        admin.execute(
            "select i.inhparent::regclass::text, i.inhrelid::regclass::text"
            "  from pg_inherits i join pg_index x on x.indexrelid = i.inhrelid"
            " where x.indrelid = %s::regclass",
            (PART,),
        ).fetchall()
    )
    reader = exported.login("reader")
    for index, (where, expected) in LISTS.items():
        log = f"from prooftrail.log where {where}"
        page = f"select occurred_us, seq {log} order by occurred_us desc, seq desc"
        assert len(reader.execute(page.encode()).fetchall()) == expected
        for query in (f"{page} limit 50", f"select count(*) {log}"):
            name = names[f"prooftrail.{index}"].removeprefix("prooftrail_part.")
            assert _scan(reader, query) == ("Index Only Scan", name), query


def _scan(reader: psycopg.Connection[Any], query: str) -> tuple[str, str | None]:
    """Return how the month's partition is read, and by which index."""
    row = reader.execute(b"explain (format json) " + query.encode()).fetchone()
    assert row is not None
    plans = [row[0][0]["Plan"]]
    for plan in plans:
        plans += plan.get("Plans", [])
    (found,) = [
        plan for plan in plans if PART.endswith(f".{plan.get('Relation Name')}")
    ]
    return found["Node Type"], found.get("Index Name")
