"""All checks, in the order of asking: does it run, is it whole, who could cheat.

Guarantees: read-only; a check that the database refuses fails by itself, and the
others go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.doctor import flow, powers, schema, server
from prooftrail.doctor.check import Check
from prooftrail.errors import ConfigurationError, DatabaseError, UnavailableError
from prooftrail.store import fingerprint, survey
from prooftrail.store.connect import installed_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prooftrail.store.connect import Connection


def examine(link: Connection, *, clock: Callable[[], int]) -> list[Check]:
    """Look at the installation.

    Args:
        link: the verifier's, in autocommit.
        clock: microseconds since the epoch, UTC.

    Raises:
        ConfigurationError: no trail is installed there.
        UnavailableError: the database went away.
    """
    survey.begin(link)
    prefix = installed_prefix(link)
    if prefix is None:
        raise ConfigurationError("this database has no trail yet: run prooftrail init")
    found = fingerprint.read(link, prefix)
    turns: list[tuple[str, Callable[[], Iterable[Check]]]] = [
        ("connection", lambda: server.connection(link)),
        ("clocks", lambda: server.clocks(link, clock)),
        ("durability", lambda: server.durability(link)),
        ("migrations", lambda: schema.migrations(link)),
        ("fingerprint", lambda: schema.compared(found, prefix)),
        ("logins", lambda: schema.logins(link, prefix)),
        ("applications", lambda: schema.applications(link, prefix)),
        ("partitions", lambda: schema.partitions(found, clock())),
        ("inbox", lambda: flow.inbox(link, prefix)),
        ("snapshots", lambda: flow.snapshots(link)),
        ("quarantine", lambda: flow.quarantine(link)),
        ("adrift", lambda: flow.adrift(link)),
        ("checkpoints", lambda: flow.checkpoints(link, clock())),
        ("could cheat", lambda: powers.could_cheat(link, prefix)),
    ]
    checks: list[Check] = []
    for name, turn in turns:
        try:
            checks.extend(turn())
        except UnavailableError:
            raise
        except DatabaseError as error:
            checks.append(Check(name, "fail", f"could not look: {error}", _REFUSED))
    return checks


_REFUSED = "see what grants and fingerprint say; doctor works as the verifier"
