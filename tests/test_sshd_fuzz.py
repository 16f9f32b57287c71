"""Logs of OpenSSH that nobody foresaw: nothing is lost, nothing breaks."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail import catalog
from prooftrail.importers import Problem
from tests.test_sshd import SETTINGS, outcomes, stated
from tests.test_sshd_messages import CERTIFICATE, FAKE, KEY, PAM

NAMES = st.one_of(
    st.sampled_from(["root", "admin", "", " ", FAKE, "a\tb", "x [preauth]", "\x1b[2J"]),
    st.text(max_size=120),
)
ADDRESSES = st.sampled_from(
    ["1.2.3.4", "::1", "fe80::1%eth0", "UNKNOWN", "h.example", "::ffff:1.2.3.4"]
)
MESSAGES = st.sampled_from(
    [
        "Failed password for {n} from {a} port {p} ssh2",
        "Failed password for invalid user {n} from {a} port {p} ssh2",
        f"Failed publickey for {{n}} from {{a}} port {{p}} ssh2: {KEY}",
        (
            f"Failed publickey for {{n}} from {{a}} port {{p}} ssh2: {CERTIFICATE} "
            f"ID {{n}} (serial 1) CA {KEY}"
        ),
        f"Accepted publickey for {{n}} from {{a}} port {{p}} ssh2: {KEY}",
        "Partial password for {n} from {a} port {p} ssh2",
        "Failed none for {n} from {a} port {p} ssh2",
        "Invalid user {n} from {a} port {p}",
        "Invalid user {n} from {a}",
        "User {n} from {a} not allowed because account is locked",
        "message repeated {p} times: [ Failed password for {n} from {a} port 5 ssh2]",
        "message repeated 3 times: [ {n}]",
        f"pam_unix(sshd:auth): {PAM}  user={{n}}",
        f"PAM {{p}} more {PAM.replace('failure', 'failures')}  user={{n}}",
        "pam_unix(sshd:session): session opened for user {n} by (uid=0)",
        "pam_unix(sshd:session): session closed for user {n}",
        (
            "pam_faillock(sshd:auth): Consecutive login failures for user {n} account "
            "temporarily locked"
        ),
        "Disconnected from user {n} {a} port {p}",
        "Connection closed by authenticating user {n} {a} port {p} [preauth]",
        "Connection closed by {a} port {p}",
        "Received disconnect from {a} port {p}:11: {n}",
        "Disconnecting invalid user {n} {a} port {p}: {n} [preauth]",
        "reverse mapping checking getaddrinfo for {n} [{a}] failed - POSSIBLE BREAK-IN",
        "{n}",
    ]
)
HEADS = st.sampled_from(
    [
        "Dec 10 06:55:46 gate sshd[7]: ", "Dec 31 23:59:59 gate sshd[8]: ",
        "Jan  1 00:00:00 gate sshd-session[7]: ", "2026-10-25T02:30:00 a sshd[7]: ",
        "2026-10-25T02:30:00.1+0100 gate sshd: ", "Mar 29 02:30:00 gate sshd[7]: ",
        "Dec 10 06:55:46 gate CRON[7]: ", "Dec 10 06:55:46 gate last message ", "",
    ]
)  # fmt: skip


def line(head: str, message: str, name: str, address: str, port: int) -> str:
    return head + message.format(n=name, a=address, p=port)


LINES = st.lists(
    st.builds(line, HEADS, MESSAGES, NAMES, ADDRESSES, st.integers(0, 9)), max_size=25
)


@settings(deadline=None)  # a busy machine is no failure
@given(LINES, st.sampled_from(["public", "all"]))
def test_every_line_is_told_counted_or_named(
    lines: list[str], names: Literal["public", "all"]
) -> None:
    given_names = SETTINGS._replace(names=names)
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    found, tally = outcomes(data, given_names)  # counts all lines
    assert tally.lines == data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    events = [one for one in found if not isinstance(one, Problem)]
    assert len({one["eventId"] for one in events}) == len(events)
    for one in events:
        assert catalog.missing(stated(one)) == []
    assert [repr(one) for one in outcomes(data, given_names)[0]] == (
        [repr(one) for one in found]
    )


@settings(deadline=None)
@given(LINES, st.integers(0, 25))
def test_a_log_that_has_grown_gives_the_same_events_again(
    lines: list[str], until: int
) -> None:
    clean = [re.sub(r"[\r\n]", " ", one) for one in lines]
    clean = [one for one in clean if not re.search("Partial|Failed none", one)]
    before, _ = outcomes("\n".join(clean[:until]).encode("utf-8", "surrogatepass"))
    after, _ = outcomes("\n".join(clean).encode("utf-8", "surrogatepass"))
    told = {
        one["eventId"]: json.dumps(stated(one))
        for one in after
        if not isinstance(one, Problem)
    }
    for one in before:
        # only what the end of a connection told may be told better by a longer log
        if not isinstance(one, Problem) and "method" in one["details"]:
            assert told[one["eventId"]] == json.dumps(stated(one))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from("abc"))))
def test_attempts_are_as_many_as_lines_say(attempts: list[tuple[int, str]]) -> None:
    lines = []
    pam = PAM.replace("9.9.9.9", "1.2.3.4")
    for number, (times, name) in enumerate(attempts):
        head = f"2026-12-10T06:55:46Z gate sshd[{number}]: "
        end = f"from 1.2.3.4 port {number + 1}"
        failed = f"Failed password for invalid user {name} {end} ssh2"
        lines += [
            f"{head}Invalid user {name} {end}",
            f"{head}pam_unix(sshd:auth): {pam}",
            f"{head}{failed}",
            *([f"{head}message repeated {times} times: [ {failed}]"] * (times > 1)),
            (
                f"{head}Connection closed by invalid user {name} 1.2.3.4 port "
                f"{number + 1} [preauth]"
            ),
        ]
    found, _ = outcomes("\n".join(lines))
    expected = Counter(
        {number: times + (times > 1) for number, (times, _) in enumerate(attempts)}
    )
    assert Counter(one["details"]["pid"] for one in found) == expected
