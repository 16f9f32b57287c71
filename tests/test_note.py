"""Signed notes: known vectors, round trips, fuzz, every refusal, verification."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prooftrail.core.checkpoint import parse_checkpoint
from prooftrail.core.note import (
    MAX_NOTE_BYTES,
    NoteVerdict,
    Signature,
    SignedNote,
    cosigned_message,
    parse_note,
    verify_note,
)
from prooftrail.core.vkey import KeyKind, VerificationKey, parse_vkey
from prooftrail.errors import FormatError
from prooftrail.signing.keys import check_ed25519

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
    "KvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NOTE = TEXT + "\n" + LINE
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
texts = st.lists(lines, min_size=1, max_size=6).map(lambda rows: "\n".join(rows) + "\n")
signatures = st.builds(
    Signature,
    name=names,
    key_id=st.binary(min_size=4, max_size=4),
    data=st.binary(min_size=1, max_size=90),
)
notes = st.builds(
    SignedNote,
    text=texts,
    signatures=st.lists(signatures, min_size=1, max_size=5).map(tuple),
)


@given(notes)
def test_every_note_comes_back_from_its_text(note: SignedNote) -> None:
    assert parse_note(note.encode()) == note
    assert parse_note(note.encode().encode()) == note


def test_the_note_of_golang_org_x_mod_verifies() -> None:
    key = parse_vkey(NEUMANN)
    assert key.format() == NEUMANN
    note = parse_note(NOTE)
    assert note.text == TEXT
    assert note.encode() == NOTE
    result = verify_note(note, [key], check_ed25519)
    assert result.verdict is NoteVerdict.VALID
    assert [found.key for found in result.valid] == [key]
    assert result.time_s is None


def test_the_cosigned_checkpoint_of_c2sp_is_read() -> None:
    signed = (
        CHECKPOINT
        + "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO"
        "oRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWX"
        "EhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    note = parse_note(signed)
    checkpoint = parse_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == (
        "example.com/behind-the-sofa",
        20852163,
    )
    witness = note.signatures[1]
    assert witness.key_id.hex() == "8d66cf3f"
    time_s = int.from_bytes(witness.data[:8], "big")
    assert cosigned_message(note.text, time_s).decode() == (
        f"cosignature/v1\ntime 1679315147\n{CHECKPOINT}"
    )


def only_format_errors(parse: object, data: object) -> None:
    assert callable(parse)
    with suppress(FormatError):
        parse(data)


@given(st.binary(max_size=300))
@example(b"")
@example(b"\n\n")
@example(b"\n\n\n\xe2\x80\x94 a AAAAAAA=\n")
@example(b"a\n\n\xe2\x80\x94 a \n")
def test_no_bytes_make_the_note_parser_fail_otherwise(data: bytes) -> None:
    only_format_errors(parse_note, data)


@given(st.data())
def test_a_changed_note_is_refused_or_reads_as_what_it_says(
    data: st.DataObject,
) -> None:
    changed = bytearray(NOTE.encode())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        note = parse_note(bytes(changed))
    except FormatError:
        return
    assert note.encode().encode() == bytes(changed)
    verdict = verify_note(note, [parse_vkey(NEUMANN)], check_ed25519).verdict
    assert verdict is not NoteVerdict.VALID


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (TEXT, "blank line"),
        (TEXT + "\n", "blank line"),
        (TEXT + LINE, "blank line"),
        (NOTE[:-1], "ends with a newline"),
        (NOTE + "\n", "blank line"),
        (NOTE + "more\n", "signature line"),
        (NOTE.replace("\n", "\r\n"), "blank line"),
        (NOTE.replace("problem,", "problem,\r"), "control"),
        (NOTE.replace("you", "\tyou"), "control"),
        (NOTE.replace("you", "\x00you"), "control"),
        (NOTE.replace("you", "\x1byou"), "control"),
        (NOTE.replace("you", "\ud800you"), "surrogates"),
        (NOTE.encode().replace(b"you", b"\xffyou"), "UTF-8"),
        (NOTE.encode().replace(b"you", b"\xed\xa0\x80you"), "UTF-8"),
        (NOTE.replace("— ", "- "), "signature line"),
        (NOTE.replace("— ", "—"), "signature line"),
        (NOTE.replace("— P", "—  P"), "base64"),
        (NOTE.replace("— P", "— P "), "base64"),
        (NOTE.replace("PeterNeumann", "Peter+Neumann"), "key name"),
        (NOTE.replace("PeterNeumann", "Peter\u00a0Neumann"), "key name"),
        (NOTE.replace("PeterNeumann", "Peter\u2028Neumann"), "key name"),
        (NOTE.replace("PeterNeumann", "Peter\x7f\x01"), "control"),
        (NOTE.replace("PeterNeumann", "Peter\x1cNeumann"), "key name"),
        (NOTE.replace("AM=\n", "AM\n"), "base64"),
        (NOTE.replace("AM=\n", "AN=\n"), "canonical"),
        (NOTE.replace("AM=\n", "AM= \n"), "base64"),
        (NOTE.replace("AM=\n", "AM==\n"), "base64"),
        (NOTE.replace("/ZJk", "_ZJk"), "base64"),
        (f"{TEXT}\n— a x08gow==\n", "key id"),
        (f"{TEXT}\n— a x08g\n", "key id"),
        (f"{TEXT}\n— a\n", "signature line"),
        (TEXT + "\n" + LINE * 101, "100 signatures"),
        (f"{'x' * MAX_NOTE_BYTES}\n\n{LINE}", "at most"),
    ],
)
def test_a_note_of_another_shape_is_refused(note: bytes | str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_note(note)


def test_the_text_may_have_blank_lines_and_the_last_one_counts() -> None:
    text = "\n\none\n\n\n"
    assert parse_note(f"{text}\n{LINE}").text == text


def test_a_hundred_signatures_are_accepted() -> None:
    assert len(parse_note(TEXT + "\n" + LINE * 100).signatures) == 100


@pytest.mark.parametrize(
    ("text", "count"), [("", 1), ("x", 1), ("x\r\n", 1), ("x\n", 0), ("x\n", 101)]
)
def test_a_note_that_could_not_be_read_is_not_made(text: str, count: int) -> None:
    with pytest.raises(FormatError):
        SignedNote(text, (Signature("a", bytes(4), b"x"),) * count)


def test_a_note_too_large_is_not_encoded() -> None:
    note = SignedNote("x\n", (Signature("a", bytes(4), bytes(800_000)),))
    with pytest.raises(FormatError, match="at most"):
        note.encode()


@pytest.mark.parametrize(
    ("name", "key_id", "data"),
    [
        ("", b"1234", b"x"),
        ("a b", b"1234", b"x"),
        ("a", b"123", b"x"),
        ("a", b"1234", b""),
    ],
)
def test_a_signature_that_could_not_be_read_is_not_made(
    name: str, key_id: bytes, data: bytes
) -> None:
    with pytest.raises(FormatError):
        Signature(name, key_id, data)


def test_signatures_by_unknown_keys_count_for_nothing() -> None:
    note = parse_note(NOTE)
    stranger = VerificationKey("PeterNeumann", KeyKind.ED25519, bytes(32))
    for keys in ([], [stranger]):
        result = verify_note(note, keys, check_ed25519)
        assert result.verdict is NoteVerdict.UNSIGNED
        assert (result.valid, result.invalid) == ((), ())


def test_an_unknown_signature_beside_a_valid_one_does_no_harm() -> None:
    other = Signature("witness", b"abcd", b"anything")
    note = parse_note(NOTE)
    both = SignedNote(note.text, (other, *note.signatures))
    result = verify_note(both, [parse_vkey(NEUMANN)], check_ed25519)
    assert result.verdict is NoteVerdict.VALID


@pytest.mark.parametrize("data", [b"x", bytes(63), bytes(64), bytes(65), bytes(72)])
def test_a_wrong_signature_by_a_known_key_fails_the_note(data: bytes) -> None:
    key = parse_vkey(NEUMANN)
    note = parse_note(NOTE)
    bad = Signature(key.name, key.key_id, data)
    for found in ((bad,), (bad, *note.signatures), (*note.signatures, bad)):
        result = verify_note(SignedNote(TEXT, found), [key], check_ed25519)
        assert result.verdict is NoteVerdict.INVALID
        assert result.invalid == (key,)


def test_a_signature_over_another_text_fails_the_note() -> None:
    note = parse_note(NOTE.replace("problem is", "problem was"))
    result = verify_note(note, [parse_vkey(NEUMANN)], check_ed25519)
    assert result.verdict is NoteVerdict.INVALID


def always(_public: bytes, _signature: bytes, _message: bytes) -> bool:
    return True


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        ((2**63 - 1).to_bytes(8, "big") + bytes(64), NoteVerdict.VALID),
        ((2**63).to_bytes(8, "big") + bytes(64), NoteVerdict.INVALID),
        (bytes(64), NoteVerdict.INVALID),
        (bytes(71), NoteVerdict.INVALID),
        (bytes(73), NoteVerdict.INVALID),
    ],
)
def test_a_cosignature_has_a_time_below_2_to_63_and_72_bytes(
    data: bytes, verdict: NoteVerdict
) -> None:
    key = VerificationKey("w", KeyKind.COSIGNATURE, bytes(32))
    note = SignedNote(CHECKPOINT, (Signature("w", key.key_id, data),))
    assert verify_note(note, [key], always).verdict is verdict


def test_two_known_keys_of_one_name_and_id_are_both_tried() -> None:
    key = parse_vkey(NEUMANN)
    answers = iter([False, True])
    result = verify_note(parse_note(NOTE), [key, key], lambda *_: next(answers))
    assert result.verdict is NoteVerdict.VALID
    assert [found.key for found in result.valid] == [key]
