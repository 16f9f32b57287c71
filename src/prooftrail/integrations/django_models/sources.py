"""Which Django models are audited, and how their rows are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models.fields.files import FieldFile

from prooftrail.capture import audited, personal_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import Model

    from prooftrail.capture.audited import Audited

_META = "AuditMeta"
_WORDS = ("resource", "exclude", "insert", "update", "delete")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """An audited model.

    Args:
        model: its class.
        audited: what is told of it; fields have the names of columns' attributes
            (`customer_id`).
        fields: its fields, by these names.
    """

    model: type[Model]
    audited: Audited
    fields: Mapping[str, Any]

    @property
    def names(self) -> Sequence[str]:
        """What a query names."""
        return self.audited.fields

    def rows(self, found: Iterable[Sequence[Any]]) -> dict[str | None, dict[str, Any]]:
        """Return what `values_list(*names)` gave, by id."""
        rows = (dict(zip(self.names, one, strict=True)) for one in found)
        return {self.audited.id_of(row): row for row in rows}

    def written(
        self, instance: Model, only: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """Return an instance's values as its columns take them.

        Expressions, whose values only the row has, and deferred fields are left out.
        """
        there = instance.__dict__
        row: dict[str, Any] = {}
        for name in self.names if only is None else only:
            if name not in there or hasattr(there[name], "resolve_expression"):
                continue
            row[name] = _plain(self.fields[name], there[name])
        return row


def source_of(model: type[Model], *, named: bool = False) -> Source | None:
    """Return what is audited of a model; None for one that is not marked.

    Args:
        model: its class.
        named: whether it is audited though nothing marks it.

    Raises:
        ConfigurationError: its `AuditMeta` says what it has not.
        EventError: it names an event type that nobody declared.
    """
    meta = getattr(model, _META, None)
    marked = personal_fields.marked(model)
    if not (marked.classes or meta is not None or named):
        return None
    fields = {one.attname: one for one in model._meta.concrete_fields}
    names = {one.name: one.attname for one in fields.values()}
    said = {word: getattr(meta, word) for word in _WORDS if hasattr(meta, word)}
    said["exclude"] = [names.get(one, one) for one in said.get("exclude", ())]
    classes = {names.get(name, name): cls for name, cls in marked.classes.items()}
    subject = marked.subject
    made = audited.describe(
        model.__name__,
        said,
        key=[model._meta.pk.attname],
        fields=fields,
        marked=personal_fields.Marked(
            classes, None if subject is None else names.get(subject, subject)
        ),
    )
    return Source(model, made, fields)


def _plain(field: Any, value: Any) -> Any:  # noqa: ANN401  a field, what it holds
    """Return a value as it will come back from the database."""
    if isinstance(value, FieldFile):
        return value.name or ""
    target = field.target_field if field.is_relation else field
    try:
        return target.to_python(value)
    except Exception:  # noqa: BLE001  a field of the application's: told as it is
        return value
