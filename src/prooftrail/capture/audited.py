"""Audited models: what is to be told of changes of a table, whichever ORM it is.

    __audited__ = True
    __audited__ = {"update": "customer.pii.update", "subject": "owner_id",
                   "exclude": ["last_seen"]}

Guarantees: names of event types that nobody declared, and words that mean nothing here,
are refused when the model is first used, not when it changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from prooftrail import catalog
from prooftrail.capture import changes
from prooftrail.capture.changes import UNTOLD
from prooftrail.capture.effects import Change, Effect, Operation
from prooftrail.capture.protection import NOBODY
from prooftrail.core.protected import MAX_SUBJECT
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prooftrail.capture.personal_fields import Marked
    from prooftrail.capture.protection import Whose
    from prooftrail.catalog import EventType

_WORDS = ("resource", "subject", "exclude", *get_args(Operation))
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Audited:
    """What is told of a model's changes.

    Args:
        kind: as in `resource.type`.
        key: the fields of the primary key.
        fields: those that are told of, the key's and the subject's among them.
        personal: the class of data of those that are personal.
        subject: the field that says whose data it is; None for the key.
        types: the event types that the model named.
    """

    kind: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    personal: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    types: Mapping[str, EventType] = field(default_factory=dict)

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that say which row it is, and whose."""
        whose = () if self.subject is None else (self.subject,)
        return (*self.key, *whose)

    def id_of(self, row: Mapping[str, Any]) -> str | None:
        """Return a row's id; the parts of one of several columns are joined by /.

        A part that holds a / or a % has %2F and %25 in place of it.
        """
        parts = [row.get(name) for name in self.key]
        if not parts or any(part is None for part in parts):
            return None
        if len(parts) == 1:
            return str(parts[0])
        return "/".join(
            str(one).replace("%", "%25").replace("/", "%2F") for one in parts
        )

    def subject_of(self, row: Mapping[str, Any]) -> str | None:
        """Return whose data a row is.

        None where it is nobody's (an empty text says so, too) or no event can name it.
        """
        found = self._whose(row)
        # a Personal refuses such a subject: the row would not be saved
        return found if found and not _long(found) else None

    def _whose(self, row: Mapping[str, Any]) -> str | None:
        if self.subject is not None:
            found = row.get(self.subject)
            return None if found is None else str(found)
        return self.id_of(row) if self.personal else None

    def _owner(self, row: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
        """Return whose a row is; as the other says where this one does not."""
        names = self.key if self.subject is None else (self.subject,)
        return self.subject_of(row if all(name in row for name in names) else other)

    def effect(
        self,
        operation: Operation,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        statement: object = None,
    ) -> Effect | None:
        """Return what was done to one row; None if nothing was.

        Args:
            operation: insert, update or delete.
            before: its fields; a field that is in one of both only is not told.
            after: likewise.
            statement: see `Effect`.
        """
        old, new = before or {}, after or {}
        subjects = [self._owner(old, new), self._owner(new, old)]
        whose = (subjects[0] or NOBODY, subjects[1] or NOBODY)
        found = []
        for name in self.fields:
            if (before is not None and name not in old) or (
                after is not None and name not in new
            ):
                continue
            was, is_ = old.get(name), new.get(name)
            if not changes.differ(was, is_):
                continue
            cls = self.personal.get(name)
            found.append(_told(name, was, is_, cls, whose))
        if not found and operation == "update":
            return None
        id_ = self.id_of(old) or self.id_of(new)
        too_long = ["id"] if _long(id_) else []
        if any(_long(self._whose(one)) for one in (old, new)):
            too_long.append("subject")
        touched = {
            one.field: self.personal[one.field]
            for one in found
            if one.field in self.personal
        }
        for one in found:
            if one.field not in touched:
                touched |= {path: value.cls for path, value in one.marks()}
        return Effect(
            operation,
            self.kind,
            None if _long(id_) else id_,
            found,
            list(dict.fromkeys(one for one in subjects if one is not None)),
            touched,
            statement,
            {"too_long": too_long} if too_long else {},
        )

    def related(
        self, id_: object, field_: str, before: Sequence[str], after: Sequence[str]
    ) -> Effect | None:
        """Return which things a row is related to, before and after; None if the same.

        Args:
            id_: of the row.
            field_: the relation.
            before: ids.
            after: ids.
        """
        if list(before) == list(after):
            return None
        change = Change(field_, list(before), list(after))
        id_ = str(id_)
        named = self.personal and self.subject is None and id_
        subjects = [id_] if named and not _long(id_) else []
        return Effect(
            "update", self.kind, None if _long(id_) else id_, [change], subjects
        )


def _long(id_: str | None) -> bool:
    """Whether it is longer than an id may be, of a thing or a person."""
    return id_ is not None and len(id_.encode(errors="surrogatepass")) > MAX_SUBJECT


def _told(
    name: str,
    before: object,
    after: object,
    cls: str | None,
    whose: tuple[Whose, Whose],
) -> Change:
    """Return a change; no value that cannot be told may keep the row from being saved.

    Objects of the application's own fail in ways of their own.
    """
    try:
        return changes.one(name, before, after, cls, whose)
    except Exception:  # noqa: BLE001
        return Change(name, UNTOLD, UNTOLD)


def describe(
    name: str,
    said: object,
    *,
    key: Sequence[str],
    fields: Iterable[str],
    marked: Marked,
) -> Audited:
    """Return what is told of a model.

    Args:
        name: of its class or table.
        said: what stands in `__audited__`, or None.
        key: the fields of the primary key.
        fields: all of its fields.
        marked: those that are personal.

    Raises:
        ConfigurationError: `said` holds a word that means nothing here.
        EventError: it names an event type that nobody declared.
    """
    given: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    for word in given:
        if word not in _WORDS:
            raise ConfigurationError(
                f"__audited__ of {name} says {word!r}: it may say {', '.join(_WORDS)}"
            )
    out = set(given.get("exclude", ())) - set(key)
    kept = tuple(one for one in fields if one not in out)
    subject = given.get("subject") or marked.subject
    if subject is not None and subject not in kept:
        raise ConfigurationError(
            f"the subject of {name} is said to be {subject!r}: it has no such field"
        )
    return Audited(
        kind=given.get("resource") or kind_of(name),
        key=tuple(key),
        fields=kept,
        personal={one: cls for one, cls in marked.classes.items() if one in kept},
        subject=None if subject in key and len(key) == 1 else subject,
        types={
            operation: catalog.resolve(given[operation])
            for operation in get_args(Operation)
            if operation in given
        },
    )


def kind_of(name: str) -> str:
    """Return what a class's things are called.

    >>> kind_of("BillingPlan")
    'billing_plan'
    """
    return _HUMP.sub("_", name).lower()
