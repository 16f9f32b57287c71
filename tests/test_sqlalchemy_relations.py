"""Relations by a table of their own: who was given which role, and lost it."""

from __future__ import annotations

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

from prooftrail.integrations.sqlalchemy import pii, track
from tests import shop
from tests.shop import stating, told

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

made, engine = shop.made, shop.engine


class Base(DeclarativeBase):
    pass


def between(name: str, left: str, right: str, *, key: bool, **more: Any) -> Any:
    return sa.Table(
        name,
        Base.metadata,
        sa.Column(f"{left}_id", sa.ForeignKey(f"{left}.id"), primary_key=key),
        sa.Column(f"{right}_id", sa.ForeignKey(f"{right}.id"), primary_key=key),
        **more,
    )


GRANTS = between("grants", "account", "role", key=True)
TEAMS = between("teams", "account", "tag", key=False)
QUIET = between("quiet", "account", "role", key=True, info={"audited": False})
PLAIN = between("plain", "role", "tag", key=True)


class Account(Base):
    __tablename__ = "account"

    id: Mapped[str] = mapped_column(primary_key=True)
    mail: Mapped[str | None] = mapped_column(info=pii("contact.email"))
    roles: Mapped[list[Role]] = relationship(secondary=GRANTS, back_populates="held")
    tags: Mapped[list[Tag]] = relationship(secondary=TEAMS)
    seen: Mapped[list[Role]] = relationship(secondary=QUIET)


class Role(Base):
    __tablename__ = "role"

    id: Mapped[str] = mapped_column(primary_key=True)
    held: Mapped[list[Account]] = relationship(secondary=GRANTS, back_populates="roles")
    tags: Mapped[list[Tag]] = relationship(secondary=PLAIN)


class Tag(Base):
    __tablename__ = "tag"

    id: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture
def accounts(trail: Trail, engine: sa.Engine, made: Recorder) -> sessionmaker[Session]:
    connection = trail.superuser()
    for name in ("account", "role", "tag"):
        more = ", mail text" if name == "account" else ""
        connection.execute(f"create table {name} (id text primary key{more})")
    for table in (GRANTS, TEAMS, QUIET, PLAIN):
        columns = ", ".join(f"{one.name} text" for one in table.columns)
        connection.execute(f"create table {table.name} ({columns})")
    connection.execute("grant all on all tables in schema public to prooftrail_writer")
    one = sessionmaker(engine)
    with one.begin() as session:
        session.add_all([Account(id="a1"), Account(id="a2"), Role(id="admin")])
        session.add_all([Role(id="reader"), Tag(id="t1")])
    track(one, recorder=made)
    return one


def test_a_role_that_is_given_and_taken_is_told_with_whose_it_is(
    accounts: sessionmaker[Session],
) -> None:
    with stating() as event, accounts.begin() as session:
        account = session.get_one(Account, "a1")
        account.roles.append(session.get_one(Role, "admin"))
    assert told(event) == [("account_id", None, "a1"), ("role_id", None, "admin")]
    stated = event.stated("success")
    assert stated["resource"] == {"type": "grants", "id": "a1/admin"}
    assert stated["subjects"] == ["a1"]
    with stating() as event, accounts.begin() as session:
        role = session.get_one(Role, "admin")
        role.held.clear()
    assert told(event) == [("account_id", "a1", None), ("role_id", "admin", None)]


def test_so_it_is_by_statements_and_where_the_table_has_no_key(
    accounts: sessionmaker[Session],
) -> None:
    with accounts.begin() as session:
        session.execute(
            sa.insert(GRANTS),
            [{"account_id": f"a{n}", "role_id": "admin"} for n in (1, 2)],
        )
        for n in (1, 2):
            account = session.get_one(Account, f"a{n}")
            account.tags.append(session.get_one(Tag, "t1"))
    with stating() as event, accounts.begin() as session:
        session.execute(sa.update(GRANTS).values(role_id="reader"))
        session.execute(sa.delete(TEAMS))
    assert told(event) == [
        ("grants[a1/admin].role_id", "admin", "reader"),
        ("grants[a2/admin].role_id", "admin", "reader"),
        ("teams[a1/t1].account_id", "a1", None),
        ("teams[a1/t1].tag_id", "t1", None),
        ("teams[a2/t1].account_id", "a2", None),
        ("teams[a2/t1].tag_id", "t1", None),
    ]


def test_relations_of_what_is_not_audited_or_that_say_no_are_not_told(
    accounts: sessionmaker[Session],
) -> None:
    with stating() as event, accounts.begin() as session:
        role = session.get_one(Role, "admin")
        role.tags.append(session.get_one(Tag, "t1"))
        account = session.get_one(Account, "a1")
        account.seen.append(role)
    assert told(event) == []
