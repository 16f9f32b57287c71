"""Whatever is asked over HTTP is answered as the document says, and nothing leaks."""

from __future__ import annotations

import os
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    load_all_checks,
    not_a_server_error,
)
from schemathesis.specs.openapi import checks

from prooftrail.access import tokens
from prooftrail.search.parameters import FILTERS
from tests.api_rig import Api, serving
from tests.fuzzing import FUZZ, PERSON, exchange, harmless, prepare, statuses, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

load_all_checks()
CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.allow_header_conformance,
    checks.ignored_auth,
]
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
EACH = 12  # requests an operation, mode and role


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for place in ("following", "checking"):
        monkeypatch.setattr(f"prooftrail.service.api.{place}.LONGEST", 0.5)
    with serving(trail, monkeypatch) as made:
        prepare(made)
        yield made


@pytest.mark.parametrize("role", [None, "writer", "auditor", "security", "admin"])
def test_every_operation_answers_as_the_document_says(api: Api, role: Any) -> None:
    with api.client(api.key("auditor")) as client:
        document = client.get("/openapi.json").json()
    token = tokens.make(os.urandom) if role is None else api.key(role)
    headers = {"Authorization": f"Bearer {token}"}
    schema = schemathesis.openapi.from_dict(document)
    seen = set()
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        told = document["paths"][operation.path][operation.method]
        takes = "parameters" in told or "requestBody" in told
        for mode in MODES if takes else MODES[:1]:

            @settings(FUZZ, max_examples=EACH)
            @given(case=operation.as_strategy(generation_mode=mode))
            def fuzz(case: Any) -> None:
                answer = case.call(base_url=api.url, headers=headers)
                case.validate_response(
                    answer,
                    checks=CHECKS,
                    headers=headers,
                    transport_kwargs={"base_url": api.url, "headers": headers},
                )
                harmless(answer.status_code, answer.text, token, busy=(503,))
                seen.add((case.operation.label, answer.status_code))

            fuzz()
    if role is None:
        assert {status for _, status in seen} <= {200, 400, 401, 404, 405}
        assert {name for name, status in seen if status == 200} == {"GET /healthz"}
    else:
        assert len({name for name, _ in seen}) == 26
    well(api, token)


HOSTILE = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "%",
    "*" * 999,
    "%_\\",
    "'; drop table prooftrail.log; --",
    "../../etc/passwd",
    "٣",  # a digit, and no ASCII one
    "-0",
    "-1",
    "9" * 18,
    "9" * 400,
    "1e9",
    "0x10",
    "1_000",
    "NaN",
    "\ufeff",
    "\U0010ffff*",
    "\ud7ff*",
    "x" * 1_001,
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-02-29",
    "\uff12\uff10\uff12\uff16-01-01",
    "2026-01-01T00:00:60Z",
    "0.0.0.0/0",
    "::/0",
    "::ffff:1.2.3.4",
    "fe80::1%eth0",
    "1.2.3.4/33",
    "true",
    PERSON,
]
NAMES = (*FILTERS, "limit", "cursor", "after_seq", "follow", "q", "", "stream[]", "%00")
PATHS = ("", "/count", "/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "/x")
hostile = st.sampled_from(HOSTILE) | st.text(max_size=60)
pairs = st.lists(st.tuples(st.sampled_from(NAMES), hostile), max_size=5)


def asked(api: Api, token: str, target: bytes) -> bytes:
    """Ask for a target that no client would write."""
    head = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % target
    return exchange(api, head + b"Authorization: Bearer %s\r\n\r\n" % token.encode())


def test_no_parameter_is_more_than_not_understood(api: Api) -> None:
    token = api.key("auditor")

    @settings(FUZZ, max_examples=200)
    @given(st.sampled_from(PATHS), pairs)
    def fuzz(path: str, given_: list[tuple[str, str]]) -> None:
        with_surrogates = [
            (name, quote(value.encode("utf-8", "surrogatepass")))
            for name, value in given_
        ]
        query = "&".join(f"{name}={value}" for name, value in with_surrogates)
        answer = asked(api, token, f"/audit/events{path}?{query}".encode())
        (status,) = statuses(answer)
        harmless(status, answer.decode(errors="replace"), token)
        assert status in {200, 400, 404}

    fuzz()
    many = "&".join(["actor=x"] * 5_000).encode()
    for query in (many, b"limit=1&limit=2", b"cursor=a&cursor=b"):
        for path in (b"/audit/events", b"/audit/integrity-check"):
            assert statuses(asked(api, token, path + b"?" + query)) == [400]
    well(api, token)


def test_no_path_or_query_of_any_bytes_is_a_failure_of_ours(api: Api) -> None:
    token = api.key("admin")
    bytes_ = st.binary(max_size=40) | st.text("%0fFaA/.?&=;\\ ", max_size=30).map(
        str.encode
    )
    places = (
        b"/audit/events/",
        b"/audit/events?",
        b"/audit/events?actor=",
        b"/audit/integrity-check/",
        b"/audit/integrity-check?from=",
        b"/",
        b"",
        b"http://x/",
        b"//",
    )

    @settings(FUZZ, max_examples=200)
    @given(st.sampled_from(places), bytes_)
    def fuzz(place: bytes, rest: bytes) -> None:
        answer = asked(api, token, place + rest)
        for status in statuses(answer):
            harmless(status, answer.decode(errors="replace"), token)

    fuzz()
    well(api, token)


def test_a_cursor_with_any_bit_turned_is_refused_or_a_cursor(api: Api) -> None:
    token = api.key("auditor")
    with api.client(token) as client:
        cursor = client.get("/audit/events?limit=1").json()["cursor"]
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        for at in range(len(data) * 8):
            turned = bytearray(data)
            turned[at // 8] ^= 1 << at % 8
            text = urlsafe_b64encode(bytes(turned)).decode().rstrip("=")
            answer = client.get("/audit/events", params={"limit": 1, "cursor": text})
            harmless(answer.status_code, answer.text, token)
            assert answer.status_code in {200, 400}

        @settings(FUZZ)
        @given(st.binary(max_size=80), st.integers(-(2**70), 2**70))
        def fuzz(junk: bytes, number: int) -> None:
            text = urlsafe_b64encode(junk).decode()
            digest = zlib.decompress(data).split(b'"')[1].decode()
            made = f'[1,"{digest}",{number},{number},1,{{"1":{number}}}]'.encode()
            packed = urlsafe_b64encode(zlib.compress(made)).decode()
            plain = urlsafe_b64encode(made).decode()
            for one in (text, text.rstrip("="), packed.rstrip("="), packed, plain):
                answer = client.get("/audit/events", params={"limit": 1, "cursor": one})
                harmless(answer.status_code, answer.text, token)
                assert answer.status_code in {200, 400}

        fuzz()
    well(api, token)
