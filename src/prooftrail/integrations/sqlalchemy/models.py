"""Which models and tables are audited, and how their rows are read.

Guarantees: a model is looked at once, when it is first seen; what is not marked costs a
look-up in a dict. A table that relates audited models (``secondary=``) is audited as
they are. Fields have the names of the model's attributes, also where a Core
statement names columns. A table is audited if any of the classes whose rows it holds
is, with what is personal to any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import inspect
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.orm import Mapper, mapperlib

from prooftrail.capture import audited, personal_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Table
    from sqlalchemy.sql import FromClause

    from prooftrail.capture.audited import Audited

_AUDITED = "__audited__"

# What selects a column: the attribute of a class, or the column of a table.
Selected: TypeAlias = Any


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An audited model or table, and where its fields are.

    Args:
        audited: what is told of it.
        selected: what a SELECT names, by field.
        columns: the field of each column of its tables, told or not.
        table: the table that a SELECT FOR UPDATE locks.
        computed: the fields that the database fills in where nothing is given.
    """

    audited: Audited
    selected: Mapping[str, Selected]
    columns: Mapping[Any, str]
    table: FromClause
    computed: frozenset[str]

    @property
    def key(self) -> list[Selected]:
        """The columns of the primary key."""
        return [self.selected[name] for name in self.audited.key]

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return a row's primary key."""
        return tuple(row.get(name) for name in self.audited.key)

    def column(self, name: str) -> Selected:
        """Return what a WHERE names for a field, told or not."""
        if name in self.selected:
            return self.selected[name]
        return next(one for one, field in self.columns.items() if field == name)


class Models:
    """The audited models of one `track`.

    Args:
        named: models that are audited though nothing marks them.
    """

    def __init__(self, named: Iterable[type] = ()) -> None:
        self._named = frozenset(named)
        self._by_class: WeakKeyDictionary[type, Source | None] = WeakKeyDictionary()
        self._by_rows: WeakKeyDictionary[type, Source | None] = WeakKeyDictionary()
        self._by_table: WeakKeyDictionary[Any, Source | None] = WeakKeyDictionary()

    def of_class(self, kind: type) -> Source | None:
        """Return what is audited of a mapped class; None for one that is not."""
        try:
            return self._by_class[kind]
        except KeyError:
            made = self._by_class[kind] = self._of_class(kind)
            return made

    def of_table(self, table: Table) -> Source | None:
        """Return what is audited of a table, by its model or by its own columns."""
        try:
            return self._by_table[table]
        except KeyError:
            made = self._by_table[table] = self._of_table(table)
            return made

    def of_rows(self, kind: type) -> Source | None:
        """Return what is audited of the rows that a statement on a class may touch.

        Its table may hold those of subclasses, too, and columns that only they know.
        """
        try:
            return self._by_rows[kind]
        except KeyError:
            made = self._by_rows[kind] = self._of_rows(kind)
            return made

    def _of_class(self, kind: type) -> Source | None:
        mapper = _mapper_of_class(kind)
        if mapper is None:
            return None
        said = _said(mapper)
        marked = personal_fields.marked(kind)
        named = any(issubclass(kind, one) for one in self._named)
        if said is False or not (said or marked.classes or named):
            return None
        return _source(mapper, said, _props(mapper), marked)

    def _of_rows(self, kind: type) -> Source | None:
        mapper = _mapper_of_class(kind)
        if mapper is None:
            return None
        those = [
            one
            for one in mapper.self_and_descendants
            if one.local_table is mapper.local_table
        ]
        found = [self.of_class(one.class_) for one in those]
        if len(those) == 1 or not any(found):
            return found[0]
        fields: dict[str, Any] = {}
        classes: dict[str, str] = {}
        for one, source in zip(those, found, strict=True):
            for name, column in _props(one).items():
                if _said(one) is False or (source and name not in source.selected):
                    continue
                # an attribute of two subclasses may be of two columns
                free = fields.get(name, column) is column
                field = name if free else column.key
                fields[field] = column
                if source and name in source.audited.personal:
                    classes[field] = source.audited.personal[name]
        subjects = {source.audited.subject for source in found if source}
        subject = found[0].audited.subject if found[0] else None
        if found[0] is None and len(subjects) == 1:
            subject = subjects.pop()
        marked = personal_fields.Marked(classes, subject)
        return _source(mapper, _said(mapper) or None, fields, marked)

    def _of_table(self, table: Table) -> Source | None:
        mapper = _mapper_of(table)
        if mapper is not None:
            return self.of_rows(mapper.class_)
        classes = {
            one.key: one.info["pii"] for one in table.columns if one.info.get("pii")
        }
        related = [
            one for one in _related_by(table) if self.of_class(one.class_) is not None
        ]
        said = table.info.get("audited")
        if said is False or not (said or classes or related):
            return None
        subject = next(
            (one.key for one in table.columns if one.info.get("pii_subject")),
            self._person_of(table, related),
        )
        columns = {one: one.key for one in table.columns}
        kept = [
            name
            for one, name in columns.items()
            if one.info.get("audit") is not False or one.primary_key
        ]
        made = audited.describe(
            table.name,
            said,
            # one of a relation need not have a primary key
            key=[one.key for one in table.primary_key] or kept,
            fields=kept,
            marked=personal_fields.Marked(classes, subject),
        )
        selected = {name: one for one, name in columns.items() if name in made.fields}
        return Source(made, selected, columns, table, _computed(columns))

    def _person_of(self, table: Table, related: Iterable[Mapper[Any]]) -> str | None:
        """Return the column of a relation that says whose personal data it is of."""
        for mapper in related:
            source = self.of_class(mapper.class_)
            if source is None or not source.audited.personal:
                continue
            for one in table.columns:
                keys = [key.column for key in one.foreign_keys]
                if source.audited.subject is None and set(keys) & set(source.columns):
                    return one.key
        return None


def _computed(columns: Mapping[Any, str]) -> frozenset[str]:
    return frozenset(
        name
        for column, name in columns.items()
        if getattr(column, "server_default", None) is not None
        or getattr(column, "primary_key", False)
    )


def _mapper_of_class(kind: type) -> Mapper[Any] | None:
    try:
        found: Any = inspect(kind)
    except NoInspectionAvailable:
        return None
    return found if isinstance(found, Mapper) else None


def _said(mapper: Mapper[Any]) -> object:
    """Return what a model says of itself, or its table does."""
    said = getattr(mapper.class_, _AUDITED, None)
    if said is None:
        info: dict[str, object] = getattr(mapper.local_table, "info", {})
        said = info.get("audited")
    return said


def _props(mapper: Mapper[Any]) -> dict[str, Any]:
    """Return the columns that may be told of, by field."""
    key = set(mapper.primary_key)
    return {
        prop.key: prop.columns[0]
        for prop in mapper.column_attrs
        if getattr(prop.columns[0], "table", None) is not None
        and (prop.columns[0].info.get("audit") is not False or key & set(prop.columns))
    }


def _source(
    mapper: Mapper[Any],
    said: object,
    fields: Mapping[str, Any],
    marked: personal_fields.Marked,
) -> Source:
    key = [mapper.get_property_by_column(one).key for one in mapper.primary_key]
    made = audited.describe(
        mapper.class_.__name__,
        said,
        key=key,
        fields=dict.fromkeys([*key, *fields]),
        marked=marked,
    )
    columns = {column: name for name, column in fields.items()}
    columns |= {
        column: prop.key for prop in mapper.column_attrs for column in prop.columns
    }
    return Source(
        made,
        {
            # of a class, where it has it: a SELECT then has the class's criteria
            name: getattr(mapper.class_, name) if mapper.has_property(name) else one
            for name, one in ((name, fields[name]) for name in made.fields)
        },
        columns,
        mapper.local_table,
        _computed(columns),
    )


def _mapper_of(table: Table) -> Mapper[Any] | None:
    """Return the topmost mapper of a table."""
    # Nothing public leads from a table to its mappers.
    for registry in mapperlib._all_registries():  # noqa: SLF001
        for mapper in registry.mappers:
            if mapper.local_table is table and (
                mapper.inherits is None or mapper.inherits.local_table is not table
            ):
                return mapper
    return None


def _related_by(table: Table) -> list[Mapper[Any]]:
    """Return the mappers that a table relates, as `secondary`."""
    found: dict[Mapper[Any], None] = {}
    for registry in mapperlib._all_registries():  # noqa: SLF001
        for mapper in registry.mappers:
            for one in mapper.relationships:
                if one.secondary is table:
                    found |= dict.fromkeys((one.parent, one.mapper))
    return list(found)
