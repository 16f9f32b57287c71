"""Logs of OpenSSH: names that lie or are secret, files that are odd, broken or long."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from prooftrail.core import instants
from prooftrail.errors import ImportFileError
from prooftrail.importers import Problem, sshd
from prooftrail.importers.sshd_events import LOGIN
from prooftrail.importers.sshd_names import is_public
from tests.test_sshd import HEAD, SETTINGS, events, outcomes, stated
from tests.test_sshd_messages import FAKE

if TYPE_CHECKING:
    from pathlib import Path


def test_a_password_that_was_typed_as_a_name_is_nowhere() -> None:
    secret = "Tr0ub4dor&3 from 6.6.6.6"
    found = events(
        f"Invalid user {secret} from 1.2.3.4 port 5",
        f"Failed password for invalid user {secret} from 1.2.3.4 port 5 ssh2",
        "Connection closed by invalid user x 1.2.3.4 port 5 [preauth]",
    )
    assert len(found) == 1
    event = stated(found[0])
    assert "Tr0ub4dor" not in json.dumps(event)
    assert event["details"]["attempted_login"] == {
        "$protected": {"class": LOGIN, "dropped": True}
    }
    assert event["resource"] == {"type": "account"}
    # nor can it be guessed from the id
    (other,) = events(
        "Failed password for invalid user other4 from 1.2.3.4 port 5 ssh2"
    )
    assert other["eventId"] == event["eventId"]
    named = events(
        f"Failed password for invalid user {secret} from 1.2.3.4 port 5 ssh2",
        settings=SETTINGS._replace(names="all"),
    )
    assert stated(named[0])["resource"]["id"] == secret


def test_an_empty_name_and_a_forged_address() -> None:
    (empty,) = events("Failed password for invalid user  from 1.2.3.4 port 5 ssh2")
    assert stated(empty)["details"]["attempted_login"] == ""
    (forged,) = events(
        f"Failed password for invalid user {FAKE} from fe80::1%eth0 port 5 ssh2"
    )
    assert forged["actor"]["ipAddress"] == "fe80::1"
    assert forged["details"]["interface"] == "eth0"
    (mapped,) = events("Failed password for root from ::ffff:1.2.3.4 port 5 ssh2")
    assert mapped["actor"]["ipAddress"] == "1.2.3.4"
    (unknown,) = events("Failed password for root from UNKNOWN port 65535 ssh2")
    assert unknown["actor"] == {"type": "anonymous", "host": "UNKNOWN"}
    for event in (forged, mapped, unknown):
        stated(event)


def test_names_that_are_not_utf_8_are_kept_apart() -> None:
    line = b"Failed password for invalid user \xff\xfe from 1.2.3.4 port 5 ssh2\n"
    found, _ = outcomes(HEAD.encode() + line, SETTINGS._replace(names="all"))
    assert stated(found[0])["resource"]["id"] == "\\xff\\xfe"


def test_a_repeat_without_end_is_not_followed() -> None:
    inner = "[ Failed password for root from 1.2.3.4 port 5 ssh2]"
    for times in ("0", "10001", "999999999999", "x", "-1"):
        found, tally = outcomes(f"{HEAD}message repeated {times} times: {inner}\n")
        assert isinstance(found[0], Problem)
        assert tally.problems == 1
    found, _ = outcomes(f"{HEAD}message repeated 2 times: [ Failed\n")
    assert isinstance(found[0], Problem)


def test_files_are_read_packed_and_from_any_system(tmp_path: Path) -> None:
    log = f"{HEAD}Failed password for root from 1.2.3.4 port 5 ssh2\r\n" * 3
    expected, _ = outcomes(log)
    for number, data in enumerate(
        (
            log.encode(),
            gzip.compress(log.encode()),
            b"\xef\xbb\xbf" + log.replace("\r", "").encode(),
            log.rstrip().encode(),
        )
    ):
        path = tmp_path / f"{number}.log"
        path.write_bytes(data)
        found = list(sshd.read_file(path, SETTINGS, sshd.Tally()))
        assert [one.outcome for one in found] == expected
        assert [one.where for one in found][-1] == f"{path}, line 3"
    half = tmp_path / "half.gz"
    half.write_bytes(gzip.compress(log.encode() * 900)[:-20])
    *_, last = sshd.read_file(half, SETTINGS, sshd.Tally())
    assert isinstance(last.outcome, Problem)
    for bad in (tmp_path / "gone", tmp_path / "bad.gz"):
        if bad.suffix:
            bad.write_bytes(b"\x1f\x8bnot gzip")
        with pytest.raises(ImportFileError):
            list(sshd.read_file(bad, SETTINGS, sshd.Tally()))


def test_a_year_of_connections_is_held_in_little_memory() -> None:
    log = "".join(
        f"{instants.text(1_700_000_000_000_000 + n * 1_000_000)} gate sshd[{n}]: "
        f"Invalid user admin from 1.2.3.4 port {n % 60_000}\n"
        for n in range(5_000)
    )
    tally = sshd.Tally()
    stream = io.BufferedReader(io.BytesIO(log.encode()))
    reading = sshd.read_events(stream, SETTINGS, tally)
    before_the_end = Counter(tally.lines < 5_000 for _, _ in reading)
    assert sum(before_the_end.values()) == 5_000
    assert before_the_end[True] > 3_000  # told while reading, and forgotten


def test_names_that_anybody_would_try() -> None:
    assert all(map(is_public, ("admin", "Oracle", "test9", "admin123", "www-data")))
    assert not any(map(is_public, ("admin2019", "hunter2", "", "12", "Tr0ub4dor&3")))
