"""Logs of OpenSSH: which lines become which events."""

from __future__ import annotations

import io
import json
from typing import Any
from zoneinfo import ZoneInfo

from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.stating import Stating
from prooftrail.importers import Problem, sshd
from prooftrail.importers.sshd_events import LOGIN
from tests.test_sshd_messages import KEY

SETTINGS = sshd.Settings(2026, ZoneInfo("Europe/Berlin"))
NOW_US = 1_893_456_000_000_000  # 2030
HEAD = "Dec 10 06:55:46 gate sshd[24200]: "


def outcomes(
    log: str | bytes, settings: sshd.Settings = SETTINGS
) -> tuple[list[Any], sshd.Tally]:
    data = log.encode() if isinstance(log, str) else log
    tally = sshd.Tally()
    stream = io.BufferedReader(io.BytesIO(data))
    found = [outcome for _, outcome in sshd.read_events(stream, settings, tally)]
    counted = tally.told + tally.passed + tally.others + tally.problems
    assert counted == tally.lines
    assert sum(isinstance(one, Problem) for one in found) == tally.problems
    return found, tally


def events(*messages: str, settings: sshd.Settings = SETTINGS) -> list[Any]:
    """Return the events of messages of one process, all understood."""
    found, tally = outcomes("".join(f"{HEAD}{one}\n" for one in messages), settings)
    assert tally.problems == 0, found
    return found


def stated(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is recorded."""
    stating = Stating(
        clock=lambda: NOW_US,
        random=bytes,
        envelopes=Envelopes(lambda: None, random=bytes, drop=[LOGIN]),
    )
    (text,) = stating.state(event, {}).texts
    value: dict[str, Any] = json.loads(text)
    return value


def reasons(found: list[Any]) -> list[str]:
    assert {one["action"] for one in found} == {"auth.login.failure"}
    return [one["details"]["reason"] for one in found]


def test_one_attempt_is_one_event_though_six_lines_tell_of_it() -> None:
    (event,) = events(
        "reverse mapping checking getaddrinfo for a.example [173.234.31.186] failed - "
        "POSSIBLE BREAK-IN ATTEMPT!",
        "Invalid user webmaster from 173.234.31.186",
        "input_userauth_request: invalid user webmaster [preauth]",
        "pam_unix(sshd:auth): check pass; user unknown",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh "
        "ruser= rhost=173.234.31.186 ",
        "Failed password for invalid user webmaster from 173.234.31.186 port 38926 "
        "ssh2",
        "Connection closed by 173.234.31.186 [preauth]",
    )
    assert stated(event) == {
        "eventId": event["eventId"],
        "timestamp": "2026-12-10T05:55:46Z",
        "actor": {"type": "anonymous", "ipAddress": "173.234.31.186"},
        "action": "auth.login.failure",
        "resource": {"type": "account", "id": "webmaster"},
        "result": "failure",
        "details": {
            "reason": "unknown_user",
            "method": "password",
            "port": 38926,
            "server": "gate",
            "pid": 24200,
        },
        "context": {"service": "sshd"},
    }


def test_a_repeated_message_is_so_many_attempts() -> None:
    pam = "logname= uid=0 euid=0 tty=ssh ruser= rhost=h.example  user=root"
    failed = "Failed password for root from 5.36.59.76 port 42393 ssh2"
    found = events(
        f"pam_unix(sshd:auth): authentication failure; {pam}",
        failed,
        f"message repeated 5 times: [ {failed}]",
        "Disconnecting: Too many authentication failures for root [preauth]",
        f"PAM 5 more authentication failures; {pam}",
        "PAM service(sshd) ignoring max retries; 6 > 3",
    )
    assert reasons(found) == ["bad_password"] * 6
    assert {one["actor"]["ipAddress"] for one in found} == {"5.36.59.76"}
    assert [one["details"].get("repeated") for one in found] == (
        [None, *({"n": n, "of": 5} for n in range(1, 6))]
    )
    assert len({one["eventId"] for one in found}) == 6


def test_the_syslog_of_old_repeats_the_line_before() -> None:
    failed = f"{HEAD}Failed password for root from 5.36.59.76 port 42393 ssh2\n"
    again = "Dec 10 06:55:50 gate last message repeated 2 times\n"
    found, tally = outcomes(failed + again)
    assert len(found) == 3
    assert {one["details"]["pid"] for one in found} == {24200}
    other = "Dec 10 06:55:48 gate CRON[3]: x\n"
    found, tally = outcomes(failed + other + again)
    assert (len(found), tally.others) == (1, 2)


def test_keys_alone_leave_no_line_of_failure_and_count_once() -> None:
    (root,) = events(
        "Connection closed by authenticating user root 1.2.3.4 port 5 [preauth]"
    )
    assert (root["resource"]["id"], reasons([root])) == ("root", ["unstated"])
    assert root["actor"]["ipAddress"] == "1.2.3.4"
    (admin,) = events(
        "Invalid user admin from 1.2.3.4 port 5",
        "Failed none for invalid user admin from 1.2.3.4 port 5 ssh2",
        "Received disconnect from 1.2.3.4 port 5:11: Bye Bye [preauth]",
        "Disconnected from invalid user admin 1.2.3.4 port 5 [preauth]",
    )
    assert (admin["resource"]["id"], reasons([admin])) == ("admin", ["unknown_user"])


def test_what_only_pam_says_is_counted_as_pam_counts() -> None:
    pam = "logname= uid=0 euid=0 tty=ssh ruser= rhost=h.example  user=root"
    found = events(
        f"pam_unix(sshd:auth): authentication failure; {pam}",
        f"pam_sss(sshd:auth): authentication failure; {pam}",
        "Connection closed by 1.2.3.4 port 5 [preauth]",
        f"PAM 2 more authentication failures; {pam}",
    )
    assert reasons(found) == ["bad_password"] * 3
    assert found[0]["actor"] == {"type": "anonymous", "ipAddress": "1.2.3.4"}


def test_reasons() -> None:
    end = "from 1.2.3.4 port 5 ssh2"
    for expected, messages in {
        "bad_password": (f"Failed password for root {end}",),
        "bad_key": (f"Failed publickey for root {end}: {KEY}",),
        "mfa": (
            f"Partial publickey for bob {end}: {KEY}",
            f"Failed keyboard-interactive/pam for bob {end}",
        ),
        "locked": (
            "User bob not allowed because account is locked",
            f"Failed password for invalid user bob {end}",
        ),
        "not_allowed": (
            "User bob from 1.2.3.4 not allowed because not listed in AllowUsers",
            f"Failed password for invalid user bob {end}",
        ),
    }.items():
        found = events(*messages)
        assert reasons(found) == [expected]
        assert found[0]["resource"]["id"] in {"bob", "root"}  # accounts that exist


def test_a_login_its_session_and_its_end_are_two_events() -> None:
    child = HEAD.replace("24200", "24299")
    lines = [
        f"{HEAD}Accepted publickey for deploy from 10.0.0.1 port 5000 ssh2: {KEY}",
        (
            f"{HEAD}pam_unix(sshd:session): session opened for user deploy(uid=1000) "
            "by (uid=0)"
        ),
        f"{child}Received disconnect from 10.0.0.1 port 5000:11: disconnected by user",
        f"{child}Disconnected from user deploy 10.0.0.1 port 5000",
        f"{HEAD}pam_unix(sshd:session): session closed for user deploy",
    ]
    found, tally = outcomes("\n".join(lines))
    assert tally.told == 5
    login, logout = found
    assert login["action"] == "auth.login.success"
    assert login["actor"] == logout["actor"]
    assert login["actor"] == {
        "type": "user", "userId": "deploy", "ipAddress": "10.0.0.1",
    }  # fmt: skip
    assert login["details"]["key"] == KEY
    assert login["details"]["mfa"] == "not stated"
    assert (logout["action"], logout["details"]["reason"]) == ("auth.logout", "user")
    # began before the log does: the child and PAM tell of one end
    found, _ = outcomes("\n".join(lines[2:]))
    assert [one["action"] for one in found] == ["auth.logout"]
    # nobody told of the login
    found, _ = outcomes("\n".join(lines[1:2] + lines[4:]))
    assert [one["action"] for one in found] == ["sshd.session.open", "auth.logout"]


def test_a_second_factor_is_named_where_the_first_one_was_logged() -> None:
    end = "from 1.2.3.4 port 5 ssh2"
    (login,) = events(
        f"Partial publickey for bob {end}: {KEY}",
        f"Accepted keyboard-interactive/pam for bob {end}",
    )
    assert login["details"]["mfa"] == "keyboard-interactive/pam"


def test_pam_locks_an_account() -> None:
    lock, failure = events(
        "pam_faillock(sshd:auth): Consecutive login failures for user bob account "
        "temporarily locked",
        "Failed password for bob from 1.2.3.4 port 5 ssh2",
    )
    assert lock["action"] == "auth.account.lock"
    assert lock["actor"] == {"type": "system", "userId": "pam_faillock"}
    assert lock["resource"] == {"type": "account", "id": "bob"}
    assert failure["action"] == "auth.login.failure"


def test_a_pid_that_comes_again_is_another_connection() -> None:
    old = "Connection closed by invalid user {} 1.2.3.4 port {} [preauth]"
    found = events(
        "Invalid user admin from 1.2.3.4 port 5",
        "Invalid user test from 1.2.3.4 port 6",
        old.format("test", 6),
    )
    assert [one["resource"]["id"] for one in found] == ["admin", "test"]
    later = HEAD.replace("06:55", "07:55")
    message = "Invalid user {} from 1.2.3.4\n"
    found, _ = outcomes(HEAD + message.format("admin") + later + message.format("test"))
    assert [one["resource"]["id"] for one in found] == ["admin", "test"]


def test_lines_without_a_pid_go_by_address_and_port() -> None:
    head = "Dec 10 06:55:46 gate sshd: "
    found, _ = outcomes(
        "".join(
            f"{head}{message.format(user, port)}\n"
            for message in (
                "Invalid user {} from 1.2.3.4 port {}",
                "Failed password for invalid user {} from 1.2.3.4 port {} ssh2",
                "Connection closed by invalid user {} 1.2.3.4 port {} [preauth]",
            )
            for user, port in (("admin", 5), ("test", 6))
        )
    )
    assert [one["resource"]["id"] for one in found] == ["admin", "test"]


def test_the_same_line_twice_is_two_attempts_with_ids_of_their_own() -> None:
    failed = "Failed password for root from 1.2.3.4 port 5 ssh2"
    first, second = events(failed, failed)
    assert first["eventId"] != second["eventId"]
    assert [one["eventId"] for one in events(failed, failed)] == (
        [first["eventId"], second["eventId"]]
    )


def test_other_programs_and_what_is_not_understood_are_counted() -> None:
    found, tally = outcomes(
        "-- Boot 1 --\n\n"
        "Dec 10 06:55:46 gate sudo: Failed password for root from 1.2.3.4 port 5 ssh2\n"
        "no time\n"
        f"{HEAD}Server listening on 0.0.0.0 port 22.\n"
        f"{HEAD}Grant wanted\n"
        f"{HEAD}{'x' * 70_000}\n"
    )
    assert str(tally) == (
        "7 lines: 0 tell of logins, 1 of sshd tell of none, 3 are of other programs or "
        "blank, 3 could not be understood"
    )
    assert len(found) == 3
