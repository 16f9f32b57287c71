"""Many-to-many relations: which things a row is related to, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.integrations.django_models import hooks, quiet

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import ManyToManyField, Model

    from prooftrail.integrations.django_models.sources import Source

_BEFORE = "_prooftrail_related"
_Ids = dict[Any, list[str]]


class Relation:
    """The receiver of one relation's signal.

    Args:
        source: the model that has the field.
        field: the field.
    """

    def __init__(self, source: Source, field: ManyToManyField[Any, Any]) -> None:
        self._source = source
        self._field = field

    def changed(
        self,
        *,
        instance: Model,
        action: str,
        reverse: bool,
        pk_set: Collection[Any] | None,
        using: str,
        **_: object,
    ) -> None:
        """`m2m_changed`: read before it, tell after it."""
        if action.startswith("pre_"):
            owners = self._owners(instance, pk_set, using, reverse=reverse)
            instance.__dict__[_BEFORE] = self._related(owners, using)
            return
        before: _Ids = instance.__dict__.pop(_BEFORE, {})
        after = self._related(before, using)
        source, name = self._source, self._field.name
        effects = []
        for owner, ids in before.items():
            effect = source.audited.related(owner, name, ids, after[owner])
            if effect is not None:
                effects.append(effect)
        hooks.enter(using, source, effects)

    def _owners(
        self,
        instance: Model,
        pk_set: Collection[Any] | None,
        using: str,
        *,
        reverse: bool,
    ) -> list[Any]:
        """Return the keys of the rows that have the field."""
        if not reverse:
            return [instance.pk]
        if pk_set is not None:
            return list(pk_set)
        with quiet.reading():
            through = self._through(using)
            target = {f"{self._field.m2m_reverse_field_name()}_id": instance.pk}
            column = f"{self._field.m2m_field_name()}_id"
            return list(through.filter(**target).values_list(column, flat=True))

    def _related(self, owners: Collection[Any], using: str) -> _Ids:
        found: _Ids = {owner: [] for owner in owners}
        column = f"{self._field.m2m_field_name()}_id"
        target = f"{self._field.m2m_reverse_field_name()}_id"
        with quiet.reading():
            rows = self._through(using).filter(**{f"{column}__in": list(owners)})
            for owner, other in rows.order_by(target).values_list(column, target):
                found[owner].append(str(other))
        return found

    def _through(self, using: str) -> Any:  # noqa: ANN401  a queryset
        through: Any = self._field.remote_field.through
        return through._base_manager.using(using)
