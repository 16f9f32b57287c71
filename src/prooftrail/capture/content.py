"""What was filled into an event so far, and how it is told.

Guarantees: each subject stands once, in order; effects that were rolled back are not
told; those whose changes found no room have their subjects told, and that they follow.

Does not: lock (`draft` does).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prooftrail.capture.effects import ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.capture.effects import Effect


@dataclass(slots=True)
class Content:
    """Details, subjects, changes, personal fields, and effects of one event."""

    details: dict[str, Any] = field(default_factory=dict)
    subjects: dict[str, None] = field(default_factory=dict)  # an ordered set
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    fields: dict[str, None] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    following: list[Effect] = field(default_factory=list)  # told by other events
    holds: dict[Effect, Callable[[], bool]] = field(default_factory=dict)
    room: int = ROOM

    def affect(self, effect: Effect, holds: Callable[[], bool] | None) -> bool:
        """Add an effect; False where its changes have no room."""
        if holds is not None:
            self.holds[effect] = holds
        fits = effect.weight <= self.room
        (self.effects if fits else self.following).append(effect)
        if fits:
            self.room -= effect.weight
        return fits

    def take_back(self, effect: Effect) -> bool:
        """Take an effect out again; False where it is not here."""
        if effect in self.effects:
            self.effects.remove(effect)
            self.room += effect.weight
        elif effect in self.following:
            self.following.remove(effect)
        else:
            return False
        return True

    def tells(self, effect: Effect) -> bool:
        """Whether an effect is here."""
        return effect in self.effects or effect in self.following

    def add(self, later: Content) -> None:
        """Add what was filled in later."""
        self.details |= later.details
        self.subjects |= later.subjects
        self.changes += later.changes
        self.fields |= later.fields
        self.classes |= later.classes

    def held(self) -> tuple[list[Effect], list[Effect]]:
        """Return the effects that hold: those with their changes, those that follow."""
        here, following = (
            [one for one in some if one not in self.holds or self.holds[one]()]
            for some in (self.effects, self.following)
        )
        return here, following

    def detailed(self, told: Iterable[Effect], following: int) -> dict[str, Any]:
        """Return the details."""
        made = dict(self.details)
        many = [dict(one.details) for one in told if one.details]
        if many:
            made["statements"] = many
        if following:
            made["changes_follow"] = following
        return made

    def whose(self, told: Iterable[Effect]) -> list[str]:
        """Return the subjects."""
        found = dict(self.subjects)
        for one in told:
            found.update(dict.fromkeys(one.subjects))
        return list(found)

    def changed(
        self, here: Iterable[Effect], resource: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]]:
        """Return the changes, with names as in an event of that resource."""
        made = list(self.changes)
        for one in here:
            made.extend(one.spelled(resource))
        return made

    def personal(self, told: Iterable[Effect]) -> dict[str, Any] | None:
        """Return the personal fields, and their classes."""
        fields, classes = dict(self.fields), dict(self.classes)
        for one in told:
            fields.update(dict.fromkeys(one.personal))
            classes.update(dict.fromkeys(one.personal.values()))
        if not fields and not classes:
            return None
        return {"fields": list(fields), "classes": list(classes)}
