"""What the gate is made of: limits, passwords, codes, keys; no database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.access import access_key, limits, passwords, roles, tokens, totp
from prooftrail.access.access_key import AccessKey
from prooftrail.access.limits import ACCOUNT, ADDRESS, SECOND_US, WINDOW_US
from prooftrail.access.passwords import Passwords
from prooftrail.access.throttling import Seldom, network
from prooftrail.access.visiting import folded, within
from prooftrail.capture.redaction import Redactor
from prooftrail.errors import ConfigurationError, FormatError
from prooftrail.signing.keys import MasterKey
from prooftrail.store import keys, people
from prooftrail.store.people import Grant
from prooftrail.store.readers import Holder

if TYPE_CHECKING:
    from pathlib import Path

    from argon2 import PasswordHasher

NOW = 1_800_000_000 * SECOND_US
MASTER = MasterKey(bytes(range(32)))


def fixed(count: int) -> bytes:
    return b"\x07" * count


class Oracle:
    """The rule in words, second by second: what is counted, when nothing is tried."""

    def __init__(self, rule: limits.Rule) -> None:
        self.rule = rule
        self.failures: list[int] = []

    def tries(self, now: int) -> bool:
        if self.failures:
            last = self.failures[-1]
            burst = [at for at in self.failures if last - at < WINDOW_US]
            over = len(burst) - self.rule.free
            if len(burst) >= self.rule.most:
                if now - last < WINDOW_US:
                    return False
            elif over >= 0 and now - last < min(SECOND_US << over, WINDOW_US):
                return False
        self.failures.append(now)
        return True


@given(
    st.sampled_from([ACCOUNT, ADDRESS, limits.Rule(2, 4)]),
    st.lists(
        st.one_of(
            st.integers(0, 40 * SECOND_US),
            st.integers(0, 2 * WINDOW_US),
            st.sampled_from([SECOND_US, SECOND_US - 1, WINDOW_US, WINDOW_US - 1]),
        ),
        max_size=150,
    ),
)
def test_limits_are_as_the_rule_says(rule: limits.Rule, pauses: list[int]) -> None:
    oracle, now, kept = Oracle(rule), NOW, list[int]()
    for pause in pauses:
        now += pause
        kept = limits.recent(kept, now)
        waits = limits.wait(rule, kept, now)
        assert (waits is None) == oracle.tries(now)
        if waits is None:
            kept = limits.recent([*kept, now], now)[-rule.most :]
        else:
            assert now < waits.until_us <= now + WINDOW_US
            assert (waits.why == "locked") == (len(kept) >= rule.most)


@given(st.lists(st.integers(0, 60 * SECOND_US), min_size=300, max_size=300))
def test_in_no_window_are_more_than_the_most(pauses: list[int]) -> None:
    now, kept, tried = NOW, list[int](), list[int]()
    for pause in pauses:
        now += pause
        if limits.wait(ACCOUNT, limits.recent(kept, now), now) is None:
            kept = limits.recent([*kept, now], now)[-ACCOUNT.most :]
            tried.append(now)
    for first, last in zip(tried, tried[ACCOUNT.most :], strict=False):
        assert last - first >= WINDOW_US


def test_a_clock_that_ran_ahead_locks_nobody_out() -> None:
    ahead = [NOW + 10 * WINDOW_US] * 10
    assert limits.wait(ACCOUNT, ahead, NOW) is None


@given(st.binary(min_size=20, max_size=20), st.integers(90, 2**33), st.integers(-4, 4))
def test_codes_of_three_steps_are_good_once(
    secret: bytes, second: int, off: int
) -> None:
    now, step = second * SECOND_US, second // 30
    code = pyotp.HOTP(totp.encoded(secret)).at(max(step + off, 0))
    near = {pyotp.HOTP(totp.encoded(secret)).at(step + one) for one in (-1, 0, 1)}
    found = totp.step_of(secret, code, now_us=now, after=0)
    assert (found is not None) == (code in near)
    if found is not None:
        assert totp.step_of(secret, code, now_us=now, after=step + 1) is None
        assert totp.step_of(secret, f" {code[:3]} {code[3:]}", now_us=now, after=0)


@pytest.mark.parametrize(
    ("second", "code"),
    # RFC 6238, appendix B: the last six digits of SHA-1
    [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_rfc(second: int, code: str) -> None:
    secret = b"12345678901234567890"
    step = totp.step_of(secret, code, now_us=second * SECOND_US, after=0)
    assert step == second // 30


@pytest.mark.parametrize("code", ["", "28708", "2870820", "٢٨٧٠٨٢", "287 082x", "\0"])
def test_what_is_no_code_is_refused(code: str) -> None:
    secret = b"12345678901234567890"
    assert totp.step_of(secret, code, now_us=59 * SECOND_US, after=0) is None


def test_the_address_of_a_second_factor_is_what_apps_read() -> None:
    read = pyotp.parse_uri(totp.address(b"12345678901234567890", "dani@company.com"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.name, read.issuer) == ("dani@company.com", "Prooftrail")
    assert read.secret == totp.encoded(b"12345678901234567890")


def test_passwords_are_kept_with_the_parameters_that_owasp_names() -> None:
    hashes = Passwords(fixed)
    kept = hashes.hash("a heron in the rain")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashes.check("a heron in the rain", kept)
    assert not hashes.check("a heron in the Rain", kept)
    assert not hashes.check("a heron in the rain", None)
    assert not hashes.check("a heron in the rain", "no hash")


@given(st.text(max_size=140))
def test_a_password_is_checked_however_it_was_typed(password: str) -> None:
    hashes = Passwords(fixed, memory=8)
    kept = hashes.hash(password)
    assert hashes.check(password, kept) == (len(password) <= passwords.LONGEST)
    assert not hashes.check(password, None)


def test_no_more_passwords_are_computed_at_once_than_memory_is_meant_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashes = Passwords(fixed, memory=8)
    now, most, lock = 0, 0, threading.Lock()
    kind = type(hashes._hasher)
    verify = kind.verify

    def counted(self: PasswordHasher, kept: str, typed: bytes) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            return verify(self, kept, typed)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(kind, "verify", counted)
    threads = [
        threading.Thread(target=hashes.check, args=("x", None)) for _ in range(40)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert 1 <= most <= passwords.AT_ONCE


@pytest.mark.parametrize(
    "password",
    [
        "Password1234",
        "qwertyuiop123!",
        "\uff30assword1234",
        "aaaabbbbcccc",
        "123456789012",
        "dani.smith-1234",
        "x dani.smith@company.com",
        "elevenchars",
        "x1" * 65,
    ],
)
def test_what_is_guessed_first_is_not_taken(password: str) -> None:
    told = passwords.fault(password, "dani.smith@company.com")
    assert told is not None
    assert password not in told


@pytest.mark.parametrize(
    "password",
    ["a heron in the rain", "Tr0ub4dor&3-xyz", "пароль из слов", "x" * 124 + "abcd"],
)
def test_words_of_ones_own_are_taken(password: str) -> None:
    assert passwords.fault(password, "dani.smith@company.com") is None


def test_a_second_factor_opens_in_its_own_place_with_its_own_key() -> None:
    key = AccessKey(MASTER, random=fixed)
    sealed = key.seal(b"s" * 20, "a@b.example")
    assert key.open(sealed, "a@b.example") == b"s" * 20
    other = AccessKey(MasterKey(bytes(32)), random=fixed)
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for opener, text, email in (
        (key, sealed, "c@b.example"),
        (other, sealed, "a@b.example"),
        (key, damaged, "a@b.example"),
        (key, b"", "a@b.example"),
    ):
        with pytest.raises(FormatError, match="another one"):
            opener.open(text, email)
    assert MASTER.secret.hex() not in repr(key)


def test_what_the_key_gives_differs_by_use() -> None:
    key, token = AccessKey(MASTER, random=fixed), tokens.make(fixed, tokens.SESSION)
    given = {
        key.enrolment(token).hex(),
        key.csrf(token)[:40],
        key.throttled("account", token).hex()[:40],
        key.throttled("address", token).hex()[:40],
        key.session_name(token),
    }
    assert len(given) == 5


def test_a_key_is_made_once_and_never_in_place_of_one_that_is_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "access.key"
    with pytest.raises(ConfigurationError, match="PROOFTRAIL_ACCESS_KEY"):
        access_key.open_key(path, random=fixed, begun=lambda: True)
    assert not path.exists()
    made = access_key.open_key(path, random=fixed, begun=lambda: False)
    assert path.stat().st_mode & 0o777 == 0o600
    again = access_key.open_key(path, random=fixed, begun=lambda: True)
    assert again.csrf("x") == made.csrf("x")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="others can use it"):
        access_key.open_key(path, random=fixed, begun=lambda: True)


def test_tokens_are_of_one_kind_and_redaction_knows_all() -> None:
    kinds = (tokens.PREFIX, tokens.SESSION, tokens.INVITATION)
    for kind in kinds:
        token = tokens.make(fixed, kind)
        assert [tokens.is_token(token, one) for one in kinds] == [
            one == kind for one in kinds
        ]
        assert not tokens.is_token(token + "A", kind)
        assert not tokens.is_token(token[:-1], kind)
        assert token not in str(Redactor().text(f"got {token} there"))


def test_roles_of_people_and_keys_are_those_of_the_table() -> None:
    assert set(roles.RIGHTS) == {*keys.ROLES, *people.ROLES}
    may = {role: set(roles.RIGHTS[role]) for role in people.ROLES}
    assert may["auditor"] == {"read", "verify"}
    assert may["security"] == {"read", "verify", "operate", "reveal", "triage"}
    assert may["privacy_officer"] == {"read", "reveal"}
    assert may["admin"] == {*may["security"], "write", "people"}


@given(st.text(max_size=300))
def test_an_address_is_folded_once_for_all(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    for other in (folded(f" {once} "), folded(once.upper())):
        assert other in (once, folded(once.upper()))
    assert "\n" not in once
    assert not once or 3 <= len(once.encode()) <= 254


def test_what_somebody_gives_he_sees() -> None:
    soon = datetime.max.replace(tzinfo=UTC)
    some = Holder(
        1, "x", "admin", {"a": 1, "b": 2}, soon, all_streams=False, from_us=10, to_us=20
    )
    every = some._replace(all_streams=True, from_us=keys.FIRST_US, to_us=keys.LAST_US)
    grant = Grant("a@b.example", "x", "auditor", ("a",), 10, 20, None)
    assert within(grant, some)
    assert within(grant._replace(streams=None), every)
    for more in (
        grant._replace(streams=None),
        grant._replace(streams=("a", "c")),
        grant._replace(from_us=9),
        grant._replace(to_us=21),
    ):
        assert not within(more, some)
        assert within(more, every)


def test_the_same_refusal_is_told_again_after_a_minute() -> None:
    now = [0]
    seldom = Seldom(lambda: now[0])
    assert seldom.claim("a")
    assert not seldom.claim("a")
    assert seldom.claim("b")
    seldom.give_back("a")
    assert seldom.claim("a")
    now[0] = 60_000_000
    assert seldom.claim("a")


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.42", "203.0.113.42"),
        ("::ffff:203.0.113.42", "203.0.113.42"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("no address", "no address"),
    ],
)
def test_an_address_counts_as_what_one_household_has(
    address: str, counts_as: str
) -> None:
    assert network(address) == counts_as
