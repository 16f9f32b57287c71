"""One row by its primary key, by a statement that is compiled once a connection.

Guarantees: gives what `values_list(*names).filter(pk=key)` gives, of Django's base
manager. To build that query anew takes longer than the database takes to answer it, and
each change of an audited row waits for it.

Does not: keep a statement where the key is another model's, several columns, or where
the base manager adds conditions of its own: that query is built each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connections

from prooftrail.integrations.django_models import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.integrations.django_models.sources import Source

_STATEMENTS = "_prooftrail_statements"


class Statement(NamedTuple):
    """A query as one connection's compiler wrote it, with one parameter: the key."""

    sql: str
    compiler: Any
    converters: Any


def read(
    source: Source, using: str, key: object, *, lock: bool = False
) -> Sequence[Any] | None:
    """Return the row's values, in the order of the source's names; None without one.

    Args:
        source: the model.
        using: the database's alias.
        key: the primary key.
        lock: whether to lock the row (`FOR UPDATE`).
    """
    connection = connections[using]
    # the connection is a thread's own, and so is what it keeps
    known = connection.__dict__.setdefault(_STATEMENTS, {})
    place = (source, lock)
    if place not in known:
        known[place] = _statement(source, using, key, lock=lock)
    statement = known[place]
    if statement is None or hasattr(key, "resolve_expression"):
        with quiet.reading():
            return next(iter(_query(source, using, key, lock=lock)), None)
    field = source.model._meta.pk
    value = field.get_db_prep_value(field.get_prep_value(key), connection, True)  # noqa: FBT003
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, (value,))
        row = cursor.fetchone()
    if row is None or not statement.converters:
        return row  # type: ignore[no-any-return]
    found = statement.compiler.apply_converters([row], statement.converters)
    return tuple(next(iter(found)))


def _query(source: Source, using: str, key: object, *, lock: bool) -> Any:  # noqa: ANN401
    found = source.model._base_manager.using(using).filter(pk=key)
    if lock:
        found = found.select_for_update(of=("self",))
    return found.values_list(*source.names)


def _statement(
    source: Source, using: str, key: object, *, lock: bool
) -> Statement | None:
    field = source.model._meta.pk
    if field.is_relation or getattr(field, "column", None) is None:
        return None
    compiler = _query(source, using, key, lock=lock).query.get_compiler(using)
    sql, params = compiler.as_sql()
    if len(params) != 1:
        return None
    expressions = [one[0] for one in compiler.select]
    return Statement(sql, compiler, compiler.get_converters(expressions))
