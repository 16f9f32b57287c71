from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from prooftrail import Actor, Change, Event, EventError, Personal
from prooftrail.capture import protection
from prooftrail.capture.envelopes import Envelopes
from prooftrail.capture.published import PublishedFile
from prooftrail.core import epochs, jcs, normal, protected
from prooftrail.core.epochs import EpochKey, Published
from prooftrail.core.protected import Envelope
from prooftrail.errors import FormatError
from prooftrail.seal import prepare
from tests.protecting import STREAM_ID, opened, opener, protecting
from tests.stated import JWT, NOW, SMALL, as_row, stated, stating

if TYPE_CHECKING:
    from prooftrail.capture.stating import Stated
    from prooftrail.keep.opening import Opener

EMAIL = "dani@company.com"
CUSTOMER: dict[str, Any] = {**SMALL, "resource": {"type": "customer", "id": "cust_7"}}


def test_a_marked_value_leaves_the_event_and_opens_from_the_envelope() -> None:
    made = protecting(
        {
            **CUSTOMER,
            "actor": {"userId": "usr_1", "email": Personal(EMAIL, "contact.email")},
            "details": {"x": [1, {"a/b": Personal("Ada L", "person.name", "cust_9")}]},
            "changes": [Change(field="vip", before=Personal(None, "note"), after=1)],
            "purpose": Personal({"why": "call"}, "note", mask="a note"),
        }
    )
    assert EMAIL not in made.texts[0]
    assert "Ada" not in made.texts[0]
    event = json.loads(made.texts[0])
    found = protected.found(event)
    items = {item.pointer: item for item in opened(made)}
    assert items.keys() == found.keys()
    for pointer, item in items.items():
        assert found[pointer] == {
            "class": item.cls,
            "subject": item.subject,
            "commitment": protected.commitment(
                made.event_id, pointer, item.cls, item.value, item.salt
            ),
        }
    assert items["/actor/email"][1:3] == ("contact.email", "usr_1")
    assert items["/details/x/1/a~1b"].subject == "cust_9"
    assert items["/details/x/1/a~1b"].mask == "A. L."
    assert items["/changes/0/before"].value is None
    assert items["/purpose"][4:] == ({"why": "call"}, "a note")
    assert items["/purpose"].subject == "cust_7"


def test_the_sealer_leaves_commitments_alone_and_their_pointers_hold_there() -> None:
    details = {"$own": Personal("x", "note"), "$protected": {"mine": 1}}
    made = protecting({**CUSTOMER, "details": details})
    row = as_row(made.texts[0])._replace(envelope=made.envelopes[0])
    ready = prepare.prepare(row, now_us=NOW, random=bytes)
    assert isinstance(ready, prepare.Ready)
    sealed = jcs.parse(ready.sealed)
    (item,) = opened(made)
    assert item.pointer == "/details/$$own"
    assert normal.is_protected(protected.resolve(sealed, item.pointer))
    assert protected.resolve(sealed, "/details/$$protected/mine") == 1


def test_what_looks_protected_without_an_envelope_is_escaped() -> None:
    copied = protected.standing("contact.email", "sha256:" + "0" * 64, None)
    made = protecting({**CUSTOMER, "details": {"x": copied}})
    assert made.envelopes == [None]
    ready = prepare.prepare(as_row(made.texts[0]), now_us=NOW, random=bytes)
    assert isinstance(ready, prepare.Ready)
    assert b'"x":{"$$protected":{' in ready.sealed
    assert protected.found(jcs.parse(ready.sealed)) == {}


def test_without_a_key_values_are_dropped_and_the_event_says_so() -> None:
    made = stated({**CUSTOMER, "purpose": Personal(EMAIL, "contact.email")})
    assert made.envelopes == [None]
    assert EMAIL not in made.texts[0]
    assert json.loads(made.texts[0])["purpose"] == {
        "$protected": {"class": "contact.email", "dropped": True, "subject": "cust_7"}
    }
    ready = prepare.prepare(as_row(made.texts[0]), now_us=NOW, random=bytes)
    assert isinstance(ready, prepare.Ready)
    assert b'"purpose":{"$protected":{' in ready.sealed


def test_or_the_event_is_refused_where_that_is_wanted() -> None:
    refusing = Envelopes(lambda: None, random=bytes, missing="refuse")
    event = {**CUSTOMER, "purpose": Personal(EMAIL, "contact.email")}
    with pytest.raises(
        EventError, match=r"/purpose is personal .* prooftrail keep"
    ) as e:
        stating(envelopes=refusing).state(event, {})
    assert EMAIL not in str(e.value)


def test_neither_an_unknown_stream_nor_a_past_epoch_lets_a_value_through() -> None:
    event = {**CUSTOMER, "purpose": Personal(EMAIL, "contact.email")}
    for made in (
        protecting(event, stream="other"),
        protecting(event, from_us=NOW + 1, until_us=NOW + 2),
        protecting(event, from_us=NOW - 1, until_us=NOW),
    ):
        assert made.envelopes == [None]
        assert EMAIL not in made.texts[0]
        assert "dropped" in made.texts[0]


def test_classes_that_are_dropped_are_dropped_with_all_below_them() -> None:
    event = {
        **CUSTOMER,
        "details": {
            "a": Personal("1", "health"),
            "b": Personal("2", "health.blood"),
            "c": Personal("3", "healthy"),
        },
    }
    made = protecting(event, drop=["health"])
    assert [item.pointer for item in opened(made)] == ["/details/c"]
    details = json.loads(made.texts[0])["details"]
    assert details["a"]["$protected"]["dropped"] is True
    assert details["b"]["$protected"]["dropped"] is True


def test_protected_values_pass_redaction_before() -> None:
    card = "4111 1111 1111 1111"
    details = {
        "note": Personal(f"token {JWT} card {card}", "note"),
        "password": Personal("hunter2", "auth.password"),
        "credentials": {"user": Personal("ann", "person.name")},
    }
    made = protecting({**CUSTOMER, "details": details})
    values = json.dumps([item.value for item in opened(made)])
    whole = values + made.texts[0]
    assert JWT not in whole
    assert card not in whole
    assert "hunter2" not in whole


def test_a_value_under_a_key_that_holds_a_secret_is_refused_not_let_through() -> None:
    with pytest.raises(EventError, match="holds a secret") as refused:
        protecting({**CUSTOMER, "details": {JWT: Personal(EMAIL, "contact.email")}})
    assert EMAIL not in str(refused.value)
    assert JWT not in str(refused.value)


@pytest.mark.parametrize(
    "event",
    [
        {**SMALL, "actor": {"userId": Personal("u", "id")}},
        {**SMALL, "actor": Personal({"userId": "u"}, "person")},
        {**SMALL, "action": Personal("a.b", "x")},
        {**SMALL, "result": Personal("success", "x")},
        {**SMALL, "timestamp": Personal("2026-02-17T14:23:01Z", "x")},
        {**SMALL, "eventId": Personal("0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69", "x")},
        {**SMALL, "resource": {"type": Personal("c", "x"), "id": "i"}},
        {**SMALL, "resource": {"type": "c", "id": Personal("i", "x")}},
        {**SMALL, "resource": Personal({"type": "c"}, "x")},
        {**SMALL, "subjects": [Personal("s", "x")]},
        {**SMALL, "actor": {"userId": "u", "type": Personal("user", "x")}},
        {**SMALL, "details": {"x": {Personal("s", "x")}}},
        {**SMALL, "details": {"x": Personal(Personal("s", "x"), "x")}},
    ],
)
def test_ids_and_what_says_who_did_what_cannot_be_protected(event: Any) -> None:
    with pytest.raises(EventError):
        protecting(event)


def test_a_mark_is_found_in_a_struct_and_refused_where_nothing_looks_for_it() -> None:
    class Own(msgspec.Struct):
        email: object

    made = protecting({**CUSTOMER, "details": Own(Personal(EMAIL, "contact.email"))})
    assert EMAIL not in made.texts[0]
    assert [item.pointer for item in opened(made)] == ["/details/email"]
    by_struct = protecting(
        Event(
            actor=Actor(user_id="u", email=Personal(EMAIL, "contact.email")),  # type: ignore[arg-type]
            action="auth.logout",
            result="success",
        )
    )
    assert [item.subject for item in opened(by_struct)] == ["u"]
    with pytest.raises(EventError):
        normal.plain({"details": Own(Personal(EMAIL, "contact.email"))})
    with pytest.raises(EventError):
        normal.plain({"details": Personal(EMAIL, "contact.email")})
    with pytest.raises(TypeError):
        msgspec.to_builtins(Personal(EMAIL, "contact.email"))


def test_what_holds_itself_is_refused_at_once() -> None:
    twice: list[Any] = [Personal("x", "note")]
    twice += [twice, twice]
    with pytest.raises(EventError, match="32 levels"):
        protecting({**CUSTOMER, "details": {"x": twice}})
    plain: list[Any] = []
    plain += [plain, plain]
    with pytest.raises(EventError, match="32 levels"):
        protecting({**CUSTOMER, "details": {"x": plain}})


def test_a_class_is_a_dotted_name() -> None:
    for bad in ("", "Contact.Email", "a..b", "a b", "a" * 101, "a.", "é"):
        with pytest.raises(EventError, match="dotted"):
            Personal("x", bad)


def test_a_mark_shows_nothing_of_its_value() -> None:
    assert EMAIL not in repr(Personal(EMAIL, "contact.email", mask=EMAIL))
    assert EMAIL not in repr([Personal(EMAIL, "contact.email")])


def test_the_same_event_again_is_the_same_bytes() -> None:
    event = {
        **CUSTOMER,
        "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
        "timestamp": "2026-02-17T14:23:01Z",
        "purpose": Personal(EMAIL, "contact.email"),
    }
    one = stating(envelopes=_envelopes())
    assert one.state(event, {}).texts == one.state(event, {}).texts


def test_each_continuation_entry_has_an_envelope_of_its_own() -> None:
    event = {
        **CUSTOMER,
        "actor": {"userId": "u", "email": Personal(EMAIL, "contact.email")},
        "details": {"x": Personal("y", "note")},
        "subjects": [f"cust_{n}" for n in range(2_500)],
    }
    made = protecting(event)
    assert len(made.texts) == 3
    for text, envelope in zip(made.texts, made.envelopes, strict=True):
        event_id = json.loads(text)["eventId"]
        assert envelope is not None
        items = opener().open(Envelope.decode(envelope), STREAM_ID, event_id)
        standing = protected.found(json.loads(text))
        assert standing.keys() == {item.pointer for item in items}
        for item in items:
            assert standing[item.pointer]["commitment"] == protected.commitment(
                event_id, item.pointer, item.cls, item.value, item.salt
            )


def test_an_event_without_marks_is_stated_as_before() -> None:
    event = {**CUSTOMER, "details": {"x": [1, {"y": (1, 2)}]}}
    assert protection.lift(event) == (event, [])
    assert protection.lift(event)[0] is event
    assert protecting(event) == stated(event)


def test_a_session_key_is_wrapped_once_and_anew_for_another_epoch() -> None:
    published = [_published()]
    one = stating(envelopes=_envelopes(lambda: published[0]))
    event = {**CUSTOMER, "purpose": Personal(EMAIL, "contact.email")}
    envelopes = [
        Envelope.decode(one.state(event, {}).envelopes[0] or b"") for _ in range(3)
    ]
    assert len({envelope.wrapped for envelope in envelopes}) == 1
    assert len({envelope.nonce for envelope in envelopes}) == 3
    published[0] = _published(bytes(range(32)))
    other = Envelope.decode(one.state(event, {}).envelopes[0] or b"")
    assert other.key_id != envelopes[0].key_id
    assert other.wrapped != envelopes[0].wrapped


def test_an_envelope_tells_no_more_of_its_length_than_blocks() -> None:
    sizes = {
        len(
            protecting({**CUSTOMER, "purpose": Personal("x" * n, "note")}).envelopes[0]
            or b""
        )
        for n in range(1, 60)
    }
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("cls", "value", "mask"),
    [
        ("contact.email", EMAIL, "d***@company.com"),
        ("contact.email", "no address", "***"),
        ("contact.email", "@company.com", "***"),
        ("contact.email", "d@", "***"),
        ("contact.phone", "+41 44 668 18 00", "***00"),
        ("contact.phone", "117", "***"),
        ("person.name", "Ada Byron King", "A. B. K."),
        ("person.name", "  ", "***"),
        ("person.name", "[redacted]", "***"),
        ("person.name", ["Ada"], "***"),
        ("bank.iban", "CH93 0076 2011 6238 5295 7", "***"),
        ("note", 12, "***"),
    ],
)
def test_the_default_mask_follows_the_class(cls: str, value: Any, mask: str) -> None:
    assert protection.mask_of(cls, value) == mask


def test_the_published_file_is_read_again_when_it_changed(tmp_path: Any) -> None:
    path = tmp_path / "epoch-keys.json"
    reading = PublishedFile(path)
    assert reading() is None
    path.write_bytes(epochs.write(_published()))
    reading._due = 0.0
    assert reading() == _published()
    path.write_bytes(b"{}")
    reading._due = 0.0
    assert reading() == _published()  # damaged: what was read before holds
    path.unlink()
    reading._due = 0.0
    assert reading() == _published()
    path.write_bytes(epochs.write(_published(bytes(range(32)))))
    reading._due = 0.0
    assert reading() == _published(bytes(range(32)))


def _published(private: bytes = b"\x11" * 32) -> Published:
    public = X25519PrivateKey.from_private_bytes(private).public_key()
    raw = public.public_bytes_raw()
    key = EpochKey(epochs.key_id(raw), raw, NOW - 10, NOW + 10)
    return Published({"main": STREAM_ID}, [key])


def _envelopes(published: Any = None) -> Envelopes:
    return Envelopes(published or _published, random=os.urandom)


def test_what_is_opened_is_bound_to_event_and_stream() -> None:
    made: Stated = protecting({**CUSTOMER, "purpose": Personal(EMAIL, "contact.email")})
    envelope = Envelope.decode(made.envelopes[0] or b"")
    one: Opener = opener()
    assert one.open(envelope, STREAM_ID, made.event_id)[0].value == EMAIL
    with pytest.raises(FormatError):
        one.open(envelope, bytes(16), made.event_id)
    with pytest.raises(FormatError):
        one.open(envelope, STREAM_ID, "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69")
