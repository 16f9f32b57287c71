"""What OpenSSH's server says, and what others make it say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.importers import Problem
from prooftrail.importers.sshd_messages import PASSED, Passed, Told, read

FROM = " from 9.9.9.9 port 2 ssh2"
FAKE = "x from 6.6.6.6 port 1 ssh2"
KEY = "ED25519 SHA256:tv+L7IeIYzxoDe9sLeQ4IDdJbw1OTeJplytUE4/CMxQ"
CERTIFICATE = KEY.replace("ED25519", "ED25519-CERT")
PAM = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=9.9.9.9"


def told(message: str) -> Told:
    found = read(message)
    assert isinstance(found, Told), found
    return found


@pytest.mark.parametrize(
    "name", ["root", "", " ", FAKE, 'a "b" c', "invalid user x", "a\\012b", "from", "é"]
)
def test_a_name_is_whatever_stands_before_the_last_address(name: str) -> None:
    for message in (
        f"Failed password for invalid user {name}{FROM}",
        f"Failed keyboard-interactive/pam for invalid user {name}{FROM}",
        f"Failed publickey for invalid user {name}{FROM}: {KEY}",
        f"Failed none for invalid user {name}{FROM}",
        f"Failed password for illegal user {name}{FROM}",
        f"Invalid user {name} from 9.9.9.9 port 2",
        (
            "error: maximum authentication attempts exceeded for invalid user "
            f"{name}{FROM} [preauth]"
        ),
        f"Connection closed by invalid user {name} 9.9.9.9 port 2 [preauth]",
        f"Connection reset by invalid user {name} 9.9.9.9 port 2 [preauth]",
        f"Disconnected from invalid user {name} 9.9.9.9 port 2 [preauth]",
    ):
        found = told(message)
        assert (found.user, found.exists) == (name, False), message
        assert (found.address, found.port) == ("9.9.9.9", 2), message


def test_a_name_of_which_nothing_is_said_is_not_taken_for_an_account() -> None:
    assert told("error: Too many authentication failures for hunter2").user is None
    found = told("Too many authentication failures for invalid user hunter2 [preauth]")
    assert (found.user, found.exists) == ("hunter2", False)


def test_older_lines_have_no_port() -> None:
    assert told("Invalid user a b from 9.9.9.9").user == "a b"
    assert told("Failed password for invalid user a from a::1:1").address == "a::1:1"
    assert told("Illegal user a from ::ffff:9.9.9.9").address == "::ffff:9.9.9.9"
    found = told("input_userauth_request: invalid user webmaster [preauth]")
    assert (found.kind, found.user, found.exists) == ("named", "webmaster", False)


def test_attempts_are_told_with_method_and_key() -> None:
    found = told(f"Accepted publickey for deploy{FROM}: {KEY}")
    assert (found.kind, found.user, found.exists) == ("accepted", "deploy", True)
    assert (found.address, found.port) == ("9.9.9.9", 2)
    assert (found.method, found.key) == ("publickey", KEY)
    assert told(f"Failed password for root{FROM}").kind == "failed"
    assert told(f"Partial publickey for root{FROM}: {KEY}").kind == "partial"
    # how a client asks which methods there are, and a step of one attempt
    assert told(f"Failed none for root{FROM}").kind == "named"
    assert told(f"Postponed publickey for root{FROM} [preauth]").kind == "named"
    principal = told(f"Accepted gssapi-with-mic for bob{FROM}: bob@EXAMPLE.COM")
    assert (principal.user, principal.key) == ("bob", None)
    old = told(f"Accepted publickey for a{FROM}: RSA 0a:1b:2c")
    assert old.key == "RSA 0a:1b:2c"


def test_what_stands_behind_the_address_does_not_move_it() -> None:
    # protocol 1 told the name of the user at the client, too
    found = told("Failed password for a from 9.9.9.9 port 2 ssh1: ruser x from 6.6.6.6")
    assert (found.user, found.address) == ("a", "9.9.9.9")


@pytest.mark.parametrize("method", ["gssapi-with-mic", "hostbased", "publickey"])
def test_what_sshd_adds_of_a_method_may_be_forged_and_is_told(method: str) -> None:
    for message in (
        f"Failed {method} for a{FROM}: {FAKE}",
        f"Failed password for a from 9.9.9.9 port 2 ssh1: ruser {FAKE}",
    ):
        found = read(message)
        assert isinstance(found, Problem)
        assert "two ways" in found.reason
    # of a password it adds nothing, so that all of it is a name
    assert told(f"Failed password for a{FROM}: {FAKE}").address == "6.6.6.6"


def test_an_account_that_may_not_log_in_is_told_with_its_address() -> None:
    why = "not allowed because not listed in AllowUsers"
    assert told(f"User bob from 9.9.9.9 {why}").address == "9.9.9.9"
    assert told(f"User bob from h.example {why}").address == "h.example"


def test_a_certificate_that_forges_an_address_is_told_as_readable_in_two_ways() -> None:
    end = f"(serial 0) CA {KEY}"
    honest = told(f"Failed publickey for root{FROM}: {CERTIFICATE} ID mine {end}")
    assert (honest.user, honest.address, honest.key) == ("root", "9.9.9.9", CERTIFICATE)
    forged = read(f"Failed publickey for root{FROM}: {CERTIFICATE} ID {FAKE}: y {end}")
    assert isinstance(forged, Problem)
    assert "two ways" in forged.reason


def test_a_forged_end_of_a_connection_names_nobody() -> None:
    why = "Change of username or service not allowed: (x 6.6.6.6 port 1: y,a) -> (b,c)"
    found = told(f"Disconnecting invalid user x 9.9.9.9 port 2: {why} [preauth]")
    assert (found.kind, found.user, found.address) == ("left", None, None)


@pytest.mark.parametrize(
    ("message", "user", "why"),
    [
        ("Disconnected from user deploy 9.9.9.9 port 2", "deploy", "user"),
        ("Received disconnect from 9.9.9.9 port 2:11: disconnected by user", None,
         "user"),
        ("Received disconnect from 9.9.9.9: 11: Bye Bye [preauth]", None, "user"),
        (("error: Received disconnect from 9.9.9.9: 3: com.jcraft.jsch.JSchException: "
         "Auth fail [preauth]"), None, "user"),
        ("Connection closed by 9.9.9.9 port 2", None, "user"),
        ("Connection closed by 9.9.9.9 [preauth]", None, "user"),
        ("Connection closed by authenticating user root 9.9.9.9 port 2 [preauth]",
         "root", "user"),
        ("Disconnecting: Too many authentication failures for root [preauth]", None,
         "forced"),
        (("Disconnecting authenticating user root 9.9.9.9 port 2: Too many "
         "authentication failures [preauth]"), "root", "forced"),
        ("Timeout, client not responding from user a 9.9.9.9 port 2", "a", "expiry"),
        ("Connection to 9.9.9.9 port 2 timed out", None, "expiry"),
        ("fatal: Write failed: Connection reset by peer [preauth]", None, "forced"),
        ("Read error from remote host 9.9.9.9 port 2: Connection reset", None,
         "forced"),
    ],
)  # fmt: skip
def test_the_end_of_a_connection(message: str, user: str | None, why: str) -> None:
    found = told(message)
    assert (found.kind, found.user, found.why) == ("left", user, why)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("User bob not allowed because account is locked", "locked"),
        ("User bob from h.example.com not allowed because not listed in AllowUsers",
         "not_allowed"),
        ("User bob not allowed because shell /x does not exist", "not_allowed"),
        ("fatal: Access denied for user bob by PAM account configuration [preauth]",
         "not_allowed"),
        ("Account bob has expired", "not_allowed"),
        (("Authentication tried for bob with correct key but not from a permitted host "
         "(host=a, ip=9.9.9.9, required=b)."), "not_allowed"),
        ("pam_tally2(sshd:auth): user bob (1000) tally 6, deny 5", "locked"),
        ("pam_unix(sshd:account): account bob has expired (account expired)",
         "not_allowed"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_account(message: str, why: str) -> None:
    found = told(message)
    assert (found.kind, found.user, found.exists, found.why) == (
        ("named", "bob", True, why)
    )


def test_pam_says_who_was_refused_and_how_often() -> None:
    found = told(f"pam_unix(sshd:auth): {PAM}  user=root")
    assert (found.kind, found.user, found.module) == ("pam", "root", "pam_unix")
    assert told(f"pam_sss(sshd:auth): {PAM} ").user is None
    more = told(f"PAM 5 more {PAM.replace('failure', 'failures')}  user=root")
    assert (more.kind, more.times, more.user) == ("more", 5, "root")
    assert told(f"PAM 1 more {PAM}").times == 1
    assert told("pam_unix(sshd:auth): check pass; user unknown").exists is False
    lock = told(
        "pam_faillock(sshd:auth): Consecutive login failures for user bob account "
        "temporarily locked"
    )
    assert (lock.kind, lock.user, lock.module) == ("locked", "bob", "pam_faillock")
    for via in ("", " via 192.168.1.201"):
        found = told(f"error: PAM: Authentication failure for bob from h.x{via}")
        assert (found.user, found.address) == ("bob", "h.x")


@pytest.mark.parametrize(
    "by", ["", "(uid=1000)", " by (uid=0)", "(uid=1000) by deploy(uid=0)"]
)
def test_sessions_of_old_and_new_pam(by: str) -> None:
    found = told(f"pam_unix(sshd:session): session opened for user deploy{by}")
    assert (found.kind, found.user) == ("opened", "deploy")
    assert told("pam_unix(sshd:session): session closed for user deploy").user


@pytest.mark.parametrize(
    "message",
    [
        "Server listening on 0.0.0.0 port 22.",
        'Connection from 9.9.9.9 port 2 on 10.0.0.1 port 22 rdomain ""',
        "Did not receive identification string from 9.9.9.9",
        ("reverse mapping checking getaddrinfo for from.6.6.6.6 [9.9.9.9] failed - "
        "POSSIBLE BREAK-IN ATTEMPT!"),
        ("Address 9.9.9.9 maps to x, but this does not map back to the address - "
        "POSSIBLE BREAK-IN ATTEMPT!"),
        "Bad protocol version identification 'Failed password' from 9.9.9.9 port 2",
        ("Unable to negotiate with 9.9.9.9 port 2: no matching key exchange method "
        "found. Their offer: x [preauth]"),
        "error: kex_exchange_identification: Connection closed by remote host",
        "PAM service(sshd) ignoring max retries; 6 > 3",
        "pam_env(sshd:session): deprecated reading of user environment enabled",
        "debug1: Failed password for root from 9.9.9.9 port 2 ssh2",
        "Could not get shadow information for NOUSER",
        "Starting session: command for deploy from 9.9.9.9 port 2 id 0",
    ],
)  # fmt: skip
def test_what_tells_of_no_login_passes(message: str) -> None:
    assert read(message) == PASSED


def test_what_is_not_understood_is_told_by_its_first_words_alone() -> None:
    found = read("Grant wanted for hunter2 from 9.9.9.9")
    assert found == Problem(
        "no message that sshd is known to write, which begins with 'Grant wanted'"
    )
    assert isinstance(read("Failed password for root"), Problem)
    assert isinstance(read("\\x00\\x00"), Problem)


@given(st.text(max_size=200))
def test_any_message_is_read(message: str) -> None:
    assert isinstance(read(message), Told | Passed | Problem)


@given(
    st.text(st.characters(blacklist_categories=("C", "Zl", "Zp")), max_size=100).filter(
        lambda name: "debug" not in name
    ),
    st.sampled_from(["", "invalid user "]),
    st.sampled_from(["password", "publickey", "keyboard-interactive/pam"]),
)
def test_nobody_moves_the_address_by_a_name(name: str, no: str, method: str) -> None:
    extra = f": {KEY}" if method == "publickey" else ""
    found = told(f"Failed {method} for {no}{name}{FROM}{extra}")
    assert (found.address, found.port) == ("9.9.9.9", 2)
    if no:
        assert found.user == name
