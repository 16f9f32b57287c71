"""What a key that is limited to a period is told of a verification.

Its period is one of the events' own time; a verification's bounds are of recorded time.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.api_rig import Api, serving
from tests.limits_rig import MARCH, ended
from tests.sealing import event, insert, seal
from tests.signing_rig import unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.trail import Trail

CHECK = "/audit/integrity-check"
LATE = 3  # events of March, sealed long after it
ASKED: list[dict[str, str]] = [
    {},
    {"from": "2026-03-01", "to": "2026-04-01"},
    {"to": "1970-01-01"},
    {"stream": "main"},
]


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(trail, monkeypatch) as made:
        yield made


@pytest.fixture
def late(api: Api) -> Iterator[httpx.Client]:
    """Events of March in a log of today, and who may see March alone."""
    march = [event(timestamp=f"2026-03-1{n}T00:00:00Z") for n in range(LATE)]
    insert(api.trail, *march, event(timestamp="2026-04-02T00:00:00Z"))
    seal(api.trail)
    token = api.key("auditor", names=["main"], from_us=MARCH[0], to_us=MARCH[1])
    with api.client(token) as client:
        assert client.get("/audit/events/count").json() == {"count": LATE}
        yield client


def checked(client: httpx.Client, **params: str) -> dict[str, Any]:
    # the run before is given up a moment after its result is kept
    while (begun := client.get(CHECK, params=params)).status_code == 429:
        time.sleep(0.05)
    return ended(client, begun.json()["result"])


@pytest.mark.parametrize("asked", ASKED)
def test_what_was_recorded_late_is_verified_for_a_key_of_its_period(
    api: Api, late: httpx.Client, asked: dict[str, str]
) -> None:
    good = checked(late, **asked)
    assert good["verdict"] == "verified"
    assert good["checked"] == "every entry of main, whenever it happened"
    assert "told" not in good
    with unguarded(api.trail) as superuser:
        superuser.execute("update prooftrail.log set actor = 'x' where seq = 2")
    bad = checked(late, **asked)
    assert bad["verdict"] == "tampered"
    assert "without its place" in bad["told"]
    assert set(bad) - {"told"} == set(good)
    assert not {"report", "entries", "entriesChecked"} & set(bad)
    assert "seq" not in json.dumps(bad)


def test_a_failure_outside_of_a_period_is_told_without_its_place(
    api: Api, late: httpx.Client
) -> None:
    with unguarded(api.trail) as superuser:
        superuser.execute(
            "update prooftrail.log set actor = 'x' where seq = %s", (LATE + 1,)
        )
    outside = checked(late)
    with unguarded(api.trail) as superuser:
        superuser.execute("update prooftrail.log set actor = 'x' where seq = 1")
    both = checked(late)
    for name in ("verdict", "checked", "told"):
        assert outside[name] == both[name]
    assert outside["verdict"] == "tampered"


def test_a_run_that_looked_at_nothing_is_not_verified(api: Api) -> None:
    token = api.key("auditor", names=["main"], from_us=MARCH[0], to_us=MARCH[1])
    with api.client(token) as client:  # nothing was ever sealed
        told = checked(client)
    assert told["verdict"] == "could not verify"
    assert told["checked"] == "no entry: none is there"


def test_a_period_of_recorded_time_that_was_asked_for_is_told(
    api: Api, late: httpx.Client
) -> None:
    assert checked(late)["verdict"] == "verified"
    with api.client(api.key("auditor")) as client:
        told = checked(client, **{"from": "2026-01-01", "to": "2026-06-01"})
    assert told["checked"] == (
        "every entry of every stream that was recorded from "
        "2026-01-01T00:00:00Z on and before 2026-06-01T00:00:00Z"
    )
    assert told["entriesChecked"] == 0
