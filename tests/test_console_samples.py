"""The console's page of samples: drawn, recorded, listed, and given to nobody else."""

from __future__ import annotations

import io
import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pypdf

from prooftrail.sampling import drawing
from tests.recording import seal
from tests.sealing import log
from tests.watching_rig import until

if TYPE_CHECKING:
    from tests.console_rig import Console, Person

SEED = "Keller <b>2026</b>"
ASKED = {"q": "action:customer.*", "during": "this-year", "n": "2", "seed": SEED}


def drawn(person: Person, **form: str) -> str:
    """Draw, wait for the pack, and return its address."""
    answer = person.post("/samples", **form)
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    until(lambda: "Take the PDF" in person.get(place), "made")
    return str(place)


def test_a_sample_is_drawn_recorded_and_listed(console: Console) -> None:
    for number in range(5):
        console.record(resource={"type": "customer", "id": f"cust_{number}"})
    console.api.seal()
    person = console.person()
    assert "Draws that the trail has" not in person.get("/samples")
    place = drawn(person, **ASKED)
    assert "2 of 5 events were drawn." in person.get(place)
    file = pypdf.PdfReader(io.BytesIO(person.http.get(f"{place}/file").content))
    listing = file.attachments["population.txt"][0].decode().splitlines()
    rows = file.attachments["rows.jsonl"][0].decode().splitlines()
    wanted = [listing[one.position].split()[1] for one in drawing.draw(SEED, 5, 2)]
    assert [str(json.loads(row)["seq"]) for row in rows] == wanted
    seal(console.api.trail)
    told = [one["action"] for one in log(console.api.trail)]
    assert told.count("prooftrail.sample.draw") == 1
    assert told.index("prooftrail.sample.draw") < told.index("audit.log.export")
    page = person.get("/samples")
    assert "Draws that the trail has" in page
    assert "Keller &lt;b&gt;2026&lt;/b&gt;" in page
    assert "<b>2026" not in page
    other = console.person(email="ida@auditors.example", role="admin")
    assert other.http.get(place).status_code == 404
    assert "Keller &lt;b&gt;" in other.get("/samples")


def test_what_is_wrong_is_told_and_what_was_typed_stays(console: Console) -> None:
    person = console.person()
    for wrong, told in (
        ({"n": "many"}, "How many are drawn is a number"),
        ({"n": "0"}, "1 to 1,000"),
        ({"seed": ""}, "Seed:"),
        ({"seed": "\u00e9"}, "Seed:"),
        ({"q": "rolle:admin"}, "rolle"),
        ({"during": "sometimes"}, "sometimes"),
    ):
        answer = person.post("/samples", **(ASKED | wrong))
        assert answer.status_code == 400, wrong
        assert told in answer.text
        assert 'value="action:customer.*"' in answer.text or "q" in wrong
    forged = person.http.post("/samples", data={"csrf": "0" * 64, **ASKED})
    assert forged.status_code == 403


def test_a_draw_is_of_what_one_may_see(console: Console) -> None:
    console.api.trail.stream("other")
    console.record()
    console.api.seal()
    limited = console.person(
        email="ida@auditors.example", role="auditor", streams=("other",)
    )
    place = drawn(limited, **(ASKED | {"q": "action:customer.pii.view"}))
    assert "Nothing was drawn: no event answers the query." in limited.get(place)


def test_the_grants_page_leads_to_a_sample_of_them(console: Console) -> None:
    console.record(
        action="admin.permission.grant", resource={"type": "staff", "id": "usr_2"}
    )
    console.api.seal()
    person = console.person()
    (link,) = re.findall(r'href="(/samples\?[^"]+)"', person.get("/grants"))
    page = person.get(unescape(link))
    (population,) = re.findall(r'name="q" value="([^"]*)"', page)
    assert 'name="during" value=""' in page
    form = {"q": unescape(population), "during": "", "n": "25", "seed": "x"}
    place = drawn(person, **form)
    assert "The sample is the whole population, 1 event." in person.get(place)
