"""Where bundles lie: a directory or a zip file, opened file by file.

Guarantees: only plain files are opened, by names that lie within; a zip file is read
as it comes, nothing is unpacked. A file that cannot be read, or a place that is
neither, is an error that names it. Does not bound how much a file holds: whoever reads
it does.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

from prooftrail.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO, TypeAlias

    Files: TypeAlias = dict[str, Callable[[], BinaryIO]]

MOST_FILES = 100_000

# What zipfile raises for a damaged, an encrypted and an odd file.
_UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def opened(place: Path) -> Files:
    """Return what opens each file in a place, by its name there ("a/b.txt").

    Raises:
        EvidenceError: neither a directory nor a zip file, or it cannot be read.
    """
    with reading(str(place)):
        return _in_directory(place) if place.is_dir() else _in_zip(place)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what goes wrong while a place is read into one error that names it.

    Raises:
        EvidenceError: it cannot be read, or is damaged.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise EvidenceError(
            f"{name} cannot be read ({error}): name the directory or the zip file; if "
            "that is what it is, it is damaged"
        ) from error


def _in_directory(place: Path) -> Files:
    found: Files = {}
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found[path.relative_to(place).as_posix()] = partial(_open, path)
        if len(found) > MOST_FILES:
            raise ValueError(f"more than {MOST_FILES:,} files")
    return found


def _in_zip(place: Path) -> Files:
    archive = zipfile.ZipFile(place)
    found: Files = {}
    for member in archive.infolist():
        if member.filename in found:
            raise ValueError(f"{member.filename[:80]!r} stands in it twice")
        if not member.is_dir():
            found[member.filename] = partial(_open_member, archive, member)
    if len(found) > MOST_FILES:
        raise ValueError(f"more than {MOST_FILES:,} files")
    return found


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    return cast("BinaryIO", archive.open(member))


def write(files: dict[str, bytes], place: Path) -> None:
    """Write files below a new directory, or into a new zip file (``.zip``).

    The same files give the same zip file.

    Raises:
        EvidenceError: there is something of that name, or it cannot be written.
    """
    try:
        if place.suffix == ".zip":
            with zipfile.ZipFile(place, "x", zipfile.ZIP_DEFLATED) as archive:
                for name in sorted(files):
                    archive.writestr(_member(name), files[name])
            return
        place.mkdir()
        for name, data in files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    except OSError as error:
        raise EvidenceError(
            f"{place} cannot be written: {error.strerror or error}. Name a new file or "
            "directory"
        ) from error


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)  # of 1980: no time of ours
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member
