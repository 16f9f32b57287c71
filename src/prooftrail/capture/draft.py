"""A draft: an event while what it tells of is still going on.

Guarantees: what is filled in on the way (subjects, fields, changes, details) comes into
one event, each subject once and in order; threads and tasks that work for it share it.
`stated` gives the event of the outcome, complete with actor, context and authorisation
of its scope.

Does not: record (`emitting` does), check or redact (`stating` does).
"""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any, Literal

from prooftrail.capture import effects
from prooftrail.capture import scope as scopes
from prooftrail.capture.actors import ANONYMOUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prooftrail.capture.effects import Effect
    from prooftrail.capture.scope import Scope
    from prooftrail.catalog import EventType

    Outcome = Literal["success", "failure", "denied"]

SYSTEM: Mapping[str, Any] = {"type": "system", "userId": "system"}


class Draft:
    """One event that is being stated.

    Args:
        event_type: what is happening.
        scope: whose it is.
        actor: who, where it is not the scope's.
    """

    def __init__(
        self,
        event_type: EventType,
        *,
        scope: Scope | None = None,
        actor: Mapping[str, Any] | None = None,
    ) -> None:
        self.event_type = event_type
        self.scope = scope
        self.resource: dict[str, Any] | None = None
        self.purpose: str | None = None
        self.ticket: str | None = None
        self.outcome: Outcome | None = None  # said by the code itself
        self.dropped = False
        self.authorization: Mapping[str, Any] | None = None
        self._actor = actor
        self._details: dict[str, Any] = {}
        self._subjects: dict[str, None] = {}  # an ordered set
        self._changes: list[Mapping[str, Any]] = []
        self._fields: dict[str, None] = {}
        self._classes: dict[str, None] = {}
        self._effects: list[Effect] = []
        self._following: list[Effect] = []  # whose changes stand in another event
        self._holds: dict[Effect, Callable[[], bool]] = {}
        self._room = effects.ROOM
        self._milliseconds: int | None = None
        self._lock = threading.Lock()

    def detail(self, **details: Any) -> None:  # noqa: ANN401  JSON-like values
        """Add details; a later value under one name replaces an earlier one."""
        with self._lock:
            self._details.update(details)

    def count(self, name: str, n: int = 1) -> None:
        """Add to a detail that is a number, such as ``record_count``."""
        with self._lock:
            self._details[name] = self._details.get(name, 0) + n

    def on(self, kind: str, id: object = None, name: str | None = None) -> None:  # noqa: A002
        """Say which resource it is done to."""
        made = {"type": kind, "id": None if id is None else str(id), "name": name}
        self.resource = {key: value for key, value in made.items() if value is not None}

    def subject(self, *ids: object) -> None:
        """Add ids of people whose personal data is touched."""
        with self._lock:
            self._subjects.update((str(one), None) for one in ids if one is not None)

    def change(self, field: str, before: object, after: object) -> None:
        """Add one field before and after."""
        with self._lock:
            self._changes.append({"field": field, "before": before, "after": after})

    def touch(self, fields: Iterable[str], classes: Iterable[str] = ()) -> None:
        """Flag personal data: names of fields, and their classes."""
        with self._lock:
            self._fields.update(dict.fromkeys(fields))
            self._classes.update(dict.fromkeys(classes))

    def affect(
        self, effect: Effect, *, holds: Callable[[], bool] | None = None
    ) -> bool:
        """Add what was done to a row; False where its changes did not fit any more.

        Its subjects are in the event all the same, and that changes follow.

        Args:
            effect: what was done.
            holds: asked when the event is stated: False once it was rolled back.
        """
        with self._lock:
            if holds is not None:
                self._holds[effect] = holds
            fits = effect.weight <= self._room
            (self._effects if fits else self._following).append(effect)
            if fits:
                self._room -= effect.weight
            return fits

    def take_back(self, effect: Effect) -> None:
        """Take back what `affect` added: the transaction was rolled back."""
        with self._lock:
            if effect in self._effects:
                self._effects.remove(effect)
                self._room += effect.weight
            elif effect in self._following:
                self._following.remove(effect)

    @property
    def affected(self) -> bool:
        """Whether rows were changed, and not rolled back, that only this tells of."""
        with self._lock:
            return bool(self._held(self._effects) or self._held(self._following))

    def allowed(self, authorization: Mapping[str, Any]) -> None:
        """Say on whose authority; it is copied now."""
        self.authorization = {"decision": "allowed", **authorization}

    def denied(self, **why: Any) -> None:  # noqa: ANN401  JSON-like values
        """Say that it was refused, and why."""
        self.outcome = "denied"
        self.detail(**why)

    def failed(self, **why: Any) -> None:  # noqa: ANN401  JSON-like values
        """Say that it did not work, and why."""
        self.outcome = "failure"
        self.detail(**why)

    def lasted(self, seconds: float) -> None:
        """Say how long it took."""
        self._milliseconds = round(1_000 * seconds)

    def drop(self) -> None:
        """Record nothing: what was begun did not happen (a search without a term)."""
        self.dropped = True

    def stated(self, outcome: Outcome, *, action: str | None = None) -> dict[str, Any]:
        """Return the event.

        Args:
            outcome: how it ended; what the code itself said goes first.
            action: in place of the event type's own.
        """
        scope = self.scope
        with self._lock:
            here, following = self._held(self._effects), self._held(self._following)
            told = [*here, *following]
            resource = self._what(told)
            filled = {
                "resource": resource,
                "details": self._told(told, len(following)),
                "subjects": self._whose(told),
                "changes": self._changed(here, resource),
                "pii": self._pii(told),
                "authorization": self._evidence(scope),
                "context": self._context(scope),
                "purpose": self.purpose,
                "ticket": self.ticket,
            }
        return {
            "actor": self._who(scope),
            "action": action or self.event_type.name,
            "result": self.outcome or outcome,
            **{key: value for key, value in filled.items() if value},
        }

    def _who(self, scope: Scope | None) -> dict[str, Any]:
        actor = self._actor or scopes.current_actor()
        if actor is None and scope is not None:
            actor = scope.actor
        origin = {} if scope is None else scope.origin
        return {**origin, **(actor or ANONYMOUS)}

    def _what(self, told: Sequence[Effect]) -> dict[str, Any] | None:
        """Return the resource: where none was named, or no id, what was changed.

        Of several things of one kind none is *the* resource; a person goes before what
        belongs to one.
        """
        own = self.resource
        if not told or (own is not None and "id" in own):
            return own
        lead = next((one for one in told if one.id in one.subjects), told[0])
        made = dict(own or {"type": lead.kind})
        found = {one.id for one in told if one.kind == made["type"] and one.changes}
        if len(found) == 1 and None not in found:
            made["id"] = found.pop()
        return made

    def _held(self, effects: Iterable[Effect]) -> list[Effect]:
        return [one for one in effects if one not in self._holds or self._holds[one]()]

    def _told(self, told: Iterable[Effect], following: int) -> dict[str, Any]:
        made = dict(self._details)
        many = [dict(one.details) for one in told if one.details]
        if many:
            made["statements"] = many
        if following:
            made["changes_follow"] = following
        return made

    def _whose(self, told: Iterable[Effect]) -> list[str]:
        found = dict(self._subjects)
        for one in told:
            found.update(dict.fromkeys(one.subjects))
        return list(found)

    def _changed(
        self, here: Iterable[Effect], resource: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]]:
        made = list(self._changes)
        for one in here:
            made.extend(one.spelled(resource))
        return made

    def _pii(self, told: Iterable[Effect]) -> dict[str, Any] | None:
        fields, classes = dict(self._fields), dict(self._classes)
        for one in told:
            fields.update(dict.fromkeys(one.personal))
            classes.update(dict.fromkeys(one.personal.values()))
        if not fields and not classes:
            return None
        return {"fields": list(fields), "classes": list(classes)}

    def _context(self, scope: Scope | None) -> dict[str, Any]:
        made = {} if scope is None else scope.described()
        if self._milliseconds is not None:
            made["durationMs"] = self._milliseconds
        return made

    def _evidence(self, scope: Scope | None) -> dict[str, Any] | None:
        own = self.authorization
        if own is None and scope is not None:
            own = scope.authorization
        return None if own is None else dict(own)


_draft: contextvars.ContextVar[Draft | None] = contextvars.ContextVar(
    "prooftrail_draft", default=None
)


def current_draft() -> Draft | None:
    """Return the event that is being stated here: the innermost one."""
    return _draft.get()


def enter(draft: Draft | None) -> contextvars.Token[Draft | None]:
    """Make a draft the innermost one; give the token to `leave`."""
    return _draft.set(draft)


def leave(token: contextvars.Token[Draft | None]) -> None:
    """Undo `enter`."""
    _draft.reset(token)
