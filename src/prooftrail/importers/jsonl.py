"""JSON lines: one event in Prooftrail's own format a line.

Guarantees: every line that is not blank yields its number and its event, or what is
wrong with it and where: the column for bad JSON and bad UTF-8, the key that stands
twice. A line of more than 1 MiB is refused without being loaded. A byte order mark
and CRLF are tolerated. Numbers keep their spelling as `$number`.

An exported event carries beside itself what its trail said of it: `seq`, `recordedAt`,
`checksum`, `previousChecksum` and `$source`. These are claims of another log, and here
they prove nothing; nor may an event carry them. They move to `details.importedFrom`
(`$source` as `source`), where they are part of what was imported and the new trail
seals them as such. All else stays as it is. An event that is imported into the trail
that it came from is thus another event under the same id: the trail refuses it.

Does not: check the event (recording does), redact it (recording does), or undo the
``$$`` by which a trail escaped a foreign key.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

from prooftrail.core import jcs
from prooftrail.errors import CanonicalError, ImportFileError
from prooftrail.importers.imported import Imported, Problem, checked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

MAX_LINE: Final = 1024 * 1024  # bytes, the line's end included

_BOM = b"\xef\xbb\xbf"
_OF_THE_TRAIL: Final = {
    "seq": "seq",
    "recordedAt": "recordedAt",
    "checksum": "checksum",
    "previousChecksum": "previousChecksum",
    "$source": "source",
}


def read_file(path: str | PathLike[str]) -> Iterator[Imported]:
    """Read the events of a file.

    Raises:
        ImportFileError: the file cannot be opened or read.
    """
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  any path-like
            for number, outcome in read_events(stream):
                yield Imported(str(path), "line", number, outcome)
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read: {error}. Check the path and its rights"
        ) from error


def read_events(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
    """Read the events of a binary stream, with their line numbers from 1."""
    for number, value in read_values(stream):
        if isinstance(value, Problem):
            yield number, value
        else:
            yield number, checked(_imported(value))


def read_values(stream: IO[bytes]) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
    """Read the objects of a binary stream as they are, with their line numbers."""
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if number == 1:
            line = line.removeprefix(_BOM)
        if len(line) == MAX_LINE and not line.endswith(b"\n") and skip(stream):
            yield number, Problem(f"the line has more than {MAX_LINE} bytes")
        elif line.strip():
            yield number, _value(line)


def skip(stream: IO[bytes]) -> bool:
    """Read up to the line's end; return whether there was more of it."""
    more = False
    while rest := stream.readline(MAX_LINE):
        more = more or rest != b"\n"
        if rest.endswith(b"\n"):
            break
    return more


def _value(line: bytes) -> dict[str, Any] | Problem:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode("utf-8")) + 1
        return Problem(
            f"not UTF-8 at column {column} (byte {error.start + 1}): save it as UTF-8"
        )
    try:
        value = jcs.parse(text)
    except CanonicalError as error:
        return Problem(str(error))
    if not isinstance(value, dict):
        return Problem("not an event: a line holds one JSON object")
    return value


def _imported(event: dict[str, Any]) -> dict[str, Any]:
    """Move what another trail said of the event to `details.importedFrom`."""
    claims = {name: event[key] for key, name in _OF_THE_TRAIL.items() if key in event}
    details = event.get("details")
    if not claims or not (details is None or isinstance(details, dict)):
        return event
    kept = {key: item for key, item in event.items() if key not in _OF_THE_TRAIL}
    earlier = (details or {}).get("importedFrom")
    if earlier is not None:
        claims["importedFrom"] = earlier  # it went through several trails
    return kept | {"details": (details or {}) | {"importedFrom": claims}}
