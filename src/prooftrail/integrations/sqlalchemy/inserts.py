"""Inserts by statement: the rows that INSERT ... VALUES makes.

Guarantees: each row that was given is told, with its key where it was given or where
the database returned it; the values are those that were given. Of what may meet rows
that are there (ON CONFLICT) see `upserts`. The statement and its result stay as they
are.

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
from prooftrail.integrations.sqlalchemy.upserts import Meeting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Insert
    from sqlalchemy.engine import Connection, CursorResult

    from prooftrail.integrations.sqlalchemy.models import Source
    from prooftrail.integrations.sqlalchemy.rows import Row as _Row
    from prooftrail.integrations.sqlalchemy.rows import Rows


@dataclass(slots=True, eq=False)
class Inserted:
    """An INSERT, and the parameters that it is given."""

    statement: Insert
    source: Source
    given: Sequence[Mapping[str, Any]]
    meeting: Meeting | None = None
    there: Rows = field(default_factory=dict)  # before it


def look(connection: Connection, running: Inserted) -> None:
    """Read the rows that are there already, of an INSERT that may meet some."""
    clause = getattr(running.statement, "_post_values_clause", None)
    if clause is None:
        return
    made = list(_rows(running))
    running.meeting = Meeting(connection, running.source, made, clause)
    running.there = running.meeting.rows(lock=True)


def inserted(running: Inserted, result: CursorResult[Any]) -> Iterator[Effect]:
    """Give what an INSERT did."""
    audited, token = running.source.audited, object()
    made = list(_rows(running))
    keys = _keys(running, result, len(made))
    details: dict[str, Any] = {}
    if running.statement.select is not None:
        details["from_select"] = True
    if running.meeting is not None:
        effects = list(running.meeting.effects(running.there, keys, token))
        if details:
            details["on_conflict"] = True  # they may have been there before
    else:
        whole = [row | key for row, key in zip(made, keys, strict=True)]
        effects = [audited.effect("insert", None, w, statement=token) for w in whole]
        unknown = sum(audited.id_of(row) is None for row in whole)
        if unknown:
            details["ids_unknown"] = unknown
    yield from (one for one in effects if one is not None)
    if details:
        yield Effect("insert", audited.kind, None, statement=token, details=details)


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
        name = key if key in source.selected else by_key.get(str(key))
        inner = value.value if isinstance(value, BindParameter) else value
        if name is not None and not isinstance(inner, ClauseElement):
            row[name] = inner
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
