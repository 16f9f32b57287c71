"""Brute force in a log of OpenSSH: rules name its sources, and the accounts tried."""

from __future__ import annotations

from prooftrail.core import instants
from prooftrail.detections import Hit, Seen, detect
from tests.test_sshd import outcomes, stated
from tests.test_sshd_messages import KEY

GUESSER = "203.0.113.7"
LISTER = "198.51.100.9"
PERSON = "192.0.2.10"


def hits(log: str) -> list[Hit]:
    found, tally = outcomes(log)
    assert tally.problems == 0
    events = sorted(map(stated, found), key=lambda one: str(one["timestamp"]))
    return detect(
        [
            Seen(
                number,
                instants.microseconds(one["timestamp"]),
                one["action"],
                one["result"],
                actor=one["actor"].get("userId"),
                resource_id=one["resource"].get("id"),
                ip=one["actor"].get("ipAddress"),
                reason=one["details"].get("reason"),
            )
            for number, one in enumerate(events)
        ]
    )


def guessing(times: int) -> str:
    """Return what one connection leaves whose attempts syslog counts together."""
    head = "Dec 10 06:55:46 gate sshd[7]: "
    failed = f"Failed password for root from {GUESSER} port 5 ssh2"
    return (
        f"{head}{failed}\n{head}message repeated {times - 1} times: [ {failed}]\n"
        f"{head}Disconnecting authenticating user root {GUESSER} port 5: Too many "
        "authentication failures [preauth]\n"
    )


def test_attempts_that_syslog_counted_together_are_guessing_at_the_threshold() -> None:
    assert hits(guessing(9)) == []
    (hit,) = hits(guessing(10))
    assert (hit.rule, hit.attempts) == ("guessing", 10)
    assert hit.accounts == (("root", 10),)
    assert hit.addresses == ((GUESSER, 10),)


def test_names_that_nobody_has_are_enumeration_shown_or_not() -> None:
    names = ["admin", "oracle", "test", *(f"Tr0ub4dor{n}" for n in range(9))]
    (hit,) = hits(
        "".join(
            f"Dec 10 06:{n:02d}:00 gate sshd[{n}]: {message}\n"
            for n, name in enumerate(names)
            for message in (
                f"Invalid user {name} from {LISTER} port {n}",
                f"Connection closed by invalid user {name} {LISTER} port {n} [preauth]",
            )
        )
    )
    assert (hit.rule, hit.attempts) == ("enumeration", 12)
    assert hit.addresses == ((LISTER, 12),)
    assert {name for name, _ in hit.accounts} <= {"admin", "oracle", "test"}


def test_a_guess_that_came_in_is_told_with_its_login() -> None:
    accepted = f"Accepted password for root from {GUESSER} port 9 ssh2"
    (hit,) = hits(guessing(12) + f"Dec 10 06:56:46 gate sshd[9]: {accepted}\n")
    assert hit.success is not None
    assert [name for name, _ in hit.accounts] == ["root"]


def test_who_mistypes_once_is_not_told() -> None:
    end = f"from {PERSON} port 60000 ssh2"
    head = "Dec 10 08:00:00 gate sshd[7]: "
    log = f"{head}Failed password for dani {end}\n{head}Accepted publickey for dani "
    assert hits(f"{log}{end}: {KEY}\n") == []
