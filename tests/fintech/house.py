"""The reference application at work: real HTTP, PostgreSQL, recorder and people."""

from __future__ import annotations

import itertools
import json
import os
import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from examples.fintech import db, security
from examples.fintech.main import create_app
from examples.fintech.models import Base, Staff

import prooftrail
from tests.capturing.rig import listening
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg

    from prooftrail import Recorder
    from tests.trail import Trail

AGENT = "house/1"
PASSWORD = "correct horse battery staple"
ROLES = tuple(security.ROLES)

_numbers = itertools.count(1)
_NAME = re.compile(r"\{(\w+)\}")


@dataclass
class House:
    """The application, running."""

    trail: Trail
    recorder: Recorder
    client: httpx.Client
    looking: psycopg.Connection[tuple[Any, ...]]
    tokens: dict[str, str] = field(default_factory=dict)

    def send(
        self,
        method: str,
        path: str,
        who: str | None = None,
        body: object = None,
        headers: Mapping[str, str] = {},
    ) -> httpx.Response:
        given = {"user-agent": AGENT, **headers}
        if who is not None:
            given["authorization"] = f"Bearer {self.tokens[who]}"
        return self.client.request(method, path, headers=given, json=body)

    def events(self) -> list[dict[str, Any]]:
        """Return the events in the inbox, in order, and empty it."""
        self.recorder.drain()
        rows = self.looking.execute(
            "delete from prooftrail.inbox returning id, event"
        ).fetchall()
        return [json.loads(text) for _, text in sorted(rows)]

    def hire(self, role: str, staff_id: str | None = None, **more: Any) -> str:
        """Add somebody, logged in."""
        made = staff_id or f"usr_{role}_{next(_numbers)}"
        add(
            Staff(
                id=made,
                email=f"{made}@fintech.example",
                name=f"Name of {made}",
                role=role,
                password_hash=security.hash_password(PASSWORD),
                **more,
            )
        )
        with db.sessions()() as session:
            self.tokens[made] = security.open_session(session, made)
            session.commit()
        self.events()
        return made

    def actor(self, who: str) -> dict[str, Any]:
        """Return how somebody stands in an event."""
        with db.sessions()() as session:
            staff = session.get_one(Staff, who)
        return {
            **security.actor_of(staff, security.digest(self.tokens[who])),
            "ipAddress": "127.0.0.1",
            "userAgent": AGENT,
        }


def add(*rows: Base) -> None:
    """Add rows, past the application's endpoints."""
    with db.sessions()() as session:
        session.add_all(rows)
        session.commit()


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with `{names}` in its texts replaced."""
    if isinstance(value, str):
        return _NAME.sub(lambda found: names.get(found[1], found[0]), value)
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    return value


@contextmanager
def opened(
    trail: Trail, *, within: Recorder | None = None, **options: Any
) -> Iterator[House]:
    """Run the application with a recorder of its own.

    Args:
        trail: the database of its tables, and of its events.
        within: a recorder in place of one for that database.
        options: of the recorder.
    """
    recording = recorder(trail, **options) if within is None else nullcontext(within)
    with pytest.MonkeyPatch.context() as patch, recording as own:
        patch.setenv(db.DSN, trail.dsn)
        for name in [one for one in os.environ if one.startswith("FINTECH_")]:
            if name != db.DSN:
                patch.delenv(name)
        prooftrail.use(own)
        with (
            listening(create_app()) as url,
            httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
        ):
            house = House(trail, own, client, trail.superuser())
            yield house
        db.close()
