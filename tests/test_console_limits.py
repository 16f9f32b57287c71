"""Whoever may see one stream and March learns nothing of the rest from any page.

Every page is asked for what is hidden and for what is nowhere: both answers are the
same. What the pages lead to is walked through, as far as it leads.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.limits_rig import ABSENT, MARCH, OTHER, World, build
from tests.sealing import event, insert, seal
from tests.signing_rig import unguarded
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.console_rig import Console, Person

LIMITED = {"from_us": MARCH[0], "to_us": MARCH[1], "streams": ("main",)}
MOST = 150  # pages of a walk
PAGES = (
    "/",
    "/person",
    "/customer",
    "/questions",
    "/authority",
    "/grants?q=",
    "/accounts?days=1",
    "/continuity?q=",
    "/alerts?q=",
    "/administrators?q=",
    "/integrity",
    "/integrity/checkpoint",
    "/integrity/checkpoint?stream=main",
    "/access",
    "/health",
    "/complete?q=",
    "/export?format=csv",
    "/export?format=jsonl",
    "/?q=",
    "/?q=during:2026",
    "/?q=from:2026-04-01",
    "/?q=-actor:nobody",
    "/static/nothing",
    "/nothing",
)


class Ask(NamedTuple):
    """A page, asked for a value that is hidden and for one that is nowhere."""

    path: str
    hidden: str
    absent: str

    def of(self, value: str) -> str:
        return self.path.replace("{}", quote(value, safe=""))


@pytest.fixture
def world(console: Console) -> World:
    """All of it looked at by somebody who may, and found altered."""
    made = build(console.api)
    everyone = console.person(email="all@company.com", role="admin")
    for one in made.hidden:
        everyone.get(f"/events/{one.event_id}")
        everyone.get(f"/person?id={one.actor}")
        everyone.get(f"/customer?id={one.subject}")
    everyone.post("/integrity/verify")
    ran = (
        "select count(*) from prooftrail.inbox where event like '%audit.chain.verify%'"
    )
    until(
        lambda: console.api.trail.superuser().execute(ran).fetchall() != [(0,)], "a run"
    )
    console.api.seal()
    health = console.api.health
    health.report("integrity", f"verification failed: edited in {OTHER} at seq 2")
    health.report("inbox", f"a row of {OTHER}")
    return made


def asks(world: World) -> Iterator[Ask]:
    no_event = str(uuid4())
    for one in world.hidden:
        yield Ask("/events/{}", one.event_id, no_event)
        yield Ask("/events/{}?stream=main", one.event_id, no_event)
        yield Ask("/person?id={}", one.actor, ABSENT)
        yield Ask("/customer?id={}", one.subject, ABSENT)
        for written, value in (
            ("actor:{}", one.actor),
            ("resource:{}", one.subject),
            ("role:{}", str(one.event["actor"]["role"])),
            ("-actor:{}", one.actor),
        ):
            query = quote(written, safe="{}")
            for path in (
                f"/?q={query}",
                f"/authority?q={query}",
                f"/grants?q={query}",
                f"/export?format=csv&q={query}",
                f"/export?format=jsonl&q={query}",
                f"/complete?q={query}",
            ):
                yield Ask(path, value, ABSENT)
    for query in ("stream:{}", "stream:{} result:denied", "-stream:{}"):
        yield Ask(f"/?q={quote(query, safe='{}')}", OTHER, ABSENT)
        yield Ask(f"/complete?q={quote(query, safe='{}')}", OTHER, ABSENT)
    yield Ask("/integrity?stream={}", OTHER, ABSENT)
    yield Ask("/integrity/checkpoint?stream={}", OTHER, ABSENT)
    yield Ask(f"/events/{world.shown[0]}?stream={{}}", OTHER, ABSENT)


def told(person: Person, path: str) -> str:
    answer = person.http.get(path)
    headers = {k: v for k, v in answer.headers.items() if k != "date"}
    return f"{answer.status_code} {headers} {answer.text}"


def bare(text: str, value: str) -> str:
    """Return an answer without the value that it was asked for, and its length."""
    for written in (value, quote(value, safe="")):
        text = text.replace(written, "")
    return re.sub("'content-length': '[0-9]+'", "", text)


def test_what_is_hidden_is_answered_as_what_is_nowhere(
    console: Console, world: World
) -> None:
    person = console.person(role="admin", **LIMITED)
    canaries = world.canaries(period=True)
    nowhere: dict[str, str] = {}
    for ask in asks(world):
        there = bare(told(person, ask.of(ask.hidden)), ask.hidden)
        if ask.path not in nowhere:
            nowhere[ask.path] = bare(told(person, ask.of(ask.absent)), ask.absent)
        assert there == nowhere[ask.path], ask
        for canary in canaries:
            assert canary not in there, (ask, canary)


@pytest.mark.parametrize("role", ["security", "privacy_officer"])
def test_no_page_that_one_can_reach_tells_of_the_rest(
    console: Console, world: World, role: str
) -> None:
    person = console.person(role=role, **LIMITED)
    canaries = world.canaries(period=True)
    begun = person.post("/integrity/verify")
    ways, seen = [begun.headers.get("location", "/"), *PAGES], set[str]()
    while ways and len(seen) < MOST:
        path = ways.pop(0)
        if path in seen:
            continue
        seen.add(path)
        text = told(person, path)
        for canary in canaries:
            assert canary not in text, (path, canary)
        ways += [html.unescape(found) for found in re.findall(r'href="(/[^"]*)"', text)]
    assert len(seen) > len(PAGES) + 10
    assert any(path.startswith("/events/") for path in seen)


def test_all_of_what_one_may_see_is_there(console: Console, world: World) -> None:
    person = console.person(role="auditor", **LIMITED)
    exported = person.get("/export?format=jsonl")
    for event_id in world.shown:
        assert person.http.get(f"/events/{event_id}").status_code == 200
    # what continues an event stands with its first part
    parts = [one for one in world.shown if one in exported]
    assert len(parts) >= len(world.shown) - 1
    for one in world.hidden:
        assert one.event_id not in exported


def test_no_form_tells_of_the_rest(console: Console, world: World) -> None:
    person = console.person(role="admin", **LIMITED)
    for one in world.hidden:
        answers = [
            person.post(
                f"/events/{event_id}/reveal", reason="ticket 7", pointer="/actor/email"
            )
            for event_id in (one.event_id, str(uuid4()))
        ]
        assert answers[0].status_code == answers[1].status_code
        assert one.actor not in answers[0].text
        assert OTHER not in answers[0].text


def test_a_verification_is_of_whole_streams_whatever_period_one_sees(
    console: Console,
) -> None:
    trail = console.api.trail
    insert(trail, event(timestamp="2026-03-10T00:00:00Z"))  # recorded long after
    seal(trail)
    person = console.person(role="auditor", **LIMITED)
    place = person.post("/integrity/verify").headers["location"]
    until(lambda: "Verified" in person.get(place), "an end")
    assert "every entry of main, whenever it happened" in person.get(place)
    with unguarded(trail) as superuser:
        superuser.execute("update prooftrail.log set actor = 'x' where seq = 1")
    # the run that has ended is given up a moment after its result is kept
    until(lambda: person.post("/integrity/verify").status_code == 303, "a begin")
    until(lambda: "did not pass: tampered" in person.get("/integrity"), "an end")
    found = re.findall(r"/integrity/runs/[0-9a-f-]+", person.get("/integrity"))
    told = person.get(found[0])
    assert "without its place: it may lie outside of what may be seen" in told
    assert "seq" not in told
