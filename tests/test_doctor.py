from __future__ import annotations

import json
import os
from typing import Any

import pytest
from click.testing import CliRunner

from prooftrail.cli import doctor as shown
from prooftrail.cli import main
from prooftrail.doctor import Check, examine, flow
from prooftrail.errors import ConfigurationError
from prooftrail.seal.sealer import Sealer
from prooftrail.store import connect, survey
from tests.doctoring import looked, only
from tests.trail import Cluster, Trail, now_us

SECOND = 1_000_000
MONTH = 31 * 86_400 * SECOND
EVENT = (
    '{"actor": {"userId": "usr_1"}, "action": "user.login",'
    ' "resource": {"type": "user", "id": "usr_1"}, "result": "success"}'
)


def wait_in_inbox(trail: Trail, seconds: int, event: str = EVENT) -> None:
    trail.superuser().execute(
        "insert into prooftrail.inbox (stream, event, received_at)"
        " values ('main', %s, clock_timestamp() - make_interval(secs => %s))",
        (event, seconds),
    )


def seal(trail: Trail) -> None:
    sealer = Sealer(
        lambda: connect.connect("sealer", dsn=trail.dsn),
        clock=now_us,
        random=os.urandom,
    )
    sealer.drain()
    sealer.close()


def run(trail: Trail, monkeypatch: pytest.MonkeyPatch, *options: str) -> Any:
    monkeypatch.setenv("PROOFTRAIL_DSN", trail.dsn)
    return CliRunner().invoke(main, ["doctor", *options])


def test_a_fresh_installation_passes(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(trail, monkeypatch)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ok    connection        ")
    assert all(line[6:24].strip() or line[24:27] == "-> " for line in lines[:-2])
    assert "fail" not in {line[:4] for line in lines}
    assert any(line.startswith("note  could cheat") for line in lines)


def test_json_is_one_object(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run(trail, monkeypatch, "--json").stdout)
    assert found["ok"] is True
    assert {tuple(check) for check in found["checks"]} == {
        ("name", "state", "told", "remedy")
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_connection_exits_with_2(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PROOFTRAIL_DSN", "host=127.0.0.1 port=1 password=secret")
    result = CliRunner().invoke(main, ["doctor", *options])
    assert result.exit_code == 2
    assert "does not answer" in result.stdout
    assert "secret" not in result.stdout
    assert not options or json.loads(result.stdout)["ok"] is False


def test_a_database_without_a_trail_exits_with_2(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_DSN", cluster.dsn("postgres"))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 2
    assert "run prooftrail init" in result.stdout
    link = connect.connect(None, dsn=cluster.dsn("postgres"), autocommit=True)
    with pytest.raises(ConfigurationError, match="prooftrail init"):
        examine(link, clock=now_us)
    link.close()


def test_a_failure_exits_with_1_and_says_what_to_do(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail.superuser().execute("alter table prooftrail.log disable trigger link")
    result = run(trail, monkeypatch)
    assert result.exit_code == 1
    assert (
        "fail  triggers          changed: trigger link on prooftrail.log:"
        " enabled DISABLED, not enabled ALWAYS\n"
        "                        -> create it again as 30_triggers.sql has it"
    ) in result.stdout
    assert result.stdout.splitlines()[-1].startswith("2 failed")


def test_doctor_writes_nothing(trail: Trail) -> None:
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    examine(link, clock=now_us)
    assert link.execute("show transaction_read_only").fetchone() == ("on",)
    link.close()


def test_a_terminal_gets_colours_and_no_control_character_of_the_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks = [Check("inbox", "warn", "bad \x1b[31m\u202e[red]", "do\x07 it")]
    shown._paint(checks)
    told = capsys.readouterr().out
    assert "bad \\x1b[31m\\u202e[red]" in told
    assert "-> do\\x07 it" in told
    assert "1 warning." in told


@pytest.mark.parametrize(("seconds", "state"), [(1, "ok"), (10, "warn"), (90, "fail")])
def test_the_age_of_the_oldest_unsealed_event_is_told(
    trail: Trail, seconds: int, state: str
) -> None:
    wait_in_inbox(trail, seconds)
    check = only(trail, "inbox")
    assert check.state == state
    assert check.told.startswith("1 waiting")


def test_who_holds_a_snapshot_is_named(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = trail.superuser()
    holder.execute("begin isolation level repeatable read; select txid_current()")
    assert only(trail, "snapshots").state == "ok"
    monkeypatch.setattr(flow, "HELD_TRANSACTIONS", -1)
    check = only(trail, "snapshots")
    assert check.state == "warn"
    assert (
        f"transaction: process {holder.info.backend_pid}, login postgres" in check.told
    )
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    held = survey.holders(link, seconds=0, transactions=1_000_000)
    link.close()
    # the server's own, as an autovacuum worker, may hold one at that moment too
    mine = [one for one in held if f"process {holder.info.backend_pid}," in one.who]
    assert [one.seconds is not None for one in mine] == [True]


def test_quarantine_is_counted_with_its_reasons(trail: Trail) -> None:
    assert only(trail, "quarantine").told == "empty"
    for event in ("not json", "[]", "[1]"):
        wait_in_inbox(trail, 0, event)
    seal(trail)
    check = only(trail, "quarantine")
    assert check.state == "warn"
    first, *reasons = check.told.splitlines()
    assert first == "3 rows could not be sealed"
    assert len(reasons) == 2
    assert reasons[0].startswith("2 in main: ")


def test_unsigned_entries_are_told(trail: Trail) -> None:
    assert only(trail, "checkpoints").told == "main: nothing to sign yet"
    wait_in_inbox(trail, 0)
    seal(trail)
    check = only(trail, "checkpoints")
    assert (check.state, check.told) == ("warn", "main: 2 entries, none signed")
    admin = trail.superuser()
    admin.execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " select 1, 1, %s, e'x\\n1\\n' || encode(leaf, 'base64'), ''"
        " from prooftrail.log where seq = 0",
        (now_us(),),
    )
    check = only(trail, "checkpoints")
    assert check.state == "ok"
    assert check.told.startswith("main: 1 of 2 entries signed, ")
    assert only(trail, "checkpoints", ahead_us=600 * SECOND).state == "warn"
    admin.execute("alter table prooftrail.checkpoint disable trigger compare")
    admin.execute(
        "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
        " values (1, 9, %s, '', '')",
        (now_us(),),
    )
    check = only(trail, "checkpoints")
    assert (check.state, check.told) == ("fail", "main: 9 entries are signed, 2 there")
    admin.execute("delete from prooftrail.head")
    assert only(trail, "checkpoints").told == "main: its head row is gone"


@pytest.mark.parametrize(
    ("seconds", "state", "side"),
    [
        (0, "ok", "agree"),
        (3, "warn", "3.0 s ahead of"),
        (-3, "warn", "3.0 s behind"),
        (9, "fail", "9.0 s ahead of"),
    ],
)
def test_the_clocks_are_compared(
    trail: Trail, seconds: int, state: str, side: str
) -> None:
    check = only(trail, "clocks", ahead_us=seconds * SECOND)
    assert check.state == state
    assert side in check.told or "2.9" in check.told or "8.9" in check.told


def test_partitions_ahead_are_counted(trail: Trail) -> None:
    assert only(trail, "partitions").state == "ok"
    check = only(trail, "partitions", ahead_us=2 * MONTH)
    assert (check.state, check.remedy[:19]) == ("warn", "run prooftrail init")
    assert only(trail, "partitions", ahead_us=6 * MONTH).state == "fail"


def test_a_month_between_others_without_a_partition_is_told(trail: Trail) -> None:
    trail.login("sealer").execute(
        "select prooftrail.ensure_partition('2031-01-01'::date)"
    )
    (check,) = looked(trail)["partitions"]
    assert check.state == "warn"
    assert "2030-12, between others" in check.told


@pytest.mark.parametrize(
    ("change", "state", "told"),
    [
        ("update prooftrail.migration set digest = 'x'", "fail", "drift: 0001"),
        (
            "insert into prooftrail.migration values (9999, 'later', 'x')",
            "fail",
            "9999 are newer",
        ),
        (
            "delete from prooftrail.migration",
            "warn",
            "0001, 0002, 0003, 0004, 0005, 0006 not applied",
        ),
    ],
)
def test_migrations_are_compared_with_the_release(
    trail: Trail, change: str, state: str, told: str
) -> None:
    trail.superuser().execute(change)
    check = looked(trail)["migrations"][0]
    assert check.state == state
    assert told in check.told


def test_rights_on_the_database_itself_are_looked_at(trail: Trail) -> None:
    admin = trail.superuser()
    admin.execute(f"revoke all on database {trail.database} from public")
    admin.execute(f"grant connect on database {trail.database} to prooftrail_verifier")
    found = looked(trail)
    assert found["temporary tables"][0].state == "fail"
    told = [check.told for check in found["logins"] if check.state == "fail"]
    assert "prooftrail_writer may not connect to this database" in told


def test_settings_that_lose_events_fail(trail: Trail) -> None:
    assert only(trail, "durability").state == "ok"
    trail.superuser().execute(
        f"alter database {trail.database} set synchronous_commit = off"
    )
    check = looked(trail)["durability"][0]
    assert check.state == "fail"
    assert "synchronous_commit is off" in check.told


def test_a_check_that_is_refused_fails_alone(trail: Trail) -> None:
    trail.superuser().execute(
        "revoke select (received_at) on prooftrail.inbox from prooftrail_verifier"
    )
    found = looked(trail)
    assert found["inbox"][0].told.startswith("could not look: the database refused")
    assert found["quarantine"][0].state == "ok"
    assert "grant to prooftrail_verifier" in found["grants"][0].told
