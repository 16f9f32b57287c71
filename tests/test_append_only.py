"""UPDATE, DELETE and TRUNCATE are refused to the owner and to superusers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect
from tests.trail import Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT = (
    '{"actor": {"userId": "usr_1"}, "action": "customer.pii.export",'
    ' "resource": {"type": "customer", "id": "cust_1"}, "subjects": ["cust_2"],'
    ' "result": "success"}'
)
VERBS = {
    "update": "update {} set stream = stream",
    "update of nothing": "update {} set stream = stream where false",
    "delete": "delete from {}",
    "delete of nothing": "delete from {} where false",
    "truncate": "truncate {}",
    "truncate cascade": "truncate {} cascade",
}
WHO = {
    "the owner": "set role prooftrail_owner",
    "a superuser": "set role none",
    "a superuser as a replica": "set session_replication_role = replica",
    "the owner as a replica": (
        "set session_replication_role = replica; set role prooftrail_owner"
    ),
}

Connection = psycopg.Connection[Any]


@pytest.fixture
def sealed(trail: Trail) -> Iterator[Connection]:
    admin = trail.superuser()
    admin.execute(
        "insert into prooftrail.inbox (stream, event) select 'main', %s"
        " from generate_series(1, 3)",
        (EVENT,),
    )
    sealer = Sealer(
        lambda: connect.connect("sealer", dsn=trail.dsn),
        clock=now_us,
        random=os.urandom,
    )
    assert sealer.drain().events == 3
    sealer.close()
    admin.execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " select stream, 1, 0, e'x\\n1\\n' || encode(leaf, 'base64'), ''"
        " from prooftrail.log where seq = 0"
    )
    admin.execute("insert into prooftrail.retention_policy (policy) values ('[]')")
    counts = _counts(admin)
    assert counts == [4, 3, 1, 1]
    yield admin
    admin.execute("reset role; reset session_replication_role")
    assert _counts(admin) == counts


def _counts(admin: Connection) -> list[int]:
    row = admin.execute(
        "select (select count(*) from prooftrail.log),"
        " (select count(*) from prooftrail.subject),"
        " (select count(*) from prooftrail.checkpoint),"
        " (select count(*) from prooftrail.retention_policy)"
    ).fetchone()
    assert row is not None
    return list(row)


def _partitions(admin: Connection) -> list[str]:
    rows = admin.execute(
        "select 'prooftrail_part.' || relname from pg_class where relkind = 'r'"
        " and relnamespace = 'prooftrail_part'::regnamespace order by 1"
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("who", WHO)
def test_log_subject_checkpoint_and_retention_policy_are_append_only_to(
    sealed: Connection, who: str
) -> None:
    sealed.execute(WHO[who])
    for name in ("log", "subject", "checkpoint", "retention_policy"):
        table = f"prooftrail.{name}"
        for verb in VERBS.values():
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match="append-only"
            ):
                sealed.execute(verb.format(table))


@pytest.mark.parametrize("who", WHO)
def test_partitions_refuse_every_statement_that_names_them_to(
    sealed: Connection, who: str
) -> None:
    parts = _partitions(sealed)
    assert len(parts) >= 8
    sealed.execute(WHO[who])
    for part in parts:
        for verb in (*VERBS.values(), "insert into {} select * from {} where false"):
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match="append-only"
            ):
                sealed.execute(verb.format(part, part))


@pytest.mark.parametrize("who", ["a superuser", "a superuser as a replica"])
def test_copy_into_a_partition_is_refused_to(sealed: Connection, who: str) -> None:
    parts = _partitions(sealed)
    sealed.execute(WHO[who])
    for part in parts:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
            sealed.cursor().copy(f"copy {part} from stdin"),
        ):
            pass


@pytest.mark.parametrize("who", ["a superuser", "a superuser as a replica"])
def test_an_entry_that_does_not_continue_the_chain_is_refused_to(
    sealed: Connection, who: str
) -> None:
    sealed.execute(WHO[who])
    replay = (
        "insert into prooftrail.log select (jsonb_populate_record(l,"
        " jsonb_build_object('seq', {seq}, 'recorded_us', l.recorded_us))).*"
        " from prooftrail.log l where seq = 1"
    )
    for seq in ("1", "l.seq + 3"):
        with pytest.raises(psycopg.errors.IntegrityError):
            sealed.execute(replay.format(seq=seq))
    with pytest.raises(psycopg.errors.IntegrityError, match="do not continue"):
        sealed.execute(
            "insert into prooftrail.log select stream, seq, recorded_us + 1, kind,"
            " stream_id, prev, body, sha256('\\x000100'::bytea || uuid_send(stream_id)"
            " || prev || int8send(seq) || int8send(recorded_us + 1) || body), salt,"
            " event, event_id, occurred_us, actor, role, action, resource_type,"
            " resource_id, result, ip, pii, continues, authority from prooftrail.log"
            " where seq = 2"
        )
