"""The console on a test's own database: real people, a real browser's requests."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pyotp

from prooftrail.console import app as console
from prooftrail.service import app as api
from prooftrail.service.entrance import open_people
from tests.api_rig import Api, serving
from tests.letting_in import PASSWORD, Clock, Door

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from prooftrail.service.parts import Parts
    from tests.trail import Trail

AGENT = "a browser"


class Person:
    """Somebody with a browser, who has accepted an invitation."""

    def __init__(self, url: str, door: Door, **given: Any) -> None:
        self.email = given.setdefault("email", "nora@auditors.example")
        given.setdefault("name", "Nora Keller")
        entered, self.app = door.joined(**given)
        self.totp = pyotp.TOTP(self.app.totp.secret)
        self.visitor = entered.visitor
        self.session = entered.token
        self.http = httpx.Client(
            base_url=url,
            headers={"User-Agent": AGENT},
            cookies={"prooftrail-session": entered.token},
            trust_env=False,
            timeout=30,
        )

    @property
    def csrf(self) -> str:
        return self.visitor.csrf

    def get(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.http.post(path, data={"csrf": self.csrf, **form})


class Console:
    """A console that is served, with the API beside it."""

    def __init__(self, served: Api, door: Door) -> None:
        self.api = served
        self.door = door
        self.url = served.url.replace("127.0.0.1", "localhost")
        self.people: list[Person] = []

    def person(self, **given: Any) -> Person:
        made = Person(self.url, self.door, **given)
        self.people.append(made)
        return made

    def record(self, **changes: Any) -> str:
        event: dict[str, Any] = {
            "actor": {"userId": "usr_1", "email": "dani@company.com", "role": "admin"},
            "action": "customer.pii.view",
            "resource": {"type": "customer", "id": "cust_1"},
            "pii": {"fields": ["email"], "classes": ["contact.email"]},
            "subjects": ["cust_1"],
            "result": "success",
        }
        with self.api.client(self.api.key("writer")) as client:
            answer = client.post("/audit/events", json=event | changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["eventId"])

    def stranger(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=30)


@contextmanager
def visited(
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
    directory: Path,
    *,
    keeper_dir: Path | None = None,
) -> Iterator[Console]:
    clock = Clock()
    monkeypatch.setenv("PROOFTRAIL_ACCESS_DSN", trail.login_dsn("access"))
    doors: list[Door] = []
    with ExitStack() as stack:

        def made(parts: Parts) -> Any:
            people = stack.enter_context(
                open_people(
                    parts.recorder,
                    key_file=directory / "access.key",
                    clock=clock,
                    random=os.urandom,
                    memory=64,
                )
            )
            doors.append(Door(trail, people.gate, clock))
            return console.beside(api.create(parts), console.create(parts, people))

        served = stack.enter_context(
            serving(trail, monkeypatch, keeper_dir=keeper_dir, made=made)
        )
        found = Console(served, doors[0])
        try:
            yield found
        finally:
            for person in found.people:
                person.http.close()


def token_of(page: str) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


__all__ = ["PASSWORD", "Console", "Person", "token_of", "visited"]
