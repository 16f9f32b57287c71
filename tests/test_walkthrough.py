"""The auditors' questions on the example's traffic, compared with what was done.

PROOFTRAIL_TEST_DAYS=90 asks them of ninety days, for three seeds.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from examples.fintech.traffic import compare

from prooftrail.sampling import drawing
from prooftrail.store import authority, searching
from prooftrail.store.question import ANSWERS, Exactly, Question, Term
from tests.company_rig import DAYS, SEEDS, lived
from tests.console_rig import visited
from tests.searched import asker
from tests.test_questions import numbers
from tests.trail import now_us

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from examples.fintech.traffic.truth import Truth

    from tests.console_rig import Console
    from tests.trail import Trail

TOKEN = "of a test"
# what ninety days have of these, in three
SHORT = {
    1: ("_break_glass", "_past_the_application", "_down", "_self_granted"),
    2: ("_export_at_night", "_leaver"),
}
SOME = 12  # customers whose page and call are asked for


class Asked(NamedTuple):
    """A company's days, and who asks about them."""

    console: Console
    client: httpx.Client
    truth: Truth
    begin: date

    @property
    def during(self) -> str:
        """All of the days, as a filter."""
        return f"during:{self.begin}..{self.begin + timedelta(days=DAYS - 1)}"

    def get(self, path: str, **params: str) -> dict[str, Any]:
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


@pytest.mark.parametrize("seed", SEEDS)
def test_each_question_is_answered_as_it_was_done(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    truth, begin, _ = lived(trail, tmp_path, monkeypatch, seed, SHORT)
    assert compare.differences(trail.dsn, truth) == []
    with visited(trail, monkeypatch, tmp_path) as console:
        console.api.seal()  # what came after the last night: that capture ended
        with console.api.client(console.api.key("security")) as client:
            asked = Asked(console, client, truth, begin)
            who_accessed_personal_data(asked)
            who_saw_one_person(asked, trail)
            which_access_was_granted(asked)
            did_leavers_stay_active(asked)
            can_administrators_alter_the_log(asked, trail)
            which_accounts_are_dormant(asked)
            did_logging_never_stop(asked)
            was_anything_altered(asked, trail)


def who_accessed_personal_data(asked: Asked) -> None:
    """Question 1: the four answers, of everybody, are those of the plan."""
    q = f"pii:yes {asked.during}"
    told = asked.get("/audit/authority", q=q)
    names = {one: one.replace("break-glass", "breakGlass") for one in ANSWERS}
    counted = Counter(
        {
            (one["actor"] or "anonymous", answer): one[name]
            for one in told["actors"]
            for answer, name in names.items()
            if one[name]
        }
    )
    assert counted == asked.truth.personal
    in_all = {
        answer: sum(n for (_, its), n in counted.items() if its == answer)
        for answer in ANSWERS
    }
    assert all(in_all.values()), in_all  # or there was nothing to be missed
    assert {answer: told[name] for answer, name in names.items()} == in_all
    assert told["total"] == sum(in_all.values())
    assert told["others"] == 0
    for answer, count in in_all.items():
        by = f"{q} authorization:{answer}"
        assert asked.get("/audit/events/count", q=by)["count"] == count
    page = asked.console.person().get(f"/authority?q={q}")
    assert numbers(page) == {
        "Events in all": told["total"],
        **{answer.capitalize(): count for answer, count in in_all.items()},
    }


def who_saw_one_person(asked: Asked, trail: Trail) -> None:
    """Question 2: of each customer, exports and searches of many among them."""
    customers: dict[str, Counter[tuple[str, str]]] = {}
    for (customer, who, answer), count in asked.truth.touched.items():
        customers.setdefault(customer, Counter())[who, answer] = count
    assert len(customers) > 300
    pii = Term("pii", (Exactly(value=True),))
    with asker(trail, TOKEN) as readers, readers.reading(TOKEN) as reader:
        as_of = searching.ends(reader)
        for customer, done in customers.items():
            question = Question((Term("resource", (Exactly(customer),)), pii))
            found = authority.read(reader, question, as_of)
            counted = Counter(
                {
                    (one.id or "anonymous", answer): count
                    for one in found.actors
                    for answer, count in one.counts.items()
                    if count
                }
            )
            assert counted == done, customer
    person = asked.console.person(email="ida@auditors.example")
    most = sorted(customers, key=lambda one: -customers[one].total())
    for customer in most[:SOME]:
        told = asked.get("/audit/authority", resource=customer, pii="yes")
        assert told["total"] == customers[customer].total()
        page = person.get(f"/customer?id={customer}")
        assert numbers(page)["Events in all"] == customers[customer].total()


def which_access_was_granted(asked: Asked) -> None:
    """Questions 4 and 5: each grant, and which of them nobody else approved."""
    told = asked.get("/audit/grants", q=asked.during)
    counted = Counter(
        (one["action"], one["actor"], one["to"]["id"]) for one in told["grants"]
    )
    assert counted == asked.truth.granted
    assert told["total"] == counted.total() > 1
    for one in told["grants"]:  # the example's administrators state no approval
        selves = ["self-granted"] if one["actor"] == one["to"]["id"] else []
        assert one["fails"] == ["not-approved", *selves]
    himself = {one["actor"] for one in told["grants"] if "self-granted" in one["fails"]}
    planted = {
        who
        for one in asked.truth.anomalies
        if one.kind == "privilege escalation"
        for who in one.accounts
    }
    assert himself == planted
    assert told["fails"]["self-granted"] == len(planted) == 1
    drawn = asked.get("/audit/grants", q=asked.during, n="25", seed="Gil, question 4")
    assert drawn["grants"] == told["grants"]
    sample = drawn["sample"]
    assert (sample["population"], sample["draw"]) == (told["total"], 1)
    ordered = sorted(told["grants"], key=lambda one: one["seq"])
    chosen = drawing.draw("Gil, question 4", told["total"], 25)
    assert [(one["k"], one["position"]) for one in sample["items"]] == [
        (one.number, one.position) for one in chosen
    ]
    assert [one["eventId"] for one in sample["items"]] == [
        ordered[one.position]["eventId"] for one in chosen
    ]
    page = asked.console.person(email="gil@auditors.example").get(
        f"/grants?q={asked.during}"
    )
    assert numbers(page) == {
        "Grants in all": told["total"],
        "Approved beforehand, by somebody else": 0,
        "Not so": told["total"],
    }


def did_leavers_stay_active(asked: Asked) -> None:
    """Question 6: by a list of who left, and of three who are still here."""
    truth = asked.truth
    assert truth.leavers
    here = sorted({*truth.accounts} - {*truth.leavers} - truth.disabled)[:3]
    left = {**truth.leavers, **dict.fromkeys(here, "2999-12-31")}
    lines = "".join(f"{who},{day[:10]}\n" for who, day in left.items())
    kind = {"Content-Type": "text/csv"}
    answer = asked.client.post("/audit/leavers", content=lines, headers=kind)
    assert answer.status_code == 200, answer.text
    told = {one["account"]: one for one in answer.json()["leavers"]}
    assert {*told} == {*left}
    anomalies = {
        who: one
        for one in truth.anomalies
        if one.kind == "leaver's use"
        for who in one.accounts
    }
    for who, one in told.items():
        found = asked.get("/audit/events/count", q=one["query"])["count"]
        assert one["uses"] == found
        if who in anomalies:
            assert one["state"] == "used"
            since, until = anomalies[who].since, anomalies[who].until
            assert moment(one["firstUse"]) == datetime.fromisoformat(since)
            assert moment(one["lastUse"]) == datetime.fromisoformat(until)
            assert one["disabled"][:10] == one["firstUse"][:10]
            assert one["daysLate"] == 1
        else:
            assert (one["state"], one["uses"], one["daysLate"]) == ("ended", 0, 0)
    assert {who for who, one in told.items() if one["uses"]} == {*anomalies}


def can_administrators_alter_the_log(asked: Asked, trail: Trail) -> None:
    """Question 7: who could is who the catalog says; nobody did."""
    rows = trail.superuser().execute(
        "select r.rolname from pg_roles r where r.rolcanlogin and (r.rolsuper"
        " or pg_has_role(r.oid, (select nspowner from pg_namespace"
        "                         where nspname = 'prooftrail'), 'member'))"
    )
    known = {str(row[0]) for row in rows.fetchall()}
    told = asked.get("/audit/administrators", q=asked.during)
    could = {
        one["login"]
        for one in told["could"]
        if one["power"] in {"superuser", "may act as the owner"}
    }
    assert could == known
    done = {one["action"]: one["n"] for one in told["acts"]["actions"]}
    assert done == {"trail.stream.create": 1}
    assert told["acts"]["total"] == 1
    assert told["verification"] is None
    assert verdict(asked) == "verified"
    told = asked.get("/audit/administrators", q=asked.during)
    assert told["verification"]["verdict"] == "verified"


def which_accounts_are_dormant(asked: Asked) -> None:
    """Question 9: whoever was not used for so long, and nobody else."""
    age = (datetime.fromtimestamp(now_us() / 1e6, UTC).date() - asked.begin).days
    for days in {90, age - 1, age - DAYS // 2}:
        told = asked.get("/audit/accounts", days=str(days))
        states = {
            one["account"]: one["state"]
            for one in told["accounts"]
            if not one["account"].startswith("person:")  # who asks
        }
        now = datetime.fromisoformat(told["asOf"])
        since = now - timedelta(days=days)
        expected = {
            who: "disabled"
            if who in asked.truth.disabled
            else "active"
            if datetime.fromisoformat(at) > since
            else "dormant"
            for who, at in asked.truth.accounts.items()
        }
        assert states == expected, days
        assert days >= age or "dormant" in states.values()
        assert "active" in states.values()
        assert "disabled" in states.values()


def did_logging_never_stop(asked: Asked) -> None:
    """Question 10: it stopped when the application did, and at no other time."""
    told = asked.get("/audit/continuity", q=asked.during)
    stops = [(moment(one["from"]), moment(one["to"])) for one in told["stops"]]
    begin = datetime(*asked.begin.timetuple()[:3], tzinfo=UTC)
    end = begin + timedelta(days=DAYS, microseconds=-1)
    assert stops == [
        *((moment(one), moment(other)) for one, other in asked.truth.down),
        (end, None),  # the simulation's end
    ]
    assert len(stops) > 1
    assert told["unended"] == []
    moments = sorted(asked.truth.moments)
    gaps = sorted(
        ((b - a, a, b) for a, b in itertools.pairwise(moments)),
        key=lambda one: (-one[0], one[1]),
    )
    silences = [(moment(one["from"]), moment(one["to"])) for one in told["silences"]]
    assert silences == [(a, b) for _, a, b in gaps[:5]]
    (signed,) = told["signatures"]
    assert signed["n"] >= DAYS
    assert max(one["seconds"] for one in signed["longest"]) <= 86_400


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def was_anything_altered(asked: Asked, trail: Trail) -> None:
    """Question 3: nothing was; and once something is, it is found."""
    assert verdict(asked) == "verified"
    admin = trail.superuser()
    for (table,) in admin.execute(
        "select c.oid::regclass::text from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where nspname like 'prooftrail%'"
        " and relname ~ '^log' and relkind in ('p', 'r')"
    ).fetchall():
        admin.execute(f"alter table {table} disable trigger user")
    altered = admin.execute(  # the first day comes one after another, all of it done
        "update prooftrail.log set result = 'denied'"
        " where stream = 1 and seq = 200 and result = 'success'"
    )
    assert altered.rowcount == 1
    assert verdict(asked) == "tampered"


def verdict(asked: Asked) -> str:
    answer = asked.client.get("/audit/integrity-check")
    assert answer.status_code == 202, answer.text
    for _ in range(600):
        run = asked.get(answer.json()["result"])
        if run["state"] != "running":
            return str(run["verdict"])
        time.sleep(0.1)
    raise AssertionError("the verification does not end")
