"""With a key, Celery tasks believe what was signed for them, and nothing else."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from celery import chain, signals

from prooftrail.integrations import celery as integration
from tests.capturing.workers import *  # noqa: F403  its fixtures are this module's
from tests.capturing.workers import QUIET, SYSTEM, request, until, working

if TYPE_CHECKING:
    from collections.abc import Callable

    from celery import Celery

    from prooftrail import Recorder
    from tests.trail import Trail

pytestmark = QUIET


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setattr(integration._settings, "key", b"k" * 16)
    return b"k" * 16


def _carry(change: Callable[[dict[str, Any]], Any]) -> Callable[..., None]:
    """Return what changes the header alone."""

    def tamper(headers: dict[str, Any], body: Any) -> None:
        headers["prooftrail"] = change(headers["prooftrail"])

    return tamper


def _forge(signed: dict[str, Any]) -> dict[str, Any]:
    return {**signed, "carried": signed["carried"].replace("usr_1", "usr_2")}


def _leave_out(headers: dict[str, Any], body: Any) -> None:
    del headers["prooftrail"]


def _eager(headers: dict[str, Any], body: Any) -> None:
    del headers["prooftrail"]
    headers["is_eager"] = True
    body[2]["is_eager"] = True  # which Celery puts into the task's request


def _another_task(headers: dict[str, Any], body: Any) -> None:
    headers["task"] = "other"


def _another_id(headers: dict[str, Any], body: Any) -> None:
    headers["id"] = "task-2"


def _another_argument(headers: dict[str, Any], body: Any) -> None:
    body[0][0] = "ALL"


def _another_keyword(headers: dict[str, Any], body: Any) -> None:
    body[1]["job"] = body[0].pop()


def _something_after(headers: dict[str, Any], body: Any) -> None:
    body[2]["callbacks"] = [
        {"task": "other", "args": ["ALL"], "kwargs": {}, "options": {}, "immutable": 1}
    ]


TAMPERINGS = (
    _carry(_forge),
    _carry(lambda signed: {"carried": signed["carried"]}),
    _carry(lambda signed: {**signed, "signature": "ä"}),
    _carry(lambda _: "usr_2"),
    _carry(lambda _: {"carried": 7}),
    _leave_out,
    _eager,
    _another_task,
    _another_id,
    _another_argument,
    _another_keyword,
    _something_after,
)


def test_whoever_writes_to_the_broker_acts_as_nobody(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    tampers = iter(TAMPERINGS)

    def at_the_broker(headers: Any = None, body: Any = None, **_: object) -> None:
        if headers["parent_id"] is None:  # what the task itself enqueues is let alone
            next(tampers)(headers, body)

    signals.before_task_publish.connect(at_the_broker)  # behind our own receiver
    try:
        with working(app):
            for tamper in TAMPERINGS:
                with request("usr_1", "req-1"):
                    app.send_task("work", ["a"])
                found = until(trail, own, 2 if tamper is _something_after else 1)
                actors = [one["actor"] for one in found]
                assert actors == [{"type": "anonymous"}] * len(found), tamper
    finally:
        signals.before_task_publish.disconnect(at_the_broker)


def test_arguments_of_any_kind_are_signed(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    kinds = (
        uuid.UUID("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69"),
        dt.datetime(2026, 2, 17, 14, 23, 1, 445, tzinfo=dt.UTC),
        Decimal("12.30"),
        {"ids": (1, 2), 10: {"b": 1.5, "a": None}, 2: "ä"},
        b"bytes",
    )
    with working(app):
        with request("usr_1", "req-1"):
            for argument in kinds:
                app.send_task("work", [argument])
        found = until(trail, own, len(kinds))
    assert [one["actor"] for one in found] == [{"userId": "usr_1"}] * len(kinds)


def test_what_follows_a_signed_task_is_signed(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    work = app.tasks["work"]
    with working(app):
        with request("usr_1", "req-1"):
            chain(work.s("a"), work.si("b"), work.si("c")).apply_async()
            work.apply_async(["d"], link=work.si("e"))
            app.send_task("retrying")
        found = until(trail, own, 8)
    assert {one["actor"]["userId"] for one in found} == {"usr_1"}


def test_with_a_key_the_system_is_signed_too(
    trail: Trail, own: Recorder, app: Celery, key: bytes
) -> None:
    with working(app):
        app.send_task("work", ["a"])
        (event,) = until(trail, own, 1)
    assert event["actor"] == SYSTEM


@pytest.mark.parametrize("text", ["", "[]", "{", '{"actor":7}', '{"context":[]}'])
def test_a_message_that_is_garbled_is_survived(text: str) -> None:
    message = integration._Message("1", "work", ((), {}, {}))
    believed = integration._believed(message, {"carried": text})
    assert believed is not None
    assert integration._actor(believed.get("actor")) == {"type": "anonymous"}
