"""Checks of the server itself: the way to it, version, clock, durability."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.doctor.check import Check
from prooftrail.store import survey
from prooftrail.store.install import MIN_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.store.connect import Connection

_SECOND = 1_000_000
CLOCK_WARN_US = 1 * _SECOND
CLOCK_FAIL_US = 5 * _SECOND  # further apart than this, and the sealer stops


def connection(link: Connection) -> Iterator[Check]:
    """Tell who is connected where and how, version and encoding."""
    found = survey.server(link)
    login = found.login if found.login == found.role else f"{found.login}, as"
    who = f"{found.database} as {login}"
    if found.login != found.role:
        who += f" {found.role}"
    way = {"socket": "unix socket", "loopback": "loopback"}.get(found.way, "network")
    if found.tls:
        yield Check("connection", "ok", f"{who}, {way}, {found.tls}")
    elif found.way == "network":
        yield Check(
            "connection",
            "warn",
            f"{who}, over the network without TLS: events travel in plain text",
            "add sslmode=verify-full and sslrootcert=... to the DSN",
        )
    else:
        yield Check("connection", "ok", f"{who}, {way}")
    if link.info.server_version < MIN_VERSION:
        yield Check(
            "server",
            "fail",
            f"PostgreSQL {found.version}: too old",
            "upgrade to PostgreSQL 15 or newer",
        )
    else:
        told = f"PostgreSQL {found.version}"
        if found.standby:
            told += ", a standby: nothing is sealed here"
        yield Check("server", "ok", told)
    if found.encoding == "UTF8":
        yield Check("encoding", "ok", "UTF8")
    else:
        yield Check(
            "encoding",
            "fail",
            f"the database is {found.encoding}",
            "move the trail to a database created with ENCODING 'UTF8'",
        )


def clocks(link: Connection, clock: Callable[[], int]) -> Iterator[Check]:
    """Compare the local clock with the database's, allowing for the way there."""
    before = clock()
    there = survey.clock_us(link)
    after = clock()
    off = max(before - there, there - after, 0)
    side = "ahead of" if before > there else "behind"
    if off <= CLOCK_WARN_US:
        yield Check("clocks", "ok", "local and database clocks agree within 1 s")
        return
    yield Check(
        "clocks",
        "fail" if off > CLOCK_FAIL_US else "warn",
        f"the local clock is {off / _SECOND:.1f} s {side} the database's; a sealer "
        "here stops when they are more than 5 s apart",
        "let both machines take their time from NTP (chronyc tracking)",
    )


def durability(link: Connection) -> Iterator[Check]:
    """Tell which settings let an acknowledged event be lost in a crash."""
    bad = []
    for setting in survey.settings(link):
        if setting.value != "off":
            continue
        bad.append(
            Check(
                "durability",
                "warn" if setting.name == "full_page_writes" else "fail",
                f"{setting.name} is off for {setting.scope}: "
                + _LOSES.get(setting.name, ""),
                f"set {setting.name} = on"
                + (", then reload" if setting.scope == "the server" else " there"),
            )
        )
    if bad:
        yield from bad
    else:
        yield Check(
            "durability", "ok", "fsync, full_page_writes and synchronous_commit are on"
        )


_LOSES = {
    "fsync": "a crash can lose acknowledged events and damage the log",
    "full_page_writes": "safe only where the file system cannot tear a page (ZFS)",
    "synchronous_commit": "a crash can lose acknowledged events",
}
