"""The published file: the public halves of the epoch keys, for applications.

Guarantees: readers find the old list or the new one, never a part; it is written only
when it changes, after the private keys are durable.

Does not: hold a secret. Source: `spec/protected.md`; docs/adr/0014.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import epochs
from prooftrail.core.epochs import Published
from prooftrail.errors import ConfigurationError
from prooftrail.signing.durable import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prooftrail.core.epochs import EpochKey

MODE = 0o644


class Publishing:
    """Writes the list to one file.

    Args:
        path: of the file, which applications read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(
        self, streams: Mapping[str, bytes], keys: Sequence[EpochKey], now_us: int
    ) -> bool:
        """Write what is to be known now; return whether it was news.

        Args:
            streams: their ids, by name.
            keys: all; those of days that are over are left out.
            now_us: the present.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        usable = [key for key in keys if key.until_us > now_us]
        data = epochs.write(Published(dict(streams), usable))
        try:
            if self._path.exists() and self._path.read_bytes() == data:
                return False
            replace_file(self._path, data, MODE)
            self._path.chmod(MODE)  # whatever the umask
        except OSError as error:
            raise ConfigurationError(
                f"the epoch keys cannot be published in {self._path}: "
                f"{error.strerror}. Name a file in a directory that the keeper may "
                "write to, and applications may read"
            ) from error
        return True
