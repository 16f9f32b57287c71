"""Attacks 18 and 19: what a writer puts into events; sealed, it is inert.

How the parsers refuse it is tested with them; here it goes through the inbox of a real
database, and whatever becomes of it, the log verifies.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail.core.harmless import harmless
from prooftrail.verification.render import as_json, lines
from tests.attacks.rig import MAIN, event

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

COMMITMENT = "sha256:" + "ab" * 32


def stated(**changes: Any) -> str:
    return json.dumps(event(901) | changes)


SEALED = {
    "trail.*": stated(action="trail.stream.create"),
    "Trail.*": stated(action="Trail.Prune"),
    "$source": stated(**{"$source": {"login": "postgres", "channel": "socket"}}),
    "$$source": stated(**{"$$source": {"login": "postgres"}}),
    "$protected": stated(details={"$protected": {"class": "x"}}),
    "another event's commitment": stated(
        details={"email": {"$protected": {"class": "c", "commitment": COMMITMENT,
                                          "subject": "cust_1"}}},
    ),
    "$number that is none": stated(details={"n": {"$number": "NaN"}}),
    "fractional numbers": '{"actor": {"userId": "a"}, "action": "a.b", "result":'
    ' "success", "details": {"a": 1.10, "b": 1e400, "c": -0.0, "d":'
    " 12345678901234567890}}",
    "non-canonical spelling": '{ "result" :"success",\n"action":"a\\u002eb" , "actor":'
    ' {"userId":"\\u0061"}, "details": {"\\u00e9": 1, "e\\u0301": 2}}',
    "upper-case eventId": stated(eventId="ABCDEF00-0000-4000-8000-00000000000A"),
    "an offset": stated(timestamp="2026-02-17T14:23:01+09:00"),
    "no eventId": stated(eventId=None, timestamp=None),
    "a very long id": stated(resource={"type": "x" * 300, "id": "y" * 900}),
    "a subject twice": stated(subjects=["a", "a", "b", "cust_901"]),
    "long subjects alike": stated(subjects=["s" * 250 + "1", "s" * 250 + "2"]),
    "odd addresses": stated(actor={"userId": "u", "ipAddress": "fe80::1%eth0"}),
    "CR/LF": stated(actor={"userId": "u\r\nroot"}, details={"a\r\nb": "c\r\nd"}),
    "bidi": stated(resource={"type": "t", "id": "\u202egnp.exe\u2066"}),
    "terminal escapes": stated(resource={"type": "\x1b[2J", "id": "\x1b]0;x\x07"}),
    "HTML": stated(actor={"userId": "<script>alert(1)</script>"}),
    "a CSV formula": stated(resource={"type": "=cmd|' /C calc'!A0", "id": "@SUM(1)"}),
    "PDF markup": stated(details={"x": "%PDF-1.7 endobj << /JS (app.alert(1)) >>"}),
    "SQL": stated(resource={"type": "'; drop table log; --", "id": "\\'; --"}),
    "zero-width": stated(actor={"userId": "usr_1\u200b\ufeff"}),
    "noncharacters": stated(details={"x": "\ufffe\uffff\U0010ffff"}),
}  # fmt: skip

REFUSED = {
    "duplicate keys": '{"actor": {"userId": "a"}, "actor": {"userId": "b"},'
    ' "action": "a.b", "result": "success"}',
    "duplicate keys spelled apart": '{"actor": {"userId": "a", "\\u0075serId": "b"},'
    ' "action": "a.b", "result": "success"}',
    "NaN": stated(details={"x": float("nan")}),
    "Infinity": stated(details={"x": float("inf")}),
    "a lone surrogate": '{"actor": {"userId": "\\ud800"}, "action": "a.b",'
    ' "result": "success"}',
    "U+0000": '{"actor": {"userId": "a\\u0000b"}, "action": "a.b",'
    ' "result": "success"}',
    "100 levels": stated(details=json.loads('{"a":' * 100 + "1" + "}" * 100)),
    "100,000 levels": '{"actor": {"userId": "a"}, "action": "a.b", "result": "success",'
    ' "details": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "a string of 16 MB": stated(details={"x": "y" * 16_000_000}),
    "300 KiB": stated(details={"x": "y" * 300_000}),
    "checksum": stated(checksum=COMMITMENT),
    "seq": stated(seq=3),
    "recordedAt": stated(recordedAt="2026-01-01T00:00:00Z"),
    "a comment": '{"actor": {"userId": "a"}, /* */ "action": "a.b",'
    ' "result": "success"}',
    "two values": stated() + stated(),
    "no object": "[]",
    "nothing": "",
    "a byte order mark": "\ufeff" + stated(),
    "a time far ahead": stated(timestamp="2999-01-01T00:00:00Z"),
    "no time": stated(timestamp="2026-02-30T00:00:00Z"),
    "no uuid": stated(eventId="1"),
}


@pytest.mark.parametrize("name", SEALED)
def test_18_19_sealed_and_inert(attacked: Attacked, name: str) -> None:
    attacked.insert(SEALED[name])
    with attacked.sealer() as sealer:
        done = sealer.drain()
    assert (done.events, done.quarantined) == (1, 0)
    report = attacked.verify(anchored=True)
    assert report.findings == []
    kind, action, event_bytes = attacked.execute(
        "select kind, action, event from prooftrail.log where stream = 1 and seq = %s",
        (MAIN,),
    ).fetchone() or (None, "", b"")
    value = json.loads(event_bytes)
    assert kind == 0  # never one of the trail's own
    assert not action.startswith("trail.")
    assert value["$source"]["login"] == "prooftrail_writer"
    assert done.statements == (1 if name.lower().startswith("trail") else 0)


@pytest.mark.parametrize("name", REFUSED)
def test_18_refused_kept_and_stated(attacked: Attacked, name: str) -> None:
    attacked.insert(event(910), REFUSED[name], event(911))
    with attacked.sealer() as sealer:
        done = sealer.drain()
    # one bad row never fails a batch
    assert (done.events, done.quarantined, done.statements) == (2, 1, 1)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [one.kind.value for one in report.findings] == ["quarantined"]


def test_18_a_string_of_50_mb_is_refused_at_the_door(attacked: Attacked) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="event_at_most_16_mib"):
        attacked.insert(stated(details={"x": "y" * 50_000_000}))
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 0
    assert attacked.verify(anchored=True).verdict.exit_code == 0


NASTY = "x\r\n\x1b[2Jverified\u202e\u2066\x9b\x00"[:-1]


def test_19_what_a_superuser_writes_into_names_does_nothing_to_a_terminal(
    attacked: Attacked,
) -> None:
    attacked.disarm()
    for change in (
        "update prooftrail.stream set name = %s where number = 1",
        "update prooftrail.stream set base = %s where number = 1",
        "update prooftrail.log set event = convert_to(%s, 'UTF8') where seq = 0",
        "update prooftrail.checkpoint set note = replace(note, 'test.example', %s)",
        "update prooftrail.subject set subject = %s where seq = 101 and stream = 1",
    ):
        attacked.execute(change, (NASTY,))
        report = attacked.verify(anchored=True)
        assert report.verdict.exit_code == 1
        for line in lines(report):
            assert line.isprintable()
        text = json.dumps(as_json(report))
        assert text.isascii()


def test_19_harmless_leaves_ordinary_text_alone() -> None:
    for text in ("main", "Grüße ✗ …", "日本 語"):
        assert harmless(text) == text
    assert harmless("a\tb\u2028c\u202ed\x85") == "a\\tb\\u2028c\\u202ed\\x85"
