"""AsyncSession is seen like any other (sqlalchemy-continuum 276), with its actor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from prooftrail.capture.scope import acting
from prooftrail.errors import ConfigurationError
from prooftrail.integrations.sqlalchemy import track
from tests.recording import recorder
from tests.shop import Customer, recorded, set_up, stating, told, url

CUSTOMER: Any = Customer.__table__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail


@pytest.fixture
def made(trail: Trail) -> Iterator[Recorder]:
    set_up(trail)
    with recorder(trail) as one:
        yield one


def test_async_sessions_are_told_like_others_continuum_276(
    trail: Trail, made: Recorder
) -> None:
    async def run() -> None:
        engine = create_async_engine(url(trail))
        maker = async_sessionmaker(engine)
        track(maker, recorder=made, reads=True)
        async with maker.begin() as session:
            session.add_all([Customer(id="c0"), Customer(id="c1", email="1@a.test")])
        assert len(recorded(trail)) == 2  # durable when the commit returned
        with stating() as event:
            async with maker.begin() as session:
                found = await session.get_one(Customer, "c1")
                found.plan = "pro"
                await session.flush()
                async with session.begin_nested() as savepoint:
                    await session.execute(sa.delete(Customer))
                    await savepoint.rollback()
                await session.execute(
                    sa.update(Customer).where(Customer.id == "c1").values(plan="team")
                )
        assert told(event) == [("plan", "free", "pro"), ("plan", "pro", "team")]
        assert event.stated("success")["pii"]["fields"] == ["email"]
        async with maker() as session:
            session.add(Customer(id="gone"))
            await session.flush()
            await session.rollback()
        assert len(recorded(trail)) == 2
        await engine.dispose()

    asyncio.run(run())


def test_tasks_at_once_never_take_each_others_actor(
    trail: Trail, made: Recorder
) -> None:
    async def run() -> None:
        engine = create_async_engine(url(trail), pool_size=10)
        maker = async_sessionmaker(engine)
        track(maker, recorder=made, within=True)

        async def one(n: int) -> None:
            with acting(f"usr_{n}"):
                async with maker.begin() as session:
                    session.add(Customer(id=f"c{n}"))

        await asyncio.gather(*(one(n) for n in range(40)))
        await engine.dispose()

    asyncio.run(run())
    found = {one["resource"]["id"]: one["actor"]["userId"] for one in recorded(trail)}
    assert found == {f"c{n}": f"usr_{n}" for n in range(40)}


def test_an_async_class_and_an_async_engine_are_tracked(
    trail: Trail, made: Recorder
) -> None:
    class Own(AsyncSession):
        pass

    track(Own, recorder=made)
    with pytest.raises(ConfigurationError, match="pass your async_sessionmaker"):
        track(AsyncSession)

    async def run() -> None:
        engine = create_async_engine(url(trail))
        track(engine, recorder=made)
        with stating() as event:
            async with Own(engine) as session:
                session.add(Customer(id="o1"))
                await session.commit()
            async with engine.begin() as connection:
                await connection.execute(sa.update(CUSTOMER).values(plan="pro"))
        assert ("plan", "free", "pro") in told(event)
        assert ("id", None, "o1") in told(event)
        await engine.dispose()

    asyncio.run(run())
