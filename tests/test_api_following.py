"""Following over HTTP: every entry of a stream once and in order, until it ends."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.service.api.following import Followers
from tests.api_rig import Api, serving
from tests.sealing import event, insert, sealer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

WRITERS, EACH = 8, 60
KILLS = 4


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


def followed(api: Api, token: str, query: str) -> Iterator[dict[str, Any]]:
    with (
        api.client(token) as client,
        client.stream("GET", f"/audit/events?follow=true&{query}") as answer,
    ):
        assert answer.status_code == 200
        for line in answer.iter_lines():
            yield json.loads(line)


def write(trail: Trail) -> None:
    for _ in range(3):
        insert(trail, *(event() for _ in range(EACH // 3)))


def keep_sealing(trail: Trail, stop: threading.Event) -> None:
    while not stop.is_set():
        with sealer(trail) as made:  # another one each time
            made.drain()


def test_every_seq_comes_once_and_in_order_over_sealers_and_reconnects(
    api: Api,
) -> None:
    stop = threading.Event()
    threads = [
        threading.Thread(target=write, args=(api.trail,)) for _ in range(WRITERS)
    ]
    sealing = threading.Thread(target=keep_sealing, args=(api.trail, stop))
    for thread in (*threads, sealing):
        thread.start()
    token = api.key("auditor")
    seqs = [-1]
    wanted = WRITERS * EACH  # and the statement that opens the stream, which is seq 0
    try:
        while seqs[-1] < wanted:
            until = min(seqs[-1] + 75, wanted)  # then it connects anew
            for one in followed(api, token, f"after_seq={seqs[-1]}"):
                seqs += [one["seq"]] if "seq" in one else []
                if seqs[-1] >= until:
                    break
    finally:
        for thread in threads:
            thread.join()
        stop.set()
        sealing.join()
    assert seqs == list(range(-1, len(seqs) - 1))


def acknowledged(api: Api, token: str, ids: list[str], enough: threading.Event) -> None:
    """Write as a client does, a few at a time; keep the ids of what is durable."""
    with api.client(token) as client:
        while not enough.is_set() or len(ids) < EACH:
            events = [event() for _ in range(5)]
            answer = client.post("/audit/events", json=events)
            assert answer.status_code == 200, answer.text
            ids += [
                one["eventId"]
                for one in answer.json()["results"]
                if one["status"] == "accepted"
            ]
            enough.wait(0.05)


def keep_killing(trail: Trail, enough: threading.Event, stop: threading.Event) -> None:
    """Run `prooftrail seal`; kill it at work, again and again, and let the last be."""
    superuser = trail.superuser()
    for last in (False,) * KILLS + (True,):
        before = sealed(superuser)
        command = [sys.executable, "-m", "prooftrail", "seal"]
        process = subprocess.Popen(command, env=trail.env, stderr=subprocess.DEVNULL)
        if last:
            enough.set()
            stop.wait()
        while not last and sealed(superuser) < before + WRITERS:
            assert process.poll() is None
            stop.wait(0.01)
        process.kill()
        process.wait()


def sealed(superuser: Any) -> int:
    row = superuser.execute("select seq from prooftrail.head").fetchone()
    return int(row[0])


def test_what_was_acknowledged_is_followed_once_though_sealers_are_killed(
    api: Api,
) -> None:
    token, writing = api.key("auditor"), api.key("writer")
    enough, stop = threading.Event(), threading.Event()
    ids: list[list[str]] = [[] for _ in range(WRITERS)]
    threads = [
        threading.Thread(target=acknowledged, args=(api, writing, own, enough))
        for own in ids
    ]
    killing = threading.Thread(target=keep_killing, args=(api.trail, enough, stop))
    seqs: list[int] = [-1]
    found: list[str] = []
    going = True
    try:
        for thread in (*threads, killing):
            thread.start()
        for lines in itertools.cycle((1, 90, 7, 300)):
            # the connection is dropped in the middle, with lines still under way
            for one in itertools.islice(
                followed(api, token, f"after_seq={seqs[-1]}"), lines
            ):
                seqs += [one["seq"]] if "seq" in one else []
                if one.get("action") == "customer.pii.view":
                    found.append(one["eventId"])
                going = any(thread.is_alive() for thread in threads)
                if not going and len(found) >= sum(map(len, ids)):
                    break
            if not going and len(found) >= sum(map(len, ids)):
                break
    finally:
        enough.set()
        for thread in threads:
            thread.join()
        stop.set()
        killing.join()
    assert seqs == list(range(-1, len(seqs) - 1))
    assert sorted(found) == sorted(one for own in ids for one in own)
    assert len(found) >= WRITERS * EACH


def test_a_follower_of_few_goes_on_where_nothing_answers(api: Api) -> None:
    insert(api.trail, *(event() for _ in range(5)), event(action="rare.one"))
    api.seal()
    token = api.key("auditor")
    found = followed(api, token, "after_seq=-1&action=rare.*")
    assert next(found)["action"] == "rare.one"
    insert(api.trail, event(action="rare.two"))
    api.seal()
    assert next(found)["action"] == "rare.two"
    found.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("end", ["stop", "revoke"])
def test_a_follower_ends_with_the_service_and_with_the_key(api: Api, end: str) -> None:
    insert(api.trail, event())
    api.seal()
    found = followed(api, api.key("auditor"), "after_seq=-1")
    assert [next(found)["seq"], next(found)["seq"]] == [0, 1]
    begun = time.monotonic()
    if end == "stop":
        api.health.stop()
    else:
        api.trail.superuser().execute(
            "update prooftrail.api_key set revoked_at = now()"
        )
    assert [set(one) for one in found] == [{"after_seq"}]
    assert time.monotonic() - begun < 30  # and not after its five minutes


def test_as_many_follow_as_may(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(api.trail, event())
    api.seal()
    monkeypatch.setattr("prooftrail.service.api.following._followers", Followers(2))
    token, other, last = (api.key("auditor") for _ in range(3))

    def told(one: str) -> str:
        with api.client(one) as client:
            answer = client.get("/audit/events?after_seq=-1&follow=true")
            assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
            return str(answer.json()["error"]["message"])

    first = followed(api, token, "after_seq=-1")
    assert next(first)["seq"] == 0
    assert "this key follows 1 times" in told(token)  # and leaves a place to others
    second = followed(api, other, "after_seq=-1")
    assert next(second)["seq"] == 0
    assert "2 clients follow" in told(last)
    api.trail.superuser().execute(
        "update prooftrail.api_key set revoked_at = now() where id ="
        " (select min(id) from prooftrail.api_key)"
    )
    assert list(first)
    again = followed(api, last, "after_seq=-1")  # what ended gave its place back
    assert next(again)["seq"] == 0
    api.health.stop()
    assert list(second)
    assert list(again)


def test_json_lines_that_nobody_follows_are_an_export_in_the_trail(api: Api) -> None:
    insert(api.trail, *(event() for _ in range(3)))
    api.seal()
    with api.client(api.key("auditor")) as client:
        lines = client.get("/audit/events?after_seq=-1").text.splitlines()
    assert len(lines) == 4 + 1  # the stream's beginning, three events and a mark
    rows = api.trail.superuser().execute(
        "select event from prooftrail.inbox order by id"
    )
    told = [json.loads(text) for (text,) in rows]
    assert {one["action"] for one in told} == {"audit.log.export"}
    assert told[0]["details"]["afterSeq"] == -1
    assert told[1]["details"]["rows"] == 4
