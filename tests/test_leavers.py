"""Leavers: a list from HR against what accounts did; on a page and over HTTP."""

from __future__ import annotations

import hashlib
import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.console import leavers as page_of_leavers
from prooftrail.core import instants
from prooftrail.errors import QuestionError
from prooftrail.search import leaving
from prooftrail.search.leaving import of_csv, of_json
from tests.limits_rig import MARCH, OTHER
from tests.test_questions import numbers

if TYPE_CHECKING:
    import httpx

    from tests.console_rig import Console

CSV = {"Content-Type": "text/csv"}
LIST = """account,last_day
used,2026-03-10
back,2026-03-10
late,2026-03-10
cleaned,2026-03-10
dani@Company.com,2026-03-10
open,2026-03-10
nobody,2026-03-10
soon,2999-12-30
"""
END = "2026-03-10T23:59:59.999999Z"  # is still the last day
STATES = {
    "used": ("used", 2),
    "back": ("used", 1),
    "late": ("late", 0),
    "cleaned": ("ended", 0),
    "usr_1": ("used", 1),
    "usr_2": ("open", 0),
    "open": ("open", 0),
    "nobody": ("unknown", 0),
    "soon": ("ended", 0),
}


def filled(console: Console) -> None:
    def use(who: str, at: str, **more: Any) -> None:
        actor = {"userId": who, "email": more.pop("email", f"{who}@x.example")}
        stated = {"action": "auth.login.success", "timestamp": at, **more}
        console.record(actor=actor, subjects=[], pii=None, **stated)

    def disable(who: str, at: str, action: str = "admin.user.disable") -> None:
        staff = {"type": "staff", "id": who}
        use("root", at, action=action, resource=staff, details={"reason": "left"})

    for who in ("used", "back", "late", "cleaned", "open", "soon"):
        use(who, END)
    use("used", "2026-03-11T00:00:00Z")
    use("used", "2026-04-02T10:00:00Z")
    use("used", "2026-04-03T10:00:00Z", result="failure")  # no use
    use("root", "2026-04-03T11:00:00Z", resource={"type": "staff", "id": "used"})
    disable("back", "2026-03-10T17:00:00Z")
    use("back", "2026-03-20T09:00:00Z")
    disable("back", "2026-03-21T09:00:00Z")
    disable("late", "2026-03-12T00:30:00Z")
    # in time, though the account was used no more, and was removed later
    disable("cleaned", END)
    disable("cleaned", "2026-06-01T00:00:00Z", "admin.user.delete")
    # two accounts of one address, as their newest events have it
    use("usr_1", "2026-03-01T09:00:00Z", email="before@company.com")
    use("usr_1", "2026-03-11T09:00:00Z", email="dani@company.com")
    use("usr_2", "2026-03-09T09:00:00Z", email="DANI@company.com")
    console.api.seal()


def ask(client: httpx.Client, text: str = LIST) -> dict[str, Any]:
    answer = client.post("/audit/leavers", content=text, headers=CSV)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_each_leaver_is_told_with_uses_and_disabling(console: Console) -> None:
    filled(console)
    with console.api.client(console.api.key("auditor")) as client:
        told = ask(client)
        found = {one["account"]: one for one in told["leavers"]}
        for one in told["leavers"]:
            count = client.get("/audit/events/count", params={"q": one["query"]})
            assert count.json()["count"] == one["uses"]
    assert {who: (one["state"], one["uses"]) for who, one in found.items()} == STATES
    assert told["leavers"][0]["account"] == "used"
    used = found["used"]
    assert used["lastUseBefore"] == END
    assert used["firstUse"] == "2026-03-11T00:00:00Z"
    assert used["lastUse"] == "2026-04-02T10:00:00Z"
    assert used["lastDay"] == "2026-03-10"
    assert used["disabled"] is None
    now = instants.microseconds(told["asOf"]) // instants.DAY
    last_day = instants.microseconds("2026-03-10T00:00:00Z") // instants.DAY
    assert used["daysLate"] == found["open"]["daysLate"] == now - last_day
    assert found["back"]["disabled"] == "2026-03-21T09:00:00Z"
    assert found["back"]["daysLate"] == 11
    assert found["late"]["daysLate"] == 2
    assert found["cleaned"]["disabled"] == END
    assert found["cleaned"]["daysLate"] == found["soon"]["daysLate"] == 0
    assert found["usr_1"]["named"] == found["usr_2"]["named"] == "dani@Company.com"
    assert found["nobody"]["lastUseBefore"] is None
    assert found["nobody"]["daysLate"] is None
    for state in ("used", "open", "late", "unknown", "ended"):
        assert told[state] == sum(one == state for one, _ in STATES.values())
    assert told["total"] == len(STATES)


def test_nothing_of_a_list_is_kept_but_its_digest(console: Console) -> None:
    with console.api.client(console.api.key("auditor")) as client:
        told = ask(client, LIST.replace("\n", "\r\n"))
        assert told["unknown"] == told["total"] == 8
        listed = [line.split(",") for line in LIST.split()[1:]]
        body = {"leavers": [{"account": who, "lastDay": day} for who, day in listed]}
        asked = json.dumps(body).encode()
        kind = {"Content-Type": "application/json"}
        answer = client.post("/audit/leavers", content=asked, headers=kind)
        assert answer.json()["leavers"] == told["leavers"]
        console.person().post("/leavers", list=LIST)
        console.api.seal()
        views = {"q": "action:audit.log.view"}
        reads = client.get("/audit/events", params=views).json()["events"]
    digests = [hashlib.sha256(one).hexdigest() for one in (LIST.encode(), asked)]
    common = {"answer": "leavers", "lines": 8}
    assert [one["details"] for one in reads] == [
        {**common, "list": f"sha256:{digest}"}
        for digest in (digests[0], digests[1], digests[0])
    ]
    rows = console.api.trail.superuser().execute(
        "select count(*) from prooftrail.log"
        " where position('nobody' in convert_from(event, 'UTF8')) > 0"
    )
    assert rows.fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "nobody is on the list"),
        (b"usr_1", "line 1 of"),
        (
            b"account,last_day\nusr_1,2026-01-01\nusr_2,31.12.2026\n,2026-01-01",
            "3, 4 of",
        ),
        (b'"usr_1,2026-01-01\nusr_2,2026-01-01', "line 1 of"),
        (b"usr\0,2026-01-01", "line 1 of"),
        (b"x\n" * 20, "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 10 more of"),
        (b"usr_\xff,2026-01-01", "no UTF-8"),
        (b"x" * (leaving.MOST_BYTES + 1), "at most 262,144 bytes"),
        (
            b"".join(b"u%d,2026-01-01\n" % one for one in range(5_001)),
            "at most 5,000",
        ),
    ],
)
def test_what_is_no_list_is_said_by_line_with_what_one_is(
    text: bytes, told: str
) -> None:
    with pytest.raises(QuestionError, match=re.escape(told)):
        of_csv(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"leavers": []}',
        b'{"leavers": [{"account": "x"}]}',
        b'{"leavers": [{"account": "x", "lastDay": "never"}]}',
        b'{"leavers": [{"account": "x", "lastDay": "2026-01-01", "name": "X"}]}',
        b'{"leavers": [{"account": "\\u0000", "lastDay": "2026-01-01"}]}',
        b'{"leavers": [{"account": "\\ud800", "lastDay": "2026-01-01"}]}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_list_in_json_is_refused(text: bytes) -> None:
    with pytest.raises(QuestionError):
        of_json(text)


def test_a_list_reads_as_a_spreadsheet_writes_it() -> None:
    marked = (
        b'\xef\xbb\xbfaccount,last_day\r"a, ""b""",2026-03-10\r\n\r\nc , 2026-03-11'
    )
    assert {*of_csv(marked).since} == {'a, "b"', "c"}
    twice = of_csv(b"c,2026-03-11\nc,2026-03-10").since
    assert twice == of_csv(b"c,2026-03-10").since


def test_how_a_list_has_to_be_sent(console: Console) -> None:
    with console.api.client(console.api.key("auditor")) as client:
        for kind, text, status in (
            ({"Content-Type": "text/plain"}, "usr_1,2026-01-01", 415),
            (CSV, "usr_1", 400),
            (CSV, "x" * (leaving.MOST_BYTES + 1), 413),
        ):
            answer = client.post("/audit/leavers", content=text, headers=kind)
            assert answer.status_code == status, answer.text
        answer = client.post("/audit/leavers?q=x", content="a,2026-01-01", headers=CSV)
        assert answer.status_code == 400
    with console.api.client(console.api.key("writer")) as client:
        answer = client.post("/audit/leavers", content=LIST, headers=CSV)
        assert answer.status_code == 403


def test_a_key_of_a_stream_and_march_is_told_of_that_alone(console: Console) -> None:
    console.api.trail.stream(OTHER)
    filled(console)
    limits = {"names": ["main"], "from_us": MARCH[0], "to_us": MARCH[1]}
    elsewhere = {"names": [OTHER]}
    with console.api.client(console.api.key("auditor", **limits)) as client:
        used = ask(client, "used,2026-03-10")["leavers"][0]
        assert used["uses"] == 1
        assert used["lastUse"] == "2026-03-11T00:00:00Z"
        assert ask(client, "used,2026-02-10")["leavers"][0]["uses"] == 2
    with console.api.client(console.api.key("auditor", **elsewhere)) as client:
        told, absent = (
            ask(client, f"{who},2026-03-10\ndani@company.com,2026-03-10")
            for who in ("cleaned", "certain")
        )
        for answer in (told, absent):
            answer.pop("asOf")
        there = json.dumps(told).replace("cleaned", "certain")
        assert json.loads(there) == absent
        assert told["unknown"] == 2


def test_the_page_answers_a_list_and_gives_a_bad_one_back(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(console)
    person = console.person()
    assert "What the account did" not in person.get("/leavers")
    answer = person.post("/leavers", list=LIST.replace("\n", "\r\n"))
    assert answer.status_code == 200, answer.text
    page = answer.text
    assert numbers(page) == {
        "Leavers": len(STATES),
        "Used after leaving": 3,
        "Not disabled": 2,
        "Disabled late": 1,
        "Not known": 1,
        "As it should be": 2,
    }
    assert hashlib.sha256(LIST.encode()).hexdigest() in page
    links = re.findall(r'href="(/\?q=actor[^"]*)"', page)
    assert len(links) == 3
    for link in links:
        assert "No event answers" not in person.get(unescape(link))
    bad = person.post("/leavers", list="<b>,2026-03-10\nused,soon")
    assert bad.status_code == 400
    assert "line 2 of the list" in bad.text
    assert "&lt;b&gt;,2026-03-10" in bad.text
    assert "<b>" not in bad.text
    large = person.post("/leavers", list="x" * (page_of_leavers.MOST_BYTES + 1))
    assert large.status_code == 400
    forged = person.http.post("/leavers", data={"csrf": "0" * 64, "list": LIST})
    assert forged.status_code == 403
    monkeypatch.setattr(page_of_leavers, "SHOWN", 1)
    assert "The 1 of 9 that were used most" in person.post("/leavers", list=LIST).text
