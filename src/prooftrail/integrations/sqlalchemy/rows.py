"""Rows by their keys, read on the connection that changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from prooftrail.integrations.sqlalchemy.models import Source

AT_ONCE = 500  # keys of one SELECT


def by_keys(
    connection: Connection, source: Source, those: Sequence[Mapping[str, Any]]
) -> dict[str | None, dict[str, Any]]:
    """Return rows as they stand now, by id.

    Args:
        connection: in whose transaction.
        source: of which model.
        those: rows that have the key's fields at least.
    """
    found = {}
    names = source.audited.fields
    keys = [tuple(row[name] for name in source.audited.key) for row in those]
    for start in range(0, len(keys), AT_ONCE):
        wanted = select(*source.selected.values())
        some = among(source, keys[start : start + AT_ONCE])
        for one in connection.execute(wanted.where(some)):
            row = dict(zip(names, one, strict=True))
            found[source.audited.id_of(row)] = row
    return found


def among(source: Source, keys: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Return the condition that a row's key is one of these."""
    if len(source.key) == 1:
        made: ColumnElement[bool] = source.key[0].in_([key[0] for key in keys])
        return made
    return tuple_(*source.key).in_(keys)
