"""A key of one stream and March tells nothing of the rest, whatever is asked how."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from prooftrail.reports.desk import Stated
from tests.api_rig import Api, serving
from tests.asks import Ask, periods, plain
from tests.limits_rig import ABSENT, MARCH, OTHER, World, build, ended, ids, text
from tests.sealing import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.store.keys import Role
    from tests.trail import Trail

EVENTS = "/audit/events"
SUMMARY, AUTHORITY = "/audit/summary", "/audit/authority"
INTEGRITY = "/audit/reports/integrity"
SAMPLE = "/audit/reports/sample"
DRAWN = {"n": "2", "seed": "a"}
COMPLETIONS = "/audit/completions"
CHECK = "/audit/integrity-check"
ROLES: tuple[Role, ...] = ("writer", "auditor", "security", "admin")
LIMITS: dict[str, dict[str, Any]] = {
    "a stream": {"names": ["main"]},
    "a stream and March": {"names": ["main"], "from_us": MARCH[0], "to_us": MARCH[1]},
}
# a value that hits what is hidden, and one that hits nothing
FILTERS: dict[str, Callable[[World, int], tuple[str, str]]] = {
    "actor": lambda world, at: (world.hidden[at].actor, ABSENT),
    "role": lambda world, at: (world.hidden[at].event["actor"]["role"], ABSENT),
    "action": lambda _, __: ("audit.log.*", f"{ABSENT}.*"),
    "resource": lambda world, at: (world.hidden[at].subject, ABSENT),
    "resource_type": lambda _, __: ("audit_log", ABSENT),
    "result": lambda _, __: ("denied", "failure"),
    "ip": lambda _, __: ("198.51.100.1", "198.51.100.2"),
    "pii": lambda _, __: ("false", "false"),
    "stream": lambda _, __: (OTHER, ABSENT),
    "from": lambda _, __: ("2026-04-01", "2031-04-01"),
    "to": lambda _, __: ("2026-03-01", "1999-03-01"),
    "q": lambda world, at: (world.hidden[at].subject, ABSENT),
}


def filtered(world: World, path: str, **more: str) -> list[Ask]:
    asked = []
    for name, values in FILTERS.items():
        for at in range(len(world.hidden)):
            written = "resource:{}" if name == "q" else "{}"
            found = Ask(path, {name: written, **more}, *values(world, at))
            asked += [found] if found not in asked else []
    return asked


def searches(world: World) -> list[Ask]:
    listed = [Ask(EVENTS), Ask(EVENTS, {"limit": "1"})]
    listed += [Ask(EVENTS, {"cursor": one}) for one in cursors(world)]
    followed = [
        Ask(EVENTS, {"after_seq": str(seq), "stream": "main", "follow": "false"})
        for seq in (-1, 0, 3, 10**9)
    ]
    onward = filtered(world, EVENTS, after_seq="-1")
    return [*listed, *filtered(world, EVENTS), *followed, *onward]


def cursors(world: World) -> list[str]:
    """Cursors of a key that sees everything."""
    with world.api.client(world.api.key("auditor")) as client:
        return [
            client.get(EVENTS, params={"limit": limit}).json()["cursor"]
            for limit in ("1", "5", "9")
        ]


def completed(_: World) -> list[Ask]:
    """What begins as all that is hidden does, and what begins as nothing."""
    asked = [Ask(COMPLETIONS), Ask(COMPLETIONS, {"q": "actor:"})]
    for name, hits in (
        ("actor", "hidden"),
        ("role", "hidden"),
        ("action", "audit_"),
        ("type", "audit_"),
        ("stream", OTHER[:6]),
    ):
        asked.append(Ask(COMPLETIONS, {"q": f"{name}:{{}}"}, hits, "nobody"))
    at = str(len("actor:hidden"))
    return [
        *asked,
        Ask(COMPLETIONS, {"q": "actor:{} pii:yes", "at": at}, "hidden", "nobody"),
    ]


def single(world: World) -> list[Ask]:
    every = [(one.event_id, str(uuid4())) for one in world.hidden]
    return [
        Ask(f"{EVENTS}/{{}}", params, *pair)
        for pair in every
        for params in ({}, {"stream": "main"})
    ] + [
        Ask(f"{EVENTS}/{every[0][0]}", {"stream": "{}"}, OTHER, ABSENT),
        *(Ask(f"{EVENTS}/{event_id}") for event_id in world.shown),
    ]


def checks(_: World) -> list[Ask]:
    return [
        Ask(CHECK),
        Ask(CHECK, headers={"Accept": "text/event-stream"}),
        Ask(CHECK, {"from": "2026-01-01", "to": "2026-06-01"}),
        Ask(CHECK, {"from": "2026-04-01"}),
        Ask(CHECK, {"to": "1970-01-01"}),
        Ask(CHECK, {"stream": "{}"}, OTHER, ABSENT),
        Ask(CHECK, {"stream": "main"}),
    ]


def results(world: World) -> list[Ask]:
    with world.api.client(world.api.key("admin")) as client:
        ran = ended(client, client.get(CHECK).json()["result"])["id"]
    return [Ask(f"{CHECK}/{{}}", {}, ran, str(uuid4()))]


CASES: dict[tuple[str, str], Callable[[World], list[Ask]]] = {
    ("get", EVENTS): searches,
    ("get", f"{EVENTS}/count"): lambda world: [
        Ask(f"{EVENTS}/count"),
        *filtered(world, f"{EVENTS}/count"),
    ],
    ("get", SUMMARY): lambda world: [Ask(SUMMARY), *filtered(world, SUMMARY)],
    ("get", COMPLETIONS): completed,
    # "denied" is the name of a figure there, too
    ("get", AUTHORITY): lambda world: [
        Ask(AUTHORITY),
        Ask(AUTHORITY, {"result": "denied"}),
        *(one for one in filtered(world, AUTHORITY) if one.hits != "denied"),
    ],
    ("get", "/audit/grants"): lambda world: [
        *filtered(world, "/audit/grants"),
        Ask("/audit/grants", DRAWN | {"by_month": "yes"}),
    ],
    ("get", "/audit/accounts"): lambda _: [
        Ask("/audit/accounts"),
        Ask("/audit/accounts", {"days": "1"}),
        Ask("/audit/accounts", {"stream": "{}"}, OTHER, ABSENT),
    ],
    ("get", "/audit/continuity"): periods("/audit/continuity"),
    ("get", "/audit/administrators"): periods("/audit/administrators"),
    ("get", "/audit/alerts"): periods("/audit/alerts"),
    ("get", "/audit/reports"): plain("/audit/reports"),
    ("get", "/audit/reports/{name}"): lambda _: [
        Ask(INTEGRITY, {"stream": "{}"}, OTHER, ABSENT),
        Ask(INTEGRITY, dict.fromkeys(Stated._fields, "x") | {"from": "2026-01-01"}),
        Ask(INTEGRITY, {"to": "2027-01-01", "during": "2026", "format": "html"}),
        Ask("/audit/reports/admin-actions", {"change_window": "Mon-Fri 08:00-18:00"}),
        Ask("/audit/reports/pii-access", {"edition": "auditor", "resource": "cust_1"}),
    ],
    ("get", SAMPLE): lambda _: [
        Ask(SAMPLE, DRAWN | {"stream": "{}"}, OTHER, ABSENT),
        Ask(
            SAMPLE, DRAWN | dict.fromkeys(Stated._fields, "x") | {"from": "2026-01-01"}
        ),
        Ask(SAMPLE, DRAWN | {"to": "2027-01-01", "during": "2026", "by_month": "yes"}),
        Ask(SAMPLE, DRAWN | {"q": "action:customer.*", "format": "html"}),
    ],
    ("get", f"{EVENTS}/{{event_id}}"): single,
    ("get", CHECK): checks,
    ("get", f"{CHECK}/{{run_id}}"): results,
    **{
        ("get", path): plain(path)
        for path in ("/healthz", "/readyz", "/readyz/read", "/readyz/write", "/metrics")
    },
}
# asked with a body: see below, test_api_revealing, test_alerts and test_leavers
ALERTS = {f"/audit/alerts/{{alert_id}}/{done}" for done in ("acknowledge", "dispose")}
WRITTEN = {EVENTS, f"{EVENTS}/{{event_id}}/reveal", "/audit/leavers", *ALERTS}
WRITING = {("post", path) for path in WRITTEN}
BESIDE = ("/openapi.json", "/docs", "/", "/nothing", f"{EVENTS}/", f"{EVENTS}/x")


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


@pytest.fixture
def world(api: Api) -> World:
    """All of it read and verified by a key that may, and found altered."""
    made = build(api)
    with api.client(api.key("admin")) as client:
        for path in (EVENTS, f"{EVENTS}/count"):
            client.get(path)
            client.get(path, params=[("stream", "main"), ("stream", OTHER)])
        for one in made.hidden:
            client.get(f"{EVENTS}/{one.event_id}")
        ended(client, client.get(CHECK).json()["result"])
    time.sleep(0.5)  # the run is recorded once its result is kept
    api.seal()
    api.health.report("integrity", f"verification failed: edited in {OTHER} at seq 2")
    api.health.report("inbox", f"a row of {OTHER}")
    return made


def test_there_is_a_case_for_every_endpoint_and_parameter(world: World) -> None:
    with world.api.client(world.api.key("auditor")) as client:
        document = client.get("/openapi.json").json()
    there = {
        (method, path): {one["name"] for one in told.get("parameters", ())}
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    }
    assert set(there) == set(CASES) | WRITING
    for key, case in CASES.items():
        used = {name for ask in case(world) for name in ask.params}
        assert there[key] - {"event_id", "run_id", "name"} == used, key


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("role", ROLES)
def test_no_answer_tells_of_what_a_key_may_not_see(
    world: World, role: Role, limits: str
) -> None:
    period = "March" in limits
    token = world.api.key(role, **LIMITS[limits])
    asks = [ask for case in CASES.values() for ask in case(world)]
    asks += [Ask(path) for path in BESIDE]
    answered, nowhere = 0, dict[tuple[str, ...], str]()
    with world.api.client(token) as client:
        for ask in asks:
            answer = ask.of(client, ask.hits)
            answered += answer.status_code < 300
            if answer.status_code == 202:
                assert ended(client, answer.json()["result"])["verdict"] == "verified"
                answer = client.get(answer.json()["result"])
            told = text(answer)
            for canary in world.canaries(period=period) - {ask.hits}:
                assert canary not in told, (ask, canary)
            if ask.hits and (period or ask.hits == OTHER):
                key = (ask.path, str(ask.params), str(ask.headers), ask.absent)
                if key not in nowhere:  # asked once, whatever is compared with it
                    nowhere[key] = text(ask.of(client, ask.absent))
                assert bare(told, ask) == bare(nowhere[key], ask), ask
    assert answered > (2 if role == "writer" else 40)


def bare(told: str, ask: Ask) -> str:
    """Return an answer without what it was asked for, and its length.

    The answers' own words may be among that: denied is a result, and a figure's name.
    """
    for value in (ask.hits, ask.absent):
        told = told.replace(value, "")
    head, _, body = told.partition("} ")
    headers = json.loads(head[4:] + "}")
    headers.pop("content-length", None)
    return f"{head[:4]}{headers}{body}"


def test_a_key_of_a_stream_and_march_sees_all_of_that(world: World) -> None:
    token = world.api.key("auditor", **LIMITS["a stream and March"])
    with world.api.client(token) as client:
        whole = [client.get(f"{EVENTS}/{one}") for one in world.shown]
        found = [one for answer in whole for one in ids(answer)]
        assert set(found) == set(world.shown)
        followed = ids(client.get(EVENTS, params={"after_seq": "-1"}))
        begun, *others = followed  # what opens the stream was in March, too
        assert sorted(others) == sorted(world.shown)
        assert world.hidden[0].event_id not in begun
        listed = list(ids(client.get(EVENTS)))
        assert client.get(f"{EVENTS}/count").json() == {"count": len(listed)}
        # one continues another, and is none of its own
        assert len(set(listed)) == len(listed) == len(world.shown)
        assert set(listed) < {begun, *world.shown}


@pytest.mark.parametrize("role", ["writer", "admin"])
def test_writing_tells_nothing_of_what_a_key_may_not_see(
    world: World, role: Role
) -> None:
    limited = world.api.key(role, **LIMITS["a stream and March"])
    of_stream = world.api.key(role, **LIMITS["a stream"])
    with world.api.client(limited) as client, world.api.client(of_stream) as other:
        for number, one in enumerate(world.hidden):
            taken = event(eventId=one.event_id)
            if one.stream == "main":  # the stream's writer may know
                assert other.post(EVENTS, json=taken).status_code == 409
            asker = other if one.stream == OTHER and number % 2 else client
            found = [asker.post(EVENTS, json=body) for body in (taken, event())]
            assert [answer.status_code for answer in found] == [201, 201]
        (shown, *_) = world.shown
        again = client.post(EVENTS, json=event(eventId=shown))
        assert again.status_code == 409
        there, nowhere = (
            client.post(EVENTS, params={"stream": name}, json=event())
            for name in (OTHER, ABSENT)
        )
        assert text(there) == text(nowhere)


def test_what_was_accepted_lately_outside_of_a_period_is_not_told(api: Api) -> None:
    april = event(timestamp="2026-04-02T00:00:00Z")
    march = event(timestamp="2026-03-02T00:00:00Z")
    limited = api.key("admin", **LIMITS["a stream and March"])
    with api.client(api.key("admin")) as all_of_it, api.client(limited) as client:
        for made in (april, march):
            assert all_of_it.post(EVENTS, json=made).status_code == 201
        answers = [
            client.post(EVENTS, json={**made, "result": "denied"}).status_code
            for made in (april, march)
        ]
    assert answers == [201, 409]


def test_what_is_read_is_told_in_each_stream_of_that_one_alone(world: World) -> None:
    with world.api.client(world.api.key("auditor", names=["main"])) as client:
        found = client.get(EVENTS, params={"action": "audit.*", "limit": "1000"})
        own = client.get(f"{EVENTS}/count").json()["count"]
    told = [one["details"] for one in found.json()["events"]]
    assert any("count" in one for one in told)
    assert all(one.get("count", one.get("rows", 0)) <= own for one in told)
    assert OTHER not in json.dumps(told)


def test_metrics_and_reasons_are_told_to_who_operates_all_of_it(world: World) -> None:
    for role, limits, known in (
        ("security", {}, True),
        ("auditor", {}, False),
        ("security", LIMITS["a stream"], False),
        ("admin", {"from_us": MARCH[0]}, False),
    ):
        with world.api.client(world.api.key(role, **limits)) as client:  # type: ignore[arg-type]
            ready = client.get("/readyz")
            assert ready.status_code == 503
            assert (OTHER in ready.text) is known
            assert (client.get("/metrics").status_code == 200) is known
