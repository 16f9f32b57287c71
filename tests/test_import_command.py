from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.commands import run
from tests.real_data import DATA, FILES, needs_data
from tests.recording import event, seal, sealed, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


@needs_data
def test_all_real_records_are_imported_and_a_second_run_adds_nothing(
    trail: Trail,
) -> None:
    assert len(FILES) == 55
    done = run(trail, "import", "cloudtrail", *map(str, FILES))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "imported 2,900 of 2,900 records; 0 were in the log already\n"
    )
    assert seal(trail).events == 2_900
    entries = sealed(trail)
    assert len(set(entries)) == len(entries) == 2_900

    done = run(trail, "import", "cloudtrail", str(DATA))
    assert done.returncode == 0
    assert done.stdout == (
        "imported 2,900 of 2,900 records; 2,900 were in the log already, 0 are new\n"
    )
    again = seal(trail)
    assert (again.events, again.duplicates, again.quarantined) == (0, 2_900, 0)
    assert sealed(trail) == entries

    rows = (
        trail.superuser()
        .execute(
            "select convert_from(event, 'UTF8'), ip from prooftrail.log where kind = 0"
        )
        .fetchall()
    )
    texts = [text for text, _ in rows]
    events = [(json.loads(text), ip) for text, ip in rows]
    hosts = [one for one, ip in events if "host" in one["actor"]]
    assert len(hosts) == 353
    assert all("ipAddress" not in one["actor"] for one in hosts)
    assert sum(ip is not None for _, ip in events) == 2_900 - 353
    numbers = re.findall(r'"[a-zA-Z]+":{"\$number":"([^"]+)"}', "".join(texts))
    assert sorted(numbers) == [
        "1.688560107857E9",
        "1.68890570862E9",
        "1.688992107857E9",
        "1.68899210862E9",
    ]
    assert "".join(texts).count("$number") == 4


@needs_data
def test_what_waits_to_be_sealed_is_told(trail: Trail) -> None:
    run(trail, "import", "cloudtrail", str(FILES[0]))
    waits = len(waiting(trail))
    done = run(trail, "import", "cloudtrail", str(FILES[0]))
    assert f"({waits:,} events waited to be sealed" in done.stdout
    assert seal(trail).duplicates == waits


@needs_data
def test_a_writer_alone_does_not_claim_to_know_the_log(trail: Trail) -> None:
    done = run(
        trail,
        "import",
        "cloudtrail",
        str(FILES[0]),
        PROOFTRAIL_WRITER_DSN=trail.login_dsn("writer"),
        PROOFTRAIL_DSN="",
    )
    assert done.returncode == 0
    assert done.stdout.endswith("dropped when sealed\n")


@needs_data
def test_bad_records_and_files_are_named_and_stop_no_other(
    trail: Trail, tmp_path: Path
) -> None:
    good = json.loads(FILES[0].read_text())["Records"][:3]
    bad = [{"eventName": f"N{n}"} for n in range(30)]
    mixed = tmp_path / "a.json"
    mixed.write_text(json.dumps({"Records": [good[0], *bad, good[1]]}))
    (tmp_path / "b.json").write_text("no json at all")
    with gzip.open(tmp_path / "c.json.gz", "wt") as packed:
        json.dump({"Records": [good[2]]}, packed)
    (tmp_path / "readme.txt").write_text("not looked at")
    done = run(trail, "import", "cloudtrail", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout.startswith("imported 3 of 34 records")
    told = done.stderr.splitlines()
    assert len(told) == 21
    assert told[0] == f"{mixed}, record 2: no eventID"
    assert told[-1] == "... and 11 more"
    assert len(waiting(trail)) == 3


def test_our_own_lines_come_from_files_directories_and_standard_input(
    trail: Trail, tmp_path: Path
) -> None:
    def line(n: int) -> str:
        one = event(
            eventId=f"0190a5a0-0000-7000-8000-{n:012d}",
            timestamp="2026-01-01T00:00:00Z",
        )
        return json.dumps(one) + "\n"

    (tmp_path / "a.jsonl").write_text(line(1) + line(2))
    (tmp_path / "b.ndjson").write_text(line(3))
    done = run(trail, "import", "jsonl", str(tmp_path), "-", stdin=line(4) + "{}\n")
    assert done.returncode == 1
    assert done.stderr.startswith("-, line 2: actor is missing")
    assert done.stdout.startswith("imported 4 of 5 records")
    seal(trail)
    done = run(trail, "import", "jsonl", str(tmp_path / "a.jsonl"))
    assert "2 were in the log already, 0 are new" in done.stdout
    assert seal(trail).duplicates == 2


@pytest.mark.parametrize("kind", ["cloudtrail", "jsonl"])
def test_a_path_that_is_not_there_is_a_usage_error(trail: Trail, kind: str) -> None:
    done = run(trail, "import", kind, "nowhere.json")
    assert done.returncode == 2
    assert "does not exist" in done.stderr
