"""Upserts of SQLAlchemy: which row was met, by which key, and what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from prooftrail.integrations.sqlalchemy import track
from tests import shop
from tests.shop import stating, told

if TYPE_CHECKING:
    from prooftrail import Recorder
    from tests.trail import Trail

EMAIL = "contact.email"
made, engine = shop.made, shop.engine

MEMBER = sa.Table(
    "member",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True, default=lambda: f"new-{uuid4()}"),
    sa.Column("mail", sa.Text, unique=True, info={"pii": EMAIL}),
    sa.Column("team", sa.Text, info={"audit": False}),
    sa.Column("plan", sa.Text, server_default="free"),
    sa.Index("one_plan_a_team", "team", "plan", unique=True),
)
BY_MAIL = {"index_elements": ["mail"]}


@pytest.fixture
def members(trail: Trail, engine: sa.Engine, made: Recorder) -> sa.Engine:
    trail.superuser().execute(
        "create table member (id text primary key, mail text unique, team text,"
        " plan text default 'free', constraint one_plan_a_team unique (team, plan));"
        " create unique index by_hand on member (upper(mail));"
        " insert into member values ('m1', 'a@a.test', 't1'), ('m2', 'b@a.test', 't2');"
        " grant all on member to prooftrail_writer"
    )
    track(engine, recorder=made)
    return engine


def upsert(**values: object) -> Any:
    return postgresql.insert(MEMBER).values(**values)


def test_a_row_that_is_met_under_another_unique_key_is_the_one_that_is_told(
    members: sa.Engine,
) -> None:
    for given in ({"id": "given"}, {}):
        with stating() as event, members.begin() as connection:
            plan = "pro" if given else "team"
            change = upsert(**given, mail="a@a.test", plan=plan)
            connection.execute(
                change.on_conflict_do_update(**BY_MAIL, set_={"plan": plan})
            )
        assert told(event) == [
            ("plan", "free", "pro") if given else ("plan", "pro", "team")
        ]
        assert event.stated("success")["resource"]["id"] == "m1"
        assert event.stated("success")["subjects"] == ["m1"]


@pytest.mark.parametrize("target", [{}, BY_MAIL, {"constraint": "one_plan_a_team"}])
def test_what_was_not_inserted_is_not_told(
    members: sa.Engine, target: dict[str, Any]
) -> None:
    with stating() as event, members.begin() as connection:
        again = upsert(id="n", mail="a@a.test", team="t1", plan="free")
        if target == BY_MAIL:
            again = upsert(id="n", mail="a@a.test")
        if "constraint" in target:
            again = upsert(id="n", team="t1", plan="free")
        connection.execute(again.on_conflict_do_nothing(**target))
    stated = event.stated("success")
    assert "changes" not in stated
    assert "subjects" not in stated


def test_many_rows_are_told_by_what_became_of_each(members: sa.Engine) -> None:
    change = upsert()
    change = change.on_conflict_do_update(
        **BY_MAIL, set_={"plan": change.excluded.plan}
    )
    with stating() as event, members.begin() as connection:
        event.on("import", "7")
        connection.execute(
            change,
            [
                {"id": "x", "mail": "b@a.test", "plan": "pro"},
                {"id": "m3", "mail": "c@a.test", "plan": "pro"},
            ],
        )
    assert told(event) == [
        ("member[m2].plan", "free", "pro"),
        ("member[m3].id", None, "m3"),
        ("member[m3].mail", None, ("c@a.test", EMAIL, "m3")),
        ("member[m3].plan", None, "pro"),
    ]


def test_a_key_that_an_upsert_changes_is_told(members: sa.Engine) -> None:
    change = upsert(id="m9", mail="a@a.test")
    with stating() as event, members.begin() as connection:
        event.on("import", "7")
        connection.execute(
            change.on_conflict_do_update(**BY_MAIL, set_={"id": change.excluded.id})
        )
    ids = [one for one in told(event) if one[0].endswith(".id")]
    assert ids == [("member[m1].id", "m1", None), ("member[m9].id", None, "m9")]


def test_what_meets_by_an_expression_is_told_by_a_remark(members: sa.Engine) -> None:
    with stating() as event, members.begin() as connection:
        connection.execute(upsert(mail="A@a.test").on_conflict_do_nothing())
    stated = event.stated("success")
    assert stated["details"]["statements"] == [{"ids_unknown": 1, "on_conflict": True}]
    assert "changes" not in stated
