"""The database: one engine, sessions that tell the trail what they change."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from examples.fintech.models import SCHEMA, Base
from prooftrail.integrations.sqlalchemy import track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

DSN = "FINTECH_DSN"  # postgresql://... of the application's own login


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return the engine of this process."""
    url = os.environ[DSN].replace("postgresql://", "postgresql+psycopg://", 1)
    # what goes wrong is logged: without the values, which may be anybody's
    return create_engine(url, pool_size=10, hide_parameters=True)


@lru_cache(maxsize=1)
def sessions() -> sessionmaker[Session]:
    """Return what makes sessions; the trail hears of what they change."""
    made = sessionmaker(engine(), expire_on_commit=False)
    track(made, reads=True)
    return made


@lru_cache(maxsize=1)
def _autocommit() -> Engine:
    return engine().execution_options(isolation_level="AUTOCOMMIT")


def reading() -> Session:
    """Return a session that only looks things up: each statement is one round trip."""
    return sessions()(bind=_autocommit())


def create_all() -> None:
    """Create the tables, if they are not there."""
    with engine().begin() as connection:
        connection.execute(text(f"create schema if not exists {SCHEMA}"))
        Base.metadata.create_all(connection)


def close() -> None:
    """Close all connections."""
    engine().dispose()
    engine.cache_clear()
    _autocommit.cache_clear()
    sessions.cache_clear()


def session() -> Iterator[Session]:
    """Give a session for one request; what was not committed is rolled back."""
    with sessions()() as made:
        yield made


Db = Annotated[Session, Depends(session)]
