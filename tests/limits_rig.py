"""A log of two streams and three months, and what a key of one and March may know."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pypdf

from tests.sealing import database_clock, event, insert, seal
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.api_rig import Api

OTHER = "acme-secret"  # the other stream's name
ABSENT = "nowhere-at-all"  # as long as nothing is


def us(month: int, day: int = 1) -> int:
    return int(datetime(2026, month, day, tzinfo=UTC).timestamp()) * 1_000_000


MARCH = (us(3), us(4))
MINUTE = 60_000_000


class Hidden(NamedTuple):
    """An event that some keys must not know of."""

    stream: str
    event: dict[str, Any]

    @property
    def event_id(self) -> str:
        return str(self.event["eventId"])

    @property
    def actor(self) -> str:
        return str(self.event["actor"]["userId"])

    @property
    def subject(self) -> str:
        return str(self.event["subjects"][0])


class World:
    """What is there, and who may know it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.shown: list[str] = []  # ids, to a key of main and March
        self.hidden: list[Hidden] = []
        self._numbers = iter(range(1_000))
        self._waiting: list[tuple[str, dict[str, Any]]] = []

    def add(self, stream: str, at: str, **more: Any) -> dict[str, Any]:
        """State an event; what a key of main and March may not see is marked."""
        shown = stream == "main" and at.startswith("2026-03")
        kind = "shown" if shown else "hidden"
        number = f"{next(self._numbers):03}"  # no name begins another's
        made = event(
            timestamp=at,
            actor={"userId": f"{kind}-actor-{number}", "role": f"{kind}-role-{number}"},
            subjects=[f"{kind}-subject-{number}"],
            **more,
        )
        if shown:
            self.shown.append(made["eventId"])
        else:
            self.hidden.append(Hidden(stream, made))
        self._waiting.append((stream, made))
        return made

    def recorded(self, at_us: int) -> None:
        """Seal what was stated, at a time."""
        for stream, made in self._waiting:
            insert(self.api.trail, made, stream=stream)
        self._waiting.clear()
        behind = now_us() - at_us
        with database_clock(behind):
            seal(self.api.trail, clock=partial(_earlier, behind))

    def canaries(self, *, period: bool) -> set[str]:
        """Return texts that an answer to a limited key must not hold."""
        found = {OTHER}
        for one in self.hidden:
            if period or one.stream == OTHER:
                found |= {one.event_id, one.actor, one.subject}
        return found


def build(api: Api) -> World:
    """Two streams; late events, early ones, and exports that several entries hold."""
    api.trail.stream(OTHER)
    made = World(api)
    for stream in ("main", OTHER):
        made.add(stream, "2026-03-10T12:00:00Z", action="admin.permission.grant")
        made.add(stream, "2026-02-20T12:00:00Z")  # late, into March
        made.add(stream, "2026-02-28T23:59:59.999999Z")
    made.recorded(us(3, 20))
    firsts: list[dict[str, Any]] = []
    for stream in ("main", OTHER):
        made.add(stream, "2026-03-31T23:59:59.999999Z")
        made.add(stream, "2026-04-01T00:00:00Z")  # by a clock ahead: April, in March
        first = made.add(stream, "2026-03-31T23:55:00Z")
        first["part"] = _part(first, 1)
        firsts.append(first)
    made.recorded(us(4) - MINUTE)
    for stream, first in zip(("main", OTHER), firsts, strict=True):
        made.add(stream, "2026-03-31T23:55:00Z", part=_part(first, 2))
        made.add(stream, "2026-04-02T00:00:00Z", part=_part(first, 3))
        made.add(stream, "2026-03-12T00:00:00Z")  # late, into April
        made.add(stream, "2026-04-03T00:00:00Z", action="admin.permission.grant")
    made.recorded(us(4, 10))
    return made


def _part(first: dict[str, Any], n: int) -> dict[str, Any]:
    return {"of": first["eventId"], "n": n, "total": 3}


def _earlier(behind_us: int) -> int:
    return now_us() - behind_us


def text(answer: httpx.Response) -> str:
    """Return all of an answer that tells something: no more than its date is left."""
    headers = {k: v for k, v in answer.headers.items() if k != "date"}
    told = answer.text
    if answer.headers.get("content-type") == "application/pdf":
        told = _report(answer.content)
    return f"{answer.status_code} {json.dumps(headers)} {told}"


def _report(pdf: bytes) -> str:
    """Return what a report prints and encloses."""
    read = pypdf.PdfReader(io.BytesIO(pdf))
    printed = [" ".join(page.extract_text().split()) for page in read.pages]
    enclosed = [
        one.decode() for several in read.attachments.values() for one in several
    ]
    return "\n".join(printed + enclosed)


def ids(answer: httpx.Response) -> Iterator[str]:
    """Yield the ids of all events in an answer, JSON or JSON lines."""
    for line in answer.text.splitlines():
        value = json.loads(line)
        for one in value.get("events", [value]):
            if "eventId" in one:
                yield one["eventId"]
            for part in one.get("parts", ()):
                yield part["eventId"]


def ended(client: httpx.Client, place: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while True:
        told: dict[str, Any] = client.get(place).json()
        if told["state"] != "running":
            return told
        assert time.monotonic() < until
        time.sleep(0.05)
