"""The installation held against what this release installs, fact by fact.

Guarantees: every table, column, constraint, index, trigger, policy, rule, function,
view, right and role of the trail is a line of `sql/fingerprint.txt`, the same on
PostgreSQL 15 to 18 and under any prefix; what is missing, added or changed is a
`Difference` that names it. Each partition is held against one template with its own
month's bounds. Any login may compare.

Does not: see what was altered and put back, nor a catalog that a superuser falsified.
Against those stand the checkpoints kept elsewhere.

Regenerate after a change to the SQL, from a database just installed by
`prooftrail init`: ``python -m prooftrail.store.fingerprint`` prints the lines.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal, NamedTuple

from prooftrail.errors import ConfigurationError
from prooftrail.store import connect, files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.store.connect import Connection

Kind = Literal["missing", "unexpected"]

_SECOND = 1_000_000
_LATE = 300 * _SECOND  # an event may be dated so long after it was recorded
_PARTITION = re.compile(r"(log|subject)_([0-9]{4})([0-9]{2})")

# What the texts of the catalog depend on; local to the transaction.
_STABLE = (
    ("search_path", "pg_catalog, pg_temp"),
    ("bytea_output", "hex"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
)


class Difference(NamedTuple):
    """A fact that is expected and not there, or there and not expected."""

    kind: Kind
    fact: str

    @property
    def subject(self) -> str:
        """The thing that differs, such as `trigger link on prooftrail.log`."""
        return self.fact.partition(": ")[0]

    @property
    def detail(self) -> str:
        """What is said of it."""
        return self.fact.partition(": ")[2]


class Facts(NamedTuple):
    """What stands in the catalog."""

    whole: frozenset[str]
    parts: dict[str, frozenset[str]]  # by partition, such as log_202611


@cache
def expected() -> frozenset[str]:
    """Return the facts that this release installs, partitions as templates."""
    file = resources.files("prooftrail.store") / "sql" / "fingerprint.txt"
    return frozenset(file.read_text("utf-8").splitlines())


def read(connection: Connection, prefix: str | None = None) -> Facts:
    """Read the facts from the catalog.

    Args:
        connection: of any login.
        prefix: of the roles; by default that of the schema's owner.

    Raises:
        ConfigurationError: no trail is installed there.
        DatabaseError: the server refuses.
    """
    with connect.driver_errors(), connection.transaction():
        prefix = prefix or connect.installed_prefix(connection)
        if prefix is None:
            raise ConfigurationError(
                "this database has no trail yet: run prooftrail init"
            )
        for name, value in _STABLE:
            connection.execute("select set_config(%s, %s, true)", (name, value))
        roles = [
            files.role_name(prefix, login) for login in (*files.LOGINS, files.OWNER)
        ]
        rows = connection.execute(
            files.query("fingerprint"), {"prefix": prefix, "roles": roles}
        ).fetchall()
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for part, fact in rows:
        if part is None or not _is_month(str(part)):
            whole.add(str(fact))
        else:
            parts.setdefault(str(part), set()).add(str(fact))
    return Facts(
        frozenset(whole), {part: frozenset(told) for part, told in parts.items()}
    )


def compare(connection: Connection, prefix: str | None = None) -> list[Difference]:
    """Return how the installation differs from this release; empty when it does not.

    Args:
        connection: of any login.
        prefix: of the roles; by default that of the schema's owner.

    Raises:
        ConfigurationError: no trail is installed there.
        DatabaseError: the server refuses.
    """
    return differences(read(connection, prefix))


def differences(found: Facts) -> list[Difference]:
    """Return how facts differ from the expected ones, ordered by subject."""
    templates = {parent: _template(parent) for parent in ("log", "subject")}
    wanted = expected() - templates["log"] - templates["subject"]
    told = list(_differ(wanted, found.whole))
    for part, facts in found.parts.items():
        parent = part.partition("_")[0]
        own = frozenset(_filled(fact, part) for fact in templates[parent])
        told += _differ(own, facts)
    return sorted(told, key=lambda one: (one.subject, one.kind, one.detail))


def lines(found: Facts) -> list[str]:
    """Return facts as the lines of fingerprint.txt.

    Raises:
        ConfigurationError: the partitions are not alike, or one kind is not there.
    """
    told = set(found.whole)
    for parent in ("log", "subject"):
        alike = {
            frozenset(_emptied(fact, part) for fact in facts)
            for part, facts in found.parts.items()
            if part.startswith(f"{parent}_")
        }
        if len(alike) != 1:
            raise ConfigurationError(
                f"the partitions of {parent} are not alike: print the fingerprint of a "
                "database just installed by prooftrail init"
            )
        told |= alike.pop()
    return sorted(told)


def _differ(wanted: frozenset[str], there: frozenset[str]) -> Iterable[Difference]:
    for fact in wanted - there:
        yield Difference("missing", fact)
    for fact in there - wanted:
        yield Difference("unexpected", fact)


@cache
def _template(parent: str) -> frozenset[str]:
    return frozenset(fact for fact in expected() if f"{parent}_<month>" in fact)


def _is_month(part: str) -> bool:
    found = _PARTITION.fullmatch(part)
    return found is not None and found[2] != "0000" and 1 <= int(found[3]) <= 12  # noqa: PLR2004  months


def _marks(part: str) -> dict[str, str]:
    """Return what stands in a partition's facts for each mark of its template."""
    found = _PARTITION.fullmatch(part)
    if found is None:
        raise ValueError(part)
    year, month = int(found[2]), int(found[3])
    start, end = _month_us(year, month), _month_us(year + month // 12, month % 12 + 1)
    return {
        f"{found[1]}_<month>": part,
        "<start>": str(start),
        "<end>": str(end),
        "<end+5min>": str(end + _LATE),
    }


def _month_us(year: int, month: int) -> int:
    moment = datetime(year, month, 1, tzinfo=UTC)
    return int(moment.timestamp()) * _SECOND


def _filled(fact: str, part: str) -> str:
    for mark, text in _marks(part).items():
        fact = fact.replace(mark, text)
    return fact


def _emptied(fact: str, part: str) -> str:
    for mark, text in _marks(part).items():
        fact = fact.replace(text, mark)
    return fact


def main() -> None:
    """Print the facts of the database that PROOFTRAIL_DSN names."""
    connection = connect.connect(None, autocommit=True)
    try:
        sys.stdout.write("".join(f"{line}\n" for line in lines(read(connection))))
    finally:
        connection.close()


if __name__ == "__main__":
    main()
