"""OpenSSH's log, auth.log or secure: from lines to events.

    Accepted ...                          auth.login.success
    Failed ..., one attempt each          auth.login.failure, with a reason
    the end of what was let in            auth.logout
    pam_faillock: temporarily locked      auth.account.lock
    a session that nobody saw let in      sshd.session.open

An event has the account in `resource` (type ``account``; who logged in or out is the
actor, too), the address in `actor.ipAddress`, and in `details` the reason, method,
port, server and pid. Reasons are unknown_user, bad_password, bad_key, mfa (a first
factor was accepted), locked, not_allowed (the account may not log in here) and unstated
(the connection ended, and sshd did not say how the attempt was refused).

Guarantees: one attempt is one event, though sshd and PAM write up to six lines about
it: only a line that says Failed or Accepted tells of an attempt (``message repeated 5
times`` of five), all others of its connection tell of the same ones. If no line of a
connection says so, there is one event for it, or as many as PAM counts. Lines are of
one connection where server and pid, or address and port are the same
(`sshd_connections`). Every line is counted by `Tally`, or is a `Problem`. The same line
gives the same event and id each time, if year and zone are the same ones: a second
import adds nothing.

The name that was tried is left out where no account has it, unless anybody would try
it (`sshd_names`): people type passwords there. An id tells nothing of such a name.

Does not: vouch for the log. What a host says of itself (reverse mapping) is not read.

Source: OpenSSH 9.8, auth.c (auth_log); design, "Personal values".
"""

from __future__ import annotations

import gzip
import zlib
from typing import IO, TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from prooftrail.errors import ImportFileError
from prooftrail.importers import sshd_messages
from prooftrail.importers.imported import Imported, Problem
from prooftrail.importers.jsonl import skip
from prooftrail.importers.sshd_connections import Connection, Connections, Evidence
from prooftrail.importers.sshd_events import Events
from prooftrail.importers.sshd_lines import Heading, Line, Lines, Repeat
from prooftrail.importers.sshd_messages import Passed, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from io import BufferedReader
    from os import PathLike

MAX_LINE: Final = 64 * 1024  # bytes; sshd writes at most 1 KiB, rsyslog 8
MAX_REPEATS: Final = 10_000  # attempts that one line may stand for

_PROGRAMS: Final = frozenset({"sshd", "sshd-session", "sshd-auth"})
_GZIP = b"\x1f\x8b"
_BOM = "\ufeff"
_REPEATED = "message repeated "


class Tally:
    """What became of the lines of one or more files; each is counted once."""

    def __init__(self) -> None:
        self.lines = 0
        self.told = 0  # of attempts, sessions and locks: an event, or more about one
        self.passed = 0  # by sshd, and of no login
        self.others = 0  # of other programs; blank ones
        self.problems = 0

    def __str__(self) -> str:
        return (
            f"{self.lines:,} lines: {self.told:,} tell of logins, {self.passed:,} of "
            f"sshd tell of none, {self.others:,} are of other programs or blank, "
            f"{self.problems:,} could not be understood"
        )


class Settings(NamedTuple):
    """What the log does not say."""

    year: int | None = None  # of the first line, where lines have none
    zone: tzinfo | None = None  # of the server's clock, where lines have none
    names: Literal["public", "all"] = "public"  # which unknown accounts are named


def read_file(
    path: str | PathLike[str], settings: Settings, tally: Tally
) -> Iterator[Imported]:
    """Read the events of a log, compressed by gzip or not.

    Raises:
        ImportFileError: the file cannot be opened or read.
    """
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  any path-like
            for number, outcome in read_events(stream, settings, tally):
                yield Imported(str(path), "line", number, outcome)
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read: {error}. Check the path and its rights"
        ) from error


def read_events(
    stream: BufferedReader[Any], settings: Settings, tally: Tally
) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
    """Read the events of a binary stream, with the number of the line that tells."""
    reading = _Reading(settings, tally)
    for number, text in enumerate(_texts(stream), 1):
        tally.lines += 1
        if isinstance(text, Problem):
            tally.problems += 1
            yield number, text
        else:
            yield from reading.take(number, text)
    yield from reading.finish()


class _Reading:
    """One log: what was read of it, and the connections that go on."""

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._lines = Lines(settings.year, settings.zone)
        self._events = Events(all_names=settings.names == "all")
        self._tally = tally
        self._connections = Connections()
        self._last: dict[str, str] = {}  # by server: what its sshd said last
        self._pids: dict[str, int | None] = {}

    def take(
        self, number: int, text: str
    ) -> Iterator[tuple[int, dict[str, Any] | Problem]]:
        line = self._lines.read(text)
        if isinstance(line, Repeat) and line.server in self._last:
            message = self._last[line.server]
            line = Line(
                line.at_us,
                line.server,
                "sshd",
                self._pids.get(line.server),
                f"{_REPEATED}{line.times} times: [ {message}]",
            )
        if isinstance(line, Problem):
            self._tally.problems += 1
            yield number, line
            return
        if not isinstance(line, Line) or line.program not in _PROGRAMS:
            if not isinstance(line, Heading):
                self._last.pop(line.server, None)
            self._tally.others += 1
            return
        told = self._told(line)
        if isinstance(told, Problem):
            self._tally.problems += 1
            yield number, told
        elif isinstance(told, Passed):
            self._tally.passed += 1
        else:
            self._tally.told += 1
            yield from self._follow(Evidence(number, line, told))

    def finish(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for connection in self._connections.rest():
            yield from self._untold(connection)

    def _told(self, line: Line) -> Told | Passed | Problem:
        message, count = line.message, 1
        if message.startswith(_REPEATED):
            head, _, inner = message.partition(": [ ")
            digits = head.removeprefix(_REPEATED).partition(" ")[0]
            if not (digits.isascii() and digits.isdigit() and inner.endswith("]")):
                return Problem("a repeated message that is cut off")
            count, message = int(digits[:9]), inner[:-1]
            if not 0 < count <= MAX_REPEATS:
                return Problem(f"a message repeated more than {MAX_REPEATS} times")
        else:
            self._last[line.server] = message
            self._pids[line.server] = line.pid
        told = sshd_messages.read(message)
        if not isinstance(told, Told):
            return told
        return told._replace(times=told.times * count)

    def _follow(self, seen: Evidence) -> Iterator[tuple[int, dict[str, Any]]]:
        for ended in self._connections.stale(seen):
            yield from self._untold(ended)
        connection = self._connections.of(seen)
        connection.learn(seen)
        told, number = seen.told, seen.number
        if told.kind == "failed":
            connection.told += told.times
            for n in range(told.times):
                yield (
                    number,
                    self._events.failure(connection, seen, n + 1, told.times),
                )
        elif told.kind == "accepted":
            connection.told += 1
            connection.inside = told.user
            yield number, self._events.success(connection, seen)
        elif told.kind == "locked":
            yield number, self._events.lock(connection, seen)
        elif told.kind == "opened" and connection.inside is None:
            connection.inside = told.user
            yield number, self._events.session(connection, seen)
        elif told.kind in {"left", "closed"}:
            yield from self._end(connection, seen)

    def _end(
        self, connection: Connection, seen: Evidence
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        told = seen.told
        let_in = told.user is not None and not told.preauth  # of old, if not known
        let_in = let_in and (told.kind == "closed" or bool(told.exists))
        if connection.inside is None and let_in and self._connections.leaves(seen):
            connection.inside = told.user
        if connection.inside is None:
            connection.ended = True
            if not connection.refused:  # else PAM may still count what it refused
                yield from self._untold(connection)
        elif not connection.left:
            connection.left = True
            yield seen.number, self._events.logout(connection, seen)
        connection.ended = connection.ended or told.kind == "closed"

    def _untold(self, connection: Connection) -> Iterator[tuple[int, dict[str, Any]]]:
        """Tell of a connection that tried, and of which no line told an attempt."""
        first = connection.first
        if connection.told or first is None or connection.inside is not None:
            return
        count = max(connection.refused.values(), default=0) + connection.more
        connection.told = count = min(max(count, 1), MAX_REPEATS)
        for n in range(count):
            yield first.number, self._events.failure(connection, first, n + 1, count)


def _texts(stream: BufferedReader[Any]) -> Iterator[str | Problem]:
    """Read lines, unpacked where they are packed; what is no UTF-8 as an escape."""
    begun = False
    try:
        packed = stream.peek(len(_GZIP)).startswith(_GZIP)
        source = cast("IO[bytes]", gzip.GzipFile(fileobj=stream) if packed else stream)
        while data := source.readline(MAX_LINE):
            if len(data) == MAX_LINE and not data.endswith(b"\n") and skip(source):
                yield Problem(f"the line has more than {MAX_LINE} bytes")
            else:
                text = data.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
                yield text if begun else text.removeprefix(_BOM)
            begun = True
    except (OSError, EOFError, zlib.error) as error:
        if not begun:
            raise ImportFileError(
                f"the log cannot be read: {error}. Check its rights and, for a .gz "
                "file, that it was copied whole"
            ) from error
        yield Problem(f"the rest of the file is lost: {error}")
