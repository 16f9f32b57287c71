"""Changes of a Django transaction: told at its commit, or not at all.

Guarantees: what is entered goes into the event that is being stated, and stays in it
only while the transaction, or the savepoint, can still commit; what has no event leaves
its own at commit, of an atomic block or by hand; that comes before the application's
`on_commit` hooks: one that fails costs no record. In autocommit that is at once.

With `within`, events of their own are recorded at once, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

from prooftrail.capture import ledger, process
from prooftrail.capture.waiting import settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.effects import Effect
    from prooftrail.capture.ledger import Line
    from prooftrail.integrations.django_models.sources import Source


@dataclass(frozen=True, slots=True)
class Asked:
    """What `track` was asked for; see there."""

    reads: bool = False
    within: bool = False
    recorder: Recorder | None = None
    stream: str | None = None


@dataclass(slots=True, eq=False)
class Entry:
    """One effect, as long as it is not decided."""

    hook: Hook
    line: Line | None = None
    back: bool = False  # whether a savepoint took it back

    def held(self) -> bool:
        """Whether it was not rolled back."""
        return not self.back and self.hook.held()


@dataclass(slots=True, eq=False)
class Hook:
    """What was done under one set of savepoints, waiting for the commit.

    It stands in `run_on_commit`, which Django empties at each end of a transaction;
    nothing else holds it, since it holds its connection.
    """

    connection: Any
    savepoints: tuple[str, ...]  # of atomic blocks
    entries: list[Entry] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)  # entries at each savepoint
    committed: bool = False

    def held(self) -> bool:
        """Whether it was not rolled back."""
        return self.committed or any(
            hook[1] is self for hook in self.connection.run_on_commit
        )

    def takes(self, savepoints: tuple[str, ...]) -> bool:
        """Whether what is done under these savepoints now shares its end."""
        return not self.committed and self.savepoints == savepoints

    def back_to(self, savepoint: str) -> bool:
        """Take back what was done since a savepoint; False if that was all."""
        at = self.marks.get(savepoint, 0)
        for entry in self.entries[at:]:
            entry.back = True
        del self.entries[at:]
        return savepoint in self.marks

    def __call__(self) -> None:
        """Record what has no event; the transaction has committed."""
        self.committed = True
        lines = [one.line for one in self.entries if one.line is not None]
        self.entries.clear()
        futures = ledger.record(
            ledger.gather(lines), recorder=asked.recorder, stream=asked.stream
        )
        for future in futures:
            settled(future, process.chosen(asked.recorder).longest)


asked = Asked()


def enter(using: str, source: Source, effects: Iterable[Effect | None]) -> None:
    """Enter what was done to rows of a model."""
    there = [one for one in effects if one is not None]
    if not there:
        return
    connection = connections[using]
    savepoints = tuple(connection.savepoint_ids)
    last = next(iter(waiting(connection)), None)
    hook = last if last is not None and last.takes(savepoints) else None
    made = hook or Hook(connection, savepoints)
    alone = []
    for effect in there:
        entry = Entry(made)
        made.entries.append(entry)
        known = source.audited.types.get(effect.operation)
        line = ledger.line(effect, known, holds=entry.held)
        if line.alone:
            entry.line = line
            alone.append(entry)
    if asked.within:
        ledger.record(
            ledger.gather([one.line for one in alone if one.line is not None]),
            recorder=asked.recorder,
            stream=asked.stream,
            connection=connection,
        )
        for one in alone:
            one.line = None
    if hook is not None:
        return
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(made, using=using)
    else:  # the application commits by hand, where Django takes no hooks
        connection.run_on_commit.append((set(savepoints), made, False))


def settle(connection: Any) -> None:  # noqa: ANN401
    """Run the hooks of a connection that has committed, before the application's."""
    made = list(waiting(connection))[::-1]
    if not made:
        return
    connection.run_on_commit = [
        one for one in connection.run_on_commit if not isinstance(one[1], Hook)
    ]
    for hook in made:
        hook()


def waiting(connection: Any) -> Iterator[Hook]:  # noqa: ANN401
    """Give the hooks of a connection's transaction, the last one first."""
    for hook in reversed(connection.run_on_commit):
        if isinstance(hook[1], Hook):
            yield hook[1]
