"""The events that rules need, as the reader gives them: all, in order, as written."""

from __future__ import annotations

import itertools
import json
from random import Random  # noqa: TID251  seeded: a run can be repeated
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.core import instants
from prooftrail.detections import detect
from prooftrail.errors import DatabaseError
from prooftrail.store import detecting, searching
from tests import planning
from tests.planning import explained, look
from tests.sealing import event, insert, seal
from tests.searched import ALL_TIME, BEGIN, DAY, asker, authority, entries, fill
from tests.signing_rig import unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.detections import Seen
    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TOKEN = "of a test"
TOKENS = itertools.count()


def read(trail: Trail, stream: int = 1, **asked: Any) -> list[Seen]:
    period = asked.pop("period", ALL_TIME)
    token = f"{TOKEN} {next(TOKENS)}"
    with (
        asker(trail, token, period=period) as readers,
        readers.reading(token) as reader,
    ):
        last = searching.ends(reader).get(stream, -1)
        return list(detecting.events(reader, stream, last, **asked))


@pytest.mark.parametrize("seed", range(3))
def test_events_are_those_of_the_log_in_the_order_of_their_time(
    trail: Trail, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    trail.stream("b")
    fill(trail, random, 240)
    monkeypatch.setattr(detecting, "BATCH", random.choice((1, 7, 50)))
    monkeypatch.setattr(detecting, "NEAR", random.choice((0, 3, 50)))
    log = entries(trail)
    for stream, (from_us, to_us) in itertools.product(
        (1, 2), ((None, None), (BEGIN + 5 * DAY, BEGIN + 30 * DAY))
    ):
        found = read(trail, stream, from_us=from_us, to_us=to_us, actors=["usr_1"])
        expected = [
            one
            for one in sorted(log, key=lambda one: one.key)
            if one.stream == stream
            and one.continues is None
            and (from_us is None or from_us <= one.occurred_us < (to_us or 0))
            and is_needed(one.event)
        ]
        assert [one.seq for one in found] == [one.seq for one in expected]
        assert len(found) > 20
        for one, entry in zip(found, expected, strict=True):
            actor = entry.event.get("actor", {})
            assert one.occurred_us == entry.occurred_us
            assert (one.action, one.result) == (
                entry.event["action"],
                entry.event["result"],
            )
            assert (one.actor, one.ip) == (actor.get("userId"), actor.get("ipAddress"))
            its = entry.event.get("resource", {}).get("id")
            assert one.resource_id == its
            if one.pii:
                assert set(one.subjects) == entry.touched - {its}
            if one.result == "success":
                assert one.authority == authority(entry.event)


def is_needed(event: dict[str, Any]) -> bool:
    return (
        event["action"].startswith("customer.pii.")
        or event["result"] == "denied"
        or event["action"].endswith((".login.failure", ".login.success"))
        or event.get("actor", {}).get("userId") == "usr_1"
        or "break_glass" in json.dumps(event)
    )


def test_a_key_of_a_period_sees_nothing_else(trail: Trail) -> None:
    for day in (1, 2, 3):
        insert(trail, event(timestamp=f"2026-02-0{day}T00:00:00Z"))
    seal(trail)
    second = instants.microseconds("2026-02-02T00:00:00Z")
    found = read(trail, period=(second, second + DAY))
    assert [one.occurred_us for one in found] == [second]


def test_what_an_event_states_is_read_of_the_actions_that_need_it(trail: Trail) -> None:
    protected = {"$protected": {"class": "identity.login", "commitment": "x"}}
    stated: list[dict[str, Any]] = [
        {"action": "auth.login.failure", "result": "failure",
         "details": {"reason": "unknown_user", "attempted_login": protected}},
        {"action": "auth.login.failure", "result": "failure",
         "details": {"reason": ["odd"]}},
        {"action": "auth.login.failure", "result": "failure",
         "details": {"reason": 7, "attempted_login": "root"}},
        {"action": "admin.role.change", "details": {"new_role": "admin"},
         "authorization": {"approval": {"by": "usr_9"}}},
        {"action": "admin.role.change",
         "changes": [{"field": "role", "before": "x", "after": "owner"}]},
        {"action": "admin.permission.grant", "authorization": {"approval": None}},
    ]  # fmt: skip
    for number, one in enumerate(stated):
        insert(trail, event(timestamp=f"2026-02-01T00:00:0{number}Z", **one))
    seal(trail)
    found = [(one.reason, one.name, one.role, one.approver) for one in read(trail)]
    assert found == [
        ("unknown_user", None, None, None),
        (None, None, None, None),
        (None, "root", None, None),
        (None, None, "admin", "usr_9"),
        (None, None, "owner", None),
        (None, None, None, None),
    ]


def test_an_event_that_is_redacted_or_altered_is_told_or_passed_over(
    trail: Trail,
) -> None:
    failure = {"action": "auth.login.failure", "result": "failure"}
    insert(trail, event(**failure), event(**failure))
    seal(trail)
    with unguarded(trail) as link:
        link.execute(
            "update prooftrail.log set event = null, salt = null where seq = 1"
        )
    assert [one.seq for one in read(trail)] == [1, 2]
    with unguarded(trail) as link:
        link.execute("alter table prooftrail.log drop constraint body_is_hash")
        link.execute("update prooftrail.log set event = 'no event' where seq = 2")
    with pytest.raises(DatabaseError, match=r"entry 2 .*altered"):
        read(trail)


def test_an_export_of_many_counts_by_its_first_entry(trail: Trail) -> None:
    first = event(subjects=[f"c{n}" for n in range(1_000)])
    of = first["eventId"]
    first["part"] = {"of": of, "n": 1, "total": 2}
    second = event(
        subjects=[f"d{n}" for n in range(5)], part={"of": of, "n": 2, "total": 2}
    )
    insert(trail, first, second)
    seal(trail)
    hits = {hit.rule: hit for hit in detect(read(trail))}
    assert hits["mass-access"].subjects == 1_000
    assert set(hits) == {"mass-access", "unexplained-access"}


@pytest.fixture(scope="module")
def shared_trail(
    cluster: Any, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Trail]:
    """One filled database for all plans."""
    name = f"detecting_{worker_id}_{cluster.version}"
    made = cluster.clone(name, tmp_path_factory.mktemp(name))
    try:
        made.stream("b")
        planning.fill(made)
        yield made
    finally:
        made.close()
        cluster.drop(name)


@pytest.mark.parametrize("period", [ALL_TIME, (BEGIN + 59 * DAY, BEGIN + 90 * DAY)])
def test_events_come_from_an_index_in_the_order_of_time(
    shared_trail: Trail, period: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = planning.filled(shared_trail)
    token = f"{TOKEN} {period}"
    with (
        asker(shared_trail, token, period=period) as readers,
        readers.reading(token) as reader,
    ):
        statement, bound = detecting.asked(reader, 1, 10**9, None, None, ["usr_1"])
        text = f"declare c cursor for {statement.as_string(reader)}"
        plan = explained(reader, text, bound)
        look(plan, {"log_time"}, filled, index_only=False)
        assert "Sort" not in {node["Node Type"] for node in plan}, plan
        [touched] = subjects(reader, monkeypatch)
        scans = [one for one in touched if one.get("Alias", "").startswith("s")]
        assert scans
        assert "Seq Scan" not in {one["Node Type"] for one in scans}, touched


def subjects(
    reader: Connection, monkeypatch: pytest.MonkeyPatch
) -> list[list[dict[str, Any]]]:
    """Return the plan by which whose data it was is looked up."""
    sent: list[tuple[Any, Any]] = []
    execute = reader.execute

    def spy(query: Any, values: Any = None, **options: Any) -> Any:
        sent.append((query, values))
        return execute(query, values, **options)

    with monkeypatch.context() as patched:
        patched.setattr(reader, "execute", spy)
        list(detecting.events(reader, 1, 10**9))
    query, values = next(
        one for one in sent if "prooftrail.subject" in one[0].as_string(reader)
    )
    return [explained(reader, query, values)]
