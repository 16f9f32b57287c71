"""Where a reader sits, behind proxies that are trusted and others that are not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.api_rig import serving

if TYPE_CHECKING:
    from tests.api_rig import Api
    from tests.trail import Trail

CLIENT = "203.0.113.42"


def addresses(api: Api) -> list[str]:
    """Read twice with a claim, refused and not; return what the trail says."""
    claim = {"X-Forwarded-For": f"198.51.100.66, {CLIENT}, 127.0.0.1"}
    with api.client(api.key("writer")) as client:
        assert client.get("/audit/events", headers=claim).status_code == 403
    with api.client(api.key()) as client:
        assert client.get("/audit/events", headers=claim).status_code == 200
        api.seal()
        items = client.get("/audit/events?action=audit.log.view").json()["events"]
    return [one["actor"]["ipAddress"] for one in items]


@pytest.mark.parametrize(
    ("trusted", "told"),
    [(("127.0.0.0/8",), CLIENT), ((), "127.0.0.1"), (("10.0.0.0/8",), "127.0.0.1")],
)
def test_the_trail_names_the_client_not_the_proxy(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, trusted: tuple[str, ...], told: str
) -> None:
    with serving(trail, monkeypatch, trusted_proxies=trusted) as api:
        assert addresses(api) == [told, told]


def test_a_network_that_is_none_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prooftrail", "serve", "--trusted-proxy", "10.0.0/8"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert "'10.0.0/8' is no address and no network: write 10.0.0.0/8" in done.stderr
