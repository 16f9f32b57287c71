"""The ledger: what a database transaction has changed so far, until it is decided.

Guarantees: what is entered goes into the innermost event that is being stated; where
there is none, or it has no room, into events of its own when the transaction commits.
What is rolled back, a savepoint's part too, is taken out of the event again and leaves
none of its own: of changes that are not there, no success is told. Where one was told
before (a commit that fails once the answer is out), a failure follows it, which says
that they were rolled back. What is done after its event was told leaves one of its own.

Does not: know a database; the integrations tell it what happens to their transactions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from prooftrail import catalog
from prooftrail.capture import draft, emitting, scope
from prooftrail.capture.effects import DATA_CHANGE, ROOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.draft import Draft
    from prooftrail.capture.effects import Effect
    from prooftrail.capture.scope import Scope
    from prooftrail.catalog import EventType

_BULK = {"update": "bulk.records.update", "delete": "bulk.records.delete"}


class Line(NamedTuple):
    """One effect, and where it went."""

    effect: Effect
    draft: Draft | None  # the event that it is in
    alone: bool  # whether its changes go into an event of their own
    event_type: EventType | None  # what the model named for that
    scope: Scope | None  # whose it was
    late: bool = False  # its event was told before


def line(
    effect: Effect,
    event_type: EventType | None = None,
    *,
    holds: Callable[[], bool] | None = None,
) -> Line:
    """Put what was done into the innermost event, if that takes it in."""
    own = draft.current_draft()
    alone = own is None or not own.affect(effect, holds=holds)
    late = alone and own is not None and own.closed
    return Line(effect, own, alone, event_type, scope.current_scope(), late)


class Ledger:
    """The changes of one transaction, by savepoints."""

    def __init__(self) -> None:
        self._levels: list[tuple[object, list[Line]]] = [(None, [])]
        self._committing: list[Line] = []
        self._undone: list[Line] = []  # of which a success was told

    def enter(self, effect: Effect, event_type: EventType | None = None) -> None:
        """Enter what was done."""
        self._levels[-1][1].append(line(effect, event_type))

    def savepoint(self, name: object) -> None:
        """Begin a savepoint."""
        self._levels.append((name, []))

    def release(self, name: object) -> None:
        """Keep what was done since a savepoint, as far as the whole is kept."""
        for lines in self._since(name):
            self._levels[-1][1].extend(lines)

    def rollback_to(self, name: object) -> None:
        """Take back what was done since a savepoint."""
        for lines in self._since(name):
            self._take_back(lines)

    def rollback(self) -> None:
        """Take back all that was done, a commit that failed included."""
        for _, lines in self._levels:
            self._take_back(lines)
        self._take_back(self._committing)
        self._levels = [(None, [])]
        self._committing = []

    def commit(self) -> None:
        """Say that the commit begins; `settled` says that it is done."""
        for _, lines in self._levels:
            self._committing.extend(lines)
        self._levels = [(None, [])]

    @property
    def committing(self) -> bool:
        """Whether a commit has begun that leaves something."""
        return bool(self._committing)

    @property
    def in_savepoint(self) -> bool:
        """Whether one is open."""
        return len(self._levels) > 1

    def drafts(self) -> list[tuple[Draft, str]]:
        """Return the events of their own of what is about to be committed."""
        alone = [line for line in self._committing if line.alone]
        return list(gather(alone))

    def recorded(self) -> None:
        """Say that the events of `drafts` are recorded in the transaction itself."""
        self._committing = [line._replace(alone=False) for line in self._committing]

    def settled(self) -> list[tuple[Draft, str]]:
        """Return the events that a commit leaves, once; they are yet to be recorded."""
        made = self.drafts()
        self._committing = []
        return made

    def undone(self) -> list[tuple[Draft, str]]:
        """Return failures that follow successes of what was rolled back, once."""
        lines, self._undone = self._undone, []
        return [(one, DATA_CHANGE) for one in _failures(lines)]

    def _take_back(self, lines: Iterable[Line]) -> None:
        self._undone += [
            line
            for line in lines
            if line.draft is not None and line.draft.take_back(line.effect)
        ]

    def _since(self, name: object) -> list[list[Line]]:
        """Take the levels from a savepoint on, the outermost first."""
        names = [known for known, _ in self._levels]
        if name not in names[1:]:
            return []
        at = len(names) - 1 - names[::-1].index(name)
        taken = [lines for _, lines in self._levels[at:]]
        del self._levels[at:]
        return taken


def record(
    made: Iterable[tuple[Draft, str]],
    *,
    recorder: Recorder | None,
    stream: str | None,
    connection: object = None,
) -> list[Future[str]]:
    """Record a transaction's events of its own; the futures tell when each is durable.

    Args:
        made: what `Ledger.settled` or `Ledger.drafts` gave.
        recorder: by default the process's own.
        stream: where they go.
        connection: whose transaction they ride; there are no futures then.

    Raises:
        RecordError: the queue stayed full, or the recorder is closed.
        EventError: the database refuses one.
    """
    futures = []
    for one, action in made:
        if connection is not None:
            event = one.tell("success", action=action)
            emitting.emit_within(event, connection, recorder=recorder, stream=stream)
            continue
        future = emitting.emit(
            one, "success", recorder=recorder, stream=stream, action=action
        )
        if future is not None:
            futures.append(future)
    return futures


def _failures(lines: Iterable[Line]) -> Iterator[Draft]:
    """Give an event a thing, or a statement, that was told and then rolled back."""
    made: dict[object, tuple[Draft, dict[str, None]]] = {}
    for line in lines:
        effect = line.effect
        key = _key(line)
        if key not in made:
            one, _ = _begin(line._replace(event_type=None, late=False))
            if effect.statement is None:
                one.on(effect.kind, effect.id)
            made[key] = one, {}
        one, fields = made[key]
        # whose it is stays; before and after were never there
        one.affect(replace(effect, changes=()))
        fields.update((change.field, None) for change in effect.changes)
    for one, fields in made.values():
        one.failed(rolled_back=True, fields_changed=list(fields))
        yield one


def gather(lines: Iterable[Line]) -> Iterator[tuple[Draft, str]]:
    """Gather lines into events: one a thing, or a statement, as far as they fit."""
    open_: dict[object, _Own] = {}
    for line in lines:
        key = _key(line)
        found = open_.get(key)
        if found is None or not found.affect(line.effect):
            if found is not None:
                yield found.made, found.action
            found = open_[key] = _Own(line)
            found.affect(line.effect)
    for one in open_.values():
        yield one.made, one.action


class _Own:
    """An event of its own, while lines are gathered into it."""

    def __init__(self, line: Line) -> None:
        self.made, self.action = _begin(line)
        self._room = ROOM
        self._empty = True
        self._fields: dict[str, None] = {}

    def affect(self, effect: Effect) -> bool:
        """Take an effect in; False where it has no room."""
        if not self._empty and effect.weight > self._room:
            return False
        self._empty = False
        self._room -= effect.weight
        self.made.affect(effect)
        if effect.statement is not None:
            self._fields.update((one.field, None) for one in effect.changes)
            self.made.detail(fields_changed=list(self._fields))
            if effect.changes:
                self.made.count("record_count", effect.details.get("rows_affected", 1))
        return True


def _key(line: Line) -> object:
    effect = line.effect
    what = (effect.kind, effect.id) if effect.statement is None else effect.statement
    return (what, effect.operation, id(line.scope), id(line.draft))


def _begin(line: Line) -> tuple[Draft, str]:
    effect = line.effect
    known = line.event_type
    untold = line.draft is None or line.late
    if known is None and effect.statement is not None and untold:
        bulk = _BULK.get(effect.operation)
        known = None if bulk is None else catalog.resolve(bulk)
    if known is None:
        known = catalog.derived(DATA_CHANGE)
    own = line.scope
    nobody = own is None and scope.current_actor() is None
    if own is None and line.draft is not None and line.draft.scope is not None:
        own = line.draft.scope.traced()  # it goes on after a request that ended
    made = draft.Draft(known, scope=own, actor=dict(draft.SYSTEM) if nobody else None)
    if effect.statement is not None:
        made.on(effect.kind)
    made.detail(operation=effect.operation)
    if line.draft is not None:
        made.detail(follows=line.draft.follows)
    return made, known.name
