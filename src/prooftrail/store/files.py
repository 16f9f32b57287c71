"""The .sql files: loaded as they are, role names put in as quoted identifiers.

Guarantees: values are never formatted into SQL. The one substitution is the names of
the roles, which carry the installation's prefix, quoted by the driver.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import LiteralString, NamedTuple

from psycopg import sql

LOGINS = (
    "writer",
    "sealer",
    "signer",
    "keeper",
    "reader",
    "verifier",
    "retention",
    "access",
)
OWNER = "owner"

_ROOT = resources.files("prooftrail.store") / "sql"


class Migration(NamedTuple):
    """A numbered step of the schema: the .sql files of one directory, in order."""

    version: int
    name: str
    texts: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the files, hex; an altered file is drift."""
        return sha256("\x00".join(self.texts).encode()).hexdigest()


@cache
def query(name: str) -> LiteralString:
    """Return the text of `sql/<name>.sql`."""
    return (_ROOT / f"{name}.sql").read_text("utf-8")


@cache
def migrations() -> tuple[Migration, ...]:
    """Return all migrations, in order."""
    found = []
    for folder in (_ROOT / "migrations").iterdir():
        number, _, name = folder.name.partition("_")
        if not number.isdigit():
            continue
        files = sorted(folder.iterdir(), key=lambda file: file.name)
        texts = tuple(file.read_text("utf-8") for file in files)
        found.append(Migration(int(number), name, texts))
    return tuple(sorted(found))


def with_roles(text: str, prefix: str) -> sql.Composed:
    """Return a file's SQL with the installation's role names in it."""
    roles = {
        login: sql.Identifier(role_name(prefix, login)) for login in (*LOGINS, OWNER)
    }
    return sql.SQL(text).format(**roles)


def role_name(prefix: str, login: str) -> str:
    """Return the name of a login's role, such as prooftrail_sealer."""
    return f"{prefix}_{login}"
