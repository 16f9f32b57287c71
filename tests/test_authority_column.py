"""The column of on whose authority: the migration tells what is projected."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random  # noqa: TID251  seeded: a failure must come again
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.core import jcs, projection
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, files, fingerprint, install, streams
from prooftrail.store.question import ANSWERS
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.sealing import event
from tests.searched import fill
from tests.test_projection import BASE
from tests.trail import BASE as ORIGIN
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from prooftrail.store.connect import Connection
    from tests.trail import Trail

LATEST = 6
TOLD = next(step for step in files.migrations() if step.version == LATEST).texts[0]
OLDER = (
    "stream, seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event,"
    " event_id, occurred_us, actor, role, action, resource_type, resource_id, result,"
    " ip, pii, continues"
)
SUBJECTS = "stream, seq, subject, occurred_us, recorded_us"

text = st.text(st.characters(codec="utf-8", min_codepoint=1), max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | text,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2)
    ),
    max_leaves=4,
)
words = st.sampled_from(["allowed", "denied", "break_glass", "Allowed", "break-glass"])
usual = st.fixed_dictionaries(
    {"decision": st.sampled_from(["allowed", "denied", None])},
    optional={"basis": st.sampled_from(["role", "break_glass", None]), "name": text},
)
odd = st.dictionaries(
    st.sampled_from(["decision", "basis", "approval"]), words | anything, max_size=3
)
made = st.fixed_dictionaries(
    {"result": st.sampled_from(["success", "failure", "denied"])},
    optional={"authorization": usual | odd | words | anything, "details": anything},
).map(lambda more: jcs.canonical(BASE | more))


def test_what_the_migration_tells_of_an_event_is_its_projection(trail: Trail) -> None:
    admin = trail.superuser()
    with connect.connect(None, dsn=trail.dsn, autocommit=True) as link:
        link.execute(files.with_roles(TOLD, "prooftrail"))
    seen = set()

    @settings(max_examples=50, deadline=None)
    @given(st.lists(made, min_size=20, max_size=40))
    def compare(events: list[bytes]) -> None:
        columns, _ = projection.read_all(events)
        rows = admin.execute(
            "select prooftrail.told_authority(e.result, e.event) from unnest("
            "%s::text[], %s::bytea[]) with ordinality e (result, event, n) order by n",
            (columns.result, events),
        )
        assert columns.authority == [row[0] for row in rows]
        assert columns.authority == [
            projection.read(one)[0].authority for one in events
        ]
        seen.update(columns.authority)

    compare()
    assert seen == set(ANSWERS)


def test_a_log_from_before_it_gets_the_column_and_goes_on(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(trail, Random(8), 60)
    source = trail.superuser()
    with older(trail, monkeypatch) as (link, dsn):
        done = install.install(link, now_us=now_us())
        assert done.migrations_applied[0] == "0006_authority"
        assert fingerprint.compare(link) == []
        asked = f"select authority, {OLDER} from prooftrail.log order by stream, seq"
        found = link.execute(asked).fetchall()
        assert found == source.execute(asked).fetchall()
        assert {row[0] for row in found} == set(ANSWERS)
        parts = link.execute("select count(distinct tableoid) from prooftrail.log")
        assert parts.fetchone() == (3,)
        # what was written anew is known to indexes as visible to all
        unseen = link.execute(
            "select relname from pg_class where relallvisible < relpages"
            " and relnamespace = 'prooftrail_part'::regnamespace and relkind = 'r'"
            " and relname like 'log%'"
        )
        assert unseen.fetchall() == []
        link.execute(
            "insert into prooftrail.inbox (event) values (%s)",
            (json.dumps(event(authorization={"decision": "allowed"})),),
        )
        sealed(dsn)
        newest = link.execute(
            "select authority from prooftrail.log order by seq desc limit 1"
        )
        assert newest.fetchone() == ("authorised",)
        assert verified(dsn) == 0


@pytest.mark.parametrize(
    "data",
    [b"no json", b"\xff", b'{"authorization": "\\u0000"}', b'{"a":' + b"[" * 200_000],
)
def test_bytes_that_are_no_event_do_not_hold_it_up(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    fill(trail, Random(8), 6)
    with older(trail, monkeypatch) as (link, dsn):
        (newest,) = link.execute("select max(seq) from prooftrail.log").fetchone() or ()
        link.execute("alter table prooftrail.log disable trigger all")
        link.execute("alter table prooftrail.log drop constraint body_is_hash")
        for result in ("success", "denied"):
            link.execute(
                "update prooftrail.log set event = %s, result = %s where seq = %s",
                (data, result, newest),
            )
            newest = int(str(newest)) - 1
        install.install(link, now_us=now_us())
        found = link.execute(
            "select result, authority from prooftrail.log where event = %s", (data,)
        )
        assert set(found) == {("success", "unexplained"), ("denied", "denied")}
        assert verified(dsn) == 1


@contextmanager
def older(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Connection, str]]:
    """Give a database with the same log, as an older release has it, and its DSN."""
    cluster = trail.cluster
    name = prefix = f"{trail.database}_before"
    source = trail.superuser()
    before = [step for step in files.migrations() if step.version < LATEST]
    with cluster.admin() as root:
        root.execute(f"create database {name}")
    link = connect.connect(None, dsn=cluster.dsn(name), autocommit=True)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(files, "migrations", lambda: before)
            install.install(link, prefix=prefix, now_us=now_us())
        for one in trail.made.values():
            streams.create(link, one.name, stream_id=one.stream_id, base=ORIGIN)
        for (us,) in source.execute("select distinct recorded_us from prooftrail.log"):
            day = datetime.fromtimestamp(us / 1_000_000, UTC).date()
            link.execute("select prooftrail.ensure_partition(%s)", (day,))
        for table, columns in (("log", OLDER), ("subject", SUBJECTS)):
            copied(source, link, table, columns)
        yield link, cluster.dsn(name)
    finally:
        link.close()
        cluster.drop(name)
        with cluster.admin() as root:
            for login in ("owner", *files.LOGINS):
                root.execute(f"drop role if exists {prefix}_{login}")


def copied(
    source: psycopg.Connection[Any], link: Connection, table: str, columns: str
) -> None:
    rows = f"select {columns} from prooftrail.{table} order by stream, seq"
    with (
        source.cursor().copy(f"copy ({rows}) to stdout") as out,
        link.cursor().copy(f"copy prooftrail.{table} ({columns}) from stdin") as into,
    ):
        for data in out:
            into.write(data)


def sealed(dsn: str) -> None:
    working = Sealer(
        lambda: connect.connect("sealer", dsn=dsn), clock=now_us, random=os.urandom
    )
    assert working.drain().events == 1
    working.close()


def verified(dsn: str) -> int:
    return Run(Asked(), dsn=dsn).run().verdict.exit_code
