"""Redaction: what goes, what stays, and what is said of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from prooftrail.capture.redaction import Redactor
from prooftrail.errors import EventError
from tests.canaries import (
    CANARY,
    CARDS,
    HARMLESS_NAMES,
    HARMLESS_TEXTS,
    PARTS,
    SECRET_NAMES,
    SECRET_TEXTS,
    dumped,
)

SOURCES = Path(__file__).parent.parent / "src"

redact = Redactor().redact


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
        "tags": [
            {"key": "api-key", "value": {"x": CANARY}},
            {"key": "a", "value": "b"},
        ],
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
        "myRosebud": "[redacted]", "userData": "[redacted]", "pin": 3,
        "pwd": "[redacted]",
    }  # fmt: skip
    assert redactor.text("rosebud=abc d") == "rosebud=[redacted] d"


def test_pointers_follow_rfc_6901_and_never_show_a_secret() -> None:
    clean, pointers = redact(
        {"a/b~c": [{"token": CANARY}], f"token={CANARY}": {"pin": 1}}
    )
    assert set(pointers) == {
        "/token=[redacted]", "/token=[redacted]/pin", "/a~1b~0c/0/token",
    }  # fmt: skip
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


@pytest.mark.parametrize(
    "source", sorted(SOURCES.rglob("*.py")), ids=lambda path: path.stem
)
def test_no_pattern_repeats_a_group_possessively(source: Path) -> None:
    """Python before 3.11.5 loses its place in such a group; Debian 12 has 3.11.2."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")
    assert not possessive.search(source.read_text())


@pytest.mark.parametrize(
    "inner",
    [
        {"commitment": "sha256:" + 64 * "0"},
        {"class": 5, "commitment": "sha256:" + 64 * "0"},
        {"class": "contact", "commitment": "sha256:" + 64 * "0", "subject": [CANARY]},
        {"class": "contact", "commitment": "sha256:" + 64 * "0", "value": CANARY},
    ],
)
def test_what_only_resembles_a_protected_value_goes_under_a_secret_name(
    inner: dict[str, Any],
) -> None:
    clean, pointers = redact({"password": {"$protected": inner}})
    assert clean == {"password": "[redacted]"}
    assert pointers == ["/password"]
