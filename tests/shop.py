"""What tests of before and after share: a shop's models and tables, and its events."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import datetime, timedelta  # noqa: TC003  SQLAlchemy reads annotations
from decimal import Decimal  # noqa: TC003
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)

from prooftrail import catalog
from prooftrail.capture.draft import Draft, enter, leave
from prooftrail.capture.protection import Personal
from prooftrail.integrations.sqlalchemy import pii, track
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(info=pii("contact.email"))
    name: Mapped[str | None] = mapped_column(info=pii("identity.name"))
    plan: Mapped[str] = mapped_column(server_default="free")
    balance: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2), server_default="0")
    password_hash: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(
        "customer_notes", deferred=True, info=pii("support.notes")
    )
    last_seen: Mapped[datetime | None] = mapped_column(
        onupdate=sa.func.now(), info={"audit": False}
    )
    addresses: Mapped[list[Address]] = relationship(
        back_populates="customer", cascade="all, delete-orphan"
    )


class Address(Base):
    __tablename__ = "address"
    __audited__ = {"subject": "customer_id"}  # noqa: RUF012  as applications write it

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(sa.ForeignKey("customer.id"))
    city: Mapped[str] = mapped_column(info=pii("contact.address"))
    customer: Mapped[Customer] = relationship(back_populates="addresses")


class Party(Base):
    """With tables of subclasses beside it (joined), and one within it (single)."""

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    mail: Mapped[str | None] = mapped_column(info=pii("contact.email"))
    __mapper_args__ = {  # noqa: RUF012  as applications write it
        "polymorphic_on": "kind",
        "polymorphic_identity": "party",
    }


class Company(Party):
    __tablename__ = "company"

    id: Mapped[int] = mapped_column(sa.ForeignKey("party.id"), primary_key=True)
    taxes: Mapped[str | None] = mapped_column(info=pii("financial.tax"))
    __mapper_args__ = {"polymorphic_identity": "company"}  # noqa: RUF012


class Person(Party):
    __mapper_args__ = {"polymorphic_identity": "person"}  # noqa: RUF012


class Seat(Base):
    __tablename__ = "seat"
    __audited__ = True

    row: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime | None]
    picture: Mapped[bytes | None]
    lasts: Mapped[timedelta | None]
    weight: Mapped[float | None]


class Article(Base):
    """Nothing marks it."""

    __tablename__ = "article"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


class Setting(Base):
    __tablename__ = "setting"
    __audited__ = {  # noqa: RUF012  as applications write it
        "update": "admin.config.update",
        "resource": "config",
    }

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    touched: Mapped[int] = mapped_column(
        server_default="0", onupdate=sa.text("setting.touched + 1")
    )


def url(trail: Trail) -> str:
    dsn = trail.login_dsn("writer")
    return dsn.replace("postgresql://", "postgresql+psycopg://", 1)


def set_up(trail: Trail) -> None:
    """Make the shop's tables beside the trail, for its login."""
    own = sa.create_engine(
        trail.dsn.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=sa.pool.NullPool,
    )
    with own.begin() as connection:
        Base.metadata.create_all(connection)
        for table in Base.metadata.tables:
            connection.execute(
                sa.text(f"grant all on public.{table} to prooftrail_writer")
            )
        connection.execute(
            sa.text("grant all on all sequences in schema public to prooftrail_writer")
        )
    own.dispose()


@pytest.fixture
def made(trail: Trail) -> Iterator[Recorder]:
    """Give a recorder beside the shop's tables."""
    set_up(trail)
    with recorder(trail) as one:
        yield one


@pytest.fixture
def engine(trail: Trail, made: Recorder) -> Iterator[sa.Engine]:
    """Give the shop's engine, not tracked."""
    del made
    one = sa.create_engine(url(trail))
    yield one
    one.dispose()


@pytest.fixture
def maker(engine: sa.Engine, made: Recorder) -> sessionmaker[Session]:
    """Give its sessions, tracked, and three customers from before that."""
    one = sessionmaker(engine)
    with one.begin() as session:
        session.add_all(
            Customer(id=f"c{n}", email=f"{n}@a.test", name=f"N {n}") for n in range(3)
        )
    track(one, recorder=made, reads=True)
    return one


@contextmanager
def stating(action: str = "customer.pii.update") -> Iterator[Draft]:
    """Open an event that what is inside fills in; it is not recorded."""
    made = Draft(catalog.resolve(action), actor={"userId": "usr_1"})
    token = enter(made)
    try:
        yield made
    finally:
        leave(token)


def shown(value: Any) -> Any:
    """Return a value as the test wrote it: a personal one as (value, class, whose)."""
    if isinstance(value, Personal):
        return (value.value, value.cls, value.subject)
    return value


def told(made: Draft) -> list[tuple[str, Any, Any]]:
    """Return an event's changes: field, before, after."""
    return [
        (one["field"], shown(one["before"]), shown(one["after"]))
        for one in made.stated("success").get("changes", [])
    ]


def recorded(trail: Trail) -> list[dict[str, Any]]:
    """Return the events in the inbox, in order."""
    rows = trail.superuser().execute("select event from prooftrail.inbox order by id")
    return [json.loads(event) for (event,) in rows]
