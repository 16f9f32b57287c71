"""Redaction: a corpus of canaries, a corpus of harmless texts, depth, hostility."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.capture import cards
from prooftrail.capture.redaction import Redactor, redact
from prooftrail.capture.secret_shapes import is_routine, is_suspect
from prooftrail.errors import EventError

CANARY = "Zx9-canary_7Qp"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAcanary\n"
    "-----END RSA PRIVATE KEY-----"
)
SESSION = "IQoJb3JpZ2luX2VjECwaCXVzLWVhc3QtMSJHMEUCIQC3brtCyXce337YfpntHj91j+/="
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
GITHUB = "ghp_0123456789abcdefghijABCDEFGHIJ012345"

SECRET_NAMES = """
password Password PASSWORD passwd pwd pass passphrase passcode user_password userPassword
dbpassword DB_PASSWORD masterUserPassword newPassword password2 password_confirmation
passwordHash password-hint secret client_secret clientSecret ClientSecret secretString
secretBinary SecretAccessKey aws_secret_access_key secrets token access_token accessToken
ACCESS-TOKEN refresh_token id_token idToken accesstoken authToken sessionToken
x-amz-security-token X-Amz-Security-Token csrfToken tokenValue api_key apikey apiKey
X-API-Key stripe_api_key private_key privateKey PrivateKeyPem encryptionKey Cookie
Set-Cookie set_cookie cookies Proxy-Authorization otp totp otp_code mfaCode mfa-code
verification_code pin PIN cvv cvc CVV2 security_code recovery_codes backupCodes
connection_string ConnectionString jwt keyMaterial authorization Authorization session
credentials credential jsessionid code_verifier ｐａｓｓｗｏｒｄ contraseña
""".split()

HARMLESS_NAMES = """
secretId secretName SecretARN secretVersionId tokenType token_type tokenCount keyId KeyId
accessKeyId passwordLastChanged passwordPolicy passwordResetRequired nextToken pageToken
sessionId session_id sessionContext sessionCredentialFromConsole roleSessionName key
keys keySpec s3Key publicKey compass bypass passenger author authored authenticated
AuthenticationMethod mfaType MFAUsed mfaAuthenticated pinned pineapple opinion cookbook
cookieConsent cardType httpTokens clientId tokenizer secretary userName email monkey
""".split()

SECRET_TEXTS = [
    f"https://x.example/cb?token={CANARY}&state=1",
    f"https://x.example/cb?a=1&access_token={CANARY}#top",
    f"https://s3.example/b?X-Amz-Signature={CANARY}&X-Amz-Date=1",
    f"https://blob.example/c?sv=1&sig={CANARY}",
    f"https://x.example/cb?code={CANARY}&state=1",
    f"go to https%3A%2F%2Fx.example%3Ftoken%3D{CANARY}%26a%3D1",
    f"postgres://app:{CANARY}@db.example/main",
    f"redis://:{CANARY}@cache:6379/0",
    f"amqp://app:p/{CANARY}@mq.example/v",
    f"host=db user=app password={CANARY} dbname=main",
    f"host=db password='{CANARY} it\\'s' dbname=main",
    f'host=db password="{CANARY} x" dbname=main',
    f"Server=db;User Id=app;Password={CANARY};Encrypt=yes",
    f"AccountName=a;AccountKey={CANARY}==;EndpointSuffix=e",
    f'{{"user": "a", "password": "{CANARY}", "n": 1}}',
    f'{{"user": "a", "api_key" : "{CANARY}"}}',
    f'{{"secrets": {{"a": ["{CANARY}", {{"b": "{CANARY}"}}]}}, "n": 1}}',
    f'{{\\"password\\": \\"{CANARY}\\"}}',
    f"{{'password': '{CANARY}'}}",
    f"password: {CANARY}",
    f"Authorization: Basic {CANARY}",
    f"authorization:{CANARY}",
    f"curl -H 'Cookie: sid={CANARY}; a=b' https://x.example",
    f'curl -H "X-Api-Key: {CANARY}" https://x.example',
    f"login --user ann --password {CANARY} --force",
    f"login --password={CANARY}",
    f"--api-key '{CANARY}'",
    f"export DB_PASSWORD={CANARY}",
    f":password => {CANARY}",
    f"Bearer {CANARY}",
    f"sent bearer {CANARY} to it",
    "header was Basic YW5uOlp4OS1jYW5hcnlfN1Fw",
    f"it said {JWT} and left",
    f"key:\n{PEM}\nend",
    PEM[:60],
    f"token is {SESSION}",
    f"{GITHUB} pushed",
    "xoxb-" + "123456789012-abcdefABCDEF",
    "sk_" + "live_abcdefghijklmnop",
    "posted to https://hooks.slack.com/services/T000/B000/canarycanary",
    f"AKIAIOSFODNN7EXAMPLE:{AWS_SECRET}",
    f"key AKIAIOSFODNN7EXAMPLE secret {AWS_SECRET}.",
]
PARTS = (
    CANARY, "YW5uOlp4OS1jYW5hcnlfN1Fw", "dozjgNryP4J3", "MIIEowIBAA", SESSION[20:],
    GITHUB[4:], "abcdefABCDEF", "abcdefghijklmnop", "canarycanary", AWS_SECRET,
)  # fmt: skip

HARMLESS_TEXTS = [
    "arn:aws:secretsmanager:us-east-1:123837392027:secret:stratus-red-team-11-mUyZgK",
    "secret:read", "token:create", "password:reset", "user.password.change",
    "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "41111111-1111-4111-8111-111111111111",
    "12345678-4532-4532-8532-123456789012",
    "2026-02-17T14:23:01.445Z", "1688990107857", "1688990107857000", "123837392027",
    "35-209900-176148-1 is no card", "356938035643809",
    "sha256:4111111111111111aa" + "0" * 46, "v4111111111111111", "0.4111111111111111",
    "Basic authentication failed", "basic plan", "the bearer of bad news",
    "Bearer authentication is required", "Bearer token",
    "tests pass: 12", "max_tokens=512", "?page=2&key=name", "code=ENOENT errno=2",
    "https://example.com:8080/@user", "https://example.com/a:b@c", "mailto:a@b.example",
    "git@github.com:owner/repo.git", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
    "fe80::1", "2001:db8::4111", "signed in", "a=b&c=d", "Note: all fine", "--",
    "Multi-word-slug-sk-that-goes-on-and-on", "pinned: yes", "author: Ann",
    "TLS_AES_128_GCM_SHA256", "4111 1111", "4111111111111112",
    "The security token included in the request is invalid",
    "-----BEGIN CERTIFICATE-----\nMIIE3zCCAsegAwIBAgIJAOZL\n-----END CERTIFICATE-----",
]  # fmt: skip
CARDS = [
    "4111111111111111", "4222222222222", "5555555555554444", "2223003122003222",
    "378282246310005", "30569309025904", "6011111111111117", "3530111333300000",
    "6759649826438453", "6212345678901232", "4000000000000000006",
]  # fmt: skip


def dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_name_takes_its_value_away(name: str) -> None:
    clean, pointers = redact({"a": {name: CANARY, "user": "ann"}})
    assert clean == {"a": {name: "[redacted]", "user": "ann"}}
    assert pointers == [f"/a/{name}"]


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_a_name_that_describes_a_secret_keeps_its_value(name: str) -> None:
    event = {name: "value-1"}
    assert redact(event) == (event, [])


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_secret_in_a_text_is_cut_out(text: str) -> None:
    clean, pointers = redact({"note": text})
    assert pointers == ["/note"]
    assert not [part for part in PARTS if part in clean["note"]]
    assert "[redacted]" in clean["note"]
    assert redact(clean) == (clean, [])


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_a_secret_in_a_key_is_cut_out(text: str) -> None:
    clean, pointers = redact({text: "a", "b": {text: {"c": 1}}})
    assert not [part for part in PARTS if part in dumped(clean) + dumped(pointers)]
    assert len(clean) == 2
    assert redact(clean) == (clean, [])


@pytest.mark.parametrize("text", HARMLESS_TEXTS)
def test_a_harmless_text_stays(text: str) -> None:
    event = {"note": text, text: None, "list": [text]}
    assert redact(event) == (event, [])


def test_the_rest_of_a_text_stays() -> None:
    def cut(text: str) -> str:
        return str(redact(text)[0])

    assert cut("a postgres://app:pw@db/x b") == "a postgres://app:[redacted]@db/x b"
    assert cut("?a=1&token=abc&b=2") == "?a=1&token=[redacted]&b=2"
    assert cut('{"pin":1234,"a":1}') == '{"pin":[redacted],"a":1}'
    assert cut('{"token":{"a":"}"},"b":1}') == '{"token":[redacted],"b":1}'
    assert cut("Cookie: a=b; c=d\nHost: x") == "Cookie: [redacted]\nHost: x"
    assert cut("--password x --force") == "--password [redacted] --force"
    assert cut("url=https://h/?token=abc") == "url=https://h/?token=[redacted]"
    assert cut("password='a b' user=c") == "password='[redacted]' user=c"
    assert cut("paid by 4111 1111 1111 1111 today") == (
        "paid by 411111******1111 today"
    )


@pytest.mark.parametrize("card", CARDS)
def test_a_card_keeps_its_first_six_and_last_four_digits(card: str) -> None:
    masked = f"{card[:6]}{'*' * (len(card) - 10)}{card[-4:]}"
    assert redact({"a": f"card {card}, 12/27"})[0] == {"a": f"card {masked}, 12/27"}
    assert redact({card: 1})[0] == {masked: 1}
    assert redact({"a": f"{card} 12 27"})[0] == {"a": f"{masked} 12 27"}


@pytest.mark.parametrize("separator", [" ", "-"])
def test_a_card_in_groups_is_masked(separator: str) -> None:
    for groups in (["4111"] + ["1111"] * 3, ["3782", "822463", "10005"]):
        text = separator.join(groups)
        digits = "".join(groups)
        masked = f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"
        for before, after in (("", ""), ("x1 ", " 12ab"), ("9 ", " 12/27 123")):
            assert redact(before + text + after)[0] == before + masked + after


def test_numbers_are_masked_where_they_are_cards() -> None:
    event: dict[str, Any] = {
        "a": 4111111111111111, "b": 4111111111111112, "ms": 1688990107857,
        "card_number": 4000000000000, "n": {"$number": "4000000000000000006"},
        "amount": {"$number": "12.50"}, "card": "gold", "cardNo": "4111-1111-1111-1112",
    }  # fmt: skip
    clean, pointers = redact(event)
    assert clean == event | {
        "a": "411111******1111", "card_number": "400000***0000",
        "n": "400000*********0006", "cardNo": "411111******1112",
    }  # fmt: skip
    assert sorted(pointers) == ["/a", "/cardNo", "/card_number", "/n"]


def test_a_secret_name_over_a_container_takes_it_whole() -> None:
    clean, pointers = redact({"secrets": {CANARY: [1]}, "tokens": [CANARY], "pin": 12})
    assert clean == dict.fromkeys(("secrets", "tokens", "pin"), "[redacted]")
    assert sorted(pointers) == ["/pin", "/secrets", "/tokens"]


def test_credentials_keep_what_identifies_them() -> None:
    given_ = {
        "credentials": {
            "accessKeyId": "ASIATFQR7NSC", "value": CANARY, "expiration": "2023",
            "more": {"x": CANARY, "n": 1, "ok": True}, "list": [CANARY, None],
        }
    }  # fmt: skip
    clean, _ = redact(given_)
    assert clean["credentials"] == {
        "accessKeyId": "ASIATFQR7NSC", "value": "[redacted]", "expiration": "2023",
        "more": {"x": "[redacted]", "n": "[redacted]", "ok": True},
        "list": ["[redacted]", None],
    }  # fmt: skip


def test_an_authorization_decision_and_a_session_object_stay() -> None:
    event = {
        "authorization": {"decision": "denied", "basis": "role"},
        "session": {"length": 3}, "tokens": 512, "secret": True, "password": None,
        "token": "", "pin": "****", "secretString": "HIDDEN_DUE_TO_SECURITY_REASONS",
        "secret2": "arn:aws:secretsmanager:us-east-1:1:secret:a", "cookies": [],
    }  # fmt: skip
    assert redact(event) == (event, [])


def test_a_name_beside_a_value_announces_it() -> None:
    event = {
        "changes": [{"after": CANARY, "field": "user.password", "before": "old"}],
        "tags": [{"key": "api-key", "value": {"x": CANARY}}, {"key": "a", "value": "b"}],
        "headers": [["authorization", CANARY], ["host", "x"]],
        "argv": ["login", "--token", CANARY, "--all", "x"],
        "fields": ["password", "token"],
    }
    clean, pointers = redact(event)
    assert clean == {
        "changes": [
            {"after": "[redacted]", "field": "user.password", "before": "[redacted]"}
        ],
        "tags": [{"key": "api-key", "value": "[redacted]"}, {"key": "a", "value": "b"}],
        "headers": [["authorization", "[redacted]"], ["host", "x"]],
        "argv": ["login", "--token", "[redacted]", "--all", "x"],
        "fields": ["password", "token"],
    }
    assert set(pointers) == {
        "/changes/0/after", "/changes/0/before", "/tags/0/value", "/headers/0/1",
        "/argv/2",
    }  # fmt: skip


def test_a_protected_value_stays() -> None:
    protected = {
        "$protected": {"class": "auth.password", "commitment": "sha256:" + "ab" * 32}
    }
    assert redact({"password": protected}) == ({"password": protected}, [])
    forged = {"$protected": {"class": "x", "commitment": CANARY}}
    assert redact({"password": forged})[0] == {"password": "[redacted]"}


def test_the_application_adds_and_clears_names() -> None:
    redactor = Redactor(extra_names=["rosebud", "user-data"], harmless_names=["Pin"])
    clean, _ = redactor.redact({"myRosebud": 1, "userData": "x", "pin": 3, "pwd": "y"})
    assert clean == {
        "myRosebud": "[redacted]", "userData": "[redacted]", "pin": 3, "pwd": "[redacted]",
    }  # fmt: skip
    assert redactor.text("rosebud=abc d") == "rosebud=[redacted] d"


def test_pointers_follow_rfc_6901_and_never_show_a_secret() -> None:
    clean, pointers = redact({"a/b~c": [{"token": CANARY}], f"token={CANARY}": {"pin": 1}})
    assert pointers == ["/token=[redacted]", "/a~1b~0c/0/token", "/token=[redacted]/pin"]
    assert clean["token=[redacted]"] == {"pin": "[redacted]"}
    assert redact(f"token={CANARY}") == ("token=[redacted]", [""])


def test_two_keys_that_become_one_both_stay() -> None:
    clean, _ = redact({"token=a1": 1, "token=a2": 2, "token=[redacted]": 3})
    assert sorted(clean.values()) == [1, 2, 3]


def test_the_given_value_is_not_changed() -> None:
    event = {"a": [{"password": CANARY}]}
    clean, _ = redact(event)
    assert event == {"a": [{"password": CANARY}]}
    assert clean["a"] is not event["a"]


def test_depth_does_not_matter() -> None:
    deep: Any = {"password": CANARY}
    for _ in range(50_000):
        deep = [deep]
    clean, pointers = redact(deep)
    for _ in range(50_000):
        clean = clean[0]
    assert clean == {"password": "[redacted]"}
    assert pointers == ["/0" * 50_000 + "/password"]


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EventError, match="contains itself"):
        redact(loop)


HOSTILE = {
    "equals": "=" * 1_000_000,
    "assignments": "token=" * 170_000,
    "names": "a" * 1_000_000 + "=",
    "counts": "tokens=1," * 110_000,
    "dashes": "-" * 1_000_000 + "=",
    "flags": "--token " * 120_000,
    "quotes": "'Cookie:" * 120_000,
    "closed": "'Cookie:'" * 110_000,
    "open quotes": 'password="' * 100_000,
    "escaped": 'password=\\"' * 90_000,
    "backslashes": 'password="' + "\\" * 1_000_000,
    "schemes": "://a:" * 200_000,
    "userinfo": "://" + "a:" * 500_000,
    "loose": "://a:b/" * 140_000,
    "ats": "://a:" + "@" * 1_000_000,
    "jwt": "eyJ" * 330_000,
    "dots": "eyJaaaaaaaa" + "." * 1_000_000,
    "pem": "-----BEGIN PRIVATE KEY-----" * 37_000,
    "half pem": "-----BEGIN " * 90_000,
    "bearer": "bearer " * 140_000,
    "digits": "4" * 1_000_000,
    "groups": "4111 " * 200_000,
    "single digits": "4 " * 500_000,
    "brackets": '"secret":[' * 100_000,
    "json": '{"secret":' * 100_000,
    "blanks": "token" + " " * 1_000_000 + "=",
    "aws": "AKIA" + "a" * 1_000_000,
    "sessions": "IQoJb3JpZ2lu " * 76_000,
    "percent": "token%3D" * 120_000,
    "header": "cookie:" * 140_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_takes_linear_time(name: str) -> None:
    begin = time.process_time()
    redact({"text": HOSTILE[name]})
    assert time.process_time() - begin < 5


def planted(value: object, path: list[int], secret: dict[str, Any]) -> object:
    """Plant a secret into a copy of `value`, at the place that `path` leads to."""
    if path and isinstance(value, list) and value:
        index = path[0] % len(value)
        inner = planted(value[index], path[1:], secret)
        return [*value[:index], inner, *value[index + 1 :]]
    if path and isinstance(value, dict) and value:
        key = sorted(value)[path[0] % len(value)]
        return value | {key: planted(value[key], path[1:], secret)}
    return [value, secret]


trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=12) | st.sampled_from(HARMLESS_NAMES + SECRET_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
secrets = st.one_of(
    st.sampled_from(SECRET_NAMES).map(lambda name: {name: CANARY}),
    st.sampled_from(SECRET_TEXTS).map(lambda text: {"note": text}),
    st.sampled_from(SECRET_TEXTS).map(lambda text: {text: 1}),
    st.sampled_from(SECRET_NAMES).map(lambda name: {"name": name, "value": CANARY}),
    st.sampled_from(SECRET_NAMES).map(lambda name: {"c": f"?a=1&{name}={CANARY}&b=2"}),
)


@given(trees, st.lists(st.integers(0, 9), max_size=5), secrets)
@settings(max_examples=300, deadline=None)
def test_no_planted_secret_survives(
    tree: object, path: list[int], secret: dict[str, Any]
) -> None:
    clean, pointers = redact(planted(tree, path, secret))
    text = dumped(clean) + dumped(pointers)
    assert not [part for part in PARTS if part in text]
    assert redact(clean) == (clean, [])


@given(trees)
@settings(max_examples=200, deadline=None)
def test_redaction_is_idempotent_and_keeps_the_shape(tree: object) -> None:
    clean, pointers = redact(tree)
    assert redact(clean) == (clean, [])
    assert (clean == tree) == (not pointers)


assignments = st.lists(
    st.sampled_from([
        "password", "token", "a", "Cookie", "authorization", "=", ":", ": ", '"', "'", "\\",
        "{", "}", "[", "]", "&", "?", "://", "@", " ", "\n", "--", "Bearer ", "Basic ",
        "eyJ", ".", "4111111111111111", "1111", "-", "%3D", "%26", ",", ";", "abc", "[redacted]",
        "tokens", "12", "pass", "AKIA", "/", "YTpi", "-----BEGIN PRIVATE KEY-----", "arn:",
    ]),
    max_size=14,
).map("".join)  # fmt: skip


@given(assignments)
@settings(max_examples=2_000, deadline=None)
def test_any_text_is_redacted_once_and_the_quick_look_misses_nothing(
    text: str,
) -> None:
    redactor = Redactor()
    once = redactor.text(text)
    assert redactor.text(once) == once
    if not is_suspect(text) or is_routine(text):
        assert _slowly(text) == text


def _slowly(text: str) -> str:
    """Redact with the quick look forced to yes: `x=1` is suspect and harmless."""
    return Redactor().text(f"{text}\nx=1").removesuffix("\nx=1")


@given(st.integers(10**11, 10**19 - 1))
def test_the_luhn_digit_decides(number: int) -> None:
    digits = str(number)
    rest = [int(digit) for digit in digits]
    for index in range(len(rest) - 2, -1, -2):
        rest[index] = sum(divmod(rest[index] * 2, 10))
    assert cards.luhn(digits) == (sum(rest) % 10 == 0)
