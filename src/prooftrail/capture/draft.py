"""A draft: an event while what it tells of is still going on.

Guarantees: what is filled in on the way (subjects, fields, changes, details) comes into
one event, each subject once and in order; threads and tasks that work for it share it.
`tell` gives the event of the outcome, complete with actor, context and authorisation
of its scope, and closes the draft: from then on no effect goes into it, so that its
change is told by an event of its own (`ledger`), and what else comes is kept apart, for
an event that follows (`exchange`). No success stands for what is rolled back after
it was told: `take_back` says so.

Does not: record (`emitting` does), check or redact (`stating` does).
"""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any, Literal

from prooftrail.capture import scope as scopes
from prooftrail.capture.actors import ANONYMOUS
from prooftrail.capture.content import Content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from prooftrail.capture.effects import Effect
    from prooftrail.capture.scope import Scope
    from prooftrail.catalog import EventType

    Outcome = Literal["success", "failure", "denied"]

SYSTEM: Mapping[str, Any] = {"type": "system", "userId": "system"}

_log = logging.getLogger("prooftrail")


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
        self.told: Outcome | None = None  # how, once it was
        self.closed = False  # no effect goes into it any more
        self.over = False  # nor does anything else
        self.recorded: Future[str] | None = None  # what was told
        self._guessed = False  # the resource's id is only what somebody typed
        self._content = Content()
        self._before: Content | None = None  # what was told
        self._warned = False
        self._milliseconds: int | None = None
        self._lock = threading.Lock()

    def detail(self, **details: Any) -> None:  # noqa: ANN401  JSON-like values
        """Add details; a later value under one name replaces an earlier one."""
        with self._lock:
            self._content.details.update(details)

    def count(self, name: str, n: int = 1) -> None:
        """Add to a detail that is a number, such as ``record_count``."""
        with self._lock:
            self._content.details[name] = self._content.details.get(name, 0) + n

    def on(self, kind: str, id: object = None, name: str | None = None) -> None:  # noqa: A002
        """Say which resource it is done to."""
        made = {"type": kind, "id": None if id is None else str(id), "name": name}
        self.resource = {key: value for key, value in made.items() if value is not None}
        self._guessed = False

    def guess(self, kind: str, id: str | None) -> None:  # noqa: A002
        """Say which resource somebody asked for; the one row that changed goes first.

        Who calls spells an id as he likes: 007, or a UUID without hyphens.
        """
        self.on(kind, id)
        self._guessed = True

    def subject(self, *ids: object) -> None:
        """Add ids of people whose personal data is touched."""
        with self._lock:
            self._warn_late()
            self._content.subjects.update(
                (str(one), None) for one in ids if one is not None
            )

    def change(self, field: str, before: object, after: object) -> None:
        """Add one field before and after."""
        with self._lock:
            self._warn_late()
            self._content.changes.append(
                {"field": field, "before": before, "after": after}
            )

    def touch(self, fields: Iterable[str], classes: Iterable[str] = ()) -> None:
        """Flag personal data: names of fields, and their classes."""
        with self._lock:
            self._warn_late()
            self._content.fields.update(dict.fromkeys(fields))
            self._content.classes.update(dict.fromkeys(classes))

    def affect(
        self, effect: Effect, *, holds: Callable[[], bool] | None = None
    ) -> bool:
        """Add what was done to a row; False where another event tells its changes.

        That is where they did not fit any more (its subjects are in the event all the
        same, and that changes follow), or where the event was told already.

        Args:
            effect: what was done.
            holds: asked when the event is stated: False once it was rolled back.
        """
        with self._lock:
            if self.closed:
                return False
            return self._content.affect(effect, holds)

    def take_back(self, effect: Effect) -> bool:
        """Take back what `affect` added: the transaction was rolled back.

        Returns True where a success was told of it before.
        """
        with self._lock:
            if self._content.take_back(effect) or self.told != "success":
                return False
            return self._before is not None and self._before.tells(effect)

    @property
    def affected(self) -> bool:
        """Whether rows were changed, and not rolled back, that only this tells of."""
        with self._lock:
            return any(self._content.held())

    @property
    def filled(self) -> bool:
        """Whether anything was filled in, after it was told anything more."""
        return self._content != Content()

    @property
    def lost(self) -> bool:
        """Whether nothing was told, or it is known not to be recorded."""
        told = self.recorded
        return told is None or (told.done() and told.exception() is not None)

    @property
    def follows(self) -> str:
        """What an event that comes after names: the id of this one, else its type."""
        told = self.recorded
        if told is not None and told.done() and told.exception() is None:
            return told.result()
        return self.event_type.name

    def close(self) -> None:
        """Take no effect in any more: what changes from now on is told by itself."""
        with self._lock:
            self.closed = True

    def again(self) -> None:
        """Take back that it was told: it was not recorded, and is to be told anew."""
        with self._lock:
            if self._before is not None:
                self._before.add(self._content)
                self._content, self._before, self.told = self._before, None, None

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
        """Return the event as it is so far.

        Args:
            outcome: how it ended; what the code itself said goes first.
            action: in place of the event type's own.
        """
        with self._lock:
            filled = self._filled()
        return self._event(filled, outcome, action)

    def tell(self, outcome: Outcome, *, action: str | None = None) -> dict[str, Any]:
        """Return the event, and close the draft: what comes now is not in it."""
        with self._lock:
            filled = self._filled()
            self._before, self._content = self._content, Content()
            self.closed, self.told = True, self.outcome or outcome
        return self._event(filled, outcome, action)

    def _event(
        self, filled: Mapping[str, Any], outcome: Outcome, action: str | None
    ) -> dict[str, Any]:
        return {
            "actor": self._who(self.scope),
            "action": action or self.event_type.name,
            "result": self.outcome or outcome,
            **{key: value for key, value in filled.items() if value},
        }

    def _filled(self) -> dict[str, Any]:
        scope, content = self.scope, self._content
        here, following = content.held()
        told = [*here, *following]
        resource = self._what(told)
        return {
            "resource": resource,
            "details": content.detailed(told, len(following)),
            "subjects": content.whose(told),
            "changes": content.changed(here, resource),
            "pii": content.personal(told),
            "authorization": self._evidence(scope),
            "context": self._context(scope),
            "purpose": self.purpose,
            "ticket": self.ticket,
        }

    def _warn_late(self) -> None:
        if self.over and not self._warned:
            self._warned = True
            _log.warning(
                "what is filled in after %s was recorded is in no event: begin one of "
                "its own, `with prooftrail.event(...)`, in what goes on after it",
                self.event_type.name,
            )

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
        named = own is not None and "id" in own
        if not told or (named and not self._guessed):
            return own
        lead = next((one for one in told if one.id in one.subjects), told[0])
        made = dict(own or {"type": lead.kind})
        nouns = {made["type"], made["type"].removesuffix("s")}  # /customers/7
        found = {one.id for one in told if one.kind in nouns and one.changes}
        if len(found) == 1 and None not in found:
            made["id"] = found.pop()
        return made

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
    scopes.reset(_draft, token)
