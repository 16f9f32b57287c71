"""The master key's file, what is derived from it, and what it signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core.checkpoint import Checkpoint, parse_checkpoint
from prooftrail.core.note import NoteVerdict, SignedNote, parse_note, verify_note
from prooftrail.core.origin import Origin
from prooftrail.core.vkey import KeyKind
from prooftrail.errors import ConfigurationError, FormatError, SignError
from prooftrail.signing.durable import create_file, replace_file
from prooftrail.signing.keys import (
    MasterKey,
    SigningKeys,
    check_ed25519,
    create_master_key,
    load_master_key,
)

if TYPE_CHECKING:
    from pathlib import Path

SECRET = bytes(range(32))
ORIGIN = Origin("audit.example.com/billing", bytes(range(16)), 3).text()
TIME_S = 1_679_315_147


def keys(origin: str = ORIGIN, secret: bytes = SECRET) -> SigningKeys:
    return SigningKeys(MasterKey(secret), origin)


def hkdf_sha256(secret: bytes, info: bytes) -> bytes:
    """RFC 5869 by its own words: extract with a salt of zeros, one round of expand."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def test_the_seeds_are_what_rfc_5869_gives() -> None:
    for kind in KeyKind:
        info = b"prooftrail/v1/sign\x00" + bytes([kind]) + ORIGIN.encode()
        seed = hkdf_sha256(SECRET, info)
        assert MasterKey(SECRET).seed(kind, ORIGIN) == seed
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
        key = keys().verification_keys[list(KeyKind).index(kind)]
        assert (key.kind, key.name) == (kind, ORIGIN)
        assert key.public == public.public_bytes_raw()


def test_the_derived_keys_never_change() -> None:
    assert [key.format() for key in keys().verification_keys] == [
        ORIGIN + "+7801b01a+AQwvmG4JTCBQJlbkweVdze74xD+o/QX+17QdB/mrzg9l",
        ORIGIN + "+23bb9032+BEJuz1BtmejaqX/9gbQ4mYR71sMGdGQfX7Q+/2GPYRkS",
    ]


def test_every_log_and_type_has_a_key_of_its_own() -> None:
    other = Origin("audit.example.com/billing", bytes(range(16)), 4).text()
    found = [*keys().verification_keys, *keys(other).verification_keys]
    assert len({key.public for key in found}) == 4


def test_a_note_holds_both_signatures_over_the_bytes_of_the_specification() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, bytes(range(32)))
    note = keys().sign_checkpoint(checkpoint, time_s=TIME_S)
    text, _, lines = note.partition("\n\n")
    text += "\n"
    root = base64.b64encode(bytes(range(32))).decode()
    assert text == f"{ORIGIN}\n7\n{root}\n"
    plain, timed = (
        base64.b64decode(line.removeprefix(f"— {ORIGIN} "))
        for line in lines.splitlines()
    )
    signer, cosigner = keys().verification_keys
    assert plain[:4] == signer.key_id
    Ed25519PublicKey.from_public_bytes(signer.public).verify(plain[4:], text.encode())
    assert timed[:4] == cosigner.key_id
    assert timed[4:12] == TIME_S.to_bytes(8, "big")
    Ed25519PublicKey.from_public_bytes(cosigner.public).verify(
        timed[12:], f"cosignature/v1\ntime {TIME_S}\n{text}".encode()
    )


@given(
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**63 - 1),
)
def test_what_is_signed_verifies_and_states_its_time(
    size: int, root: bytes, time_s: int
) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    note = parse_note(keys().sign_checkpoint(checkpoint, time_s=time_s))
    assert parse_checkpoint(note.text) == checkpoint
    result = verify_note(note, keys().verification_keys, check_ed25519)
    assert result.verdict is NoteVerdict.VALID
    assert [found.time_s for found in result.valid] == [None, time_s]
    assert result.time_s == time_s


def signed(size: int = 7, time_s: int = TIME_S) -> SignedNote:
    checkpoint = Checkpoint(ORIGIN, size, bytes(32))
    return parse_note(keys().sign_checkpoint(checkpoint, time_s=time_s))


def test_signatures_taken_from_another_checkpoint_fail() -> None:
    known = keys().verification_keys
    swapped = SignedNote(signed(8).text, signed(7).signatures)
    assert verify_note(swapped, known, check_ed25519).verdict is NoteVerdict.INVALID
    for place in (0, 1):
        mixed = list(signed(8).signatures)
        mixed[place] = signed(7).signatures[place]
        result = verify_note(
            SignedNote(signed(8).text, tuple(mixed)), known, check_ed25519
        )
        assert result.invalid == (known[place],)
        assert len(result.valid) == 1


def test_a_time_that_is_changed_fails_the_cosignature() -> None:
    plain, timed = signed().signatures
    later = (TIME_S + 1).to_bytes(8, "big") + timed.data[8:]
    note = SignedNote(signed().text, (plain, type(timed)(ORIGIN, timed.key_id, later)))
    result = verify_note(note, keys().verification_keys, check_ed25519)
    assert (result.verdict, result.time_s) == (NoteVerdict.INVALID, None)


def test_a_stripped_signature_leaves_what_the_other_says() -> None:
    plain, timed = signed().signatures
    known = keys().verification_keys
    only_plain = verify_note(SignedNote(signed().text, (plain,)), known, check_ed25519)
    assert (only_plain.verdict, only_plain.time_s) == (NoteVerdict.VALID, None)
    assert [found.key for found in only_plain.valid] == [known[0]]
    only_timed = verify_note(SignedNote(signed().text, (timed,)), known, check_ed25519)
    assert (only_timed.verdict, only_timed.time_s) == (NoteVerdict.VALID, TIME_S)


def test_another_masters_signatures_are_unknown() -> None:
    strangers = keys(secret=bytes(32)).verification_keys
    verdict = verify_note(signed(), strangers, check_ed25519).verdict
    assert verdict is NoteVerdict.UNSIGNED


def test_a_checkpoint_of_another_log_is_not_signed() -> None:
    with pytest.raises(SignError, match="is not signed"):
        keys().sign_checkpoint(Checkpoint("other", 1, bytes(32)), time_s=0)


@pytest.mark.parametrize("time_s", [-1, 2**63])
def test_a_time_that_cannot_be_stated_is_not_signed(time_s: int) -> None:
    with pytest.raises(SignError, match="clock"):
        signed(time_s=time_s)


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=40))
def test_the_check_answers_no_to_any_other_bytes(
    public: bytes, signature: bytes, message: bytes
) -> None:
    assert check_ed25519(public, signature, message) is False


def test_a_master_key_is_written_for_its_owner_alone_and_comes_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "master.key"
    made = create_master_key(path, lambda count: SECRET[:count])
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.read_bytes() == base64.b64encode(SECRET) + b"\n"
    assert load_master_key(path) == made == MasterKey(SECRET)


def test_a_master_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    create_master_key(path, os.urandom)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="never overwritten"):
        create_master_key(path, os.urandom)
    assert path.read_bytes() == before
    link = tmp_path / "link.key"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="exists"):
        create_master_key(link, os.urandom)
    assert not (tmp_path / "elsewhere").exists()


def test_a_master_key_needs_its_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="directory"):
        create_master_key(tmp_path / "none" / "master.key", os.urandom)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o660, 0o644])
def test_a_master_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    create_master_key(path, os.urandom)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_master_key(path)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        base64.b64encode(SECRET) + b"\n\n",
        base64.b64encode(SECRET) + b"\r\n",
        base64.b64encode(SECRET)[:-1],
        base64.b64encode(SECRET[:-1]),
        base64.b64encode(SECRET + b"x"),
        b" " + base64.b64encode(SECRET),
        SECRET,
        b"\xff" * 44,
    ],
)
def test_a_damaged_master_key_is_refused_and_not_shown(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="not a master key") as refused:
        load_master_key(path)
    assert refused.value.__suppress_context__
    assert "AAEC" not in str(refused.value)


def test_a_missing_key_a_directory_and_a_pipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no master key"):
        load_master_key(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="not a file"):
        load_master_key(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigurationError, match="not a file"):
        load_master_key(tmp_path / "pipe")


def test_secrets_do_not_show(tmp_path: Path) -> None:
    master = create_master_key(tmp_path / "k", lambda count: b"S" * count)
    assert "SSSS" not in repr(master) + repr(SigningKeys(master, ORIGIN))
    with pytest.raises(FormatError, match="32 bytes"):
        MasterKey(b"short")


def test_a_file_is_replaced_whole_and_never_created_over_another(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    create_file(path, b"old", 0o600)
    with pytest.raises(FileExistsError):
        create_file(path, b"new", 0o600)
    # What a crash between writing and renaming leaves behind does not get in the way.
    (tmp_path / "file.new").write_bytes(b"half")
    replace_file(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "master.key"
    monkeypatch.setattr(os, "write", lambda _fd, data: len(data) - 1)
    with pytest.raises(ConfigurationError, match="bytes were written"):
        create_master_key(path, os.urandom)
    assert not path.exists()
