"""The keeper's master key: read, or made when the vault is begun.

Guarantees: a key is made only for a vault that was never begun with one; where the
file of another is missing, that is said, and nothing is made in its place.

Source: docs/adr/0014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.errors import ConfigurationError
from prooftrail.keep.keeper import PROBE
from prooftrail.keep.keys import KeeperKeys
from prooftrail.signing.keys import create_master_key, load_master_key
from prooftrail.store import vault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prooftrail.store.connect import Connection

KEY_FILE = "master.key"
EPOCHS = "epochs"  # the directory of the epochs' private keys


def open_keys(
    connection: Connection, directory: Path, *, random: Callable[[int], bytes]
) -> KeeperKeys:
    """Return the keeper's keys; make them where nothing was kept yet.

    Args:
        connection: the keeper's.
        directory: of the keeper's files.
        random: gives n random bytes.

    Raises:
        ConfigurationError: the key file is missing, damaged, or readable by others.
    """
    path = directory / KEY_FILE
    begun = PROBE in vault.subject_keys(connection, [PROBE])
    if begun or path.exists():
        return KeeperKeys(load_master_key(path), random=random)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{directory} cannot be made: {error.strerror}. Name a directory for the "
            "keeper's keys in a place that its user may write to"
        ) from error
    return KeeperKeys(create_master_key(path, random), random=random)
