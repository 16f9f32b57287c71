"""The pages of a person and of a customer: exact over all that the visitor may see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prooftrail.console import people

if TYPE_CHECKING:
    from tests.console_rig import Console

ALLOWED = {"decision": "allowed", "basis": "role", "name": "support"}


def filled(console: Console) -> list[str]:
    """Record what more than one page has; return the ids, the oldest first."""
    ids = []
    for n in range(40):
        who = f"usr_{1 + n % 2}"
        ids.append(
            console.record(
                timestamp=f"2026-03-{1 + n // 2:02}T10:{n:02}:00Z",
                actor={
                    "userId": who,
                    "name": f"{who} of day {n}",
                    "role": "support",
                    "ipAddress": f"203.0.113.{n % 4}",
                },
                action=("customer.pii.view", "customer.pii.update")[n % 3 == 0],
                result=("success", "denied")[n % 8 == 0],
                authorization=ALLOWED,
            )
        )
    console.api.seal()
    return ids


def numbers(page: str) -> dict[str, str]:
    """Return a page's figures, by what they are of."""
    found = re.findall(r"<dt>([^<]*)</dt><dd>(.*?)</dd>", page)
    return {
        name: re.sub(r"<[^>]+>", " ", text).split("  ")[0].strip() or text
        for name, text in found
    }


def rows(page: str, caption: str) -> list[list[str]]:
    """Return a table's rows as texts."""
    table = page.partition(f"<caption>{caption}</caption>")[2].partition("</table>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(CELL, row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    ]


CELL = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)


def test_a_persons_figures_are_of_everything(console: Console) -> None:
    filled(console)
    page = console.person().get("/person?id=usr_1")
    figures = numbers(page)
    assert figures["Events"] == "20"
    assert figures["Denied"] == "5"
    assert figures["Failed"] == "0"
    assert figures["Touched personal data"] == "20"
    assert "2026-03-01 to 2026-03-20" in figures["Active"]
    done = rows(page, "What was done")
    assert [(row[0], row[2]) for row in done] == [
        ("customer.pii.view", "13"),
        ("customer.pii.update", "7"),
    ]
    where = rows(page, "From where")
    assert where == [
        ["203.0.113.0", "10", "2026-03-19"],
        ["203.0.113.2", "10", "2026-03-20"],
    ]
    assert "usr_1 of day 38" in page


def test_figures_lead_to_the_searches_that_have_them(console: Console) -> None:
    filled(console)
    person = console.person()
    for path in ("/person?id=usr_1", "/customer?id=cust_1"):
        page = person.get(path)
        found = re.findall(r'<a[^>]*href="(/\?q=[^"]*)"[^>]*>(\d+)</a>', page)
        assert found, path
        for link, count in found:
            told = person.get(link.replace("&amp;", "&"))
            events = "event" if count == "1" else "events"
            assert f">{count} {events}<" in told, (path, link)


def test_a_list_goes_on_where_the_page_ends(console: Console) -> None:
    ids = filled(console)
    person = console.person()
    for path, wanted in (
        ("/person?id=usr_1", ids[::2]),
        ("/customer?id=cust_1", ids),
    ):
        page = person.get(path)
        seen = [one for one in wanted if one in page]
        assert len(seen) == min(len(wanted), people.SHOWN)
        onward = re.findall(r'hx-get="([^"]*cursor=[^"]*)"', page)
        if len(wanted) == len(seen):
            assert onward == []
            continue
        answer = person.http.get(
            onward[0].replace("&amp;", "&"), headers={"HX-Request": "true"}
        )
        rest = [one for one in wanted if one in answer.text]
        assert sorted(seen + rest) == sorted(wanted)


def test_a_customers_figures_are_of_everything(console: Console) -> None:
    filled(console)
    page = console.person().get("/customer?id=cust_1")
    figures = numbers(page)
    assert figures["Events in all"].startswith("40")
    assert "by 2 people, 2026-03-01 to 2026-03-20" in page
    told = [figures[one] for one in ("Authorised", "Break-glass", "Denied")]
    assert told == ["35", "0", "5"]
    assert figures["Unexplained"] == "0"
    by = rows(page, "By whom")
    assert [(row[0], row[2], row[7]) for row in by] == [
        ("usr_1 of day 38", "20", "2026-03-20"),
        ("usr_2 of day 39", "20", "2026-03-20"),
    ]
    assert [int(row[3]) for row in by] == [15, 20]


def test_who_is_not_named_is_counted(console: Console) -> None:
    console.record(authorization=ALLOWED)
    console.record(subjects=["cust_1"], actor={"type": "anonymous"})
    console.api.seal()
    page = console.person().get("/customer?id=cust_1")
    assert rows(page, "By whom")[-1][:3] == ["nobody named", "", "1"]


def test_people_have_their_names_whatever_they_did_last(console: Console) -> None:
    dani = {"userId": "usr_1", "email": "dani@company.com", "role": "support"}
    console.record(actor=dani)
    # its sentence begins with something else
    console.record(actor=dani, action="auth.logout", details={"reason": "user"})
    console.api.seal()
    person = console.person()
    (row,) = rows(person.get("/customer?id=cust_1"), "By whom")
    assert row[:2] == ["dani@company.com", "support"]
    assert "<h1>dani@company.com</h1>" in person.get("/person?id=usr_1")


def test_who_sees_a_period_has_figures_of_that_alone(console: Console) -> None:
    filled(console)
    person = console.person(
        from_us=1_772_323_200_000_000,  # 2026-03-01
        to_us=1_772_841_600_000_000,  # 2026-03-07
        streams=("main",),
    )
    page = person.get("/person?id=usr_1")
    assert numbers(page)["Events"] == "6"
    assert "2026-03-01 to 2026-03-06" in page
    page = person.get("/customer?id=cust_1")
    assert numbers(page)["Events in all"].startswith("12")
    assert "usr_2 of day 11" in page
    assert "of day 12" not in page
    assert "of day 39" not in page


def test_who_sees_a_period_is_offered_values_of_that_alone(console: Console) -> None:
    march, april = "2026-03-05T10:00:00Z", "2026-04-05T10:00:00Z"
    for name, at in (("usr_march", march), ("usr_april", april)):
        actor = {"userId": name, "role": f"role_{name}"}
        console.record(timestamp=at, actor=actor, action=f"app.{name}")
    console.api.seal()
    part = console.person(
        from_us=1_772_323_200_000_000, to_us=1_775_001_600_000_000, streams=("main",)
    )
    whole = console.person(email="whole@auditors.example")
    for text, value in (
        ("actor:usr_", "usr_"),
        ("pii:yes role:", "role_usr_"),
        ("-action:app.", "app.usr_"),
    ):
        told = part.get(f"/complete?q={text}")
        assert f'value="{text.rpartition(":")[0]}:{value}march"' in told
        assert "april" not in told
        assert f"{value}april" in whole.get(f"/complete?q={text}")
    views = [one for one in console.door.events() if one["action"] == "audit.log.view"]
    columns = ["actor", "role", "action"]
    assert [one["details"]["completions"] for one in views] == [
        column for column in columns for _ in (part, whole)
    ]
