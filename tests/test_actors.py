"""Who acts, as applications hold it; whom nobody can tell is anonymous, and said."""

from __future__ import annotations

import asyncio
import uuid
from enum import Enum
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import prooftrail
from prooftrail.capture.protection import Personal
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.testing import CapturedEvents

UUID = uuid.UUID("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69")
ANONYMOUS = {"type": "anonymous"}


class _Base(DeclarativeBase):
    pass


class User(_Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


class Role(Enum):
    ADMIN = "admin"


class Nameless:
    password = "hunter2"  # must not come along


class Away:
    @property
    def id(self) -> str:
        raise ConnectionError("hunter2")


def _known(events: CapturedEvents) -> dict[str, Any]:
    actor: dict[str, Any] = events.only()["actor"]
    events.clear()
    return actor


def _post(app: FastAPI, path: str) -> None:
    async def call() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as own:
            await own.post(path)

    asyncio.run(call())


def test_a_uuid_is_an_id_wherever_one_is_taken(captured_events: CapturedEvents) -> None:
    @prooftrail.audited(
        "customer.pii.view", actor=lambda who: who, subjects=lambda who: who
    )
    def view(who: object) -> None: ...

    known = {"userId": str(UUID)}
    assert prooftrail.actor_of(UUID) == known
    with prooftrail.scoped(prooftrail.Scope()):
        prooftrail.bind("usr_1", on_behalf_of=UUID)
        view(UUID)
        assert captured_events.only()["subjects"] == [str(UUID)]
        assert _known(captured_events) == known
        with prooftrail.acting(UUID), prooftrail.event("admin.config.update"):
            pass
        assert _known(captured_events) == known
        assert prooftrail.current_actor() == {"userId": "usr_1", "onBehalfOf": known}


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (Nameless(), "Nameless"),
        (True, "bool"),
        ({"phone": "hunter2"}, "dict"),
        (Away(), r"id raised ConnectionError"),
    ],
)
def test_who_has_no_id_is_anonymous_and_told_once(
    odd: object, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    prooftrail.capture.actors._warn.cache_clear()
    assert prooftrail.actor_of(odd) == ANONYMOUS
    assert prooftrail.actor_of(odd) == ANONYMOUS
    assert caplog.text.count("recorded as anonymous") == 1
    assert said in caplog.text
    assert "hunter2" not in caplog.text


def test_the_claims_of_a_token_do_not_come_along() -> None:
    claims = {
        "userId": "usr_1",
        "type": "access",
        "role": "admin",
        "phone": "hunter2",
        "address": {"street": "hunter2"},
        "onBehalfOf": {"userId": "usr_2", "phone": "hunter2"},
    }
    kept = {"userId": "usr_1", "role": "admin", "onBehalfOf": {"userId": "usr_2"}}
    assert prooftrail.actor_of(claims) == kept


@pytest.mark.parametrize("key", ["userId", "sub"])
def test_what_is_marked_as_personal_stays_so(key: str) -> None:
    email = Personal("ann@example.com", "contact.email")
    found = prooftrail.actor_of({key: "usr_1", "email": email, "role": Role.ADMIN})
    assert found is not None
    assert found["email"] is email


def test_a_role_may_be_an_enumeration_s() -> None:
    assert prooftrail.actor_of({"sub": "usr_1", "role": Role.ADMIN}) == {
        "userId": "usr_1",
        "role": "admin",
    }


@pytest.mark.parametrize("nobody", [None, "", {}])
def test_nobody_is_nobody(nobody: object) -> None:
    assert prooftrail.actor_of(nobody) is None
    prooftrail.bind(nobody)


@pytest.mark.parametrize(
    "named",
    [
        prooftrail.bind,
        lambda odd: prooftrail.bind("usr_1", on_behalf_of=odd),
        lambda odd: prooftrail.acting(odd).__enter__(),
        lambda odd: prooftrail.event("admin.config.update", actor=odd),
        lambda odd: prooftrail.audited("admin.config.update", actor=odd),
    ],
)
def test_code_that_names_somebody_without_an_id_is_refused(
    named: Callable[[object], object],
) -> None:
    with pytest.raises(EventError, match="Nameless, which has no id") as refused:
        named(Nameless())
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("give", [Nameless, lambda: 1 / 0])
def test_an_actor_that_cannot_be_filled_in_is_nobody_else(
    captured_events: CapturedEvents, give: Callable[[], object]
) -> None:
    @prooftrail.audited("admin.config.update", actor=give)
    def update() -> None: ...

    update()  # a job: not the system
    assert captured_events.only()["details"]["not_filled_in"][0].startswith("actor: ")
    assert _known(captured_events) == ANONYMOUS
    with prooftrail.acting("usr_1"):
        update()
    assert _known(captured_events) == ANONYMOUS


def test_a_user_whose_session_ended_is_known_by_his_key(
    captured_events: CapturedEvents,
) -> None:
    engine = create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        user = User(id=7, email="dani@company.com")
        session.add(user)
        session.commit()  # which expires it
    engine.dispose()
    app = FastAPI()

    @app.post("/plans")
    def plans(request: Request) -> None:
        request.state.user = user

    app.add_middleware(prooftrail.AuditMiddleware, announce=False)
    _post(app, "/plans")
    assert _known(captured_events)["userId"] == "7"


@pytest.mark.filterwarnings("ignore:coroutine")
def test_an_actor_that_would_have_to_be_awaited_is_told(
    captured_events: CapturedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    async def load() -> str:
        return "usr_1"

    app = FastAPI()
    app.post("/plans")(lambda: None)
    app.add_middleware(
        prooftrail.AuditMiddleware, announce=False, actor=lambda _: load()
    )
    prooftrail.capture.actors._warn.cache_clear()
    _post(app, "/plans")
    assert _known(captured_events)["type"] == "anonymous"
    assert "await first what is asynchronous" in caplog.text
