"""Alerts reach a real receiver, signed, and nothing but a receiver that is meant."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from prooftrail.errors import ConfigurationError
from prooftrail.service import alerts, logs, webhook
from prooftrail.service.addresses import parse_network, refusal
from prooftrail.service.alerts import Alerts
from prooftrail.service.health import Health
from prooftrail.service.metrics import Metrics
from prooftrail.service.webhook import Allowed, Webhook
from tests.receiving import HOST, SECRET, Receiver, receiver
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

LOOPBACK = parse_network("127.0.0.0/8")


def here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def over_tls(made: Receiver, **changes: object) -> Webhook:
    given: dict[str, object] = {
        "allowed": Allowed(networks=(LOOPBACK,), ca_file=made.ca_file),
        "resolver": here,
    } | changes
    return Webhook(made.url, SECRET, **given)  # type: ignore[arg-type]


def plain(made: Receiver) -> Webhook:
    allowed = Allowed((LOOPBACK,), frozenset({HOST}))
    return Webhook(made.url, SECRET, allowed=allowed, resolver=here)


def post(hook: Webhook, body: bytes = b"{}") -> str | None:
    return hook.post(body, delivery="d1", now_s=1_770_000_000)


def test_a_post_is_signed_and_goes_to_the_name_over_tls(tmp_path: Path) -> None:
    with receiver(tmp_path) as made:
        assert post(over_tls(made), b'{"a": 1}') is None
    (got,) = made.got
    assert got.is_signed()
    assert got.body == b'{"a": 1}'
    assert got.path == "/hook?to=us"
    assert got.headers["Host"] == f"{HOST}:{made.port}"
    assert got.headers["Prooftrail-Delivery"] == "d1"
    assert got.headers["Prooftrail-Signature"].startswith("t=1770000000,v1=")
    assert made.names == [HOST]


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    with receiver(tmp_path, name="other.example") as made:
        assert "SSLCertVerificationError" in str(post(over_tls(made)))
    assert made.got == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with receiver(tmp_path) as made:
        hook = over_tls(made, allowed=Allowed(networks=(LOOPBACK,)))
        assert "SSLCertVerificationError" in str(post(hook))
    assert made.got == []


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with receiver(tmp_path) as made:
        made.statuses = [302]
        assert "redirects are not followed" in str(post(over_tls(made)))
    assert len(made.got) == 1


def test_an_answer_of_failure_is_told(tmp_path: Path) -> None:
    with receiver(tmp_path) as made:
        made.statuses = [500]
        assert post(over_tls(made)) == f"{HOST} answered 500"


def test_proxies_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with receiver(tmp_path) as made:
        assert post(over_tls(made)) is None


def test_a_name_that_leads_inside_is_not_connected_to(tmp_path: Path) -> None:
    with receiver(tmp_path) as made:
        hook = over_tls(made, allowed=Allowed(ca_file=made.ca_file))
        assert "127.0.0.1 is no public address" in str(post(hook))
    assert made.got == []
    assert made.names == []


def test_a_name_that_leads_inside_and_outside_is_not_connected_to() -> None:
    hook = Webhook(
        "https://alerts.example/",
        SECRET,
        resolver=lambda _host, _port: ["93.184.215.14", "169.254.169.254"],
    )
    assert "169.254.169.254 is no public address" in str(post(hook))


def test_a_name_that_is_bound_anew_does_not_move_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [["127.0.0.1"], ["10.0.0.7"]]
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), 2) - 1]

    def looked_up(host: str, *rest: object, **more: object) -> object:
        if host == HOST:
            raise AssertionError("the name was resolved once more")
        return real(host, *rest, **more)  # type: ignore[arg-type]

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with receiver(tmp_path) as made:
        hook = over_tls(made, resolver=rebinding)
        assert post(hook) is None
        assert asked == [HOST]
        assert "10.0.0.7 is no public address" in str(post(hook))
    assert len(made.got) == 1


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n")
    for _ in range(100):
        time.sleep(0.05)
        handler.wfile.write(b"X: y\r\n")


def pours(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n")
    for _ in range(10_000):
        handler.wfile.write(b"x" * 65536)


@pytest.mark.parametrize(("answer", "well"), [(drips, False), (pours, True)])
def test_an_answer_takes_neither_long_nor_much(
    answer: Callable[[BaseHTTPRequestHandler], None],
    *,
    well: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "WHOLE", 1.0)
    with receiver(tmp_path) as made:
        made.answer = answer
        begun = time.monotonic()
        assert (post(over_tls(made)) is None) is well
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://alerts.example/", "is http"),
        ("ftp://alerts.example/", "no https URL"),
        ("https://", "no https URL"),
        ("https://u:p@alerts.example/", "no https URL"),
        ("https://alerts.example:99999/", "no https URL"),
        ("https://alerts.example/a\r\nX: y", "no https URL"),
        ("https://alerts.example/\u00e4", "no https URL"),
    ],
)
def test_urls_that_are_none_are_refused_without_being_shown(
    url: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told) as raised:
        Webhook(url, SECRET)
    assert "u:p" not in str(raised.value)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="shorter"):
        Webhook("https://alerts.example/", b"short")


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "168.63.129.16",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::5db8:d70e",
    "2002:7f00:1::",
    "2002:0a00:1::1",
    "2001:0:a00:1::1",
    "2606:4700::5efe:10.0.0.1",
    "3fff::1",
    "localhost",
    "0x7f.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_leads_inside_is_refused(address: str) -> None:
    assert refusal(address) is not None


OUTSIDE = [
    "93.184.215.14",
    "2606:4700::1111",
    "64:ff9b::5db8:d70e",
    "::ffff:93.184.215.14",
]


@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_passes(address: str) -> None:
    assert refusal(address) is None


def test_what_was_allowed_passes_also_when_it_comes_mapped() -> None:
    allowed = (parse_network("10.1.0.0/16"), parse_network("fd00:1::/64"))
    assert refusal("10.1.2.3", allowed) is None
    assert refusal("::ffff:10.1.2.3", allowed) is None
    assert refusal("fd00:1::5", allowed) is None
    assert refusal("10.2.2.3", allowed) is not None


class Telling:
    """Alerts to one webhook, with what they log and count."""

    def __init__(self, hook: Webhook) -> None:
        self.written = io.StringIO()
        self.metrics = Metrics(Health(), clock=now_us)
        self.alerts = Alerts(
            [hook],
            self.metrics,
            logs.open_log(self.written, clock=now_us),
            clock=now_us,
            random=os.urandom,
            first_pause=0.01,
        )

    def count(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "prooftrail_alerts_total", {"outcome": outcome}
        )


@contextmanager
def telling(made: Receiver) -> Iterator[Telling]:
    one = Telling(plain(made))
    try:
        yield one
    finally:
        one.alerts.close(10)


def test_what_was_not_taken_is_tried_again_as_the_same_delivery() -> None:
    with receiver() as made:
        made.statuses = [503, 500]
        with telling(made) as told:
            told.alerts.send({"type": "test"})
    assert [got.alert["type"] for got in made.got] == ["test"] * 3
    assert len({got.headers["Prooftrail-Delivery"] for got in made.got}) == 1
    assert made.got[0].alert["id"] == made.got[0].headers["Prooftrail-Delivery"]
    assert told.count("delivered") == 1


def test_what_is_never_taken_is_given_up_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alerts, "TRIES", 3)
    with receiver() as made:
        made.statuses = [500] * 3
        with telling(made) as told:
            told.alerts.send({"type": "test"})
    assert told.count("failed") == 1
    assert "is given up" in told.written.getvalue()
    assert "/hook" not in told.written.getvalue()


def test_whoever_alerts_never_waits_and_too_many_are_dropped_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alerts, "WAITING", 3)
    gate = threading.Event()

    def waits(_handler: BaseHTTPRequestHandler) -> None:
        gate.wait(5)

    with receiver() as made:
        made.answer = waits
        with telling(made) as told:
            begun = time.monotonic()
            for number in range(20):
                told.alerts.send({"n": number})
            assert time.monotonic() - begun < 1
            made.answer = None
            gate.set()
    dropped = told.count("dropped")
    assert dropped is not None
    assert dropped >= 16
    lines = [json.loads(line) for line in told.written.getvalue().splitlines()]
    assert sum(line["message"] == "an alert is dropped" for line in lines) == dropped
