"""Effects: what one row, or one statement over many, changed; and events of them.

Guarantees: an effect is told whole or taken back whole. Its size is known before it
goes into an event, so that no event grows beyond what one may hold: what does not fit
goes into events of its own (`ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from prooftrail.capture.protection import Personal
from prooftrail.core.normal import MAX_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Operation: TypeAlias = Literal["insert", "update", "delete"]

DATA_CHANGE = "prooftrail.data.change"  # where no other event tells of a change

# Of 255 KiB; what else an event holds must fit, and JSON spells some longer.
ROOM = 120_000

_PROTECTED = 260  # bytes of a `$protected` object, at most a little more
_AROUND = 48  # bytes of a change's own keys


class Change(NamedTuple):
    """One field before and after."""

    field: str
    before: Any
    after: Any

    def marks(self) -> Iterator[tuple[str, Personal]]:
        """Give its personal values, each with the path of its field.

        The place in a list is no part of it: ``addresses.city``.
        """
        work = [(self.field, self.before), (self.field, self.after)]
        for path, value in work:  # grows while it runs
            if isinstance(value, Personal):
                yield path, value
            elif isinstance(value, dict):
                work += [(f"{path}.{name}", item) for name, item in value.items()]
            elif isinstance(value, list):
                work += [(path, item) for item in value]


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What was done to one thing, or to many by one statement.

    Args:
        operation: insert, update or delete.
        kind: of thing, as in `resource.type`.
        id: of the thing; None for many, or where it is not known.
        changes: with plain names of fields.
        subjects: whose personal data it is.
        personal: the class of each personal field that was touched.
        statement: what it has in common with the other effects of one statement.
        details: what else there is to say of it.
    """

    operation: Operation
    kind: str
    id: str | None
    changes: Sequence[Change] = ()
    subjects: Sequence[str] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
    statement: object = None
    details: Mapping[str, Any] = field(default_factory=dict)
    weight: int = field(init=False)  # bytes of its changes in an event, about

    def __post_init__(self) -> None:
        around = _AROUND + len(self.kind) + len(self.id or "")
        weight = sum(
            around + len(one.field) + _size(one.before) + _size(one.after)
            for one in self.changes
        )
        object.__setattr__(self, "weight", weight)

    def spelled(self, resource: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
        """Give its changes as they stand in an event of that resource.

        Fields of the resource itself have plain names; those of another thing say
        which: ``address[17].city``.
        """
        own = (
            resource is not None
            and self.id is not None
            and (resource.get("type"), resource.get("id")) == (self.kind, self.id)
        )
        which = "*" if self.id is None else self.id
        before = "" if own else f"{self.kind}[{which}]."
        for one in self.changes:
            yield {
                "field": f"{before}{one.field}",
                "before": one.before,
                "after": one.after,
            }


def _size(value: object) -> int:
    if isinstance(value, Personal):
        # the value stands in the envelope, which has no more room than the event
        return _PROTECTED + len(value.subject or "") + _size(value.value)
    if isinstance(value, dict):
        return 8 + sum(_size(name) + _size(one) for name, one in value.items())
    if isinstance(value, list):
        return 8 + sum(_size(one) + 1 for one in value)
    if isinstance(value, str):
        text = value[:MAX_TEXT]
        spelled = len(text) if text.isascii() else len(text.encode(errors="replace"))
        return spelled + 8
    return len(str(value).encode(errors="replace")) + 16 if value is not None else 4
