"""Secrets planted in every input of every endpoint are nowhere to be found."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from prooftrail import open_envelopes, open_recorder
from tests.canaries import CANARY, PARTS, SECRET_TEXTS
from tests.fintech.asking import path_of
from tests.fintech.furniture import furnish
from tests.fintech.house import ROLES, filled, opened
from tests.fintech.rows import ROWS
from tests.fintech.test_personal_values import holds, whole
from tests.keeping_rig import Rig
from tests.spooling import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fintech.house import House
    from tests.fintech.table import Row
    from tests.trail import Trail

SECRET_FIELDS = {"password", "old", "new", "code"}  # whatever stands there is one
HEADERS = (
    "cookie", "x-api-key", "user-agent", "referer", "x-request-id", "traceparent",
    "x-forwarded-for", "x-reason", "x-purpose", "x-break-glass-reason", "authorization",
)  # fmt: skip
TEXTS = [text for text in SECRET_TEXTS if text.isascii() and "\n" not in text]


def planted(value: Any, text: str) -> Iterator[Any]:
    """Give a body with a secret in place of each of its texts, one at a time."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, dict):
        for key, one in value.items():
            secret = CANARY if key in SECRET_FIELDS else text
            yield from (value | {key: made} for made in planted(one, secret))
        yield {**value, "password": value.get("password", CANARY), "apiKey": CANARY}
    elif isinstance(value, list):
        for number, one in enumerate(value):
            for made in planted(one, text):
                yield [*value[:number], made, *value[number + 1 :]]


def attacked(house: House, row: Row, texts: Iterator[str]) -> Iterator[httpx.Response]:
    """Send a row's request again and again, each time with a secret somewhere else."""
    method = row.endpoint.split()[0]
    there = furnish(house)

    def send(**where: Any) -> httpx.Response:
        names = there | dict(row.where) | where.get("names", {})
        return house.send(
            method,
            filled(path_of(row.endpoint) + (where.get("query") or row.query), names),
            filled(row.who, names),
            filled(where.get("body", row.body), names),
            {**row.headers, **where.get("headers", {})},
        )

    for body in planted(row.body, next(texts)):
        yield send(body=body)
    yield send(body={"secret": [next(texts)]})
    for name in HEADERS:
        yield send(headers={name: next(texts)})
    for name in ("q", "limit", "token", "x"):
        yield send(query=f"?{name}={httpx.QueryParams({'v': next(texts)})}")
    if ":" in row.endpoint:
        # a slash ends a part of a path: such a text comes whole, or as no route's
        plain = next(text for text in texts if not set(text) & set("/?#"))
        ids = ("customer", "staff", "key", "export", "document", "job")
        for secret in (plain, next(texts)):
            yield send(names=dict.fromkeys(ids, quote(secret, safe="")))


def attack(house: House, *, at_most: int = 100) -> None:
    """Attack every endpoint; no answer that is an error repeats a secret."""
    for role in ROLES:
        house.hire(role, role)
    texts = itertools.cycle(TEXTS)
    rows = {row.endpoint: row for row in ROWS if row.outcome == "success"}
    assert len(rows) == 34
    for row in rows.values():
        for answer in itertools.islice(attacked(house, row, texts), at_most):
            if answer.status_code >= 400:
                for part in PARTS:
                    assert part not in answer.text, (row.endpoint, answer.text)


def said(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the application logged; the client is not the application."""
    return "\n".join(
        caplog.handler.format(one)
        for one in caplog.records
        if not one.name.startswith(("httpx", "httpcore"))
    )


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    made.keep()
    return made


def test_no_secret_is_in_inbox_log_vault_application_log_metrics_or_errors(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="prooftrail")
    caplog.set_level(logging.INFO, logger="uvicorn")
    envelopes = open_envelopes(str(rig.published), missing="refuse")
    with opened(rig.trail, envelopes=envelopes) as house:
        monkeypatch.setattr(house, "events", list)  # they stay in the inbox
        attack(house)
        house.recorder.drain()
        counts = str(house.recorder.counts())
    waiting = whole(rig.trail)
    assert rig.count("inbox") > 500
    rig.seal()
    rig.keep()
    assert rig.count("inbox") == 0
    assert rig.count("quarantine") == 0
    log = said(caplog)
    sealed = whole(rig.trail)
    for part in PARTS:
        for text in (waiting, sealed, log, counts):
            assert not holds(text, part), part


def test_no_secret_is_in_the_spool(
    rig: Rig,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spool = tmp_path / "spool"
    own = open_recorder(
        NOWHERE,
        spool=spool,
        patience=0.05,
        envelopes=open_envelopes(str(rig.published), missing="refuse"),
    )
    try:
        with opened(rig.trail, within=own) as house:
            monkeypatch.setattr(house, "events", list)
            attack(house, at_most=5)
            assert own.counts().spooled > 30
    finally:
        own.close()
    files = [one.read_bytes() for one in spool.rglob("*") if one.is_file()]
    assert sum(map(len, files)) > 5_000
    log = said(caplog)
    for part in PARTS:
        assert part not in log
        assert not any(part.encode() in one for one in files)
