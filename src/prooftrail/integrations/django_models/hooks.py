"""Changes of a Django transaction: told at its commit, or not at all.

Guarantees: what is entered goes into the event that is being stated, and stays in it
only while the transaction, or the savepoint, can still commit; what has no event leaves
its own at commit. An application's `on_commit` hook that fails does not keep ours from
running. In autocommit that is at once.

With `within`, events of their own are recorded at once, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.db import connections, transaction

from prooftrail.capture import draft, ledger, process, scope
from prooftrail.capture.ledger import Line
from prooftrail.capture.waiting import settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.effects import Effect
    from prooftrail.integrations.django_models.sources import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """What `track` was asked for; see there."""

    reads: bool = False
    within: bool = False
    recorder: Recorder | None = None
    stream: str | None = None


@dataclass(slots=True, eq=False)
class Hook:
    """What was done under one set of savepoints, waiting for the commit."""

    connection: Any
    savepoints: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)
    committed: bool = False

    def held(self) -> bool:
        """Whether it was not rolled back."""
        return self.committed or self._waits()

    def takes(self, savepoints: tuple[str, ...]) -> bool:
        """Whether what is done under these savepoints now shares its end."""
        return not self.committed and self.savepoints == savepoints and self._waits()

    def _waits(self) -> bool:
        return any(hook[1] is self for hook in self.connection.run_on_commit)

    def __call__(self) -> None:
        """Record what has no event; the transaction has committed."""
        self.committed = True
        futures = ledger.record(
            ledger.gather(self.lines), recorder=asked.recorder, stream=asked.stream
        )
        for future in futures:
            settled(future, process.chosen(asked.recorder).longest)


_last: WeakKeyDictionary[Any, Hook] = WeakKeyDictionary()
asked = Asked()


def enter(using: str, source: Source, effects: Iterable[Effect | None]) -> None:
    """Enter what was done to rows of a model."""
    there = [one for one in effects if one is not None]
    if not there:
        return
    connection = connections[using]
    savepoints = tuple(connection.savepoint_ids)
    last = _last.get(connection)
    hook = last if last is not None and last.takes(savepoints) else None
    made = hook or Hook(connection, savepoints)
    own = draft.current_draft()
    lines = []
    for effect in there:
        fits = own is not None and own.affect(effect, holds=made.held)
        known = source.audited.types.get(effect.operation)
        lines.append(Line(effect, own, not fits, known, scope.current_scope()))
    alone = [line for line in lines if line.alone]
    if asked.within:
        ledger.record(
            ledger.gather(alone),
            recorder=asked.recorder,
            stream=asked.stream,
            connection=connection,
        )
    else:
        made.lines += alone
    if hook is not None:
        return
    _last[connection] = made
    transaction.on_commit(made, using=using)
    hooks = connection.run_on_commit
    if hooks and hooks[-1][1] is made:
        # an application's hook that fails keeps later ones from running
        first = next(
            n
            for n, one in enumerate(hooks)
            if n == len(hooks) - 1 or not isinstance(one[1], Hook)
        )
        hooks.insert(first, hooks.pop())
