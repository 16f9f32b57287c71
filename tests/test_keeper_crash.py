"""kill -9 of the keeper before each of its steps; and what a dump of it all holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from prooftrail import Personal
from prooftrail.keep import fitting
from tests.keeping_rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

VALUES = ("first.protected@x.example", "Zoë Protected-Müller", "+41 79 555 01 02")


def event() -> dict[str, Any]:
    email, name, phone = VALUES
    return {
        "actor": {"userId": "usr_1", "email": Personal(email, "contact.email")},
        "action": "customer.profile.update",
        "result": "success",
        "resource": {
            "type": "customer",
            "id": "cust_7",
            "name": Personal(name, "person.name"),
        },
        "changes": [{"field": "p", "after": Personal(phone, "contact.phone")}],
    }


def test_a_keeper_killed_before_any_step_loses_nothing_and_keeps_nothing_twice(
    trail: Trail, tmp_path: Path
) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    with rig.recorder() as recorder:
        for _ in range(3):
            recorder.record(event())
    text, envelope = trail.superuser().execute(
        "delete from prooftrail.inbox where id = 3 returning event, envelope"
    ).fetchone() or ("", b"")
    trail.login("writer").execute(
        "insert into prooftrail.inbox (event, envelope) values (%s, %s)",
        (text, envelope[:-1]),
    )
    rig.seal()
    env = {**os.environ, "PROOFTRAIL_KEEPER_DSN": trail.login_dsn("keeper")}
    killed = 0
    while True:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.processes.keeper",
                str(rig.directory),
                str(rig.published),
                str(killed),
            ],
            env=env,
            check=False,
            capture_output=True,
        )
        waits, kept, told = (rig.count(t) for t in ("envelope", "vault", "mismatch"))
        assert (waits, kept, told) in {(3, 0, 0), (0, 6, 1)}
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr.decode()
        killed += 1
    assert killed >= 10
    assert (waits, kept, told) == (0, 6, 1)
    assert rig.misfits() == [(json.loads(text)["eventId"], fitting.CLOSED)]


def test_no_value_stands_plain_in_a_dump_of_any_moment(
    trail: Trail, tmp_path: Path
) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    for step in (lambda: rig.record(**event()), rig.seal, rig.keep):
        step()
        dump = subprocess.run(
            [trail.cluster.bin_dir / "pg_dump", "--dbname", trail.dsn],
            check=True,
            capture_output=True,
        ).stdout
        assert b"cust_7" in dump
        for value in VALUES:
            for needle in (value.encode(), value.encode().hex().encode()):
                assert needle not in dump
    files = [path for path in rig.directory.rglob("*") if path.is_file()]
    assert not [path for path in files if VALUES[0].encode() in path.read_bytes()]
