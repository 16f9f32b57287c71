"""Flushes: the rows that a unit of work inserts, updates and deletes.

Guarantees: a row's values before are those that the session loaded; what it did not
load, or what expired, is read from the row in the same transaction, before it is
written. Its values after are those that were written, read back where the database
computed them. A flush that changes nothing of a row tells nothing. A row that is
deleted and added again under its key is told as what it is, an update.

Costs: no statement, where all that changes had been loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import LoaderCallableStatus, object_session
from sqlalchemy.sql import ClauseElement

from prooftrail.integrations.sqlalchemy import links

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import InstanceState, Mapper

    from prooftrail.capture.effects import Operation
    from prooftrail.integrations.sqlalchemy.links import Link
    from prooftrail.integrations.sqlalchemy.models import Source

_Row = dict[str, Any]


def begin_insert(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """Before a row is inserted: remember that a flush does it.

    Where one that is being deleted has its key, the flush updates that one instead, and
    `end_update` hears of it.
    """
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    old: _Row | None = None
    session = object_session(target)
    if session is not None:
        key = mapper.identity_key_from_instance(target)
        there = session.identity_map.get(key)
        if there is not None and there is not target:
            state = inspect(there)
            old = _before(link, connection, source, state, whole=True)
    link.rows[inspect(target)] = old


def end_insert(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """After it was inserted: tell of it."""
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    state: InstanceState[Any] = inspect(target)
    link.rows.pop(state, None)
    after = _written(state, source.audited.fields)
    missing = [name for name in source.audited.fields if name not in after]
    given = state.dict  # an expression is there, though no value
    after |= {
        name: None
        for name in missing
        if name not in source.computed and name not in given
    }
    missing = [name for name in missing if name not in after]
    if missing:
        after |= _read(link, connection, source, _identity(mapper, target), missing)
    _enter(link, connection, source, "insert", None, after)


def begin_update(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """Before a row is updated: keep its values as they were."""
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    state: InstanceState[Any] = inspect(target)
    link.rows[state] = _before(link, connection, source, state, whole=False)


def end_update(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """After it was updated: tell what changed."""
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    state: InstanceState[Any] = inspect(target)
    before: _Row | None = link.rows.pop(state, None)
    if before is None:
        return
    after = _written(state, before)
    missing = [name for name in before if name not in after]
    if missing:
        identity = _identity(mapper, target)
        after |= _read(link, connection, source, identity, missing)
    _enter(link, connection, source, "update", before, after)


def begin_delete(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """Before a row is deleted: keep all of it."""
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    state: InstanceState[Any] = inspect(target)
    link.rows[state] = _before(link, connection, source, state, whole=True)


def end_delete(mapper: Mapper[Any], connection: Connection, target: object) -> None:
    """After it was deleted: tell what it was."""
    found = _tracked(mapper, connection, target)
    if found is None:
        return
    link, source = found
    before = link.rows.pop(inspect(target), None)
    if before is not None:
        _enter(link, connection, source, "delete", before, None)


def _tracked(
    mapper: Mapper[Any], connection: Connection, target: object
) -> tuple[Link, Source] | None:
    link = links.link_of(connection)
    if link is None or object_session(target) is None:
        return None
    source = link.tracking.models.of_class(mapper.class_)
    return None if source is None else (link, source)


def _enter(
    link: Link,
    connection: Connection,
    source: Source,
    operation: Operation,
    before: _Row | None,
    after: _Row | None,
) -> None:
    effect = source.audited.effect(operation, before, after)
    if effect is not None:
        link.ledger.enter(effect, source.audited.types.get(operation))
        links.done(connection, link)


def _before(
    link: Link,
    connection: Connection,
    source: Source,
    state: InstanceState[Any],
    *,
    whole: bool,
) -> _Row:
    """Return a row's values as they were, all of them or those that are known.

    What is about to change is known in any case.
    """
    was, is_ = state.committed_state, state.dict
    row: _Row = {}
    missing = []
    for name in source.audited.fields:
        if name in was:
            value = was[name]
            if isinstance(value, LoaderCallableStatus):
                missing.append(name)
            else:
                row[name] = value
        elif name in is_:
            row[name] = is_[name]
        elif whole:
            missing.append(name)
    # whose data it is must be known also where only something else was loaded
    for name in source.audited.needed:
        if name not in row and name not in missing:
            missing.append(name)
    if missing and state.identity is not None:
        row |= _read(link, connection, source, state.identity, missing)
    return row


def _written(state: InstanceState[Any], names: Iterable[str]) -> _Row:
    """Return the values that were written, but for those that only the row has."""
    there = state.dict
    return {
        name: there[name]
        for name in names
        if name in there and not isinstance(there[name], ClauseElement)
    }


def _identity(mapper: Mapper[Any], target: object) -> tuple[Any, ...]:
    return tuple(mapper.primary_key_from_instance(target))


def _read(
    link: Link,
    connection: Connection,
    source: Source,
    identity: tuple[Any, ...],
    names: list[str],
) -> _Row:
    """Read fields of one row, within the transaction that writes it."""
    wanted = select(*[source.selected[name] for name in names])
    for column, value in zip(source.key, identity, strict=True):
        wanted = wanted.where(column == value)
    with links.reading(link):
        found = connection.execute(wanted).first()
    return {} if found is None else dict(zip(names, found, strict=True))
