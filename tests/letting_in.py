"""The gate on a test's own database: people, their apps, a clock that is set."""

from __future__ import annotations

import json
import os
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyotp

from prooftrail.access import tokens
from prooftrail.access.managing import addressed
from prooftrail.access.visiting import Enrolment, Entered, Refused
from prooftrail.capture.audit_logger import Recorder
from prooftrail.service.entrance import open_people
from prooftrail.store import connect, inbox, keys, people
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.people import Grant
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from prooftrail.access.gate import Gate
    from tests.trail import Trail

PASSWORD = "a heron in the rain"
EMAIL = "dani@company.com"
ADDRESS = "203.0.113.42"
SECOND = 1_000_000


class Clock:
    """The present, until it is moved on."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return now_us() + self.ahead

    def on(self, seconds: float) -> None:
        self.ahead += int(seconds * SECOND)


class App:
    """Somebody's authenticator: each code of it is used once."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self.totp = pyotp.TOTP(secret)
        self.clock = clock

    def code(self) -> str:
        return self.totp.at(self.clock() // SECOND)

    def next(self) -> str:
        """Wait for the next code."""
        self.clock.on(30)
        return self.code()


class Door:
    """The gate, and what it tells."""

    def __init__(self, trail: Trail, gate: Gate, clock: Clock) -> None:
        self.trail = trail
        self.gate = gate
        self.clock = clock

    def link(self, **given: Any) -> str:
        """Invite somebody as the administrator; return the link's token."""
        token = tokens.make(os.urandom, tokens.INVITATION)
        now = datetime.fromtimestamp(self.clock() / 1e6, UTC)
        expires = given.pop("expires", timedelta(days=3))
        grant = Grant(
            given.pop("email", EMAIL),
            given.pop("name", "Dani"),
            given.pop("role", "auditor"),
            given.pop("streams", None),
            given.pop("from_us", FIRST_US),
            given.pop("to_us", LAST_US),
            given.pop("until", None),
        )
        assert not given
        admin = connect.connect(None, dsn=self.trail.dsn, autocommit=True)
        with closing(admin), keys.owning(admin):
            people.invite(
                admin,
                addressed(grant),
                token_hash=tokens.digest(token),
                now=now,
                expires_at=now + expires,
            )
        return token

    def joined(self, **given: Any) -> tuple[Entered, App]:
        """Invite somebody who accepts."""
        token = self.link(**given)
        shown = self.gate.invited(token, ADDRESS, "a browser")
        assert isinstance(shown, Enrolment)
        app = App(shown.secret, self.clock)
        entered = self.gate.accept(token, PASSWORD, app.code(), ADDRESS, "a browser")
        assert isinstance(entered, Entered)
        return entered, app

    def events(self) -> list[dict[str, Any]]:
        rows = self.trail.superuser().execute(
            "select event::jsonb || jsonb_build_object('stream', stream)"
            " from prooftrail.inbox order by id"
        )
        return [
            row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in rows
        ]

    def told(self) -> list[tuple[str, str, str | None]]:
        """Return action, result and reason of all events."""
        return [
            (one["action"], one["result"], one.get("details", {}).get("reason"))
            for one in self.events()
        ]


def entered(given: Entered | Refused) -> Entered:
    assert isinstance(given, Entered), given
    return given


def refused(given: object) -> Refused:
    assert isinstance(given, Refused), given
    return given


@contextmanager
def door(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, directory: Path, **settings: Any
) -> Iterator[Door]:
    for login in ("ACCESS", "WRITER", "READER"):
        monkeypatch.setenv(f"PROOFTRAIL_{login}_DSN", trail.login_dsn(login.lower()))
    clock = Clock()
    settings.setdefault("memory", 64)  # KiB: the tests log in often
    with (
        Recorder(inbox.open_writer, clock=now_us, random=os.urandom) as recorder,
        open_people(
            recorder,
            key_file=directory / "access.key",
            clock=clock,
            random=os.urandom,
            **settings,
        ) as opened,
    ):
        yield Door(trail, opened.gate, clock)
