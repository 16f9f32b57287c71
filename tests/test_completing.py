"""Values that are offered while somebody types: those that he may see, told once."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.capture.audit_logger import Recorder
from prooftrail.core import ids, projection
from prooftrail.errors import ProoftrailError
from prooftrail.search import values
from prooftrail.search.completing import AGAIN, Completing
from prooftrail.search.language import understand
from prooftrail.store import completing as stored
from prooftrail.store import inbox
from tests.api_rig import serving
from tests.planning import explained, last_statement
from tests.sealing import event, insert, seal
from tests.searched import ALL_TIME, BEGIN, DAY, Entry, asker, entries, fill
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.store.completing import Completed
    from prooftrail.store.connect import Connection
    from tests.trail import Trail

TOKEN = "of a test"
MONTH = (BEGIN + 10 * DAY + DAY // 3, BEGIN + 25 * DAY + DAY // 2)
PREFIXES: dict[Completed, Sequence[str]] = {
    "actor": ("", "usr_", "usr_2", "x", "U"),
    "role": ("", "ad", "support", "z"),
    "action": ("", "customer.pii.", "admin", "q"),
    "resource_type": ("", "cust", "in", "y"),
}


@contextmanager
def told_by(trail: Trail) -> Iterator[Recorder]:
    with Recorder(
        lambda: inbox.open_writer(dsn=trail.login_dsn("writer")),
        clock=now_us,
        random=Random(1).randbytes,
    ) as recorder:
        yield recorder


def views(trail: Trail) -> list[dict[str, Any]]:
    """Return the views that wait to be sealed, with the stream of each."""
    rows = trail.superuser().execute("select stream, event from prooftrail.inbox")
    return [{"in": stream, **json.loads(text)} for stream, text in rows.fetchall()]


def seen(
    log: list[Entry], column: Completed, period: tuple[int, int], streams: set[int]
) -> set[str]:
    """Return the values of a column that somebody may see."""
    read: dict[Completed, Any] = {
        "actor": lambda one: one["actor"].get("userId"),
        "role": lambda one: one["actor"].get("role"),
        "action": lambda one: one["action"],
        "resource_type": lambda one: (one.get("resource") or {}).get("type"),
    }
    found = {
        read[column](one.event)
        for one in log
        if period[0] <= one.occurred_us < period[1]
        and one.stream in streams
        and one.continues is None
    } - {None}
    return found if column == "actor" else set(map(projection.fold, found))


@pytest.mark.parametrize(
    ("period", "streams"),
    [(ALL_TIME, None), (ALL_TIME, [1, 3]), (MONTH, None), (MONTH, [1])],
    ids=["all", "streams", "a period", "a stream and a period"],
)
def test_what_is_offered_is_what_one_may_see(
    trail: Trail, period: tuple[int, int], streams: list[int] | None
) -> None:
    trail.stream("b")
    trail.stream("c")
    random = Random(3)
    fill(trail, random, 45)
    lonely = {  # each seen by one of these askers alone
        "main": BEGIN + 2 * DAY,
        "b": BEGIN + 12 * DAY,
        "c": BEGIN + 2 * DAY,
    }
    for name, at in lonely.items():
        insert(
            trail,
            event(
                timestamp=_text(at),
                actor={"userId": f"usr_2 {name}", "role": f"admin {name}"},
                action=f"customer.pii.{name}",
                resource={"type": f"cust{name}", "id": "x"},
            ),
            stream=name,
        )
    seal(trail)
    numbers = {name: made.number for name, made in trail.made.items()}
    mine = streams or list(numbers.values())
    log = entries(trail)
    whole = streams is None and period == ALL_TIME
    many = 0
    with asker(trail, TOKEN, streams=streams, period=period) as readers:
        holder = readers.holder(TOKEN)
        assert holder is not None
        with readers.reading(TOKEN) as reader:
            for column, prefixes in PREFIXES.items():
                every = seen(log, column, period, set(mine))
                for prefix in prefixes:
                    found = _ask(reader, column, prefix, mine, whole=whole)
                    expected = sorted(one for one in every if one.startswith(prefix))
                    assert found == expected, (column, prefix)
                    few = _ask(reader, column, prefix, mine, whole=whole, most=2)
                    assert few == expected[:2]
                    many += len(found)
        with told_by(trail) as recorder:
            completing = Completing()

            def offered(text: str) -> list[str]:
                made = completing.complete(
                    text,
                    len(text),
                    readers=readers,
                    recorder=recorder,
                    holder=holder,
                    token=TOKEN,
                    actor={"userId": "key:1"},
                    now_us=now_us(),
                )
                return [one.text for one in made.candidates]

            actors = {
                one
                for one in seen(log, "actor", period, set(mine))
                if one.startswith("usr_2")
            }
            assert set(offered("pii:yes actor:usr_2")) == {
                f'"{one}"' if " " in one else one for one in actors
            }
            for text in offered("actor:usr_2"):
                asked = understand(f"actor:{text}", streams=numbers, now_us=BEGIN)
                assert asked.question.terms[0].matches[0][0] in actors
    assert many > 20


def _text(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()


def _ask(
    reader: Connection,
    column: Completed,
    prefix: str,
    streams: list[int],
    *,
    whole: bool,
    most: int = 100,
) -> list[str]:
    return stored.values(
        reader,
        column,
        values.beginning(prefix),
        streams,
        whole=whole,
        now_us=now_us(),
        most=most,
    )


def test_that_somebody_looks_for_values_is_told_once(trail: Trail) -> None:
    trail.stream("b")
    insert(trail, event(actor={"userId": "usr_1", "role": "admin"}))
    seal(trail)
    begin = now_us()
    with (
        asker(trail, TOKEN, streams=[1]) as readers,
        told_by(trail) as recorder,
    ):
        holder = readers.holder(TOKEN)
        assert holder is not None
        completing = Completing()

        def ask(text: str, minutes: int = 0) -> None:
            completing.complete(
                text,
                len(text),
                readers=readers,
                recorder=recorder,
                holder=holder,
                token=TOKEN,
                actor={"userId": "key:1"},
                now_us=begin + minutes * 60_000_000,
            )

        for text in ("res", "result:d", "during:", "stream:m", "-actor", "ip:2"):
            ask(text)
        assert views(trail) == []  # of the language, and nothing of the log
        for text in ("actor:", "actor:u", "actor:usr_1", "-actor:nobody"):
            ask(text)
        (told,) = views(trail)
        assert told["in"] == "main"  # the only one that was looked into
        assert told["action"] == "audit.log.view"
        assert told["details"] == {
            "filters": {},
            "completions": "actor",
            "minutes": AGAIN,
        }
        ask("role:", 1)
        ask("actor:u", AGAIN - 1)
        assert len(views(trail)) == 2
        ask("actor:u", AGAIN)
        assert len(views(trail)) == 3


def test_nothing_is_offered_that_cannot_be_recorded(trail: Trail) -> None:
    insert(trail, event(actor={"userId": "usr_1"}))
    seal(trail)
    with asker(trail, TOKEN) as readers:
        holder = readers.holder(TOKEN)
        assert holder is not None
        recorder = Recorder(
            lambda: inbox.open_writer(dsn=trail.login_dsn("writer")),
            clock=now_us,
            random=Random(1).randbytes,
        )
        recorder.close()
        with pytest.raises(ProoftrailError):
            Completing().complete(
                "actor:u",
                7,
                readers=readers,
                recorder=recorder,
                holder=holder,
                token=TOKEN,
                actor={"userId": "key:1"},
                now_us=now_us(),
            )


def test_over_http(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(trail, monkeypatch) as api:
        insert(
            trail,
            event(actor={"userId": "usr_1"}, eventId=ids.uuid7(1, b"12345678")),
            event(actor={"userId": "usr one"}),
            event(actor={"userId": "*"}),
        )
        seal(trail)
        with api.client(api.key("auditor")) as client:

            def ask(**params: Any) -> Any:
                answer = client.get("/audit/completions", params=params)
                return answer.status_code, answer.json()

            status, told = ask(q="actor:us pii:yes", at=8)
            assert (status, told["at"], told["end"]) == (200, 6, 8)
            assert told["candidates"] == [
                {"text": '"usr one"', "told": ""},
                {"text": "usr_1", "told": ""},
            ]
            assert '"*"' in [one["text"] for one in ask(q="actor:")[1]["candidates"]]
            assert ask(q="")[1]["candidates"][0]["text"] == "action:"
            assert ask()[0] == 200
            for wrong in (
                {"q": "a", "at": 2},
                {"q": "a", "at": "x"},
                {"q": "a\x00"},
                {"query": "a"},
                {"q": ["a", "b"]},
                {"q": "a" * 9_000},
            ):
                assert ask(**wrong)[0] == 400, wrong
        with api.client(api.key("writer")) as client:
            assert client.get("/audit/completions").status_code == 403


@pytest.mark.parametrize("limited", [False, True], ids=["whole", "limited"])
def test_little_is_read_however_much_there_is(
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
    limited: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    """Of 3,000 events a few steps for actors; a window for who sees a part."""
    insert(
        trail,
        *(
            event(
                timestamp=_text(BEGIN + n * DAY // 40),
                actor={"userId": f"usr_{n % 3}", "role": "admin"},
            )
            for n in range(3_000)
        ),
    )
    seal(trail)
    for table in ("log", "daily"):
        trail.superuser().execute(f"vacuum analyze prooftrail.{table}")
    monkeypatch.setattr(stored, "NEWEST", 200)
    period = (BEGIN, BEGIN + 60 * DAY) if limited else ALL_TIME
    with (
        asker(trail, TOKEN, period=period) as readers,
        readers.reading(TOKEN) as reader,
    ):
        for column in stored.COLUMNS:
            statement, bound = last_statement(
                reader,
                lambda column=column: _ask(reader, column, "", [1], whole=not limited),
                monkeypatch,
            )
            plan = explained(reader, statement, bound, analyze=True)
            read = sum(
                (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
                * node["Actual Loops"]
                for node in plan
                if str(node.get("Relation Name")).startswith(("log", "daily"))
            )
            most = 20 if column == "actor" and not limited else 400
            assert 0 < read <= most, (column, json.dumps(plan, indent=1))
