"""What happens after an event was told: nothing is lost, no success stands alone."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.pool import StaticPool

import prooftrail
from prooftrail.catalog import admin
from prooftrail.integrations.sqlalchemy import pii, track
from prooftrail.middleware.routes import emits
from prooftrail.testing import CapturedEvents, capture

if TYPE_CHECKING:
    from collections.abc import Iterator

ANN = {"userId": "usr_1", "ipAddress": "127.0.0.1"}
UPDATE = "customer.pii.update"


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(info=pii("contact.email"))


class Shop:
    """An application, its database, and the events of a request."""

    def __init__(self, *, reads: bool) -> None:
        engine = self.engine = sa.create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
        Base.metadata.create_all(engine)
        with Session(engine) as session, session.begin():
            session.add_all([Customer(id=1, email="a@x"), Customer(id=2, email="b@x")])
        self.maker = sessionmaker(engine)
        track(self.maker, reads=reads)
        self.app = FastAPI()
        self.may_go_on = threading.Event()
        self.raised: BaseException | None = None

    def work(self, email: str = "new@x") -> None:
        with self.maker.begin() as session:
            session.get_one(Customer, 1).email = email

    def session(self) -> Iterator[Session]:
        with self.maker.begin() as session:
            yield session

    @property
    def email(self) -> str:
        with self.maker() as session:
            return session.scalars(sa.select(Customer.email).filter_by(id=1)).one()

    def events(self, method: str, path: str) -> list[dict[str, Any]]:
        with self.asked(method, path) as events:
            pass
        return list(events)

    @contextmanager
    def asked(self, method: str, path: str) -> Iterator[CapturedEvents]:
        """Ask as usr_1; what goes on inside goes on after the request has ended."""

        async def ask() -> None:
            transport = httpx.ASGITransport(audited)
            async with httpx.AsyncClient(transport=transport) as client:
                try:
                    await client.request(method, f"http://shop{path}")
                except (RuntimeError, ValueError) as error:
                    self.raised = error
            await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

        audited = prooftrail.AuditMiddleware(
            self.app,
            actor=lambda _: "usr_1",
            routes={
                "PUT /customers/{id}": emits(UPDATE, resource="customer"),
                "GET /customers": "customer.pii.export",
                "PUT /settings": "admin.config.update",
            },
            announce=False,
        )
        with capture() as events:
            asyncio.run(ask())
            yield events


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop(reads=False)
    yield made
    made.engine.dispose()


@pytest.fixture
def reading() -> Iterator[Shop]:
    """Tell of reads, too."""
    made = Shop(reads=True)
    yield made
    made.engine.dispose()


def follows(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Assert that the second event is of the same request, and names the first."""
    assert second["details"]["follows"] == first["eventId"]
    assert second["context"]["requestId"] == first["context"]["requestId"]


def test_what_a_dependency_commits_after_the_answer_is_told(shop: Shop) -> None:
    @shop.app.put("/customers/{id}")
    def put(id: int, session: Any = Depends(shop.session)) -> None:  # noqa: A002, B008
        session.get_one(Customer, id).email = "new@x"

    request, change = shop.events("PUT", "/customers/1")
    assert shop.email == "new@x"
    assert (request["action"], request["result"]) == (UPDATE, "success")
    assert change["action"] == "prooftrail.data.change"
    assert change["actor"] == request["actor"]
    assert change["resource"] == {"type": "customer", "id": "1"}
    assert change["subjects"] == ["1"]
    assert [one["field"] for one in change["changes"]] == ["email"]
    follows(request, change)


def test_a_commit_that_fails_after_the_answer_leaves_no_success_alone(
    shop: Shop,
) -> None:
    def failing() -> Iterator[Session]:
        with shop.maker.begin() as session:
            yield session
            raise RuntimeError("the commit fails: hunter2")

    @shop.app.put("/customers/{id}")
    def put(id: int, session: Any = Depends(failing)) -> None:  # noqa: A002, B008
        session.get_one(Customer, id).email = "never@x"
        session.flush()

    request, undone, failed = shop.events("PUT", "/customers/1")
    assert isinstance(shop.raised, RuntimeError)
    assert shop.email == "a@x"
    assert request["result"] == "success"
    assert undone["result"] == failed["result"] == "failure"
    assert undone["action"] == "prooftrail.data.change"
    assert undone["resource"] == {"type": "customer", "id": "1"}
    assert undone["subjects"] == ["1"]
    assert undone["details"].pop("follows") == request["eventId"]
    assert undone["details"] == {
        "operation": "update",
        "rolled_back": True,
        "fields_changed": ["email"],
    }
    assert "changes" not in undone
    assert failed["action"] == UPDATE
    assert failed["details"].pop("follows") == request["eventId"]
    assert failed["details"] == {"error": "RuntimeError", "after_answer": True}


def test_what_a_background_task_changes_is_told_as_of_its_request(shop: Shop) -> None:
    @shop.app.post("/later")
    def later(tasks: BackgroundTasks) -> None:
        tasks.add_task(shop.work)

    request, change = shop.events("POST", "/later")
    assert change["actor"] == request["actor"] == {**ANN, **request["actor"]}
    follows(request, change)


@pytest.mark.parametrize("how", ["task", "thread"])
def test_what_outlives_its_request_is_the_systems_and_names_it(
    shop: Shop, how: str
) -> None:
    threads: list[threading.Thread] = []

    @shop.app.post("/fire")
    async def fire() -> None:
        if how == "task":
            task = asyncio.create_task(asyncio.to_thread(worked))
            assert not task.done()
        else:
            threads.append(threading.Thread(target=prooftrail.carried(worked)))
            threads[0].start()

    def worked() -> None:
        assert shop.may_go_on.wait(30)
        shop.work()

    def after() -> None:  # as soon as the request has left its event
        shop.may_go_on.set()

    timer = threading.Timer(0.3, after)
    timer.start()
    with shop.asked("POST", "/fire") as events:
        for one in threads:
            one.join(30)
    timer.join()
    request, change = events
    assert shop.email == "new@x"
    assert change["actor"] == {"type": "system", "userId": "system"}
    assert change["action"] == "prooftrail.data.change"
    follows(request, change)


def test_whose_data_a_streamed_export_read_is_told_when_it_ends(reading: Shop) -> None:
    def rows() -> Iterator[str]:
        with reading.maker() as session:
            for one in session.scalars(sa.select(Customer)):
                yield one.email

    @reading.app.get("/customers")
    def export() -> StreamingResponse:
        return StreamingResponse(rows())

    begun, ended = reading.events("GET", "/customers")
    assert begun["action"] == ended["action"] == "customer.pii.export"
    assert begun["result"] == ended["result"] == "success"
    assert "subjects" not in begun
    assert ended["subjects"] == ["1", "2"]
    assert ended["pii"] == {"fields": ["email"], "classes": ["contact.email"]}
    follows(begun, ended)


def test_a_stream_that_breaks_off_says_whose_data_was_read(reading: Shop) -> None:
    def rows() -> Iterator[str]:
        with reading.maker() as session:
            yield session.get_one(Customer, 1).email
            raise ValueError("hunter2")

    @reading.app.get("/customers")
    def export() -> StreamingResponse:
        return StreamingResponse(rows())

    begun, broke = reading.events("GET", "/customers")
    assert (begun["result"], broke["result"]) == ("success", "failure")
    assert broke["subjects"] == ["1"]
    assert broke["details"] == {"error": "ValueError", "follows": begun["eventId"]}


def test_a_get_that_leaves_no_event_tells_what_it_changes_while_it_streams(
    shop: Shop,
) -> None:
    def rows() -> Iterator[str]:
        shop.work()
        yield "done"

    @shop.app.get("/free")
    def free() -> StreamingResponse:
        return StreamingResponse(rows())

    (change,) = shop.events("GET", "/free")
    assert change["action"] == "prooftrail.data.change"
    assert [one["field"] for one in change["changes"]] == ["email"]


def test_a_block_within_a_transaction_that_is_rolled_back_is_followed_by_that(
    shop: Shop,
) -> None:
    with capture() as events, shop.maker() as session:
        with prooftrail.event(UPDATE, actor="usr_1"):
            session.get_one(Customer, 1).email = "never@x"
            session.flush()
        session.rollback()
    told, undone = events
    assert (told["result"], undone["result"]) == ("success", "failure")
    assert undone["details"]["rolled_back"] is True
    assert undone["details"]["follows"] == told["eventId"]


def test_of_what_was_told_as_failed_a_rollback_says_nothing_more(shop: Shop) -> None:
    with capture() as events, shop.maker() as session:
        with prooftrail.event(UPDATE, actor="usr_1") as draft:
            session.get_one(Customer, 1).email = "never@x"
            session.flush()
            draft.failed(reason="limit")
        session.rollback()
    assert events.only()["result"] == "failure"


def test_an_ended_event_holds_nothing_of_what_comes_after_it(
    reading: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with capture() as events, prooftrail.event(UPDATE, actor="usr_1") as draft:
        late = prooftrail.carried(reading.work)
    with capture() as later, caplog.at_level(logging.WARNING, "prooftrail"):
        for n in range(3):
            late(f"{n}@x")
    assert len(events) == 1
    assert len(later) == 3
    assert not draft.affected
    assert len(caplog.records) == 1  # of reading, which no event tells
    assert "begin one of its own" in caplog.text


@pytest.mark.parametrize("action", [admin.CONFIG_UPDATE, "admin.config.update"])
def test_what_a_handler_records_by_its_type_is_not_recorded_again(
    shop: Shop, action: prooftrail.catalog.EventType | str
) -> None:
    @shop.app.put("/settings")
    def settings() -> None:
        prooftrail.record(action=action, result="success")

    assert len(shop.events("PUT", "/settings")) == 1


def test_what_is_committed_before_the_answer_is_in_the_requests_own_event(
    shop: Shop,
) -> None:
    before = Depends(shop.session, scope="function")

    @shop.app.put("/customers/{id}")
    def put(id: int, session: Any = before) -> None:  # noqa: A002
        session.get_one(Customer, id).email = "new@x"

    (request,) = shop.events("PUT", "/customers/01")
    assert request["resource"] == {"type": "customer", "id": "1"}
    assert [one["field"] for one in request["changes"]] == ["email"]
