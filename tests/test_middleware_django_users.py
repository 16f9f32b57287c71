"""Who is recorded by Django's middleware, where Django has users and sessions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    database: Path = tmp_path_factory.mktemp("django") / "users.sqlite3"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.processes.django_users", str(database)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[str]] = json.loads(ended.stdout)
    return found


def test_what_is_refused_before_the_route_is_known_keeps_its_action(
    recorded: dict[str, list[str]],
) -> None:
    assert recorded["blocked"] == ["customer.pii.update denied customers 7"]


def test_a_route_that_is_an_expression_fits_the_table_and_gives_an_id(
    recorded: dict[str, list[str]],
) -> None:
    assert recorded["expression"] == ["customer.pii.delete success customers 7"]


def test_a_login_that_django_refuses_is_a_failure_whatever_page_says_so(
    recorded: dict[str, list[str]],
) -> None:
    assert recorded["login wrong"] == ["auth.login.failure failure False"]
    assert recorded["login right"] == ["auth.login.success success True"]
    assert recorded["login second"] == ["auth.login.success success True"]


@pytest.mark.parametrize("client", ["Client", "AsyncClient"])
@pytest.mark.parametrize(
    ("session", "asked", "actor"),
    [
        (None, "/token", "ann"),
        ("bob", "/token", "ann"),  # whose cookie comes along is not to blame
        (None, "/in", "ann"),
        ("bob", "/out", "bob"),
        ("bob", "/own", "bob"),  # though the view does not look
        ("bob", "/own/async", "bob"),
    ],
)
def test_the_actor_is_whom_the_request_is_of_in_the_end(
    recorded: dict[str, list[str]],
    client: str,
    session: str | None,
    asked: str,
    actor: str,
) -> None:
    assert recorded[f"{client} {session} {asked}"] == [actor]
