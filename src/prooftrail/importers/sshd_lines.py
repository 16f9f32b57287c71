r"""Lines of system logs: when, on which server, by which program, and what it said.

Guarantees: `Lines.read` is total: any text is a `Line`, a `Repeat`, a `Heading` or a
`Problem`. It reads what rsyslog, syslog-ng, busybox and journalctl write:

    Dec 10 06:55:46 server sshd[24200]: ...          a year and a zone have to be given
    2026-12-10T06:55:46.123456+01:00 server sshd[24200]: ...     also +0100, Z, no zone
    <38>Dec 10 06:55:46 sshd[24200]: ...                   a priority before, no server
    <38>1 2026-12-10T06:55:46Z server sshd 24200 - - ...                       RFC 5424

The year is given for the first line; each further line lies in the year that brings it
nearest to the one before it, so that a log may go from December to January, and lines
may be a little out of order. A gap of more than six months cannot be seen in a log
without years. Of an hour that comes twice, when clocks go back, the first is taken
until the log itself goes back. An hour that a zone never had is a `Problem`: the zone
is wrong.

What is not printable (control characters, those that turn the direction of writing)
is written as an escape, such as ``\x1b``.

Source: RFC 3164, 4.1; RFC 5424, 6; systemd, journalctl(1), short-iso; PEP 495.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants
from prooftrail.importers.imported import Problem

if TYPE_CHECKING:
    from datetime import tzinfo

_MICROSECOND = timedelta(microseconds=1)
_SLACK: Final = instants.MINUTE  # lines of one second may be out of order
_MONTHS: Final = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_CLOCK = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
_PRIORITY = re.compile(r"<[0-9]{1,3}>")
_CLASSIC = re.compile(rf"([A-Z][a-z]{{2}}) {{1,2}}([0-9]{{1,2}}) {_CLOCK} +")
_DATED = re.compile(
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})[T ]{_CLOCK}"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})? +"
)
_SAID = re.compile(
    r"(?:(\S*[^\s:]) )?"  # the server; a program's name ends with a colon
    r"(?:[a-z0-9]+\.[a-z]+ )?"  # facility and severity, of busybox
    r"(?:([^\s:\[\]]+)(?:\[([0-9]{1,10})\])?:|\[([\w-]+)\]:?) ?"  # the other: metalog
    r"(?:\[ID [0-9]+ \S+\] )?(.*)"
)
_RFC5424 = re.compile(
    r"(\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\\"]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)"
    r" ?(?:\ufeff)?(.*)"
)
_REPEAT = re.compile(r"(?:(\S+) )?last message repeated ([0-9]{1,9}) times?")
_HEADING = re.compile(r"-- .*|\s*")
_OLD_PAM = re.compile(r"(.+)\((pam_\w+)\)")  # sshd(pam_unix)[123]: ...


class Line(NamedTuple):
    """What one program said."""

    at_us: int  # microseconds since the epoch, UTC
    server: str  # as the log names it; empty where it does not
    program: str  # without its directory
    pid: int | None
    message: str


class Repeat(NamedTuple):
    """That a server's line before this one came so many times more."""

    at_us: int
    server: str
    times: int


class Heading(NamedTuple):
    """What no program said: a blank line, or one of journalctl's own."""


class Lines:
    """Reads the lines of one log, in their order.

    Args:
        year: of the first line, where lines have none.
        zone: of the server's clock, where lines have none.
    """

    def __init__(self, year: int | None, zone: tzinfo | None) -> None:
        self._year = year
        self._zone = zone
        self._before: datetime | None = None  # the last local time without a year
        self._last_us: int | None = None

    def read(self, text: str) -> Line | Repeat | Heading | Problem:
        """Read one line, without its end."""
        if not text.isprintable():
            text = _printable(text)
        begin = _PRIORITY.match(text)
        rest = text[begin.end() :] if begin else text
        versioned = begin is not None and rest.startswith("1 ")
        if versioned:
            rest = rest[2:]
        if found := _CLASSIC.match(rest):
            at = self._without_year(found)
        elif found := _DATED.match(rest):
            at = self._dated(found)
        elif _HEADING.fullmatch(text):
            return Heading()
        else:
            return Problem("no time stands at its beginning")
        if isinstance(at, Problem):
            return at
        self._last_us = at
        return _said(at, rest[found.end() :], versioned=versioned)

    def _without_year(self, found: re.Match[str]) -> int | Problem:
        month = _MONTHS.get(found[1])
        if month is None:
            return Problem(f"{found[1]!r} is no month")
        if self._year is None:
            return Problem("the line has no year: give that of the first line (--year)")
        years = (
            [self._year]
            if self._before is None
            else [self._before.year + n for n in (0, 1, -1)]
        )
        made = [
            local
            for year in years
            if year >= self._year
            and (local := _local(year, month, int(found[2]), found, 3)) is not None
        ]
        if not made:
            return Problem(f"{found[0].strip()!r} is no time in {years[0]}")
        before = self._before or made[0]
        local = min(made, key=lambda one: abs(one - before))
        at = self._instant(local)
        if not isinstance(at, Problem):
            self._before = local
        return at

    def _dated(self, found: re.Match[str]) -> int | Problem:
        local = _local(int(found[1]), int(found[2]), int(found[3]), found, 4)
        if local is None:
            return Problem(f"{found[0].strip()!r} is no time")
        offset = found[8]
        if offset is None:
            return self._instant(local)
        if offset == "Z":
            return _microseconds(local)
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        sign = -1 if offset[0] == "-" else 1
        return _microseconds(local) - sign * minutes * instants.MINUTE

    def _instant(self, local: datetime) -> int | Problem:
        zone = self._zone
        if zone is None:
            return Problem(
                "the line has no zone: give that of the server's clock (--zone)"
            )
        if zone is UTC:
            return _microseconds(local)
        try:
            first, second = (
                local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)
            )
            if first.astimezone(zone).replace(tzinfo=None) != local:
                return Problem(
                    f"{local} is no time in {zone}, where clocks went forward: is it "
                    "the server's zone?"
                )
        except OverflowError:
            return Problem(f"{local} is no time in {zone}")
        at = _microseconds(first.replace(tzinfo=None))
        if (
            first != second
            and self._last_us is not None
            and at < self._last_us - _SLACK
        ):
            at = _microseconds(second.replace(tzinfo=None))
        return at


def _said(at: int, rest: str, *, versioned: bool) -> Line | Repeat | Problem:
    if versioned and (new := _RFC5424.fullmatch(rest)):
        number = int(new[3]) if re.fullmatch(r"[0-9]{1,10}", new[3]) else None
        own = "" if new[1] == "-" else new[1]
        return Line(at, own, new[2].rpartition("/")[2], number, new[4])
    if repeat := _REPEAT.fullmatch(rest):
        return Repeat(at, repeat[1] or "", int(repeat[2]))
    found = _SAID.fullmatch(rest)
    if found is None:
        if rest.endswith("-- MARK --"):
            return Line(at, "", "syslogd", None, "-- MARK --")
        return Problem("no program is named behind its time")
    server, program, pid, alone, message = found.groups()
    program = (program or alone).rpartition("/")[2]
    if old := _OLD_PAM.fullmatch(program):
        program, message = old[1], f"{old[2]}({old[1]}): {message}"
    return Line(at, server or "", program, int(pid) if pid else None, message)


def _local(
    year: int, month: int, day: int, found: re.Match[str], group: int
) -> datetime | None:
    """Return a time of day, which stands in four groups from `group` on."""
    hour, minute, second = (int(found[group + n]) for n in range(3))
    fraction = int((found[group + 3] or "0")[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, fraction)  # noqa: DTZ001
    except ValueError:
        return None


def _microseconds(utc: datetime) -> int:
    return (utc.replace(tzinfo=UTC) - instants.EPOCH) // _MICROSECOND


def _printable(text: str) -> str:
    r"""Return the text with escapes for what cannot be printed.

    >>> _printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in text.replace("\t", " ")
    )
