"""Verification keys, checkpoints and origins: vectors, fuzz, refusals."""

from __future__ import annotations

import base64
import hashlib
import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prooftrail.core.checkpoint import Checkpoint, parse_checkpoint
from prooftrail.core.note import parse_note
from prooftrail.core.origin import Origin, parse_origin, parse_place
from prooftrail.core.vkey import KeyKind, VerificationKey, decode_base64, parse_vkey
from prooftrail.errors import FormatError

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
CHECKPOINT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"

names = st.text(
    st.characters(codec="utf-8", min_codepoint=0x21).filter(
        lambda char: char != "+" and not char.isspace()
    ),
    min_size=1,
    max_size=40,
)
lines = st.text(
    st.characters(codec="utf-8", min_codepoint=0x20), min_size=0, max_size=40
)
vkeys = st.builds(
    VerificationKey,
    name=names,
    kind=st.sampled_from(KeyKind),
    public=st.binary(min_size=32, max_size=32),
)
checkpoints = st.builds(
    Checkpoint,
    origin=lines.filter(bool),
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
bases = st.from_regex(re.compile(r"\A[A-Za-z0-9._~:-]{1,9}(/[a-z0-9]{1,9}){0,3}\Z"))
origins = st.builds(
    Origin,
    base=bases,
    stream_id=st.binary(min_size=16, max_size=16),
    incarnation=st.integers(0, 2**63 - 1),
)


@given(vkeys)
def test_every_key_comes_back_from_its_vkey(key: VerificationKey) -> None:
    assert parse_vkey(key.format()) == key


@given(checkpoints)
def test_every_checkpoint_comes_back_from_its_text(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint(checkpoint.text()) == checkpoint


@given(origins)
def test_every_origin_comes_back_from_its_text_and_place(origin: Origin) -> None:
    assert parse_origin(origin.text()) == origin
    assert parse_place(origin.place()) == (origin.stream_id, origin.incarnation)


def test_the_key_of_the_go_checksum_database_is_read() -> None:
    text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    key = parse_vkey(text)
    assert (key.name, key.kind) == ("sum.golang.org", KeyKind.ED25519)
    assert key.format() == text


def test_a_key_id_is_the_hash_that_the_specification_states() -> None:
    key = VerificationKey("name", KeyKind.COSIGNATURE, bytes(range(32)))
    digest = hashlib.sha256(b"name\n\x04" + bytes(range(32))).digest()
    assert key.key_id == digest[:4]


def only_format_errors(parse: object, data: object) -> None:
    assert callable(parse)
    with suppress(FormatError):
        parse(data)


@given(st.text(st.characters(), max_size=80))
@example("\ud800+00000000+AA==")
@example("a\nb+00000000+AA==")
@example("٣")
def test_no_text_makes_a_parser_fail_otherwise(text: str) -> None:
    for parse in (parse_note, parse_vkey, parse_checkpoint, parse_origin, parse_place):
        only_format_errors(parse, text)
    only_format_errors(parse_note, f"{text}\n\n— {text} {text}\n")
    only_format_errors(parse_checkpoint, f"{text}\n{text}\n{text}\n")
    only_format_errors(parse_vkey, f"{text}+00000000+{text}")
    only_format_errors(parse_origin, f"{text}/{'0' * 32}/{text}")


def vkey(name: str, material: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(material).decode()}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a key"),
        ("a", "not a key"),
        ("a+b", "not a key"),
        (NEUMANN + "\n", "not a key"),
        (NEUMANN.replace("c74f20a3", "c74f20a4"), "damaged"),
        (NEUMANN.replace("c74f20a3", "C74F20A3"), "not a key"),
        (NEUMANN.replace("c74f20a3", "74f20a3"), "not a key"),
        (NEUMANN.replace("PeterNeumann", "PeterNeuman"), "damaged"),
        (NEUMANN.replace("10TW", "10TX"), "damaged"),
        (NEUMANN.removesuffix("TW"), "base64"),
        (vkey("a", b"\x01" + bytes(31)), "32 bytes"),
        (vkey("a", b"\x01" + bytes(33)), "32 bytes"),
        (vkey("a", b"\x02" + bytes(32)), "type 0x02"),
        (vkey("a", b"\x06" + bytes(1312)), "type 0x06"),
        (vkey("a b", b"\x01" + bytes(32)), "key name"),
        (vkey("a\u3000b", b"\x01" + bytes(32)), "key name"),
        (vkey("a+b", b"\x01" + bytes(32)), "not a key"),
        (vkey("", b"\x01" + bytes(32)), "not a key"),
        (vkey("a\x01", b"\x01" + bytes(32)), "control"),
        ("a+00000000+====", "base64"),
        ("a+00000000+AR==", "canonical"),
    ],
)
def test_a_vkey_of_another_shape_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_vkey(text)


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AB==", "AA==\n", " AA==", "é", "-_=="]
)
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(FormatError, match="base64"):
        decode_base64(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "three lines"),
        (CHECKPOINT[:-1], "three lines"),
        (CHECKPOINT + "extension\n", "three lines"),
        (CHECKPOINT + "\n", "three lines"),
        (CHECKPOINT + "x", "three lines"),
        ("\n" + CHECKPOINT.partition("\n")[2], "origin"),
        (CHECKPOINT.replace("example", "\rexample"), "control"),
        (CHECKPOINT.replace("example", "\ud800example"), "control"),
        (CHECKPOINT.replace("20852163", "020852163"), "leading zeros"),
        (CHECKPOINT.replace("20852163", "00"), "leading zeros"),
        (CHECKPOINT.replace("20852163", ""), "decimal"),
        (CHECKPOINT.replace("20852163", "-1"), "decimal"),
        (CHECKPOINT.replace("20852163", "+1"), "decimal"),
        (CHECKPOINT.replace("20852163", "1_0"), "decimal"),
        (CHECKPOINT.replace("20852163", " 1"), "decimal"),
        (CHECKPOINT.replace("20852163", "1e3"), "decimal"),
        (CHECKPOINT.replace("20852163", "٣"), "decimal"),
        (CHECKPOINT.replace("20852163", str(2**63)), "decimal"),
        (CHECKPOINT.replace("20852163", "9" * 5000), "decimal"),
        (CHECKPOINT.replace("2I=", "2J="), "canonical"),
        (CHECKPOINT.replace("2I=", "2I"), "base64"),
        (CHECKPOINT.replace(ROOT, ""), "32 bytes"),
        (CHECKPOINT.replace(ROOT, "AAAA"), "32 bytes"),
    ],
)
def test_a_checkpoint_of_another_shape_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_checkpoint(text)


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_the_smallest_and_largest_sizes_are_read(size: int) -> None:
    text = CHECKPOINT.replace("20852163", str(size))
    assert parse_checkpoint(text).size == size


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 0, bytes(32)),
        ("a\nb", 0, bytes(32)),
        ("a", -1, bytes(32)),
        ("a", 2**63, bytes(32)),
        ("a", 0, bytes(31)),
    ],
)
def test_a_checkpoint_that_could_not_be_read_is_not_made(
    origin: str, size: int, root: bytes
) -> None:
    with pytest.raises(FormatError):
        Checkpoint(origin, size, root)


HEX = "00112233445566778899aabbccddeeff"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEX}/0", f"/{HEX}/0", f"a/{HEX}", f"a/{HEX}/", f"a/{HEX}/01", f"a/{HEX}/-1",
        f"a/{HEX.upper()}/0", f"a/{HEX[:-1]}/0", f"a b/{HEX}/0", f"a+b/{HEX}/0",
        f"a//b/{HEX}/0", f"é/{HEX}/0", f"a/{HEX}/{2**63}", f"{'a' * 201}/{HEX}/0",
        f"a/{HEX}/0\n", f"a\n/{HEX}/0", f"a/{HEX}/0 ", f"a/{HEX}/٣", f"\x1b[1m/{HEX}/0",
    ],
)  # fmt: skip
def test_an_origin_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_origin(text)


@pytest.mark.parametrize(
    "name", [HEX, f"{HEX}-", f"{HEX}-01", f"{HEX}-1.bak", f"x{HEX}-1"]
)
def test_a_place_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_place(name)


def test_an_origin_has_a_stream_id_of_16_bytes_and_no_negative_incarnation() -> None:
    with pytest.raises(FormatError, match="16 bytes"):
        Origin("a", bytes(15), 0)
    with pytest.raises(FormatError, match="incarnation"):
        Origin("a", bytes(16), -1)
