"""``prooftrail import sshd``: real logins to a real server, what an auditor asks."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.importers.sshd_events import LOGIN
from tests.commands import run
from tests.keeping_rig import Rig
from tests.recording import seal, sealed
from tests.ssh_server import needs_sshd, ssh_server
from tests.test_reading_commands import key
from tests.test_sshd_messages import KEY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

BERLIN = ("--year", "2025", "--zone", "Europe/Berlin")


def found(trail: Trail, *query: str) -> list[dict[str, Any]]:
    """Return what an auditor finds, the newest first."""
    token = key(trail, "--role", "auditor")
    given = ("search", "--format", "jsonl", "--limit", "1000", *query)
    done = run(trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def brute_force() -> str:
    """Return a log of two days: two sources guess, one person mistypes and logs in."""
    lines: list[str] = []

    def say(at: str, pid: int, *messages: str) -> None:
        lines.extend(f"{at} gate sshd[{pid}]: {message}\n" for message in messages)

    for n in range(40):
        end = f"from 203.0.113.7 port {40_000 + n}"
        failed = f"Failed password for root {end} ssh2"
        say(
            f"Dec 31 23:{n:02d}:10",
            100 + n,
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 "
            "tty=ssh ruser= rhost=203.0.113.7  user=root",
            failed,
            f"message repeated 2 times: [ {failed}]",
            f"Disconnecting authenticating user root 203.0.113.7 port {40_000 + n}: "
            "Too many authentication failures [preauth]",
        )
    for n, name in enumerate(("admin", "oracle", "test", "pi", "Tr0ub4dor&3")):
        end = f"from 198.51.100.9 port {50_000 + n}"
        say(
            f"Jan  1 00:{n:02d}:10",
            200 + n,
            f"Invalid user {name} {end}",
            "pam_unix(sshd:auth): check pass; user unknown",
            f"Failed password for invalid user {name} {end} ssh2",
            f"Connection closed by invalid user {name} 198.51.100.9 port {50_000 + n} "
            "[preauth]",
        )
    end = "from 192.0.2.10 port 60000 ssh2"
    say("Jan  1 08:00:00", 300, f"Failed password for dani {end}")
    say("Jan  1 08:00:09", 300, f"Accepted publickey for dani {end}: {KEY}")
    say("Jan  1 09:00:00", 300, "Disconnected from user dani 192.0.2.10 port 60000")
    return "".join(lines)


def test_a_log_with_brute_force_names_the_sources_and_the_accounts(
    trail: Trail, tmp_path: Path
) -> None:
    path = tmp_path / "auth.log.gz"
    path.write_bytes(gzip.compress(brute_force().encode()))
    done = run(trail, "import", "sshd", *BERLIN, str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "imported 128 of 128 records; 0 were in the log already\n"
        "183 lines: 183 tell of logins, 0 of sshd tell of none, 0 are of other "
        "programs or blank, 0 could not be understood\n"
    )
    assert seal(trail).events == 128

    # which sources guessed, how often, and at what?
    failures = found(trail, "action:auth.login.failure")
    tried = Counter(
        (one["actor"]["ipAddress"], one["resource"].get("id")) for one in failures
    )
    assert tried == {
        ("203.0.113.7", "root"): 120,
        ("198.51.100.9", "admin"): 1,
        ("198.51.100.9", "oracle"): 1,
        ("198.51.100.9", "test"): 1,
        ("198.51.100.9", "pi"): 1,
        ("198.51.100.9", None): 1,  # perhaps a password
        ("192.0.2.10", "dani"): 1,
    }
    assert "Tr0ub4dor" not in json.dumps(failures)
    # who tried root; what did this source do; did it get in?
    assert len(found(trail, "resource:root", "during:2025-12-31")) == 120
    assert Counter(
        one["details"]["reason"] for one in found(trail, "ip:198.51.100.9")
    ) == {"unknown_user": 5}
    (login,) = found(trail, "action:auth.login.success")
    assert login["actor"]["userId"] == "dani"
    assert login["timestamp"] == "2026-01-01T07:00:09Z"
    assert [one["action"] for one in found(trail, "actor:dani")] == (
        ["auth.logout", "auth.login.success"]
    )


def test_a_second_import_adds_nothing(trail: Trail, tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_text(brute_force())
    run(trail, "import", "sshd", *BERLIN, str(path))
    assert seal(trail).events == 128
    entries = sealed(trail)
    done = run(trail, "import", "sshd", *BERLIN, "-", stdin=path.read_bytes())
    assert "128 were in the log already, 0 are new" in done.stdout
    again = seal(trail)
    assert (again.events, again.duplicates, again.quarantined) == (0, 128, 0)
    assert sealed(trail) == entries


def test_what_was_typed_is_dropped_though_a_keeper_is_there(
    trail: Trail, tmp_path: Path
) -> None:
    rig = Rig(trail, tmp_path / "keeper")
    rig.keep()
    path = tmp_path / "auth.log"
    path.write_text(
        "2026-01-01T00:00:00Z gate sshd[1]: Failed password for invalid user s3cr3t! "
        "from 198.51.100.9 port 1 ssh2\n"
    )
    for _ in range(2):  # a name that is kept would be another event each time
        published = str(rig.published)
        done = run(trail, "import", "sshd", str(path), PROOFTRAIL_EPOCH_KEYS=published)
        assert done.returncode == 0
    sealed_now = seal(trail)
    assert (sealed_now.events, sealed_now.duplicates) == (1, 1)
    (one,) = found(trail, "ip:198.51.100.9")
    assert one["details"]["attempted_login"] == {
        "$protected": {"class": LOGIN, "dropped": True}
    }
    run(trail, "import", "sshd", "--names", "all", str(path))
    assert seal(trail).quarantined == 1  # the same event, told otherwise


def test_what_is_not_understood_is_named_and_the_rest_imported(
    trail: Trail, tmp_path: Path
) -> None:
    path = tmp_path / "auth.log"
    failed = "gate sshd[1]: Failed password for root from 198.51.100.9 port 1 ssh2"
    path.write_text(
        f"Dec 10 06:00:00 {failed}\n"
        "Dec 10 06:00:00 gate sshd[1]: Grant wanted by s3cr3t!\n"
        f"2025-12-10T06:00:01+01:00 {failed}\n"
    )
    done = run(trail, "import", "sshd", "--zone", "UTC", str(path))
    assert done.returncode == 1
    assert done.stdout.startswith("imported 1 of 3 records")
    assert "2 could not be understood" in done.stdout
    assert done.stderr == (
        f"{path}, line 1: the line has no year: give that of the first line (--year)\n"
        f"{path}, line 2: the line has no year: give that of the first line (--year)\n"
    )
    done = run(trail, "import", "sshd", "--year", "2025", "--zone", "UTC", str(path))
    assert done.stdout.startswith("imported 2 of 3 records")
    assert done.stderr == (
        f"{path}, line 2: no message that sshd is known to write, which begins with "
        "'Grant wanted'\n"
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--zone", "Europe/Nowhere"], "no time zone that this machine knows"),
        (["--zone", "../etc/passwd"], "no time zone that this machine knows"),
        (["--zone", "Europe"], "no time zone that this machine knows"),
        (["--year", "26"], "26 is not in the range"),
        (["--names", "some"], "is not one of"),
    ],
)
def test_options_that_are_none_are_refused(
    trail: Trail, tmp_path: Path, options: list[str], why: str
) -> None:
    (tmp_path / "auth.log").write_text("")
    done = run(trail, "import", "sshd", *options, str(tmp_path / "auth.log"))
    assert done.returncode == 2
    assert why in done.stderr


@needs_sshd
def test_real_logins_to_a_real_server(trail: Trail, tmp_path: Path) -> None:
    with ssh_server(tmp_path, "DenyUsers daemon") as server:
        server.password(server.me, prompts=6)  # the server allows four
        server.password("admin", prompts=2)
        server.password("Xk9 from 6.6.6.6 port 1 ssh2")
        server.password("daemon")
        server.key(server.me, "other")
        server.key(server.me, "mine")
        log, me = server.log(), server.me
    path = tmp_path / "auth.log"
    path.write_text(log)
    done = run(trail, "import", "sshd", str(path))
    assert (done.returncode, done.stderr) == (0, ""), log
    assert "0 could not be understood" in done.stdout, log
    seal(trail)
    events = sorted(found(trail, "ip:127.0.0.1"), key=lambda one: one["timestamp"])
    told = [
        (one["action"], one["resource"].get("id"), one["details"].get("reason"))
        for one in events
    ]
    failure = "auth.login.failure"
    assert told == [
        *[(failure, me, "bad_password")] * 4,
        *[(failure, "admin", "unknown_user")] * 2,
        (failure, None, "unknown_user"),
        (failure, "daemon", "not_allowed"),
        (failure, me, "unstated"),
        ("auth.login.success", me, None),
        ("auth.logout", me, "user"),
    ], log
    assert "Xk9" not in json.dumps(events)
    assert events[-2]["details"]["key"].startswith("ED25519 SHA256:")
