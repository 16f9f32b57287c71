"""Decorators: `@audited` records what a function does; `event` what a block does.

    @audited("customer.pii.export", resource=lambda account: ("account", account),
             details=lambda result: {"record_count": len(result)})
    def export(account: str) -> list[Customer]: ...

    with event("customer.pii.search") as e:
        e.detail(record_count=len(found))

Guarantees: one event a call, with its outcome; an exception is recorded by its type and
goes on to the caller. Sync and async functions, methods, generators and async
generators keep their kind, name and signature. A success of a *closed* type returns
only when its event is durable, and raises if that cannot be; a refusal or a failure is
recorded on a connection of its own, so that it survives the rollback of the
transaction. With ``connection=`` a success commits or rolls back with that transaction.
Names that do not fit the function, and event types that nobody declared, are refused
when the module is imported.

Does not: carry the context into threads that the function starts (`scope.carried`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar

from prooftrail import catalog
from prooftrail.capture import (
    draft,
    emitting,
    outcome,
    process,
    scope,
)
from prooftrail.capture.actors import stated_actor
from prooftrail.capture.calls import Call, Filled, Fillers
from prooftrail.capture.waiting import settled, waited
from prooftrail.capture.wrapping import refuse, wrapped
from prooftrail.errors import ConfigurationError, ProoftrailError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Unpack

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.draft import Draft, Outcome
    from prooftrail.catalog import EventType

P = ParamSpec("P")
R = TypeVar("R")


class event:  # noqa: N801  used as a statement, `with event(...) as e`
    """A block whose outcome is recorded: ``with`` and ``async with``.

    Args:
        event_type: an EventType, or the name of one.
        actor: who, where it is not the scope's; what `actor_of` takes.
        resource: (type, id), or what `Draft.on` takes as a mapping.
        purpose: what for.
        ticket: which case.
        connection: whose transaction a success rides (`with` alone).
        recorder: by default the process's own.
        stream: where it goes.

    Raises:
        EventError: there is no such event type, or of the actor no id can be told.
    """

    def __init__(
        self,
        event_type: EventType | str,
        *,
        actor: object = None,
        resource: Filled = None,
        purpose: str | None = None,
        ticket: str | None = None,
        connection: object = None,
        recorder: Recorder | None = None,
        stream: str | None = None,
    ) -> None:
        self._type = catalog.resolve(event_type)
        self._actor = stated_actor(actor)
        self._call = Call(resource=resource)
        self._beside = (purpose, ticket)
        self._connection = connection
        self._recorder = recorder
        self._stream = stream
        self._token: Any = None
        self._begun = 0.0
        self._draft: Draft | None = None

    def begin(self) -> Draft:
        """Begin the event; `inside` makes it the one that code fills in."""
        made = draft.Draft(self._type, scope=scope.current_scope(), actor=self._actor)
        made.purpose, made.ticket = self._beside
        self._call.fill(made)
        self._begun = time.perf_counter()
        self._draft = made
        return made

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let what runs inside fill the event in: one step of a generator."""
        token = draft.enter(self._draft)
        try:
            yield
        finally:
            draft.leave(token)

    def end(self, error: BaseException | None) -> Future[str] | None:
        """Hand the event over, or record it in the caller's transaction."""
        made = self._draft
        if made is None:
            return None
        made.lasted(time.perf_counter() - self._begun)
        ended: Outcome = "success"
        if isinstance(error, GeneratorExit):
            made.detail(complete=False)  # what was read until then was read
        elif error is not None:
            ended = outcome.of_exception(error)
            if ended != "success":
                made.detail(error=outcome.told(error))
        try:
            if self._connection is not None and (made.outcome or ended) == "success":
                self._ride(made, self._connection)
                return None
            return emitting.emit(
                made, ended, recorder=self._recorder, stream=self._stream
            )
        finally:
            made.close()
            made.over = True

    def _ride(self, made: Draft, connection: object) -> None:
        if made.dropped:
            return
        stated = made.tell("success")
        emitting.emit_within(
            stated, connection, recorder=self._recorder, stream=self._stream
        )
        made.told = None  # what is rolled back, this event is rolled back with
        if made.scope is not None:
            made.scope.note(stated["action"], stated["result"])

    def __enter__(self) -> Draft:
        made = self.begin()
        self._token = draft.enter(made)
        return made

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        draft.leave(self._token)
        self.settle(error)

    def settle(self, error: BaseException | None) -> None:
        """End, and wait until the event is as durable as its policy asks."""
        with _after(error):
            future = self.end(error)
            if future is not None:
                settled(future, process.chosen(self._recorder).longest)

    async def settle_async(self, error: BaseException | None) -> None:
        """Do the same without holding up the event loop."""
        with _after(error):
            future = self.end(error)
            if future is not None:
                await waited(future, process.chosen(self._recorder).longest)

    async def __aenter__(self) -> Draft:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        draft.leave(self._token)
        await self.settle_async(error)


class _after:  # noqa: N801
    """What cannot be recorded of a failure must not hide the failure itself."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if self._error is None or not isinstance(error, ProoftrailError):
            return False
        self._error.add_note(f"prooftrail: this failure is not recorded: {error}")
        return True


class Places(TypedDict, total=False):
    """What `audited` fills in: values, or functions of the call's arguments."""

    actor: Filled  # who; by default the scope's, and for a job without one the system
    resource: Filled  # (type, id), or a mapping
    subjects: Filled  # ids of people whose data is touched
    fields: Filled  # names of the fields that are touched
    details: Filled  # a mapping
    purpose: Filled  # what for
    ticket: Filled  # which case
    connection: Filled  # in whose transaction a success is recorded


def audited(
    event_type: EventType | str,
    *,
    recorder: Recorder | None = None,
    stream: str | None = None,
    **places: Unpack[Places],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Record each call of a function.

    What fills in is a value, or a function of some of the call's arguments, by their
    names, and of ``result`` where it looks at what came back:
    ``subjects=lambda result: [one.id for one in result]``.

    Args:
        event_type: an EventType, or the name of one.
        recorder: by default the process's own.
        stream: where events go.
        **places: see `Places`.

    Raises:
        EventError: there is no such event type, or of an actor that is a value no id
            can be told.
        ConfigurationError: there is no such place, a function asks for an argument
            that is not there, or what is decorated is no function.
    """
    if callable(event_type):
        raise ConfigurationError("@audited has no event type: @audited('a.type')")
    known = catalog.resolve(event_type)
    fillers = Fillers(**places)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        refuse(function)
        bound = fillers.of(function)

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
            return Run(known, bound.call(args, kwargs), recorder, stream)

        made = wrapped(function, begin)
        made.__prooftrail__ = (known,)  # type: ignore[attr-defined]
        return made

    return decorate


class Run(event):
    """One call of an audited function."""

    def __init__(
        self,
        known: EventType,
        call: Call,
        recorder: Recorder | None,
        stream: str | None,
    ) -> None:
        super().__init__(
            known,
            actor=call.actor or _of_job(),
            connection=call.connection,
            recorder=recorder,
            stream=stream,
        )
        self._call = call

    def returned(self, result: object) -> None:
        """Fill in what is told by what came back."""
        if self._draft is not None:
            self._call.fill_from(self._draft, result)


def _of_job() -> dict[str, Any] | None:
    """Return the system where no scope says who: a cron job, a script."""
    known = scope.current_scope() is not None or scope.current_actor() is not None
    return None if known else dict(draft.SYSTEM)
