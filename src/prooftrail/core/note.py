"""Signed notes: text, a blank line, and signature lines.

    note      = text || LF || 1..100 signature lines
    line      = "— " || key name || " " || base64(key id[4] || signature) || LF
    signature by a key of type
      0x01    Ed25519 over the text
      0x04    u64 time || Ed25519 over "cosignature/v1" LF "time N" LF text

Guarantees: parsing accepts exactly what `encode` writes, and raises `FormatError`
and nothing else whatever the bytes; base64 is strict; sizes are bounded. What a
signature is worth is a value (`NoteCheck`): a signature by a key that the caller does
not know counts for nothing, a wrong one by a key that he knows fails the note.

Does not guarantee that the text means anything (`core.checkpoint`), that a key
deserves trust (the caller chooses), or that a cosignature's time is plausible. No
cryptography is here: the caller brings the Ed25519 check.

Source: C2SP signed-note v1, tlog-cosignature v1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from prooftrail.core.vkey import (
    KEY_ID_BYTES,
    KeyKind,
    VerificationKey,
    check_characters,
    check_name,
    decode_base64,
    encode_base64,
)
from prooftrail.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
MAX_TIME_S = 2**63 - 1
SIGNATURE_BYTES = 64
TIME_BYTES = 8
SIGNATURE_MARK = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, whatever its type."""

    name: str  # the key's name: no spaces, no plus
    key_id: bytes  # 4 bytes
    data: bytes  # at least one byte; what it means, the key's kind says

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.data:
            raise FormatError("a signature has a key id of 4 bytes and more after it")

    def line(self) -> str:
        """Return the signature line, newline included."""
        return f"{SIGNATURE_MARK}{self.name} {encode_base64(self.key_id + self.data)}\n"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text and what claims to sign it; `verify_note` says whether it does."""

    text: str  # ends with a newline; no control characters besides
    signatures: tuple[Signature, ...]  # 1 to 100

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise FormatError(
                f"a note has 1 to {MAX_SIGNATURES} signatures, "
                f"not {len(self.signatures)}"
            )

    def encode(self) -> str:
        """Return the note as it is stored and sent.

        Raises:
            FormatError: larger than 1 MB.
        """
        note = self.text + "\n" + "".join(found.line() for found in self.signatures)
        if len(note.encode()) > MAX_NOTE_BYTES:
            raise FormatError(f"a note has at most {MAX_NOTE_BYTES} bytes")
        return note


@dataclass(frozen=True, slots=True)
class ValidSignature:
    """A signature that holds."""

    key: VerificationKey
    time_s: int | None  # seconds since the epoch, stated by a cosignature only


class NoteVerdict(Enum):
    """What the known keys say of a note."""

    VALID = "valid"
    UNSIGNED = "no signature by a known key"
    INVALID = "invalid signature by a known key"


@dataclass(frozen=True, slots=True)
class NoteCheck:
    """The result of `verify_note`; only `NoteVerdict.VALID` lets the text count."""

    verdict: NoteVerdict
    valid: tuple[ValidSignature, ...]  # in the note's order
    invalid: tuple[VerificationKey, ...]

    @property
    def time_s(self) -> int | None:
        """The latest time that a valid cosignature states, if one does."""
        times = [found.time_s for found in self.valid if found.time_s is not None]
        return max(times, default=None)


def parse_note(note: bytes | str) -> SignedNote:
    """Read a note.

    Raises:
        FormatError: not exactly what `SignedNote.encode` writes.
    """
    text = _decode(note)
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines:
        raise FormatError("a note is text, a blank line and signature lines")
    if not lines.endswith("\n"):
        raise FormatError("a note ends with a newline; this one may be cut off")
    if lines.count("\n") > MAX_SIGNATURES:
        raise FormatError(f"a note has at most {MAX_SIGNATURES} signatures")
    signatures = tuple(_parse_line(line) for line in lines[:-1].split("\n"))
    return SignedNote(body + "\n", signatures)


def cosigned_message(text: str, time_s: int) -> bytes:
    """Return the bytes that a timestamped cosignature signs.

    Args:
        text: the note's text, final newline included.
        time_s: seconds since the epoch.
    """
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def verify_note(
    note: SignedNote,
    keys: Iterable[VerificationKey],
    check: Callable[[bytes, bytes, bytes], bool],
) -> NoteCheck:
    """Say which of the known keys signed this note, and whether validly.

    Args:
        note: what to check.
        keys: the keys that the caller trusts; all other signatures are ignored.
        check: Ed25519 verification of (public key, signature, message).
    """
    known: dict[tuple[str, bytes], list[VerificationKey]] = {}
    for key in keys:
        known.setdefault((key.name, key.key_id), []).append(key)
    valid: list[ValidSignature] = []
    invalid: list[VerificationKey] = []
    for signature in note.signatures:
        candidates = known.get((signature.name, signature.key_id), [])
        # Two keys can share name and id (32 bits): one that fits is enough.
        held = [
            found
            for key in candidates
            if (found := _verify(key, signature.data, note.text, check)) is not None
        ]
        valid += held[:1]
        if not held:
            invalid += candidates[:1]
    if invalid:
        verdict = NoteVerdict.INVALID
    else:
        verdict = NoteVerdict.VALID if valid else NoteVerdict.UNSIGNED
    return NoteCheck(verdict, tuple(valid), tuple(invalid))


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeError as error:
        raise FormatError("a note is Unicode text without lone surrogates") from error


def _decode(note: bytes | str) -> str:
    data = _encode(note) if isinstance(note, str) else note
    if len(data) > MAX_NOTE_BYTES:
        raise FormatError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeError as error:
        raise FormatError("a note is UTF-8 text; this one is not") from error


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise FormatError("a note's text ends with a newline")
    check_characters(text)


def _parse_line(line: str) -> Signature:
    name, space, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    if not line.startswith(SIGNATURE_MARK) or not space:
        raise FormatError(f"{line[:80]!r} is not a signature line")
    data = decode_base64(encoded)
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _verify(
    key: VerificationKey,
    data: bytes,
    text: str,
    check: Callable[[bytes, bytes, bytes], bool],
) -> ValidSignature | None:
    if key.kind is KeyKind.ED25519:
        if len(data) == SIGNATURE_BYTES and check(key.public, data, text.encode()):
            return ValidSignature(key, None)
        return None
    if len(data) != TIME_BYTES + SIGNATURE_BYTES:
        return None
    time_s = int.from_bytes(data[:TIME_BYTES], "big")
    message = cosigned_message(text, time_s)
    if time_s <= MAX_TIME_S and check(key.public, data[TIME_BYTES:], message):
        return ValidSignature(key, time_s)
    return None
