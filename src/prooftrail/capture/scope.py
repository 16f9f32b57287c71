"""Scopes: on whose account something runs, carried by contextvars.

Guarantees: what is recorded inside of a scope (a request, a job, a command) has its
actor, its context (request id, route, ...) and the authorisation that was decided in
it, in the same task, in tasks and threads that begin from it (`asyncio` copies the
context; `carried` does for executors and threads), and nowhere else: a scope that ended
gives its actor to nobody.

A scope is one object that all of them share, so that what an endpoint binds in a
worker thread is seen by the middleware that waits for it.

Does not: guess. Outside of any scope nobody is known, and the event must say who.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from prooftrail.capture.actors import actor_of, stated_actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What names a request, in whatever was begun in it.
TRACED = ("requestId", "traceId", "service", "version")

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Scope:
    """One unit of work, and what is known of it so far.

    Args:
        context: request id, route and the like; the `context` of its events.
        find_actor: asked for the actor when none was bound; may look at what the
            framework found out meanwhile (`request.user`).
        describe: asked for what is known of the context by now (the route).
    """

    __slots__ = (
        "_actor",
        "_describe",
        "_find",
        "_lock",
        "authorization",
        "context",
        "ended",
        "origin",
        "recorded",
    )

    def __init__(
        self,
        context: Mapping[str, Any] | None = None,
        *,
        find_actor: Callable[[], object] | None = None,
        describe: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.context: dict[str, Any] = dict(context or {})
        self.origin: dict[str, Any] = {}  # address and agent, of whoever acts
        self.authorization: dict[str, Any] | None = None
        self.recorded: dict[str, str] = {}  # what was stated explicitly: action, result
        self.ended = False
        self._actor: dict[str, Any] | None = None
        self._find = find_actor
        self._describe = describe
        self._lock = threading.Lock()

    def bind(self, actor: object, *, on_behalf_of: object = None) -> None:
        """Say who acts, from now on and for all of this scope; see `bind`."""
        found = _impersonating(actor, on_behalf_of)
        with self._lock:
            self._actor = found

    @property
    def actor(self) -> dict[str, Any] | None:
        """Who acts; None where nobody is known."""
        if self._actor is not None:
            return self._actor
        return actor_of(self._find()) if self._find is not None else None

    def settle(self) -> None:
        """Keep who acts: what knows it (a framework's request) goes away soon."""
        found = self.actor
        with self._lock:
            self._actor = self._actor or found

    def described(self) -> dict[str, Any]:
        """Return the context of an event that is stated now."""
        more = self._describe() if self._describe is not None else {}
        return {**self.context, **more}

    def traced(self) -> Scope:
        """Return a scope of nobody's that names this one: of what outlives it."""
        known = self.context
        return Scope({name: known[name] for name in TRACED if name in known})

    def note(self, action: str, result: str) -> None:
        """Remember that an event was stated explicitly."""
        self.recorded[action] = result


_scope: contextvars.ContextVar[Scope | None] = contextvars.ContextVar(
    "prooftrail_scope", default=None
)


class _Acting:
    """Who acts within a block; a context that the block was not left in may hold it."""

    __slots__ = ("actor", "outer", "over")

    def __init__(self, actor: dict[str, Any] | None, outer: _Acting | None) -> None:
        self.actor = actor
        self.outer = outer
        self.over = False


_acting: contextvars.ContextVar[_Acting | None] = contextvars.ContextVar(
    "prooftrail_acting", default=None
)


def reset(variable: contextvars.ContextVar[T], token: contextvars.Token[T]) -> None:
    """Undo a `set`, where the context is still the one in which it was done.

    A sync generator that Starlette iterates (a streamed body, a dependency) runs each
    step in a copy of the context: what was set in the first is gone in the last. Where
    a context lives on, it holds what is over, which counts for nothing.
    """
    with suppress(ValueError):
        variable.reset(token)


class Entered(NamedTuple):
    """What `leave` needs."""

    scope: contextvars.Token[Scope | None]
    acting: contextvars.Token[_Acting | None]


def current_scope() -> Scope | None:
    """Return the scope that this code runs in, if it has not ended."""
    found = _scope.get()
    return None if found is None or found.ended else found


def current_actor() -> dict[str, Any] | None:
    """Return who acts here: `acting` before the scope's; None for nobody."""
    inner = _acting.get()
    while inner is not None and inner.over:
        inner = inner.outer
    if inner is not None and inner.actor is not None:
        return inner.actor
    scope = current_scope()
    return None if scope is None else scope.actor


def bind(actor: object, *, on_behalf_of: object = None) -> None:
    """Say who acts in the present request or job, once that is known (after a login).

    Outside of any scope it holds for the present context alone.

    Args:
        actor: what `actor_of` takes.
        on_behalf_of: whose rights are used, where an administrator acts as another.

    Raises:
        EventError: of one of them no id can be told.
    """
    scope = current_scope()
    if scope is not None:
        scope.bind(actor, on_behalf_of=on_behalf_of)
        return
    _acting.set(_Acting(_impersonating(actor, on_behalf_of), None))


@contextmanager
def acting(actor: object, *, on_behalf_of: object = None) -> Iterator[None]:
    """Record what happens inside as done by `actor`.

    Raises:
        EventError: as `bind`.

    >>> with acting("usr_1", on_behalf_of="usr_2"):
    ...     current_actor()
    {'userId': 'usr_1', 'onBehalfOf': {'userId': 'usr_2'}}
    """
    made = _Acting(_impersonating(actor, on_behalf_of), _acting.get())
    token = _acting.set(made)
    try:
        yield
    finally:
        made.over = True
        reset(_acting, token)


def completed(
    event: Any,  # noqa: ANN401  Event, mapping or None
    fields: Mapping[str, Any],
) -> tuple[Any, Mapping[str, Any]]:
    """Return what `record` was given, with actor and context if it has none.

    An `Event` names its own actor and stays as it is.
    """
    given = fields if event is None else event
    if not isinstance(given, Mapping) or given.get("actor") is not None:
        return event, fields
    scope, actor = current_scope(), current_actor()
    if actor is None:
        return event, fields  # refused, with what to do
    more: dict[str, Any] = {"actor": actor}
    if scope is not None:
        more["actor"] = {**scope.origin, **actor}
        more |= {"context": scope.described()}
        if scope.authorization is not None:
            more["authorization"] = dict(scope.authorization)
    made = {**more, **{key: value for key, value in given.items() if value is not None}}
    return (None, made) if event is None else (made, fields)


@contextmanager
def scoped(scope: Scope) -> Iterator[Scope]:
    """Run what is inside in a scope of its own, which ends with it."""
    token = enter(scope)
    try:
        yield scope
    finally:
        scope.ended = True
        leave(token)


def enter(scope: Scope) -> Entered:
    """Make a scope the present one; give what is returned to `leave`."""
    return Entered(_scope.set(scope), _acting.set(None))


def leave(entered: Entered) -> None:
    """Undo `enter`."""
    reset(_acting, entered.acting)
    reset(_scope, entered.scope)


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function` so that it runs in the present context, in whichever thread.

    For executors and threads, which begin with an empty one:
    ``executor.submit(carried(work), item)``.
    """
    context = contextvars.copy_context()

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        # a context can be entered once at a time, and this may run many times at once
        return context.copy().run(function, *args, **kwargs)

    return run


def _impersonating(actor: object, on_behalf_of: object) -> dict[str, Any] | None:
    found, other = stated_actor(actor), stated_actor(on_behalf_of)
    if found is None or other is None:
        return found
    kept = {name: other[name] for name in ("userId", "email", "role") if name in other}
    return {**found, "onBehalfOf": kept}
