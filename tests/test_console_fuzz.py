"""Whatever is asked of a page, or sent to a form, is answered or refused, no more."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import settings as some
from hypothesis import strategies as st

from tests.console_rig import Console, Person, visited
from tests.fuzzing import FUZZ, exchange, harmless, prepare, statuses, well

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.trail import Trail

HOSTILE = (
    "",
    " ",
    "\0",
    "%",
    "%00",
    "a\r\nSet-Cookie: x=1",
    "\u202e\u2066\ufeff",
    "\x1b[31m",
    "'; drop table prooftrail.log; --",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "../../../etc/passwd",
    "//elsewhere.example/",
    "javascript:alert(1)",
    "-1",
    "9" * 400,
    "1e999",
    "NaN",
    "2026-02-30",
    "0000-00-00T00:00:00Z",
    "019aa3c5-7a54-7d3e-a1a7-5e1a5e4b6c1d",
    "(" * 300,
    '"' * 301,
    "actor:",
    "OR OR OR",
    "ip:1.2.3.4/99",
    "x" * 4_000,
    "\U0001f600" * 50,
)
GETS = {
    "/": ("q", "cursor", "from", "to", "stream", "q2"),
    "/complete": ("q", "at"),
    "/export": ("q", "format", "cursor"),
    "/authority": ("q",),
    "/grants": ("q",),
    "/accounts": ("days",),
    "/continuity": ("q",),
    "/administrators": ("q",),
    "/person": ("id", "cursor", "q"),
    "/customer": ("id", "cursor", "q"),
    "/integrity": ("stream", "day"),
    "/integrity/checkpoint": ("stream", "size"),
    "/health": ("days",),
    "/reports": ("report", "during"),
    "/samples": ("q", "n", "seed"),
    "/access": ("q",),
    "/login": ("to", "left"),
    "/invitation": ("token",),
}
PLACES = (
    "/events/{}",
    "/integrity/runs/{}",
    "/reports/{}",
    "/reports/{}/file",
    "/static/{}",
    "/{}",
)
FORMS = {
    "/login": ("email", "password", "code", "to"),
    "/invitation": ("token", "password", "code"),
    "/access/invite": ("email", "name", "role", "streams", "from", "to", "until"),
    "/access/disable": ("person",),
    "/leavers": ("list",),
    "/samples": ("q", "during", "stream", "n", "seed", "by_month"),
    "/reports": ("report", "during", "stream", "entity"),
    "/integrity/verify": ("from", "to", "stream"),
    "/events/019aa3c5-7a54-7d3e-a1a7-5e1a5e4b6c1d/reveal": ("pointer", "reason"),
    "/logout": ("csrf",),
}
WELL = {200, 202, 204, 303, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429}


@pytest.fixture
def console(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Console]:
    with visited(trail, monkeypatch, tmp_path, keeper_dir=tmp_path / "keeper") as made:
        prepare(made.api)
        yield made


def answered(person: Person, answer: httpx.Response) -> None:
    assert answer.status_code in WELL, (answer.request.url, answer.status_code)
    secrets = (person.session, person.totp.secret)
    harmless(answer.status_code, answer.text, *secrets)
    place = answer.headers.get("location", "/")
    assert place.startswith("/"), place
    assert not place.startswith(("//", "/\\")), place


def test_no_question_is_a_failure_of_ours(console: Console) -> None:
    person = console.person(role="admin")
    for path, names in GETS.items():
        for text in HOSTILE:
            for name in names:
                answered(person, person.http.get(path, params={name: text}))
            every = urlencode([(name, text) for name in names * 2])
            answered(person, person.http.get(f"{path}?{every}"))
    for place in PLACES:
        for text in HOSTILE:
            answered(person, person.http.get(place.format(quote(text, safe=""))))
    for raw in ("%ff", "%ed%a0%80", "q=%ff&q=%00", "&&&==&", "q[]=1", "=%zz"):
        for path in GETS:
            answered(person, person.http.get(f"{path}?{raw}"))
            answered(person, person.http.get(f"{path}?q={raw}&id={raw}&cursor={raw}"))
    assert person.get("/health")
    well(console.api, person.session)


def test_no_form_is_a_failure_of_ours(console: Console) -> None:
    person = console.person(role="admin")
    for path, names in FORMS.items():
        for text in HOSTILE:
            form = dict.fromkeys(names, text)
            if path != "/logout":
                form["csrf"] = person.csrf
            answered(person, person.http.post(path, data=form))
        for body, kind in (
            (b"", "application/x-www-form-urlencoded"),
            (b"a=1&a=2", "application/x-www-form-urlencoded"),
            (b"\xff\xfe=\x00", "application/x-www-form-urlencoded"),
            (b"&" * 5_000, "application/x-www-form-urlencoded"),
            (b"a=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
            (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
            (b"{}", "application/json"),
            (b"<a/>", "text/xml; charset=\xff".encode("latin-1").decode("latin-1")),
        ):
            headers = {b"Content-Type": kind.encode("latin-1")}
            answered(person, person.http.post(path, content=body, headers=headers))
    assert person.get("/health")  # nothing of that ended the session
    well(console.api, person.session)


def test_no_cookie_and_no_header_is_a_failure_of_ours(console: Console) -> None:
    person = console.person(role="auditor")
    cookie = b"Cookie: prooftrail-session=%s\r\n" % person.session.encode()
    heads = [
        b"Cookie: prooftrail-session=\r\n",
        b"Cookie: prooftrail-session=\xff\xfe\r\n",
        b"Cookie: ;;;=;a=\x01\r\n",
        b"Cookie: prooftrail-session=" + b"x" * 6_000 + b"\r\n",
        cookie + cookie,
        cookie + b"HX-Request: true\r\nHX-Target: <script>\r\n",
        cookie + b"Origin: null\r\nReferer: javascript:1\r\n",
        cookie + b"X-Forwarded-For: 1.2.3.4, \xff\r\nX-Forwarded-Proto: ftp\r\n",
        cookie + b"User-Agent: " + b"\xff" * 2_000 + b"\r\n",
        cookie + b"Accept-Language: " + b"x" * 3_000 + b"\r\n",
        cookie + b"Authorization: Bearer " + person.session.encode() + b"\r\n",
        cookie + b"Range: bytes=0-99999999999999\r\n",
        cookie + b"If-None-Match: \xff\r\nIf-Modified-Since: never\r\n",
    ]
    for path in (b"/", b"/health", b"/static/console.css", b"/login", b"/export"):
        for method in (b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"TRACE"):
            for head in heads:
                raw = b"%s %s HTTP/1.1\r\nHost: %%\r\nConnection: close\r\n" % (
                    method,
                    path,
                )
                got = exchange(console.api, raw + head + b"\r\n")
                assert set(statuses(got)[:1]) <= WELL, (method, path, head, got[:300])
                harmless(200, got.decode("utf-8", "replace"), person.session)
    assert person.get("/health")
    well(console.api, person.session)


def test_no_text_in_the_search_is_a_failure_of_ours(console: Console) -> None:
    person = console.person(role="auditor")
    words = st.text('actor:roleipduring-"()*OR 0123456789./\u0660\u202e\0', max_size=60)

    @some(FUZZ, max_examples=60)
    @given(words | st.text(max_size=40), st.integers(-5, 100) | st.text(max_size=3))
    def fuzz(text: str, at: int | str) -> None:
        raw = text.encode("utf-8", "replace")
        where = str(at).encode("utf-8", "replace")
        every = urlencode({"q": raw, "at": where, "cursor": raw})
        only = urlencode({"q": raw})
        for path in (f"/?{only}", f"/?{every}", f"/export?{only}"):
            answered(person, person.http.get(path))
        answered(person, person.http.get(f"/complete?{every}"))

    fuzz()
    well(console.api, person.session)
