"""Statements: INSERT, UPDATE and DELETE of many rows at once, by ORM or Core.

Guarantees: every such statement on an audited table that a tracked connection executes
is told: `session.execute(update(...))`, `bulk_update_mappings` and its like, Core on a
Connection. Before it runs, the rows that it will touch are read by its own WHERE, and
locked if it is an UPDATE, so that nobody changes them in between; after an UPDATE they
are read again, so that values are told that the database computed. The statement
itself, its result and what it does to objects in the session stay as they are.

Above `ROWS` rows the values are summed up by field; whose rows they were is kept for
all of them.

Does not: lock the rows of a DELETE (a login that may delete need not have the right
to lock). Where the statement touched other rows than were read, the event says how
many. Tell rows apart whose keys an UPDATE computes (``id = id + 1``): they are summed
up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Alias, Delete, Insert, Table, Update, inspect, select, tuple_
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BindParameter

from prooftrail.capture import summaries
from prooftrail.integrations.sqlalchemy import links, rows
from prooftrail.integrations.sqlalchemy.inserts import Inserted, inserted, look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection, CursorResult
    from sqlalchemy.sql import Select

    from prooftrail.capture.effects import Effect, Operation
    from prooftrail.integrations.sqlalchemy.links import Link
    from prooftrail.integrations.sqlalchemy.models import Source

ROWS = summaries.ROWS

_Row = dict[str, Any]


@dataclass(slots=True, eq=False)
class Running:
    """An UPDATE or DELETE, and the rows that it is about to touch."""

    statement: Any
    source: Source
    operation: Operation
    rows: list[_Row] = field(default_factory=list)
    many: list[_Row] | None = None  # keys and subjects, of what is summed up
    literal: Mapping[str, Any] = field(default_factory=dict)  # what is set, by field


def before(
    connection: Connection,
    statement: Any,  # noqa: ANN401  anything that can be executed
    multiparams: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Before a statement: read the rows that it will touch."""
    if not isinstance(statement, Update | Delete | Insert):
        return
    link = links.link_of(connection)
    if link is None or link.own or _of_flush(link, options):
        return
    link.statement = None
    source = _source(link, statement)
    if source is None:
        return
    given = list(multiparams) or [params]
    running: Inserted | Running
    with links.reading(link):
        if isinstance(statement, Insert):
            running = Inserted(statement, source, given)
            look(connection, running)
        else:
            operation: Operation = (
                "update" if isinstance(statement, Update) else "delete"
            )
            running = Running(statement, source, operation)
            running.literal = _literals(statement, source, given)
            _look(connection, running, given)
    link.statement = running


def after(
    connection: Connection,
    statement: Any,  # noqa: ANN401
    multiparams: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    options: Mapping[str, Any],
    result: CursorResult[Any],
) -> None:
    """After it: tell of them."""
    del multiparams, params, options
    link = links.link_of(connection) if _is_dml(statement) else None
    if link is None or link.own or link.statement is None:
        return
    running, link.statement = link.statement, None
    if running.statement is not statement:
        return
    with links.reading(link):
        effects = list(
            inserted(running, result)
            if isinstance(running, Inserted)
            else _effects(connection, running, result.rowcount)
        )
    for effect in effects:
        link.ledger.enter(effect, running.source.audited.types.get(effect.operation))
    links.done(connection, link)


def _of_flush(link: Link, options: Mapping[str, Any]) -> bool:
    """Whether a flush wrote it, whose rows `flushes` tells.

    An application's statement may run within a flush, too: from a mapper's events.
    """
    # the unit of work, and nobody else, compiles into a cache of the mapper's own
    cache = options.get("compiled_cache")
    return cache is not None and any(
        state.mapper.base_mapper._compiled_cache is cache  # noqa: SLF001
        for state in link.rows
    )


def _is_dml(statement: object) -> bool:
    return isinstance(statement, Update | Delete | Insert)


def _source(link: Link, statement: Update | Delete | Insert) -> Source | None:
    entity = statement.entity_description.get("entity")
    if entity is not None:
        found = inspect(entity)
        return link.tracking.models.of_rows(found.mapper.class_)
    table: Any = statement.table
    table = table.element if isinstance(table, Alias) else table
    return link.tracking.models.of_table(table) if isinstance(table, Table) else None


def _target(source: Source, statement: Update | Delete) -> list[Any] | None:
    """Return the key's columns of the alias that a statement goes by, if it does."""
    entity = statement.entity_description.get("entity")
    if entity is not None and inspect(entity).is_aliased_class:
        return [getattr(entity, name) for name in source.audited.key]
    table: Any = statement.table
    if entity is None and isinstance(table, Alias):
        key = list(table.element.primary_key) or source.key
        return [table.corresponding_column(one) for one in key]
    return None


def _look(
    connection: Connection, running: Running, given: Sequence[Mapping[str, Any]]
) -> None:
    """Read the rows that a statement will touch."""
    names = running.source.audited.fields
    for wanted, parameters in _wanted(running, given):
        if running.operation == "update":
            wanted = rows.locked(wanted, running.source)  # noqa: PLW2901
        found = connection.execute(wanted.limit(ROWS + 1), parameters)
        running.rows += [dict(zip(names, row, strict=True)) for row in found]
        # several sets of parameters may be of the same rows
        running.rows = _distinct(running.source, running.rows)
        if len(running.rows) > ROWS:
            running.many = _all(connection, running, given)
            break
    key = running.source.audited.key
    if any(running.literal.get(name) == summaries.COMPUTED for name in key):
        # which row is which afterwards, nobody can tell
        running.many = running.many or running.rows or None
    if running.many is not None:
        running.rows = []


def _all(
    connection: Connection, running: Running, given: Sequence[Mapping[str, Any]]
) -> list[_Row]:
    """Read whose rows they are: keys and subjects alone, however many."""
    audited = running.source.audited
    names = list(dict.fromkeys(audited.needed))
    found: list[_Row] = []
    for wanted, parameters in _wanted(running, given, names):
        those = connection.execute(wanted, parameters)
        found += [dict(zip(names, row, strict=True)) for row in those]
    return _distinct(running.source, found)


def _wanted(
    running: Running,
    given: Sequence[Mapping[str, Any]],
    names: Iterable[str] | None = None,
) -> Iterator[tuple[Select[Any], Mapping[str, Any]]]:
    """Give the SELECTs with a statement's WHERE, and their parameters."""
    source, statement = running.source, running.statement
    columns = [source.selected[name] for name in names or source.audited.fields]
    if len(given) > 1:
        by_key = _by_key(source, statement, given)
        if by_key is not None:
            for start in range(0, len(by_key), rows.AT_ONCE):
                some = by_key[start : start + rows.AT_ONCE]
                key = source.audited.key
                yield select(*columns).where(rows.among(source, key, some)), {}
            return
    criteria = statement._where_criteria  # noqa: SLF001
    wanted = select(*columns).where(*criteria)
    target = _target(source, statement)
    if target is not None or len(wanted.get_final_froms()) > 1:
        # what its WHERE joins must not multiply the rows
        those = select(*(target or source.key)).where(*criteria).correlate(None)
        wanted = select(*columns).where(tuple_(*source.key).in_(those))
    options = getattr(statement, "_with_options", ())  # criteria of loaders
    if options:
        wanted = wanted.options(*options)
    for one in given:
        yield wanted, one


def _by_key(
    source: Source, statement: Update | Delete, given: Sequence[Mapping[str, Any]]
) -> list[tuple[Any, ...]] | None:
    """Return the keys where a statement's WHERE is `key = parameter`, run many times.

    That is what the ORM makes of `bulk_update_mappings` and of a list of dicts.
    """
    names: dict[str, str] = {}
    for criterion in statement._where_criteria:  # noqa: SLF001
        for one in _conjuncts(criterion):
            if (
                not isinstance(one, BinaryExpression)
                or one.operator is not operators.eq
                or not isinstance(one.right, BindParameter)
            ):
                return None
            field_ = _field(source, one.left)
            if field_ is None:
                return None
            names[field_] = one.right.key
    if set(names) != set(source.audited.key):
        return None
    ordered = [names[name] for name in source.audited.key]
    if any(name not in one for one in given for name in ordered):
        return None
    return [tuple(one[name] for name in ordered) for one in given]


def _conjuncts(criterion: Any) -> Iterable[Any]:  # noqa: ANN401  clauses
    if getattr(criterion, "operator", None) is operators.and_:
        for one in criterion.get_children():
            yield from _conjuncts(one)
    else:
        yield criterion


def _field(source: Source, column: object) -> str | None:
    """Return the field of a column, or of its name."""
    if isinstance(column, str):
        return column if column in source.audited.fields else None
    # the ORM's annotated columns hash and compare as those that they are of
    found = source.columns.get(column)
    for one in getattr(column, "base_columns", ()):  # of an alias
        found = found or source.columns.get(one)
    return found


def _literals(
    statement: Update | Delete, source: Source, given: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what an UPDATE sets to one value for all rows, by field."""
    found: dict[str, Any] = {}
    values = dict(getattr(statement, "_values", None) or {})
    for column, value in values.items():
        name = _field(source, column)
        if name is not None:
            found[name] = _literal(value, given)
    if len(given) == 1 and isinstance(statement, Update):
        fields = source.audited.fields
        found |= {name: value for name, value in given[0].items() if name in fields}
    return found


def _literal(value: object, given: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401
    if not isinstance(value, BindParameter):
        return summaries.COMPUTED
    if not any(value.key in one for one in given):
        return value.value
    # one of several sets of parameters is not the value for all rows
    return given[0].get(value.key) if len(given) == 1 else summaries.COMPUTED


def _distinct(source: Source, those: Iterable[_Row]) -> list[_Row]:
    """Return each row once: a statement's WHERE may join others to it."""
    return list({source.key_of(row): row for row in those}.values())


def _effects(
    connection: Connection, running: Running, affected: int
) -> Iterator[Effect]:
    token = object()
    if running.many is not None:
        yield summaries.summed_up(
            running.source.audited,
            running.operation,
            running.many,
            literal=running.literal,
            affected=affected,
            statement=token,
        )
        return
    audited = running.source.audited
    set_ = _plain(running.literal)
    after: rows.Rows = {}
    if running.operation == "update" and running.rows:
        moved = [row | set_ for row in running.rows]  # its key may be what was set
        after = rows.by_keys(connection, running.source, moved)
    seen = len(running.rows)
    for row in running.rows:
        new = None
        if running.operation == "update":
            new = row | set_
            # it may have left by a trigger
            new = after.get(running.source.key_of(new), new)
        effect = audited.effect(running.operation, row, new, statement=token)
        if effect is not None:
            yield effect
    if affected >= 0 and affected != seen:
        yield summaries.remark(
            audited,
            running.operation,
            token,
            {"rows_affected": affected, "rows_seen": seen},
        )


def _plain(literal: Mapping[str, Any]) -> _Row:
    return {
        name: value for name, value in literal.items() if value != summaries.COMPUTED
    }
