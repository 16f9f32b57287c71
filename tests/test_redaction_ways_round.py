"""Ways round redaction that were found, and harmless neighbours that must stay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prooftrail import ConfigurationError, Redactor
from tests.stated import SMALL, state

CARD = "4111111111111111"
HIDDEN = "[redacted]"


def details(value: Any, **options: Any) -> Any:
    return Redactor(**options).redact(value)[0]


def test_a_part_holds_nothing_besides_its_own() -> None:
    of = "0190a6c4-7f2e-7a31-8b5e-3d2c1f0e9a87"
    part = {"of": of, "n": 2, "total": 3, "password": "hunter2", "t": "password=hunt3r"}
    made = state({**SMALL, "part": part})["part"]
    assert made == {
        "of": of, "n": 2, "total": 3, "password": HIDDEN, "t": f"password={HIDDEN}",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["password=hunter2", "Bearer abcdefghijklmnop0123"])
def test_what_is_called_a_number_and_is_none_is_a_text(text: str) -> None:
    assert "hunter2" not in json.dumps(details({"x": {"$number": text}}))
    assert "klmnop" not in json.dumps(details({"x": {"$number": text}}))
    assert details({"x": {"$number": "1.50"}}) == {"x": {"$number": "1.50"}}


@pytest.mark.parametrize(
    "name", ["пароль", "密码", "κωδικός", "パスワード", "kod-доступа"]
)
def test_own_names_are_of_any_script(name: str) -> None:
    own = {"extra_names": [name]}
    given = {name: "hunter2", name.upper(): "hunter2", "адрес": "Main Street"}
    assert details(given, **own) == {
        name: HIDDEN, name.upper(): HIDDEN, "адрес": "Main Street",
    }  # fmt: skip
    assert details({"x": f"{name}=hunter2&a=b"}, **own) == {"x": f"{name}={HIDDEN}&a=b"}
    assert details({"x": f"{name}: hunter2"}, **own) == {"x": f"{name}: {HIDDEN}"}
    assert Redactor(**own).redact({"x": f"{name}: hunter2"})[1] == ["/x"]


@pytest.mark.parametrize("name", ["", "--", "!?"])
def test_an_own_name_that_comes_to_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="neither a letter nor a digit"):
        Redactor(extra_names=[name])


@pytest.mark.parametrize(
    "value",
    [
        {"$number": f"{CARD}.0"},
        {"$number": f"{CARD}.00"},
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u20131111\u20131111\u20131111",
        "4111\u202f1111\u202f1111\u202f1111",
        f"カード番号{CARD}です",
        "4111.1111.1111.1111",
        "4111.1111.1111.1111.",
        f"{CARD}.5",
        f"{CARD}.1",
        "".join(chr(0xFF10 + int(digit)) for digit in CARD),
        "".join(chr(0x0660 + int(digit)) for digit in CARD),
    ],
)
def test_cards_as_tables_and_typography_give_them(value: Any) -> None:
    for name in ("note", "card_number"):
        (found,) = details({name: value}).values()
        assert CARD not in str(found).translate({0xA0: None, 0x2013: None})
        assert "411111******" in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "0.4111111111111111",
        "198.51.100.7",
        "4.111111111111111",
        "4111.1111.1111",
        "\u0660\u066b\u0664",
    ],
)
def test_fractions_addresses_and_versions_are_no_cards(text: str) -> None:
    assert details({"note": text}) == {"note": text}


@pytest.mark.parametrize(
    "name",
    [
        "card_verification_value", "verification_value", "cvn", "cvv_number",
        "pin_number", "track2_data", "track2",
    ],
)  # fmt: skip
def test_names_of_what_stands_on_a_card(name: str) -> None:
    assert details({name: "737"}) == {name: HIDDEN}


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/login?user[password]=hunter2&x=1", f"/login?user[password]={HIDDEN}&x=1"),
        ("user%5Bpassword%5D=hunter2", f"user%5Bpassword%5D={HIDDEN}"),
        ("a['password'] = 'hunter2'", f"a['password'] = '{HIDDEN}'"),
    ],
)
def test_names_in_brackets(text: str, left: str) -> None:
    assert details({"x": text}) == {"x": left}


def test_phrases_go_to_the_end_of_their_line() -> None:
    text = "mnemonic: abandon ability able\nnext line"
    assert details({"x": text}) == {"x": f"mnemonic: {HIDDEN}\nnext line"}
    text = 'passphrase: correct horse, and "more"'
    assert details({"x": text}) == {"x": f"passphrase: {HIDDEN}"}
    assert details({"x": "passphrase=correct&a=b"}) == {"x": f"passphrase={HIDDEN}&a=b"}


def test_texts_in_a_list_under_authorization() -> None:
    given = {"authorization": ["Token 9944b09199c62b"], "session": ("0123456789ab",)}
    made = details(given)
    assert made == {"authorization": [HIDDEN], "session": [HIDDEN]}
    kept = {"authorization": [{"decision": "allowed"}], "session": []}
    assert details(kept) == kept


@pytest.mark.parametrize(
    "harmless",
    [
        {"filters": "items[0]=5&user[name]=ann"},
        {"x": "tags[token_type]=a"},
        {"amount": {"$number": "4111111111111110.0"}},
        {"x": "日本語: 値"},
        {"verification_status": "passed", "track": "2", "tracking": "1Z999"},
        {"x": "abc4111111111111111def"},  # of a hash
    ],
)
def test_harmless_neighbours_stay(harmless: dict[str, Any]) -> None:
    assert details(harmless) == harmless
