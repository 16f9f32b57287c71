"""GET /audit/reports/pii-access: its editions, over real HTTP."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from uuid import uuid4

import pypdf

from prooftrail.reports.document import ROWS
from tests.api_rig import serving
from tests.sealing import event, insert, seal
from tests.test_report_pii_access import four

if TYPE_CHECKING:
    import pytest

    from tests.trail import Trail


def test_it_is_given_over_http_as_an_edition(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    four(trail)
    with (
        serving(trail, monkeypatch) as api,
        api.client(api.key("auditor")) as client,
    ):
        place = "/audit/reports/pii-access"
        given = {"during": "2026-Q1", "edition": "data-subject", "resource": "cust_1"}
        answer = client.get(place, params=given)
        assert answer.status_code == 200, answer.text
        assert not zipfile.is_zipfile(io.BytesIO(answer.content))
        read = pypdf.PdfReader(io.BytesIO(answer.content))
        rows = read.attachments["rows.jsonl"][0].decode().splitlines()
        counted = client.get(
            "/audit/events/count",
            params={"q": "pii:yes during:2026-Q1", "resource": "cust_1"},
        )
        assert len(rows) == counted.json()["count"] == 4
        for wrong, words in (
            ({"edition": "none"}, "there is no edition 'none'"),
            ({"edition": "data-subject"}, "name him by his whole id"),
            ({**given, "actor": "usr_1"}, "leave actor out"),
        ):
            answer = client.get(place, params=wrong)
            assert answer.status_code == 400, answer.text
            assert words in answer.text
        answer = client.get("/audit/reports/failed-auth", params={"edition": "auditor"})
        assert answer.status_code == 400
        assert "no parameter 'edition'" in answer.text
        api.seal()
        asked = {"action": "audit.log.export"}
        (export,) = client.get("/audit/events", params=asked).json()["events"]
    assert export["details"]["options"]["edition"] == "data-subject"
    assert export["details"]["rows"] == 4


def test_several_volumes_come_as_a_zip_each_whole_by_itself(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = event(
        action="customer.pii.view",
        resource={"type": "customer", "id": "cust_1"},
        pii={"fields": ["email"], "classes": ["contact.email"]},
    )
    insert(trail, *({**seen, "eventId": str(uuid4())} for _ in range(ROWS + 1)))
    seal(trail)
    with (
        serving(trail, monkeypatch) as api,
        api.client(api.key("auditor")) as client,
    ):
        answer = client.get("/audit/reports/pii-access")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == ["pii-access-1.pdf", "pii-access-2.pdf"]
        read = [pypdf.PdfReader(packed.open(name)) for name in packed.namelist()]
        rows = [one.attachments["rows.jsonl"][0].splitlines() for one in read]
    assert [len(one) for one in rows] == [ROWS, 1]
    assert len({line for one in rows for line in one}) == ROWS + 1
