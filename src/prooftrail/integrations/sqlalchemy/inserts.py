"""Inserts by statement: the rows that INSERT ... VALUES makes.

Guarantees: each row that was given is told, with its key where it was given or where
the database returned it; the values are those that were given. With ON CONFLICT, a row
that was there under its key is told as it was before and after. The statement and its
result stay as they are.

Does not: know keys that the database made for many rows and that nobody asked back:
the event then says how many. Of INSERT ... SELECT it says that there was one, and not
which rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.sql.elements import BindParameter, ClauseElement

from prooftrail.capture.effects import Effect
from prooftrail.integrations.sqlalchemy import rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Insert
    from sqlalchemy.engine import Connection, CursorResult

    from prooftrail.integrations.sqlalchemy.models import Source

_Row = dict[str, Any]


@dataclass(slots=True, eq=False)
class Inserted:
    """An INSERT, and the parameters that it is given."""

    statement: Insert
    source: Source
    given: Sequence[Mapping[str, Any]]
    there: dict[str | None, _Row] = field(default_factory=dict)  # before it, by id


def there(connection: Connection, running: Inserted) -> dict[str | None, _Row]:
    """Return the rows that are there already, of an INSERT that may meet some."""
    if not _meets(running):
        return {}
    audited = running.source.audited
    those = [row for row in _rows(running) if audited.id_of(row) is not None]
    return rows.by_keys(connection, running.source, those)


def inserted(
    connection: Connection, running: Inserted, result: CursorResult[Any]
) -> Iterator[Effect]:
    """Give what an INSERT did."""
    audited, token = running.source.audited, object()
    made = list(_rows(running))
    keys = _keys(running, result, len(made))
    now = rows.by_keys(connection, running.source, list(running.there.values()))
    unknown = 0
    for row, key in zip(made, keys, strict=True):
        whole = {**row, **key}
        id_ = audited.id_of(whole)
        unknown += id_ is None
        old = running.there.get(id_)
        effect = (
            audited.effect("insert", None, whole, statement=token)
            if old is None
            else audited.effect("update", old, now.get(id_, old), statement=token)
        )
        if effect is not None:
            yield effect
    details: dict[str, Any] = {}
    if unknown:
        details["ids_unknown"] = unknown
        if _meets(running):
            details["on_conflict"] = True  # they may have been there before
    if running.statement.select is not None:
        details["from_select"] = True
    if details:
        yield Effect("insert", audited.kind, None, statement=token, details=details)


def _meets(running: Inserted) -> bool:
    """Whether it says ON CONFLICT."""
    return getattr(running.statement, "_post_values_clause", None) is not None


def _rows(running: Inserted) -> Iterator[_Row]:
    statement, source = running.statement, running.source
    shared = _named(source, getattr(statement, "_values", None) or {})
    several = getattr(statement, "_multi_values", ()) or ()
    given = [one for group in several for one in group]
    for one in given:
        if isinstance(one, dict):
            yield shared | _named(source, one)
        else:
            columns = list(source.table.columns)
            yield shared | _named(source, dict(zip(columns, one, strict=False)))
    if given or statement.select is not None:
        return
    for one in running.given:
        yield shared | _named(source, one)


def _named(source: Source, values: Mapping[Any, Any]) -> _Row:
    """Return values by field, from columns or names of columns."""
    row: _Row = {}
    by_key = {column.key: name for column, name in source.columns.items()}
    for column, value in values.items():
        key = column if isinstance(column, str) else getattr(column, "key", None)
        name = key if key in source.audited.fields else by_key.get(str(key))
        inner = value.value if isinstance(value, BindParameter) else value
        if name in source.audited.fields and not isinstance(inner, ClauseElement):
            row[str(name)] = inner
    return row


def _keys(running: Inserted, result: CursorResult[Any], n: int) -> list[_Row]:
    """Return the keys that the database told, as far as it did."""
    names = running.source.audited.key
    try:
        told = [tuple(one or ()) for one in result.inserted_primary_key_rows]
    except InvalidRequestError:  # RETURNING was the caller's: the rows are his
        told = []
    if len(told) != n:
        told = [()] * n
    return [
        {
            name: value
            for name, value in zip(names, one, strict=False)
            if value is not None
        }
        for one in told
    ]
