"""The signer's keys: one master secret, and per log two Ed25519 keys derived from it.

    seed = HKDF-SHA256(master, no salt, 32 bytes,
                       info = "prooftrail/v1/sign" || 0x00 || type byte || origin)

Type 0x01 signs checkpoints, type 0x04 states their time; each log has keys of its
own, so a checkpoint of one can never pass for another's, and only the master needs a
backup.

Guarantees: a master key file is made with mode 0600 and never over another file; one
that others can read is refused. Secrets do not show in `repr`. Does not guarantee
secrecy against root, nor against whoever can read this process's memory.

Source: RFC 5869, RFC 8032; C2SP tlog-checkpoint, tlog-cosignature; design,
"Checkpoints".
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prooftrail.core.entry import label
from prooftrail.core.note import (
    MAX_TIME_S,
    TIME_BYTES,
    Signature,
    SignedNote,
    cosigned_message,
)
from prooftrail.core.vkey import (
    KeyKind,
    VerificationKey,
    decode_base64,
    encode_base64,
)
from prooftrail.errors import ConfigurationError, FormatError, SignError
from prooftrail.signing.durable import create_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prooftrail.core.checkpoint import Checkpoint

MASTER_BYTES = 32
MASTER_MODE = 0o600
_FILE_BYTES = 45  # base64 of 32 bytes, and a newline


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The secret from which all signing keys of an installation come."""

    secret: bytes = field(repr=False)  # 32 random bytes

    def __post_init__(self) -> None:
        if len(self.secret) != MASTER_BYTES:
            raise FormatError(
                f"a master key has {MASTER_BYTES} bytes, not {len(self.secret)}"
            )

    def seed(self, kind: KeyKind, origin: str) -> bytes:
        """Derive the Ed25519 seed of one log's key, 32 bytes."""
        info = label("sign") + bytes([kind]) + origin.encode()
        return HKDF(SHA256(), length=32, salt=None, info=info).derive(self.secret)


def create_master_key(path: Path, random: Callable[[int], bytes]) -> MasterKey:
    """Make a master key and write it, fsynced, to a new file of mode 0600.

    Args:
        path: must not exist; its directory must.
        random: gives that many random bytes (`secrets.token_bytes`).

    Raises:
        ConfigurationError: the file exists or cannot be written.
    """
    secret = random(MASTER_BYTES)
    master = MasterKey(secret)
    try:
        create_file(path, encode_base64(secret).encode() + b"\n", MASTER_MODE)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{path} exists: a master key is never overwritten. Use it as it is; if "
            "it is not one, move it away"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"master key {path} cannot be made: {error.strerror}. Its directory must "
            "exist and be writable by the signer's user only"
        ) from error
    return master


def load_master_key(path: Path) -> MasterKey:
    """Read a master key.

    Raises:
        ConfigurationError: missing, unreadable, readable by others, or not a key.
    """
    try:
        # O_NONBLOCK: a pipe of that name must be refused, not waited for.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            check_private(path, os.fstat(fd))
            text = os.read(fd, _FILE_BYTES + 1)
        finally:
            os.close(fd)
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no master key at {path}: make one, or name the right file"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"master key {path} cannot be read: {error.strerror}. Its owner must be "
            "the user that the signer runs as"
        ) from error
    try:
        return MasterKey(decode_base64(text.decode("ascii").removesuffix("\n")))
    except (FormatError, UnicodeError):
        # The cause would print part of the secret: it is left out.
        raise ConfigurationError(
            f"{path} is not a master key (32 bytes in base64, one line) or is "
            "damaged: restore it from its backup"
        ) from None


def check_private(path: Path, status: os.stat_result, what: str = "master key") -> None:
    """Refuse a file with a secret that others can use, or that is no file.

    Raises:
        ConfigurationError: says what it is.
    """
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{what} {path} is not a file: name a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"{what} {path} has mode {mode:04o}, so that others can use it: run "
            f"`chmod 600 {path}`, and make a new one if somebody may have read it"
        )


class SigningKeys:
    """The two keys of one log."""

    __slots__ = ("_cosigner", "_signer", "cosigner_key", "origin", "signer_key")

    def __init__(self, master: MasterKey, origin: str) -> None:
        self.origin = origin
        self._signer = _private(master, KeyKind.ED25519, origin)
        self._cosigner = _private(master, KeyKind.COSIGNATURE, origin)
        self.signer_key = _public(self._signer, KeyKind.ED25519, origin)
        self.cosigner_key = _public(self._cosigner, KeyKind.COSIGNATURE, origin)

    @property
    def verification_keys(self) -> tuple[VerificationKey, VerificationKey]:
        """The public halves: the checkpoint's key, then the cosignature's."""
        return self.signer_key, self.cosigner_key

    def sign_checkpoint(self, checkpoint: Checkpoint, *, time_s: int) -> str:
        """Sign a checkpoint of this log; return the whole note.

        Whether it may be signed (that it extends what was signed before) the caller
        has made sure of.

        Args:
            checkpoint: of this log.
            time_s: now, in seconds since the epoch; the cosignature states it.

        Raises:
            SignError: a checkpoint of another log, or no time that can be stated.
        """
        if checkpoint.origin != self.origin:
            raise SignError(
                f"a checkpoint of {checkpoint.origin!r} is not signed with the keys of "
                f"{self.origin!r}: load the keys of its own log"
            )
        if not 0 <= time_s <= MAX_TIME_S:
            raise SignError(f"time {time_s} cannot be stated: set the machine's clock")
        text = checkpoint.text()
        plain = self._signer.sign(text.encode())
        timed = time_s.to_bytes(TIME_BYTES, "big") + self._cosigner.sign(
            cosigned_message(text, time_s)
        )
        signatures = (
            Signature(self.origin, self.signer_key.key_id, plain),
            Signature(self.origin, self.cosigner_key.key_id, timed),
        )
        return SignedNote(text, signatures).encode()


def check_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether an Ed25519 signature holds; whatever the bytes, never raise.

    Args:
        public: 32 bytes.
        signature: 64 bytes.
        message: what should be signed.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(master: MasterKey, kind: KeyKind, origin: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(master.seed(kind, origin))


def _public(key: Ed25519PrivateKey, kind: KeyKind, origin: str) -> VerificationKey:
    return VerificationKey(origin, kind, key.public_key().public_bytes_raw())
