"""Statements on a table that holds the rows of several classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from prooftrail.integrations.sqlalchemy import pii, track
from tests import shop
from tests.shop import stating, told

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

made, engine = shop.made, shop.engine
TAX, NOTES = "financial.tax", "support.notes"


class Base(DeclarativeBase):
    pass


class Employee(Base):
    """Nothing marks it; its table has columns of subclasses that are marked."""

    __tablename__ = "employee"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {  # noqa: RUF012  as applications write it
        "polymorphic_on": "kind",
        "polymorphic_identity": "employee",
    }


class Manager(Employee):
    ssn: Mapped[str | None] = mapped_column(info=pii(TAX))
    note: Mapped[str | None] = mapped_column("manager_note", info=pii(NOTES))
    __mapper_args__ = {"polymorphic_identity": "manager"}  # noqa: RUF012


class Director(Manager):
    __mapper_args__ = {"polymorphic_identity": "director"}  # noqa: RUF012


class Engineer(Employee):
    note: Mapped[str | None] = mapped_column("engineer_note", info=pii(NOTES))
    desk: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "engineer"}  # noqa: RUF012


EMPLOYEE: Any = Employee.__table__


@pytest.fixture
def employees(trail: Trail, engine: sa.Engine, made: Recorder) -> sessionmaker[Session]:
    trail.superuser().execute(
        "create table employee (id int primary key, kind text, ssn text,"
        " manager_note text, engineer_note text, desk text);"
        " grant all on employee to prooftrail_writer"
    )
    one = sessionmaker(engine)
    with one.begin() as session:
        session.add(Manager(id=1, ssn="111", note="m"))
        session.add(Engineer(id=2, note="e", desk="d"))
        session.add(Director(id=3, ssn="333"))
        session.add(Employee(id=4))
    track(one, recorder=made)
    return one


def test_a_personal_column_of_a_subclass_is_told_by_the_table(
    employees: sessionmaker[Session],
) -> None:
    with stating() as event, employees.begin() as session:
        event.on("import", "7")
        session.execute(sa.update(EMPLOYEE).where(EMPLOYEE.c.id == 1).values(ssn="2"))
        session.execute(
            sa.update(EMPLOYEE)
            .where(EMPLOYEE.c.id == 2)
            .values(engineer_note="f", desk="n")
        )
    assert told(event) == [
        ("employee[1].ssn", ("111", TAX, "1"), ("2", TAX, "1")),
        ("employee[2].engineer_note", ("e", NOTES, "2"), ("f", NOTES, "2")),
        ("employee[2].desk", "d", "n"),
    ]


def test_a_statement_on_the_base_tells_the_rows_of_its_subclasses(
    employees: sessionmaker[Session],
) -> None:
    with stating() as event, employees.begin() as session:
        session.execute(sa.delete(Employee).where(Employee.id < 3))
    found = told(event)
    assert ("employee[1].note", ("m", NOTES, "1"), None) in found
    assert ("employee[1].ssn", ("111", TAX, "1"), None) in found
    assert ("employee[2].engineer_note", ("e", NOTES, "2"), None) in found


def test_a_statement_on_a_subclass_tells_its_own_rows(
    employees: sessionmaker[Session],
) -> None:
    with stating() as event, employees.begin() as session:
        session.execute(
            sa.update(Manager).values(ssn="0"),
            execution_options={"synchronize_session": False},
        )
    assert [one[0] for one in told(event)] == ["manager[1].ssn", "manager[3].ssn"]


def test_a_table_that_says_so_is_audited_through_its_class_too(
    trail: Trail, engine: sa.Engine, made: Recorder
) -> None:
    trail.superuser().execute(
        "create table lead (id int primary key, title text);"
        " grant all on lead to prooftrail_writer"
    )

    class Own(DeclarativeBase):  # the test may run twice in a process
        pass

    lead: Any = sa.Table(
        "lead",
        Own.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text),
        info={"audited": True},
    )

    class Lead(Own):
        __table__ = lead

    one = sessionmaker(engine)
    track(one, recorder=made)
    with stating() as event, one.begin() as session:
        session.add(Lead(id=1, title="t"))
        session.flush()
        session.execute(sa.update(lead).values(title="u"))
    assert told(event) == [
        ("id", None, 1),
        ("title", None, "t"),
        ("title", "t", "u"),
    ]
