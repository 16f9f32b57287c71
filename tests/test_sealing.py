from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from prooftrail.core import ids
from prooftrail.errors import SealError
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.sealing import event, insert, log, seal, sealer
from tests.trail import Trail, now_us

if TYPE_CHECKING:
    from prooftrail.seal.sealer import Sealer


def verified(trail: Trail) -> bool:
    report = Run(Asked(), dsn=trail.dsn).run()
    return report.verdict.exit_code == 0


def test_an_event_is_sealed_with_its_source_and_projections(trail: Trail) -> None:
    given = event(subjects=["cust_2", "cust_1", "cust_2"])
    insert(trail, given)
    done = seal(trail)
    assert (done.events, done.statements) == (1, 0)
    (found,) = log(trail)
    source = found.pop("$source")
    assert found == given
    assert source["login"] == "prooftrail_writer"
    assert source["channel"] == "socket"
    admin = trail.superuser()
    row = admin.execute(
        "select actor, role, action, resource_type, resource_id, result, host(ip), pii,"
        " continues, event_id::text, occurred_us from prooftrail.log where seq = 1"
    ).fetchone()
    assert row == (
        "usr_1", "admin", "customer.pii.view", "customer", "cust_1", "success",
        "203.0.113.42", True, None, given["eventId"], 1771338181445000,
    )  # fmt: skip
    subjects = admin.execute("select seq, subject from prooftrail.subject").fetchall()
    assert subjects == [(1, "cust_2")]
    assert verified(trail)


def test_what_plain_sql_leaves_out_is_filled_in(trail: Trail) -> None:
    insert(trail, event(eventId=None, timestamp=None))
    insert(trail, event(eventId="0B8E7C62-6D6F-4C0E-9A55-3F1C2D4B5A69"))
    insert(trail, event(timestamp="2026-02-17T15:23:01.445678999+01:00"))
    seal(trail)
    first, second, third = log(trail)
    assert first["timestamp"] == first["$source"]["receivedAt"]
    assert first["eventId"][14] == "7"
    assert second["eventId"] == "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"
    assert third["timestamp"] == "2026-02-17T14:23:01.445678Z"
    assert verified(trail)


BAD = {
    "not json": "{",
    "an array": "[1]",
    "no actor": event(actor=None),
    "no action": event(action=None),
    "no result": event(result=None),
    "another result": event(result="ok"),
    "a duplicate key": '{"a": 1, "a": 2}',
    "NUL": '{"actor": {"userId": "\\u0000"}, "action": "a.b", "result": "success"}',
    "a lone surrogate": '{"actor": {"userId": "\\ud800"}}',
    "an unknown key": event(resouce={}),
    "a time ahead": event(timestamp="2999-01-01T00:00:00Z"),
    "an id ahead": event(eventId=ids.uuid7(40_000_000_000_000_000, b"12345678")),
    "33 levels": event(details={"a": eval("[" * 32 + "]" * 32)}),
    "300 KiB": event(details={"a": "x" * 300 * 1024}),
    "2 MiB": event(details={"a": "x" * 2 * 1024 * 1024}),
    "no uuid": event(eventId="17"),
    "NaN": '{"actor": {"userId": "a"}, "action": "a.b", "result": NaN}',
}


def test_what_cannot_be_sealed_is_kept_stated_and_spoils_nothing(trail: Trail) -> None:
    insert(trail, event(), *BAD.values(), event())
    done = seal(trail)
    assert (done.events, done.quarantined, done.statements) == (2, len(BAD), len(BAD))
    kept = (
        trail.superuser()
        .execute("select event, digest, reason from prooftrail.quarantine order by id")
        .fetchall()
    )
    assert len(kept) == len(BAD)
    stated = [item for item in log(trail) if item["action"] == "trail.quarantine"]
    for (text, digest, reason), statement in zip(kept, stated, strict=True):
        assert hashlib.sha256(text.encode()).digest() == digest
        assert statement["details"]["digest"] == "sha256:" + digest.hex()
        assert statement["details"]["login"] == "prooftrail_writer"
        assert reason
    waiting = trail.superuser().execute("select count(*) from prooftrail.inbox")
    assert waiting.fetchone() == (0,)
    assert verified(trail)


def test_an_unknown_stream_is_quarantined_in_the_first_one(trail: Trail) -> None:
    insert(trail, event(), stream="nowhere")
    assert seal(trail).quarantined == 1
    (statement,) = log(trail)
    assert statement["details"]["reason"] == "unknown stream"


def test_the_same_bytes_again_are_dropped(trail: Trail) -> None:
    given = event(eventId=ids.uuid7(now_us(), b"12345678"))
    insert(trail, given, given)
    assert seal(trail).duplicates == 1
    insert(trail, {key: given[key] for key in reversed(given)})
    assert seal(trail).duplicates == 1
    assert len(log(trail)) == 1


@pytest.mark.parametrize(
    "event_id",
    [str(uuid4()), ids.uuid7(now_us(), b"12345678")],
    ids=["v4", "v7"],  # each worker of xdist has to name the tests alike
)
def test_other_bytes_under_a_taken_id_are_quarantined(
    trail: Trail, event_id: str
) -> None:
    insert(trail, event(eventId=event_id))
    seal(trail)
    insert(trail, event(eventId=event_id, result="failure"))
    assert seal(trail).quarantined == 1
    taken = log(trail)[-1]
    assert taken["details"]["reason"] == "its eventId is taken by other bytes"


def test_a_claimed_statement_is_escaped_and_reported(trail: Trail) -> None:
    given = event(action="trail.redact")
    given["$source"] = {"login": "root"}
    given["details"] = {"$protected": 1, "$number": "x", "amount": {"$number": "1.50"}}
    insert(trail, given)
    seal(trail)
    found, claim = log(trail)
    assert found["action"] == "$trail.redact"
    assert found["$$source"] == {"login": "root"}
    assert found["details"] == {
        "$$protected": 1,
        "$$number": "x",
        "amount": {"$number": "1.50"},
    }
    assert claim["action"] == "trail.claim"
    assert claim["details"]["eventId"] == given["eventId"]
    assert verified(trail)


def test_numbers_are_never_rounded(trail: Trail) -> None:
    text = (
        '{"actor": {"userId": "a"}, "action": "x.y", "result": "success",'
        ' "details": {"a": 1.50, "b": 12345678901234567890, "c": -0, "d": 1E400}}'
    )
    insert(trail, text)
    seal(trail)
    assert log(trail)[0]["details"] == {
        "a": {"$number": "1.50"},
        "b": {"$number": "12345678901234567890"},
        "c": {"$number": "-0"},
        "d": {"$number": "1E400"},
    }


def test_an_envelope_goes_to_the_keeper(trail: Trail) -> None:
    given = event()
    trail.superuser().execute(
        "insert into prooftrail.inbox (event, envelope) values (%s, 'sealed')",
        (json.dumps(given),),
    )
    seal(trail)
    keeper = trail.login("keeper")
    found = keeper.execute("select event_id::text, envelope from prooftrail.envelope")
    assert found.fetchall() == [(given["eventId"], b"sealed")]


def test_one_row_that_the_database_refuses_is_found_by_halving(trail: Trail) -> None:
    # a constraint of somebody's own stands for whatever the database may refuse
    trail.superuser().execute(
        "alter table prooftrail.log add constraint poison check (actor <> 'poison')"
    )
    good = [event() for _ in range(20)]
    good.insert(7, event(actor={"userId": "poison"}))
    insert(trail, *good)
    done = seal(trail)
    assert (done.events, done.quarantined) == (20, 1)
    assert {item["actor"]["userId"] for item in log(trail)} == {
        "usr_1",
        "prooftrail.sealer",
    }


def test_two_sealers_seal_each_event_once(trail: Trail) -> None:
    trail.stream("other")
    total = 600
    stop = threading.Event()
    errors: list[BaseException] = []

    def run(made: Sealer) -> None:
        try:
            made.run(stop, lambda _: None)
        except BaseException as error:  # noqa: BLE001  the test looks at it
            errors.append(error)

    with sealer(trail, rows=20) as one, sealer(trail, rows=20) as two:
        threads = [threading.Thread(target=run, args=(each,)) for each in (one, two)]
        for thread in threads:
            thread.start()
        for at in range(total // 20):
            stream = ("main", "other")[at % 2]
            insert(trail, *(event() for _ in range(20)), stream=stream)
        left = trail.superuser()
        while left.execute("select count(*) from prooftrail.inbox").fetchone() != (0,):
            stop.wait(0.02)
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    sealed = [
        item["eventId"] for name in ("main", "other") for item in log(trail, name)
    ]
    assert len(sealed) == len(set(sealed)) == total
    assert verified(trail)


def test_a_stream_created_while_the_sealer_runs_is_sealed(trail: Trail) -> None:
    with sealer(trail) as made:
        made.drain()
        trail.stream("late")
        insert(trail, event(), stream="late")
        made.drain()
    assert len(log(trail, "late")) == 1
    assert verified(trail)


def test_a_row_that_commits_late_with_a_lower_id_is_sealed(trail: Trail) -> None:
    late = trail.superuser()
    late.autocommit = False
    late.execute(
        "insert into prooftrail.inbox (event) values (%s)",
        (json.dumps(event()),),
    )
    with sealer(trail) as made:
        insert(trail, event())
        assert made.drain().events == 1
        late.commit()
        assert made.drain().events == 1
    assert verified(trail)


def test_nothing_is_sealed_over_a_log_without_its_tail(trail: Trail) -> None:
    insert(trail, event(), event())
    seal(trail)
    admin = trail.superuser()
    admin.execute("alter table prooftrail.log disable trigger all")
    for (part,) in admin.execute(
        "select inhrelid::regclass from pg_inherits"
        " where inhparent = 'prooftrail.log'::regclass"
    ).fetchall():
        admin.execute(f"alter table {part} disable trigger all")
    admin.execute("delete from prooftrail.log where seq = 2")
    insert(trail, event())
    with pytest.raises(SealError, match="does not end with entry 2"):
        seal(trail)
    waiting = admin.execute("select count(*) from prooftrail.inbox").fetchone()
    assert waiting == (1,)


def test_a_head_moved_back_is_not_sealed_over(trail: Trail) -> None:
    insert(trail, event(), event())
    seal(trail)
    admin = trail.superuser()
    admin.execute(
        "update prooftrail.head h set seq = 1, leaf = l.leaf from prooftrail.log l"
        " where l.seq = 1"
    )
    insert(trail, event())
    with pytest.raises(SealError, match="lies beyond the head"):
        seal(trail)


def test_without_a_stream_the_sealer_says_what_to_do(
    cluster: Any, tmp_path: Any
) -> None:
    name = f"bare_{uuid4().hex[:12]}"
    made = cluster.clone(name, tmp_path)
    try:
        admin = made.superuser()
        admin.execute("delete from prooftrail.head")
        admin.execute("delete from prooftrail.stream")
        with pytest.raises(SealError, match="prooftrail stream create"):
            seal(made)
    finally:
        made.close()
        cluster.drop(name)
