"""GET /audit/reports: over real HTTP."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING

import pypdf
import pytest

from prooftrail.integrity.findings import Weight
from prooftrail.reports import seals, verifying
from prooftrail.sampling import drawing
from prooftrail.signing import report_key
from tests.api_rig import serving
from tests.sealing import event, insert, seal
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.api_rig import Api
    from tests.trail import Trail

INTEGRITY = "/audit/reports/integrity"
SAMPLE = "/audit/reports/sample"


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    insert(trail, *(event() for _ in range(3)))
    seal(trail)
    with serving(trail, monkeypatch) as made:
        yield made


def test_the_integrity_report_comes_as_pdf_and_is_recorded(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        answer = client.get(INTEGRITY, params={"entity": "An Entity"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/pdf"
        read = pypdf.PdfReader(io.BytesIO(answer.content))
        first = " ".join(read.pages[0].extract_text().split())
        assert "Nothing was found altered, deleted or inserted." in first
        assert "An Entity" in first
        rows = read.attachments["rows.jsonl"][0].decode().splitlines()
        assert sum(json.loads(row)["entries"] for row in rows) >= 3
        run = json.loads(read.attachments["run.json"][0])
        api.seal()
        told = client.get("/audit/events", params={"action": "audit.*"}).json()
    [export] = [one for one in told["events"] if one["action"] == "audit.log.export"]
    assert export["details"]["report"] == "integrity"
    assert export["details"]["reportId"] == run["report"]["id"]
    assert "audit.chain.verify" in {one["action"] for one in told["events"]}


def test_a_sample_comes_as_pdf_and_its_draw_is_recorded(api: Api) -> None:
    given = {"q": "action:customer.*", "n": "2", "seed": "Ada 7", "by_month": "no"}
    with api.client(api.key("auditor")) as client:
        answer = client.get(SAMPLE, params=given)
        assert answer.status_code == 200, answer.text
        read = pypdf.PdfReader(io.BytesIO(answer.content))
        listing = read.attachments["population.txt"][0].decode()
        rows = read.attachments["rows.jsonl"][0].decode().splitlines()
        assert [json.loads(row)["position"] for row in rows] == [
            one.position for one in drawing.draw("Ada 7", 3, 2)
        ]
        assert len(listing.splitlines()) == 3
        api.seal()
        told = client.get("/audit/events", params={"action": "prooftrail.sample.draw"})
        [drawn] = told.json()["events"]
        assert drawn["details"]["draw"] == 1
        assert drawn["details"]["seed"] == "Ada 7"
        assert drawn["actor"]["type"] == "service"
        first = client.get(SAMPLE, params=given | {"seed": "Ada 8"})
        read = pypdf.PdfReader(io.BytesIO(first.content))
        assert "1 draw of this population" in read.pages[0].extract_text()


def test_it_is_signed_where_the_service_has_a_key(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    insert(trail, event())
    seal(trail)
    key = report_key.create(tmp_path / "key", "Example", os.urandom, now_us())
    with (
        serving(trail, monkeypatch, report_key=key) as api,
        api.client(api.key("auditor")) as client,
    ):
        pdf = client.get(INTEGRITY).content
    found = seals.look(pdf)
    assert found is not None
    assert found.wrong is None
    checked = verifying.check("a report", pdf, [], key.certificate)
    assert not [one for one in checked.findings if one.weight is Weight.FAILURE]
    at = len(pdf) // 2
    broken = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
    found = seals.look(broken)
    assert found is not None
    assert found.wrong is not None


@pytest.mark.parametrize(
    ("role", "limits", "path", "status", "words"),
    [
        ("writer", {}, INTEGRITY, 403, "may not verify"),
        ("auditor", {"from_us": 0}, INTEGRITY, 400, "limited to no period"),
        ("auditor", {}, "/audit/reports/nothing", 404, "no report of this name"),
        ("auditor", {}, f"{INTEGRITY}?q=role:admin", 400, "leave q out"),
        ("auditor", {}, f"{INTEGRITY}?during=then", 400, "is no period"),
        ("auditor", {}, f"{INTEGRITY}?color=red", 400, "color"),
        ("writer", {}, f"{SAMPLE}?n=3&seed=a", 403, "may not read"),
        ("auditor", {}, SAMPLE, 400, "a sample takes both"),
        ("auditor", {}, f"{SAMPLE}?n=3", 400, "a sample takes both"),
        ("auditor", {}, f"{SAMPLE}?n=0&seed=a", 400, "n: write a whole number"),
        ("auditor", {}, f"{SAMPLE}?n=3&seed=a%20%20b", 400, "seed: a seed has"),
        ("auditor", {}, f"{SAMPLE}?n=3&seed=a&seed=b", 400, "once"),
        ("auditor", {}, f"{SAMPLE}?n=3&seed=a&by_month=1", 400, "yes or no"),
        ("auditor", {}, f"{SAMPLE}?n=3&seed=a&q=rol:x", 400, "rol"),
    ],
)
def test_what_is_not_given_is_told(
    api: Api, role: str, limits: dict[str, int], path: str, status: int, words: str
) -> None:
    with api.client(api.key(role, **limits)) as client:  # type: ignore[arg-type]
        answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert words in answer.text


def test_which_reports_there_are_is_told(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        told = client.get("/audit/reports").json()["reports"]
    assert told[0]["name"] == "integrity"
    assert all(one["summary"] for one in told)


def test_a_report_comes_as_a_page_too(api: Api) -> None:
    with api.client(api.key("auditor")) as client:
        answer = client.get("/audit/reports/failed-auth", params={"format": "html"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "failed-auth.html" in answer.headers["content-disposition"]
        assert "No login failed." in answer.text
        answer = client.get(INTEGRITY, params={"format": "docx"})
        assert answer.status_code == 400
        assert "format is pdf or html" in answer.text
