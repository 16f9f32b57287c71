"""Structured logs: a JSON object a line, on a terminal a line that people read.

Guarantees: what has the shape or the name of a secret (tokens, DSNs, passwords, keys)
is cut out of every value before it is written, by the redactor that also cleans
events. A request's line has method, route template, status, duration and the key's
number: no path, no query, no body, no address and no token.

Does not: know personal data by its looks; whoever logs passes none.

Source: OWASP Logging Cheat Sheet; structlog.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias, cast

import structlog

from prooftrail.capture.assignments import MARK
from prooftrail.capture.redaction import Redactor
from prooftrail.core import instants

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from structlog.typing import Processor

Log: TypeAlias = structlog.typing.FilteringBoundLogger

QUIET = 10.0  # seconds in which a library's line is not written again
REPEATED = 100  # lines of a library that are known

# What the redactor, made for events, leaves: a DSN of keywords or without a user, and
# a long random word, such as an API key. Ids, digests and times are no such words: they
# are hexadecimal, or hold a separator.
_DSN = re.compile(
    r"postgres(?:ql)?://\S+|\b(?:host|hostaddr|user|password|dbname)=(?:'[^']*'|\S+)"
)
_WORD = re.compile(
    r"(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*[g-zG-Z])(?=[A-Za-z0-9_-]*[0-9])"
    r"(?=[A-Za-z0-9_-]*[A-Z_])[A-Za-z0-9_-]{32,}(?![A-Za-z0-9_-])"
)


def open_log(
    file: TextIO, *, clock: Callable[[], int], people: bool | None = None
) -> Log:
    """Return a log that writes to `file`.

    Args:
        file: usually standard error.
        clock: microseconds since the epoch, UTC.
        people: lines for people in place of JSON; by default on a terminal.
    """
    if people is None:
        people = file.isatty()
    last: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=file.isatty(),
            event_key="message",
            exception_formatter=structlog.dev.plain_traceback,
        )
        if people
        else structlog.processors.JSONRenderer(default=str)
    )

    def stamp(
        _log: object, _name: str, line: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        line["timestamp"] = instants.text(clock())
        return line

    return cast(
        "Log",
        structlog.wrap_logger(
            _Writing(file),
            processors=[
                structlog.processors.add_log_level,
                stamp,
                structlog.processors.EventRenamer("message"),
                _tell_failure,
                _mask,
                last,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=True,
        ),
    )


def request(
    log: Log,
    *,
    method: str,
    route: str,
    status: int,
    seconds: float,
    key_id: int | None,
) -> None:
    """Write a request's line.

    Args:
        log: where to.
        method: of the request.
        route: the template that matched (``/audit/events/{event_id}``), no path.
        status: of the answer.
        seconds: until the answer's end.
        key_id: the number of the API key; None without one.
    """
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        key_id=key_id,
    )


def adopt(log: Log, name: str) -> None:
    """Have a library's own warnings come as lines of this log, and nowhere else.

    One that it repeats is written every `QUIET` seconds, with how often it was not.

    Args:
        log: where to.
        name: of the library's logger.
    """
    library = logging.getLogger(name)
    library.handlers = [_Adopting(log)]
    library.propagate = False
    library.setLevel(logging.WARNING)


class _Writing(structlog.WriteLogger):
    """Writes lines, and loses them where nobody takes them any more.

    Whoever watches the trail must not end because whoever reads the log has.
    """

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


class _Adopting(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self._told: dict[tuple[str, str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        told = (record.getMessage().strip().splitlines() or [""])[0]
        error = record.exc_info[1] if record.exc_info else None
        more = self._news((record.name, told, repr(error)))
        if more is None:
            return
        level = "error" if record.levelno >= logging.ERROR else "warning"
        getattr(self._log, level)(told, by=record.name, exc_info=error, **more)

    def _news(self, line: tuple[str, str, str]) -> dict[str, int] | None:
        """Return what stands beside a line; None if it was written just now."""
        now = time.monotonic()
        at, left_out = self._told.pop(line, (now - QUIET, 0))
        if now - at < QUIET:
            self._told[line] = (at, left_out + 1)
            return None
        self._told[line] = (now, 0)
        if len(self._told) > REPEATED:
            del self._told[next(iter(self._told))]
        return {"leftOut": left_out} if left_out else {}


def masked(text: str) -> str:
    """Return a text without what looks like a token or a DSN."""
    return _WORD.sub(MARK, _DSN.sub(MARK, _REDACTOR.text(text)))


_REDACTOR = Redactor()


def _tell_failure(
    _log: object, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put a failure's class, first line and places into a line.

    Not more of its text: a driver's next lines show rows.
    """
    given = line.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        told = (str(error).strip().splitlines() or [""])[0]
        line["failure"] = f"{type(error).__name__}: {told}"
        line["places"] = [
            f"{place.name} ({place.filename}:{place.lineno})"
            for place in traceback.extract_tb(error.__traceback__)
        ]
    return line


def _mask(
    _log: object, _name: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    clean, _ = _REDACTOR.redact(dict(line))
    return cast("MutableMapping[str, Any]", _walked(clean))


def _walked(value: object) -> object:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: _walked(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(one) for one in value]
    return value
