"""Following over HTTP: every entry of a stream once and in order, until it ends."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.api_rig import Api, serving
from tests.sealing import event, insert, sealer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

WRITERS, EACH = 8, 60


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
    monkeypatch.setattr(
        "prooftrail.service.api.following._followers", threading.BoundedSemaphore(1)
    )
    token = api.key("auditor")
    found = followed(api, token, "after_seq=-1")
    assert next(found)["seq"] == 0
    with api.client(token) as client:
        answer = client.get("/audit/events?after_seq=-1&follow=true")
        assert (answer.status_code, "retry-after" in answer.headers) == (429, True)
    api.health.stop()
    assert list(found)
