"""Rows that an INSERT may meet: they are found by all that keeps two rows apart.

Guarantees: what is told of an INSERT with ON CONFLICT (or ON DUPLICATE KEY) is what the
database holds: a row that was met, under whichever unique key, by what it was and is,
and an insert only where there is a row now that was not there before. Rows that it may
update are locked first, so that nobody changes them in between.

Does not: find rows that meet by an expression, by an exclusion or by a null; such an
insert is told by a remark (`on_conflict`), without an id. See that somebody else
inserted a row between the look and the statement: it is told as an insert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, UniqueConstraint

from prooftrail.capture import summaries
from prooftrail.integrations.sqlalchemy import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from prooftrail.capture.effects import Effect
    from prooftrail.integrations.sqlalchemy.models import Source
    from prooftrail.integrations.sqlalchemy.rows import Row, Rows


@dataclass(slots=True)
class Meeting:
    """An INSERT that may meet rows; made before it, asked for effects after it.

    Args:
        connection: that executes it.
        source: of which model.
        given: what each row was given, by field.
        clause: what it says of conflicts.
    """

    connection: Connection
    source: Source
    given: Sequence[Row]
    clause: Any

    def rows(self, *, lock: bool = False) -> Rows:
        """Return the rows that are there under a key of one of those given."""
        found: Rows = {}
        # what it does not update, its login need not have the right to lock
        lock = lock and "nothing" not in self.clause.__visit_name__
        for names in self._keys():
            found |= rows.by_keys(
                self.connection, self.source, self.given, names, lock=lock
            )
        return found

    def effects(
        self, there: Rows, told: Sequence[Row], token: object
    ) -> Iterator[Effect | None]:
        """Give what was done.

        Args:
            there: what `rows` gave before.
            told: the keys that the database told of those given; of what was not
                inserted they are of no row.
            token: see `Effect.statement`.
        """
        audited = self.source.audited
        now = self.rows()
        # what was met may have another of its unique values now
        for some in (there.values(), told):
            now |= rows.by_keys(self.connection, self.source, some)
        for key, old in there.items():
            if key in now:
                yield audited.effect("update", old, now[key], statement=token)
            else:  # its key was changed: there is a new one below
                yield audited.effect("delete", old, None, statement=token)
        for key, row in now.items():
            if key not in there:
                yield audited.effect("insert", None, row, statement=token)
        for given, id_ in zip(self.given, told, strict=True):
            whole = given | id_
            if not any(_known(whole, names) for names in self._keys()):
                yield audited.effect("insert", None, whole, statement=token)
        unknown = len(self.given) - len(now)
        if unknown > 0:
            details = {"ids_unknown": unknown, "on_conflict": True}
            yield summaries.remark(audited, "insert", token, details)

    def _keys(self) -> list[tuple[str, ...]]:
        """Return what a row can be met by, each by its fields."""
        target = self._target()
        if target is not None:
            return [target]
        table: Any = self.source.table
        sets = [table.primary_key.columns]
        sets += [one.columns for one in _unique(table)]
        made = (self._fields(one) for one in sets)
        return list(dict.fromkeys(one for one in made if one))

    def _target(self) -> tuple[str, ...] | None:
        """Return the fields by which alone rows are met, if it says so by columns."""
        name = getattr(self.clause, "constraint_target", None)
        if name is not None:
            table: Any = self.source.table
            for one in (table.primary_key, *_unique(table)):
                if one.name == name:
                    return self._fields(one.columns)
            return None
        columns = getattr(self.clause, "inferred_target_elements", None)
        return self._fields(columns) if columns else None

    def _fields(self, columns: Iterable[object]) -> tuple[str, ...] | None:
        table: Any = self.source.table
        found = []
        for one in columns:
            column = table.columns.get(one) if isinstance(one, str) else one
            if not isinstance(column, Column) or column not in self.source.columns:
                return None
            found.append(self.source.columns[column])
        return tuple(found)


def _unique(table: Any) -> list[Any]:  # noqa: ANN401  a table
    constraints = [one for one in table.constraints if type(one) is UniqueConstraint]
    return [*constraints, *(one for one in table.indexes if one.unique)]


def _known(row: Mapping[str, Any], names: Sequence[str]) -> bool:
    return all(row.get(name) is not None for name in names)
