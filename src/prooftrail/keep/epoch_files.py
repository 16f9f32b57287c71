"""The epochs' private keys: a file each, outside the database, until it is destroyed.

    <directory>/2026-11-27-<key id in hex>.key     base64 of 32 bytes, and a newline

Guarantees: a key is durable before its public half is published; its file has mode 0600
and is never written over; one that others can read, or that is no key, is refused.
`destroy` removes a key `KEPT_US` after its day, and only when nothing waits for it.

Does not: wipe the disk, nor reach into backups: keep the directory out of them.

Source: docs/adr/0014.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from prooftrail.core import epochs, instants
from prooftrail.core.epochs import EpochKey
from prooftrail.errors import ConfigurationError
from prooftrail.signing.durable import sync_directory
from prooftrail.signing.keys import create_master_key, load_master_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AHEAD = 14  # days for which keys are made
KEPT_US = 7 * instants.DAY  # how long after its day a key opens what comes late

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([0-9a-f]{16})\.key")


class Epoch(NamedTuple):
    """One epoch's key pair."""

    key: EpochKey
    private: X25519PrivateKey
    path: Path


class EpochFiles:
    """The private keys in one directory.

    Args:
        directory: made if it is missing; nobody else may read it.
        random: gives n random bytes.
    """

    def __init__(self, directory: Path, *, random: Callable[[int], bytes]) -> None:
        self._directory = directory
        self._random = random
        self._known: dict[str, Epoch] = {}
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{directory} cannot be made: {error.strerror}. Name a directory for "
                "the keeper's epoch keys in a place that its user may write to"
            ) from error

    def all(self) -> list[Epoch]:
        """Return the key pairs that there are, in order of their days.

        Raises:
            ConfigurationError: a file is damaged, or others can read it.
        """
        try:
            names = sorted(
                path.name
                for path in self._directory.iterdir()
                if _NAME.fullmatch(path.name)
            )
        except OSError as error:
            raise ConfigurationError(
                f"{self._directory} cannot be read: {error.strerror}. It must belong "
                "to the user that the keeper runs as"
            ) from error
        self._known = {
            name: self._known.get(name) or self._load(name) for name in names
        }
        return list(self._known.values())

    def make(self, now_us: int) -> bool:
        """Make the keys of this day and the next ones that are missing; tell if any."""
        there = {epoch.key.from_us for epoch in self.all()}
        today = now_us - now_us % instants.DAY
        made = False
        for day in range(today, today + (AHEAD + 1) * instants.DAY, instants.DAY):
            if day not in there:
                self._make(day)
                made = True
        return made

    def destroy(self, now_us: int, awaits: Callable[[bytes], bool]) -> list[Epoch]:
        """Destroy the keys whose time is over, and return them.

        Args:
            now_us: the present.
            awaits: whether anything waits for a key of this id.
        """
        gone = []
        for epoch in self.all():
            if epoch.key.until_us + KEPT_US > now_us or awaits(epoch.key.key_id):
                continue
            epoch.path.unlink(missing_ok=True)
            gone.append(epoch)
        if gone:
            sync_directory(self._directory)
        return gone

    def _make(self, day: int) -> None:
        secret = self._random(epochs.PUBLIC_BYTES)
        name = f"{instants.text(day)[:10]}-{_id_of(secret).hex()}.key"
        create_master_key(self._directory / name, lambda _: secret)

    def _load(self, name: str) -> Epoch:
        path = self._directory / name
        found = _NAME.fullmatch(name)
        private = X25519PrivateKey.from_private_bytes(load_master_key(path).secret)
        public = private.public_key().public_bytes_raw()
        key_id = epochs.key_id(public)
        if found is None or found[2] != key_id.hex():
            raise ConfigurationError(
                f"{path} is not the epoch key that its name says: restore it, or move "
                "it away (what was encrypted to it cannot be opened then)"
            )
        since = instants.microseconds(f"{found[1]}T00:00:00Z")
        return Epoch(
            EpochKey(key_id, public, since, since + instants.DAY), private, path
        )


def _id_of(secret: bytes) -> bytes:
    private = X25519PrivateKey.from_private_bytes(secret)
    return epochs.key_id(private.public_key().public_bytes_raw())
