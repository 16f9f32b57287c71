"""Whatever bytes come over HTTP, as body, header or anything else: refused, no more."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import settings as some
from hypothesis import strategies as st

from prooftrail.service.connections import Bounded
from tests.api_rig import Api, serving
from tests.fuzzing import FUZZ, exchange, harmless, prepare, statuses, well
from tests.stated import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

BODY = json.dumps({**EXAMPLE, "eventId": "?"}).encode()
MB = 1_000_000


@pytest.fixture
def api(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name in ("head_seconds", "body_seconds", "refused_seconds"):
        monkeypatch.setattr(Bounded, name, 1.0)
    with serving(trail, monkeypatch) as made:
        prepare(made)
        yield made


def event(**changes: Any) -> bytes:
    """Return the example with parts replaced, which are JSON texts or values."""
    pieces = []
    for name, value in {**EXAMPLE, "eventId": str(uuid4()), **changes}.items():
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        pieces.append(b'"%s": %s' % (name.encode(), text))
    return b"{" + b", ".join(pieces) + b"}"


HOSTILE = [
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\u0000"',
    b'"\x00"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\\uD83D"',
    b'{"a": 1, "a": 2}',
    b'{"\\ud800": 1, "\\ud800": 2}',
    b'{"": {"": 1}, "$number": "1", "$protected": {}}',
    b'{"$number": "NaN"}',
    b"NaN",
    b"-Infinity",
    b"1e999999999",
    b"-0",
    b"0.1e-400",
    b"9" * 5_000,
    b"-" + b"9" * 400,
    b"1." + b"0" * 300_000,
    b"[" * 31 + b"]" * 31,
    b"[" * 40 + b"]" * 40,
    b"[" * 5_000 + b"]" * 5_000,
    b'{"a":' * 100_000,
    b'"' + b"x" * 300_000 + b'"',
    b"[" + b"{}," * 200_000 + b"{}]",
    b"{" + b",".join(b'"%d": 1' % number for number in range(50_000)) + b"}",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b'"trail.pruned"',
    b'"prooftrail.log.view"',
    b'"1 \\u202e 2"',
]
KEYS = [
    *EXAMPLE, "subjects", "part", "changes", "pii", "authorization", "context",
    "purpose", "ticket", "seq", "recordedAt", "checksum", "$source", "\x7f", "x",
]  # fmt: skip
NESTED = {
    "actor": ["userId", "email", "role", "ipAddress", "type", "sessionId", "x"],
    "resource": ["type", "id", "name"],
    "details": ["x", "password"],
    "context": ["status", "durationMs", "requestId"],
    "part": ["of", "n", "total"],
    "pii": ["fields", "classes"],
    "authorization": ["decision", "basis", "approval"],
}


def post(api: Api, token: str, body: bytes, query: str = "") -> int:
    with api.client(token) as client:
        answer = client.post(f"/audit/events{query}", content=body)
    harmless(answer.status_code, answer.text, token)
    assert answer.json()
    return answer.status_code


def test_no_event_is_a_failure_of_ours_wherever_it_is_hostile(api: Api) -> None:
    token = api.key("writer")
    many = [event(**{name: value}) for value in HOSTILE for name in KEYS]
    for name, inner in NESTED.items():
        parts = (b'{"%s": %s}' % (one.encode(), v) for one in inner for v in HOSTILE)
        many.extend(event(**{name: part}) for part in parts)
    # one at a time: what fails is in no list with others
    small = [one for one in many if len(one) < 20_000]
    with api.client(token) as client:
        for body in small:
            answer = client.post("/audit/events", content=body)
            harmless(answer.status_code, answer.text, token)
            assert answer.status_code in {201, 400}, (body[:300], answer.text)
    for one in HOSTILE:
        assert post(api, token, one) in {200, 400, 413}  # a list is many
        assert post(api, token, event(details=one)) in {201, 400}
        assert post(api, token, b"[" + event() + b"," + one + b"]") in {200, 400}
    well(api, token)


def test_no_bytes_are_a_failure_of_ours(api: Api) -> None:
    token = api.key("writer")
    text = st.text('{}[]":,\\u0dF18eE+-.nulltrefas ', max_size=200).map(str.encode)
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode())
    whole = event()

    def changed(cut: tuple[int, bytes]) -> bytes:
        return whole[: cut[0]] + cut[1] + whole[cut[0] + len(cut[1]) :]

    cut = st.tuples(st.integers(0, len(whole)), st.binary(min_size=1, max_size=3))
    bodies = st.binary(max_size=300) | text | anything | cut.map(changed)

    @some(FUZZ, max_examples=200)
    @given(bodies)
    def fuzz(body: bytes) -> None:
        assert post(api, token, body) in {200, 201, 400, 409}

    fuzz()
    well(api, token)


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("begin", [b"[", b'{"details": "'], ids=["list", "text"])
def test_fifty_megabytes_are_refused(api: Api, begin: bytes, *, chunked: bool) -> None:
    token = api.key("writer")
    head = (
        b"POST /audit/events HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n"
        % token.encode()
    )
    if chunked:
        head += b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (50 * MB)
    else:
        head += b"Content-Length: %d\r\n\r\n" % (50 * MB)
    answer = exchange(api, head, begin, b"1," * (25 * MB))
    assert statuses(answer)[:1] == [413]
    harmless(413, answer.decode(), token)
    well(api, token)


def test_a_large_event_is_refused_and_its_like_in_a_list(api: Api) -> None:
    token = api.key("writer")
    for one in (b'"%s"' % (b"x" * 15 * MB), b"[" + b"{}," * 5 * MB + b"{}]"):
        assert post(api, token, event(details=one)) in {201, 400}
        assert (
            post(api, token, b"[" + event() + b"," + event(details=one) + b"]") == 200
        )
    well(api, token)


def requests(token: str) -> list[bytes]:
    """Return requests that are odd, and say whether they are HTTP only by chance."""
    key = b"Authorization: Bearer %s\r\n" % token.encode()
    get = b"GET /audit/events HTTP/1.1\r\nHost: x\r\n"
    post = (
        b"POST /audit/events HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nHost: x\r\n" + key
    )
    two, chunked = b"Content-Length: 2\r\n", b"Transfer-Encoding: chunked\r\n"
    basic = b64encode(b"x:" + token.encode())
    return [
        b"\r\n\r\n",
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"TRACE / HTTP/1.1\r\n" + key + b"\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n" + key + b"\r\n",
        b"GET /audit/events?\xff=\xfe HTTP/1.1\r\n" + key + b"\r\n",
        b"GET http://[::1 HTTP/1.1\r\n\r\n",
        b"GET http://x:99999/ HTTP/1.1\r\n\r\n",
        b"GET /%zz%00 HTTP/1.1\r\n" + key + b"\r\n",
        get + b"Authorization: Bearer \xff\xfe\r\n\r\n",
        get + b"Authorization: \r\n\r\n",
        get + b"Authorization: Bearer\r\n\r\n",
        get + b"Authorization: Basic %s\r\n\r\n" % basic,
        get + b"Authorization: Basic \xe9\xe9\xe9=\r\n\r\n",
        get + b"Authorization: Basic " + b64encode(b"\xff\xff") + b"\r\n\r\n",
        get + b"Authorization: Bearer " + b"x" * 60_000 + b"\r\n\r\n",
        get + key + key + b"\r\n",
        get + key + b"Authorization: Bearer other\r\n\r\n",
        get + b"Authorization: Bearer other\r\n" + key + b"\r\n",
        get + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        get + b"X: y\r\n" * 12_000 + b"\r\n",
        get + b"X\r\n\r\n",
        get + b": y\r\n\r\n",
        get + b"X : y\r\n\r\n",
        get + b" folded: y\r\n\r\n",
        get + b"X: a\r\n b\r\n" + key + b"\r\n",
        get + b"X\x00: y\r\n\r\n",
        get + b"X: \x00\r\n" + key + b"\r\n",
        get + key + b"Accept: text/event-stream, \xff\r\n\r\n",
        get + key + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        get + key + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
        get + key + b"Range: bytes=0-1\r\nIf-None-Match: *\r\n\r\n",
        get + key + b"Content-Length: 5\r\n\r\nhello",
        post + b"Content-Length: -1\r\n\r\n",
        post + b"Content-Length: \xd9\xa3\r\n\r\n",
        post + b"Content-Length: +2\r\n\r\n{}",
        post + b"Content-Length: 1e3\r\n\r\n",
        post + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
        post + b"Content-Length: 18446744073709551616\r\n\r\n",
        post + two + two + b"\r\n{}",
        post + two + b"Content-Length: 4\r\n\r\n{}{}",
        post + two + chunked + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        post + chunked + two + b"\r\n2\r\n{}\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: gzip\r\n\r\n{}",
        post + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        post + chunked + b"\r\nzz\r\n",
        post + chunked + b"\r\n-1\r\n",
        post + chunked + b"\r\nffffffffffffffffff\r\n",
        post + chunked + b"\r\n2;" + b"x" * 90_000 + b"\r\n{}\r\n",
        post
        + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"X: y\r\n" * 20_000
        + b"\r\n",
        post + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
        post + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
        post + b"Expect: the impossible\r\nContent-Length: 2\r\n\r\n{}",
        post + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
        post + b"Content-Type: \xff/\x80; boundary=\xff\r\nContent-Length: 2\r\n\r\n{}",
        post + b"Content-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n" + key + b"\r\n",
        get + key + b"\r\n" + (get + key + b"\r\n") * 20,
    ]


def test_no_request_that_is_odd_is_a_failure_of_ours(api: Api) -> None:
    token = api.key("admin")
    for request in requests(token):
        answer = exchange(api, request, wait=0.4)
        for status in statuses(answer):
            assert status < 500, request[:200]
        harmless(0, answer.decode(errors="replace"), token)
    well(api, token)


def test_no_turned_bytes_of_a_request_are_a_failure_of_ours(api: Api) -> None:
    token = api.key("admin")
    body = event()
    whole = (
        b"POST /audit/events?stream=main HTTP/1.1\r\n"
        b"Content-Type: application/json\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
    ) % (token.encode(), len(body))

    @some(FUZZ, max_examples=150)
    @given(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=4))
    def fuzz(at: int, put: bytes) -> None:
        head = whole[:at] + put + whole[at + len(put) :]
        answer = exchange(api, head + body, wait=0.1)
        for status in statuses(answer):
            harmless(status, answer.decode(errors="replace"), token)

    fuzz()
    well(api, token)


def test_who_goes_in_the_middle_is_no_defect(api: Api) -> None:
    token = api.key("admin")
    key = (
        b" HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"
        % token.encode()
    )
    for place in (b"", b"/0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69/reveal"):
        head = b"POST /audit/events" + place + key
        exchange(api, head + b"Content-Length: 900\r\n\r\n{", wait=0.05)
        exchange(api, head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", wait=0.05)
        exchange(api, head + b"Content-Length: 900\r\n\r\n{", wait=3)  # cut off
    well(api, token)
