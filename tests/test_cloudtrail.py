"""CloudTrail: all 2,900 real records of an attack simulation."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import Any

from prooftrail.capture.stating import Stating
from prooftrail.core import events, jcs, normal
from prooftrail.importers import Imported, cloudtrail
from tests.real_data import FILES, needs_data

pytestmark = needs_data

FRACTIONS = [
    "1.688560107857E9", "1.688992107857E9", "1.68890570862E9", "1.68899210862E9",
]  # fmt: skip
NOW_US = 1_800_000_000_000_000
MOVED = {
    "eventID": ("eventId",),
    "eventTime": ("timestamp",),
    "userAgent": ("actor", "userAgent"),
    "requestID": ("context", "requestId"),
}


@cache
def records() -> list[dict[str, Any]]:
    found = [record for path in FILES for record in cloudtrail.read_records(path)]
    assert all(isinstance(record, dict) for record in found)
    return found  # type: ignore[return-value]


@cache
def imported() -> list[Imported]:
    return [item for path in FILES for item in cloudtrail.read_events(path)]


def all_events() -> list[dict[str, Any]]:
    return [item.outcome for item in imported() if isinstance(item.outcome, dict)]


def test_each_of_the_2900_records_becomes_an_event_of_its_own() -> None:
    assert len(FILES) == 55
    assert len(all_events()) == len(imported()) == 2_900
    assert len({event["eventId"] for event in all_events()}) == 2_900
    assert imported()[0].where == f"{FILES[0]}, record 1"


def test_a_second_reading_gives_the_same_events() -> None:
    again = [item for path in FILES for item in cloudtrail.read_events(path)]
    assert [jcs.canonical(item.outcome) for item in again] == [
        jcs.canonical(item.outcome) for item in imported()
    ]


def test_every_event_can_be_recorded_and_a_recorder_redacts_no_more() -> None:
    stating = Stating(clock=lambda: NOW_US, random=bytes, redactor=cloudtrail.REDACTOR)
    for event in all_events():
        assert cloudtrail.REDACTOR.redact(event) == (event, [])
        stated = stating.state(event, {})
        assert stated.texts == [jcs.canonical(event).decode()]
        data = jcs.canonical(normal.escape(normal.plain(event)))
        events.check(data, event, now_us=NOW_US)


def test_nothing_of_a_record_is_lost_but_secrets() -> None:
    for record, event in zip(records(), all_events(), strict=True):
        rebuilt = dict(event["details"])
        pointers = rebuilt.pop("redacted", [])
        for key, way in MOVED.items():
            if key in record:
                found: Any = event
                for step in way:
                    found = found[step]
                rebuilt[key] = found
        actor = event["actor"]
        rebuilt["sourceIPAddress"] = actor.get("ipAddress") or actor["host"]
        assert rebuilt.keys() == record.keys()
        expected, found_pointers = cloudtrail.REDACTOR.redact(record)
        assert rebuilt == expected
        assert pointers == found_pointers
        for pointer in pointers:
            hide(rebuilt, pointer)
            record = hidden_copy(record, pointer)  # noqa: PLW2901
        assert rebuilt == record


def hide(record: Any, pointer: str) -> None:
    *way, last = pointer.split("/")[1:]
    for step in way:
        record = record[step]
    record[last] = "?"


def hidden_copy(record: dict[str, Any], pointer: str) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(record))
    hide(copy, pointer)
    return copy


def test_what_is_secret_in_the_data_is_gone() -> None:
    raw = "".join(path.read_text() for path in FILES)
    tokens = re.findall(r'"sessionToken": ?"([^"]+)"', raw)
    assert len(tokens) == 36
    text = json.dumps(all_events())
    for token in tokens:
        assert token not in text
    assert "IQoJb3JpZ2lu" not in text
    redacted = Counter(
        pointer
        for event in all_events()
        for pointer in event["details"].get("redacted", [])
    )
    assert redacted == {"/responseElements/credentials/sessionToken": 36}


def test_identifiers_and_certificates_stay() -> None:
    text = json.dumps(all_events())
    for kept in (
        "AKIATFQR7NSC8Q4X20BJ", "BEGIN CERTIFICATE", "HIDDEN_DUE_TO_SECURITY_REASONS",
        "secret:stratus-red-team-retrieve-secret-17-", '"nextToken": "AAEAA',
        "86C58940-D407-4E02-A617-E40168CFDBE2", "mfaAuthenticated",
    ):  # fmt: skip
        assert kept in text


def test_fractional_numbers_keep_their_spelling() -> None:
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.extend([value["$number"]] if "$number" in value else [])
            value = list(value.values())
        for item in value if isinstance(value, list) else ():
            walk(item)

    walk(all_events())
    assert sorted(found) == sorted(FRACTIONS)


def test_host_names_go_to_host_and_addresses_to_ip_address() -> None:
    hosts = Counter(
        event["actor"]["host"] for event in all_events() if "host" in event["actor"]
    )
    assert sum(hosts.values()) == 353
    assert hosts["AWS Internal"] == 170
    assert sum("ipAddress" in event["actor"] for event in all_events()) == 2_547


def test_results_follow_the_error_codes() -> None:
    results = Counter(event["result"] for event in all_events())
    assert results == {"success": 2_600, "failure": 240, "denied": 60}
    denied = {
        event["details"]["errorCode"]
        for event in all_events()
        if event["result"] == "denied"
    }
    assert denied == {"Client.UnauthorizedOperation", "AccessDenied"}


def test_actors_are_people_services_and_roles() -> None:
    actors = [event["actor"] for event in all_events()]
    assert Counter(actor["type"] for actor in actors) == {"user": 2_795, "service": 105}
    assert all(actor["userId"] for actor in actors)
    assert sum("role" in actor for actor in actors) == 76
    assert {event["action"].count(".") for event in all_events()} == {2}
