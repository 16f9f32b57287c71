"""`prooftrail key`, `search` and `tail`: as the holder of a key, and recorded."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests import commands
from tests.commands import run
from tests.sealing import event, insert, seal
from tests.stated import EXAMPLE, stated

if TYPE_CHECKING:
    from tests.trail import Trail

EVIL = '=HYPERLINK("http://x")'


class Keyed(NamedTuple):
    trail: Trail
    token: str


def key(trail: Trail, *arguments: str) -> str:
    done = run(trail, "key", "create", "a test", *arguments)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"ptk_[\w-]{43}\n", done.stdout)
    assert done.stdout.strip() not in done.stderr
    return done.stdout.strip()


@pytest.fixture
def keyed(trail: Trail) -> Keyed:
    insert(
        trail,
        *(
            event(
                actor={"userId": f"usr_{number}"},
                resource={"type": "customer", "id": EVIL},
                timestamp=f"2026-03-0{number}T00:00:00Z",
            )
            for number in (1, 2, 3)
        ),
    )
    made = Keyed(trail, key(trail, "--role", "auditor"))
    seal(trail)
    return made


def said(keyed: Keyed, *arguments: str) -> str:
    done = run(keyed.trail, *arguments, PROOFTRAIL_KEY=keyed.token)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keys_are_listed_and_revoked_and_stand_in_the_trail(
    trail: Trail, keyed: Keyed
) -> None:
    assert "auditor" in said(keyed, "key", "list")
    assert said(keyed, "search", "--action", "admin.apikey.create", "--count") == "1\n"
    said(keyed, "key", "revoke", "1")
    assert "revoked" in said(keyed, "key", "list")
    done = run(trail, "search", PROOFTRAIL_KEY=keyed.token)
    assert (done.returncode, "PROOFTRAIL_KEY" in done.stderr) == (1, True)
    (row,) = trail.superuser().execute(
        "select string_agg(event, ' ') from prooftrail.inbox"
    )
    assert "admin.apikey.revoke" in row[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "owner"),
        ("--role", "auditor", "--expires", "9y"),
        ("--role", "auditor", "--stream", "nowhere"),
        ("--role", "auditor", "--from", "2026-03-01", "--to", "2026-02-01"),
    ],
)
def test_a_key_that_cannot_be_is_refused(
    trail: Trail, arguments: tuple[str, ...]
) -> None:
    done = run(trail, "key", "create", "a test", *arguments)
    assert done.returncode in {1, 2}
    assert done.stdout == ""
    found = trail.superuser().execute("select count(*) from prooftrail.api_key")
    assert found.fetchall() == [(0,)]


def test_a_search_prints_what_the_api_answers(keyed: Keyed) -> None:
    asked = ("search", "--resource", EVIL, "--to", "2026-03-03")
    lines = said(keyed, *asked).splitlines()
    assert [line.split("  ")[2] for line in lines] == ["usr_2", "usr_1"]
    whole = json.loads(said(keyed, *asked, "--format", "json"))
    each = [
        json.loads(line)
        for line in said(keyed, *asked, "--format", "jsonl").splitlines()
    ]
    assert whole == each
    assert [one["actor"]["userId"] for one in each] == ["usr_2", "usr_1"]
    rows = list(csv.DictReader(io.StringIO(said(keyed, *asked, "--format", "csv"))))
    assert [row["actor"] for row in rows] == ["usr_2", "usr_1"]
    assert rows[0]["resource"] == f"'{EVIL}"  # a text, no formula
    assert said(keyed, *asked, "--count") == "2\n"
    for kind, told in (
        ("json", '{"count":2}'),
        ("jsonl", '{"count":2}'),
        ("csv", "count\n2"),
    ):
        assert said(keyed, *asked, "--count", "--format", kind) == f"{told}\n"


def test_an_export_of_ten_thousand_is_printed_as_one_for_each_of_them(
    trail: Trail,
) -> None:
    customers = [f"cust_{number}" for number in range(10_000)]
    insert(trail, event(), *stated({**EXAMPLE, "subjects": customers}).texts)
    seal(trail)
    keyed = Keyed(trail, key(trail, "--role", "auditor"))
    for customer in ("cust_0", "cust_456", "cust_5000", "cust_9999"):
        asked = ("search", "--resource", customer)
        assert said(keyed, *asked, "--count") == "1\n"
        assert said(keyed, *asked).count("\n") == 1
        (found,) = json.loads(said(keyed, *asked, "--format", "json"))
        assert found["eventId"] == EXAMPLE["eventId"]
        assert found["part"] == {"n": 1, "of": EXAMPLE["eventId"], "total": 10}
    assert said(keyed, "search", "--resource", "cust_10000", "--count") == "0\n"


def test_a_limited_key_sees_no_more_by_a_command_than_over_http(keyed: Keyed) -> None:
    trail = keyed.trail
    trail.stream("acme")
    insert(trail, event(actor={"userId": "usr_acme"}), stream="acme")
    seal(trail)
    token = key(
        trail,
        *("--role", "auditor", "--stream", "main"),
        *("--from", "2026-03-02", "--to", "2026-03-03"),
    )
    limited = Keyed(trail, token)
    (found,) = json.loads(said(limited, "search", "--format", "json"))
    assert found["actor"]["userId"] == "usr_2"
    assert said(limited, "search", "--count") == "1\n"
    (line,) = said(limited, "tail", "--after-seq", "-1", "--jsonl").splitlines()
    assert json.loads(line) == found
    told = set()
    for name in ("acme", "nowhere"):
        done = run(trail, "search", "--stream", name, PROOFTRAIL_KEY=token)
        assert (done.returncode, done.stdout) == (1, "")
        told.add(done.stderr.replace(name, ""))
    assert len(told) == 1


def test_an_export_is_recorded_as_one(trail: Trail, keyed: Keyed) -> None:
    said(keyed, "search", "--limit", "2", "--format", "csv")
    seal(trail)
    (found,) = json.loads(
        said(keyed, "search", "--action", "audit.log.export", "--format", "json")
    )
    details: dict[str, Any] = found["details"]
    assert (details["rows"], details["format"]) == (2, "csv")
    assert details["caller"].startswith("os:")


def test_the_tail_comes_in_order(keyed: Keyed) -> None:
    lines = said(keyed, "tail", "--after-seq", "-1", "--jsonl").splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [0, 1, 2, 3, 4]
    assert len(said(keyed, "tail", "-n", "2").splitlines()) == 2


def test_how_much_the_tail_showed_is_recorded(keyed: Keyed) -> None:
    said(keyed, "tail", "-n", "2")
    seal(keyed.trail)
    asked = ("search", "--action", "audit.log.view", "--format", "jsonl")
    told = [json.loads(line)["details"] for line in said(keyed, *asked).splitlines()]
    shown = sorted(one["rows"] for one in told if "rows" in one)
    assert shown == [2]
    assert len(told) == 2


def test_a_tail_that_takes_all_of_it_away_is_an_export(keyed: Keyed) -> None:
    said(keyed, "tail", "--after-seq", "-1", "--jsonl")
    seal(keyed.trail)
    asked = ("search", "--action", "audit.log.export", "--format", "jsonl")
    told = [json.loads(line)["details"] for line in said(keyed, *asked).splitlines()]
    assert [one["format"] for one in told] == ["jsonl", "jsonl"]
    assert [one["rows"] for one in told if "rows" in one] == [5]


def test_the_tail_goes_on_over_an_outage_while_it_is_to_be_recorded(
    keyed: Keyed,
) -> None:
    code = "import prooftrail.cli.tail as t; t.RECORDED = 0; " + commands.MAIN
    allow = f"alter database {keyed.trail.database} allow_connections"
    away = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
    with (
        keyed.trail.cluster.admin() as admin,
        subprocess.Popen(
            [sys.executable, "-c", code, "tail", "--follow", "--after-seq", "-1"],
            env=keyed.trail.env | {"PROOFTRAIL_KEY": keyed.token},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            first = [process.stdout.readline() for _ in range(5)]
            admin.execute(f"{allow} false")
            admin.execute(away, (keyed.trail.database,))
            said_so = iter(process.stderr.readline, "")
            assert any(line.startswith("waiting: ") for line in said_so)
            admin.execute(f"{allow} true")
            seal(keyed.trail)
            then = process.stdout.readline()  # that it is read is in the trail, too
        finally:
            admin.execute(f"{allow} true")
            process.kill()
    assert then
    assert then not in first


def test_the_tail_ends_when_the_key_is_revoked(keyed: Keyed) -> None:
    code = "import prooftrail.cli.tail as t; t.GOOD = 0.5; " + commands.MAIN
    with subprocess.Popen(
        [sys.executable, "-c", code, "tail", "--follow"],
        env=keyed.trail.env | {"PROOFTRAIL_KEY": keyed.token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said(keyed, "key", "revoke", "1")
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "revoked" in told


def test_reading_without_a_key_says_what_to_do(trail: Trail) -> None:
    done = run(trail, "search", PROOFTRAIL_KEY="")
    assert (done.returncode, "prooftrail key create" in done.stderr) == (1, True)
