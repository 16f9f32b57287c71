"""For how long something is granted, as a command's options say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime, timedelta

LONGEST_DAYS = 1100  # three years

_SPAN = re.compile(r"([0-9]{1,4})([hd])")


def now() -> datetime:
    """Return the present, UTC."""
    import time
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time.time(), UTC)


def span(option: str, text: str) -> timedelta:
    """Return a span of time.

    Raises:
        UsageError: it is none, or longer than anything is granted.
    """
    from datetime import timedelta

    found = _SPAN.fullmatch(text)
    if found is not None:
        count = int(found[1])
        given = timedelta(hours=count) if found[2] == "h" else timedelta(days=count)
        if timedelta() < given <= timedelta(days=LONGEST_DAYS):
            return given
    raise click.UsageError(
        f"{option} {text}: write hours or days, such as 12h or 90d, at most "
        f"{LONGEST_DAYS}d"
    )
