"""Rows by their keys, read on the connection that changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select, tuple_

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql.elements import ColumnElement

    from prooftrail.integrations.sqlalchemy.models import Source

AT_ONCE = 500  # values of one SELECT

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[tuple[Any, ...], Row]  # by their keys, never by their ids' text


def by_keys(
    connection: Connection,
    source: Source,
    those: Iterable[Mapping[str, Any]],
    by: Sequence[str] | None = None,
    *,
    lock: bool = False,
) -> Rows:
    """Return rows as they stand now, by primary key.

    Args:
        connection: in whose transaction.
        source: of which model.
        those: what they have in the fields of `by`; with a null there, it is no row.
        by: the fields of a key, by default of the primary one.
        lock: so that nobody changes them until the transaction ends.
    """
    found: Rows = {}
    names = source.audited.fields
    by = source.audited.key if by is None else by
    values = dict.fromkeys(tuple(row.get(name) for name in by) for row in those)
    keys = [one for one in values if None not in one]
    several = max(AT_ONCE // len(by), 1) if by else 1
    for start in range(0, len(keys), several):
        wanted = select(*source.selected.values())
        wanted = wanted.where(among(source, by, keys[start : start + several]))
        if lock:
            wanted = locked(wanted, source)
        for one in connection.execute(wanted):
            row = dict(zip(names, one, strict=True))
            found[source.key_of(row)] = row
    return found


def locked(wanted: Any, source: Source) -> Any:  # noqa: ANN401  a SELECT, any columns
    """Return a SELECT that locks, in order of the key.

    Statements side by side must not wait for each other.
    """
    return wanted.order_by(*source.key).with_for_update(of=source.table)


def among(
    source: Source, names: Sequence[str], keys: Sequence[tuple[Any, ...]]
) -> ColumnElement[bool]:
    """Return the condition that a row has one of these values in these fields."""
    columns = [source.column(name) for name in names]
    if len(columns) == 1:
        made: ColumnElement[bool] = columns[0].in_([key[0] for key in keys])
        return made
    return tuple_(*columns).in_(keys)
