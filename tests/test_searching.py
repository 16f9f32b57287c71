"""Searching finds what an oracle in plain Python finds: each event once, in order."""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from prooftrail.core import instants
from prooftrail.store import searching
from prooftrail.store.question import Exactly, Position, Question, Term
from tests.sealing import event, insert, seal
from tests.searched import (
    ALL_TIME,
    BEGIN,
    DAY,
    Entry,
    answers,
    asked,
    asker,
    entries,
    fill,
    fits,
    made,
    pages,
)

if TYPE_CHECKING:
    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TOKEN = "of a test"
MONTH = (BEGIN + 10 * DAY, BEGIN + 25 * DAY)


@pytest.fixture
def filled(trail: Trail, request: pytest.FixtureRequest) -> tuple[Trail, list[Entry]]:
    """Three streams of random events, some continued, some redacted."""
    trail.stream("b")
    trail.stream("c")
    fill(trail, Random(request.node.name), 150)
    known = entries(trail)
    redact(trail)  # the columns stay as they were sealed
    return trail, known


def redact(trail: Trail) -> None:
    admin = trail.superuser()
    for (table,) in admin.execute(
        "select c.oid::regclass::text from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where nspname like 'prooftrail%'"
        " and relname ~ '^log' and relkind in ('p', 'r')"
    ).fetchall():
        admin.execute(f"alter table {table} disable trigger user")
    admin.execute(
        "update prooftrail.log set event = null, salt = null where mod(seq, 7) = 3"
    )


@pytest.mark.parametrize(
    ("streams", "period"),
    [(None, ALL_TIME), ([1], ALL_TIME), (None, MONTH), ([3, 1], MONTH)],
    ids=["everything", "one stream", "a period", "two streams and a period"],
)
def test_pages_and_counts_are_the_oracles(
    filled: tuple[Trail, list[Entry]],
    streams: list[int] | None,
    period: tuple[int, int],
) -> None:
    trail, log = filled
    random = Random(str(streams) + str(period))
    seen = [
        entry
        for entry in log
        if (streams is None or entry.stream in streams)
        and period[0] <= entry.occurred_us < period[1]
    ]
    newest: dict[int, int] = {}
    for entry in seen:
        newest[entry.stream] = max(entry.seq, newest.get(entry.stream, -1))
    found = 0
    with (
        asker(trail, TOKEN, streams=streams, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        as_of = searching.ends(reader)
        for stream, last in as_of.items():
            own = newest.pop(stream, -1)
            assert last == (own if period == ALL_TIME else searching.OPEN)
            assert searching.newest(reader, stream) == own
            assert searching.newest(reader, stream, own) == own
        assert not newest
        for _ in range(60):
            question = asked(random)
            expected = [entry.key for entry in answers(question, seen)]
            limit = random.choice((1, 4, 20, 1_000))
            if limit == 1:
                expected, limit = expected[:9], 3
                keys = pages(reader, question, as_of, limit)[:9]
            else:
                keys = pages(reader, question, as_of, limit)
                assert searching.count(reader, question, as_of) == len(expected)
            assert keys == expected, question
            found += len(keys)
    assert found > 100


def test_following_gives_every_entry_that_fits_in_order(
    filled: tuple[Trail, list[Entry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    trail, log = filled
    random = Random(4)
    monkeypatch.setattr(searching, "WINDOW", 25)
    for number, period in enumerate((ALL_TIME, MONTH)):
        token = f"{TOKEN} {number}"
        with (
            asker(trail, token, period=period) as readers,
            readers.reading(token) as reader,
        ):
            for _ in range(25):
                question = asked(random)._replace(streams=None)
                expected = [
                    entry.seq
                    for entry in sorted(log)
                    if entry.stream == 3
                    and period[0] <= entry.occurred_us < period[1]
                    and fits(question, entry, [entry])
                ]
                assert followed(reader, question) == expected


def followed(reader: Connection, question: Question) -> list[int]:
    found: list[int] = []
    at = -1
    while True:
        rows, looked_to = searching.after(reader, 3, at, question, 5)
        assert len(rows) <= 5
        found += [row.seq for row in rows]
        if looked_to == at:
            return found
        assert looked_to > at
        at = looked_to


def test_a_follower_is_not_led_past_what_is_sealed_later(trail: Trail) -> None:
    insert(trail, event())
    seal(trail)
    period = (BEGIN, BEGIN + 365 * DAY)
    for number, (limits, looked) in enumerate(((ALL_TIME, 1), (period, 1))):
        token = f"{TOKEN} {number}"
        nobody = Question((Term("actor", (Exactly("nobody"),)),))
        with (
            asker(trail, token, period=limits) as readers,
            readers.reading(token) as reader,
        ):
            assert searching.after(reader, 1, -1, nobody, 9) == ([], looked)
            assert searching.after(reader, 1, looked, nobody, 9) == ([], looked)
            assert searching.after(reader, 2, -1, nobody, 9) == ([], -1)


@pytest.mark.parametrize("period", [ALL_TIME, MONTH], ids=["all", "a period"])
def test_every_event_of_the_first_page_comes_once_while_others_are_sealed(
    trail: Trail, period: tuple[int, int]
) -> None:
    trail.stream("b")
    random = Random(11)
    fill(trail, random, 90)
    questions = [asked(random) for _ in range(8)] + [Question()]
    with asker(trail, TOKEN, period=period) as readers:
        for question in questions:
            seen = [
                entry
                for entry in entries(trail)
                if period[0] <= entry.occurred_us < period[1]
            ]
            expected = [entry.key for entry in answers(question, seen)]
            with readers.reading(TOKEN) as reader:
                as_of = searching.ends(reader)
            found: list[tuple[int, int, int]] = []
            before = None
            while True:
                with readers.reading(TOKEN) as reader:
                    rows = searching.page(reader, question, as_of, before, 10)
                    counted = searching.count(reader, question, as_of)
                assert counted == len(expected) or period != ALL_TIME
                if not rows:
                    break
                found += [(row.occurred_us, row.seq, row.stream) for row in rows]
                before = Position(*found[-1])
                for stream in trail.made:  # late, equal and new times
                    times = (before.occurred_us, before.occurred_us - DAY, None)
                    later = [e for at in times for e in made(random, at)]
                    insert(trail, *later, stream=stream)
                seal(trail)
            if period != ALL_TIME:  # what came late may be there too, once
                assert len(set(found)) == len(found)
                found = [key for key in found if key in set(expected)]
            assert found == expected, question


def test_one_export_is_found_by_each_subject_once_with_its_parts(trail: Trail) -> None:
    first, *further = exported(10)
    insert(trail, event(timestamp=instants.text(BEGIN)), first, *further)
    seal(trail)
    event_id = UUID(first["eventId"]).bytes
    with asker(trail, TOKEN) as readers, readers.reading(TOKEN) as reader:
        as_of = searching.ends(reader)
        assert as_of == {1: 11}
        (found,) = searching.page(reader, asked_for("cust_0"), as_of, None, 50)
        assert (found.event_id, found.continues) == (event_id, None)
        for subject in ("cust_2", "cust_456", "cust_999", "twice"):
            question = asked_for(subject)
            assert searching.page(reader, question, as_of, None, 50) == [found]
            assert searching.count(reader, question, as_of) == 1
        parts = searching.parts(reader, 1, event_id)
        assert [part.seq for part in parts] == list(range(3, 12))
        assert {part.continues for part in parts} == {event_id}
        (itself,) = searching.by_event_id(reader, event_id, [1])
        assert itself == found
        assert searching.by_event_id(reader, parts[0].event_id, [1]) == [parts[0]]
        assert searching.by_event_id(reader, event_id, [2]) == []
        assert searching.by_event_id(reader, bytes(16), [1]) == []
        everything = Question()
        assert searching.count(reader, everything, as_of) == 3
        assert searching.count(reader, everything, {1: 0}) == 1
        assert searching.count(reader, everything, {2: 9}) == 0
        assert searching.page(reader, everything, {}, None, 50) == []


def test_where_a_period_ends_in_a_continuation_its_last_subjects_count(
    trail: Trail,
) -> None:
    insert(trail, *exported(3))
    seal(trail)
    period = (BEGIN, BEGIN + 365 * DAY)
    question = asked_for("cust_299")
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        as_of = searching.ends(reader)
        assert searching.newest(reader, 1) == 3
        assert searching.count(reader, question, as_of) == 1


def asked_for(resource: str) -> Question:
    return Question((Term("resource", (Exactly(resource),)),))


def exported(total: int) -> list[dict[str, Any]]:
    """An export of 100 customers an entry; one stands in two of them."""
    first = event(action="customer.pii.export", resource={"type": "report", "id": "r1"})
    made = []
    for n in range(1, total + 1):
        part = {"of": first["eventId"], "n": n, "total": total}
        subjects = [f"cust_{n * 100 - back}" for back in range(1, 101)]
        subjects += ["twice"] if n in {2, 3} else []
        changes = {"eventId": event()["eventId"]} if n > 1 else {}
        made.append({**first, "subjects": subjects, "part": part, **changes})
    return made
