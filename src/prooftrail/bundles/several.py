"""Evidence of several logs in one place, taken apart: four files for each log.

Guarantees: as many parts as `checkpoint.txt` has notes, in their order; of each part
the files are named as those of a log that is alone. What is not there is not made up.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING

from prooftrail import bundles
from prooftrail.bundles import naming
from prooftrail.bundles.checking import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

MOST_LOGS = 1_000


def parts(
    files: Mapping[str, Callable[[], BinaryIO]],
) -> list[dict[str, Callable[[], BinaryIO]]]:
    """Return the files of each log, under the names of `bundles`.

    Args:
        files: what opens each file of a place, by name.
    """
    notes = naming.notes(_whole(files, bundles.CHECKPOINT))[:MOST_LOGS]
    if len(notes) < 2:  # noqa: PLR2004  one log is alone
        return [{name: files[name] for name in bundles.FILES if name in files}]
    keys = _whole(files, bundles.PUBLIC_KEY)
    found = []
    for origin, note in notes:
        names = naming.among_several(origin.decode("ascii", "replace"))
        part = {
            alone: files[name]
            for alone, name in zip(naming.ALONE, names, strict=True)
            if name in files
        }
        part[bundles.CHECKPOINT] = partial(io.BytesIO, note)
        part[bundles.PUBLIC_KEY] = partial(io.BytesIO, _own(keys, origin))
        found.append(part)
    return found


def _whole(files: Mapping[str, Callable[[], BinaryIO]], name: str) -> bytes:
    if name not in files:
        return b""
    with files[name]() as file:
        return file.read(MOST_LOGS * MOST_BYTES + 1)


def _own(keys: bytes, origin: bytes) -> bytes:
    """Return the keys of one log."""
    lines = keys.splitlines(keepends=True)
    return b"".join(line for line in lines if line.startswith(origin + b"+"))
