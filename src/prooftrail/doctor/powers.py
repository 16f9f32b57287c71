"""Who could still cheat, and how: facts, each with what stands against it.

Guarantees: names every login that is, or can make itself, superuser, owner, one of
the trail's logins, or the holder of another right that reaches past the privilege
table.

Does not: know who has the machine, its disk or its backups, nor the signing key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.doctor.check import Check
from prooftrail.store import files, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection

_ANCHORS = "checkpoints kept where they cannot reach (prooftrail sign --anchor DIR)"
_REWRITE = "rewrite the log and recompute every hash, delete unsealed events"

# power: what it lets somebody do, what stands against it
_POWERS = {
    "superuser": (f"switch every guard off, {_REWRITE}", _ANCHORS),
    "owner": (
        f"become the owner, drop triggers and partitions, {_REWRITE}",
        f"the fingerprint that doctor compares, and {_ANCHORS}",
    ),
    "createrole": (
        "make itself the owner or any login (enough before PostgreSQL 16)",
        f"PostgreSQL 16 or newer, no standing CREATEROLE, and {_ANCHORS}",
    ),
    "database": (
        "drop the database, change its settings, take TEMP or CONNECT away",
        _ANCHORS,
    ),
    "bypassrls": ("read past row security whatever it is granted", "revoking it"),
    "replication": ("copy the whole cluster, vault and inbox included", "revoking it"),
    "pg_read_all_data": (
        "read every table without a policy: inbox, quarantine, vault (encrypted)",
        "revoking the membership",
    ),
    "pg_write_all_data": (
        "write every table without a policy: delete unsealed events, move the head",
        f"revoking the membership, and {_ANCHORS}",
    ),
    "pg_read_server_files": (
        "read the server's files, the log's among them",
        "revoking the membership",
    ),
    "pg_write_server_files": (
        "write the server's files, and so make itself superuser",
        f"revoking the membership, and {_ANCHORS}",
    ),
    "pg_execute_server_program": (
        "run programs as the server, and so make itself superuser",
        f"revoking the membership, and {_ANCHORS}",
    ),
    "others": (
        "act as these logins: read what they read, seal or sign in their name",
        "a DSN a login (PROOFTRAIL_SEALER_DSN, ...), and none that may act as others",
    ),
}


class Holder(NamedTuple):
    """A login that could do more than the privilege table says."""

    login: str
    through: str  # the roles that it may act as for it; empty: by itself
    power: str
    can: str
    against: str  # what stands against it


def holders(link: Connection, prefix: str) -> list[Holder]:
    """Return who could do more than the privilege table says."""
    return [
        Holder(
            one.login,
            "" if one.through == one.login else one.through,
            _NAMES.get(one.power, one.power),
            *_POWERS[one.power],
        )
        for one in survey.powers(link, prefix)
    ]


def could_cheat(link: Connection, prefix: str) -> Iterator[Check]:
    """Name who could do more than the privilege table says."""
    for found in holders(link, prefix):
        through = f" (as {found.through})" if found.through else ""
        yield Check(
            "could cheat",
            "note",
            f"{found.login}{through}, {found.power}: can {found.can}",
            f"against it: {found.against}",
        )
    sealer = files.role_name(prefix, "sealer")
    yield Check(
        "could cheat",
        "note",
        f"{sealer}, by its rights: can delete unsealed events and append false ones",
        "against it: its credentials stand where the applications cannot read them",
    )
    yield Check(
        "could cheat",
        "note",
        "whoever has the server's machine, its disk or its backups: can do all of that",
        f"against it: {_ANCHORS}",
    )
    triggers = survey.event_triggers(link)
    yield Check(
        "event triggers",
        "note",
        ", ".join(triggers)
        if triggers
        else "none: nothing in the database stops the owner's DROP or DETACH (it takes "
        "a superuser to make one)",
        "" if triggers else f"against it: the fingerprint, and {_ANCHORS}",
    )


_NAMES = {
    "database": "owner of the database",
    "owner": "may act as the owner",
    "createrole": "CREATEROLE",
    "bypassrls": "BYPASSRLS",
    "replication": "REPLICATION",
    "others": "may act as the trail's logins",
}
