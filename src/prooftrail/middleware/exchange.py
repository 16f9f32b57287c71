"""One request, from its first byte to its event: the same for every framework.

Guarantees: a request that changes something (POST, PUT, PATCH, DELETE), one whose route
is mapped, and one that was refused (401, 403, a 404 that hides a refusal) leave exactly
one event, with actor, address, route template, resource, result, request and trace id:
unless the handler recorded that outcome itself. A handler that recorded a success, and
whose request failed after all, leaves the failure too.

The event is told when the answer begins: nobody has an answer of which nothing is
recorded. What comes later is told by events that name it in `details.follows`.

Does not: read bodies or query strings; what of them matters, a handler says.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prooftrail import catalog
from prooftrail.capture import draft, emitting, outcome, process, scope
from prooftrail.capture.effects import DATA_CHANGE
from prooftrail.capture.waiting import settled, waited
from prooftrail.catalog import auth
from prooftrail.errors import ConfigurationError, ProoftrailError
from prooftrail.middleware import describing, redirects, routes
from prooftrail.middleware import headers as said
from prooftrail.middleware.refusal import UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from prooftrail.capture.draft import Outcome
    from prooftrail.catalog.event_type import Policy
    from prooftrail.middleware.routes import Route
    from prooftrail.middleware.rules import Rules

_UNKNOWN = catalog.derived("http.unmatched.read")  # until the route tells
_SERVER_ERROR = 500

_log = logging.getLogger("prooftrail")


class Exchange:
    """One request and its answer.

    Args:
        rules: of the application.
        method: asked for GET, POST, ...: what is inside may take it for another (a
            header that overrides it).
        url: scheme and path that were asked for; the host is not looked at.
        headers: those that `HEADERS` names, lower case; several values joined by ", ".
        peer: the address that is connected.
        found: asked for the route once it is known: (template, parameters, endpoint).
        who: asked for the actor where none was bound.
    """

    HEADERS = said.WANTED

    def __init__(
        self,
        rules: Rules,
        *,
        method: Callable[[], str],
        url: str,
        headers: Mapping[str, str],
        peer: str | None,
        found: Callable[[], Route],
        who: Callable[[], object],
    ) -> None:
        self._rules = rules
        self._method = method
        self._asked = self.method
        self._url = url
        self.location: str | None = None  # where the answer leads
        self._found = found
        self._begun = time.perf_counter()
        self._route: Route | None = None  # once the answer begins
        self._raised: BaseException | None = None
        self._policy: Policy = "spool"
        self.scope = scope.Scope(
            {**said.ids_of(headers, rules), **rules.told},
            find_actor=who,
            describe=self._described,
        )
        self.scope.origin = said.origin_of(headers, peer, rules)
        self.draft = draft.Draft(_UNKNOWN, scope=self.scope)

    @property
    def method(self) -> str:
        """What it is by now."""
        return self._method().upper()

    def enter(self) -> None:
        """Make this the request that code runs in: for a context of its own."""
        scope.enter(self.scope)
        draft.enter(self.draft)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Make this the request that the code inside runs in."""
        tokens = scope.enter(self.scope), draft.enter(self.draft)
        try:
            yield
        finally:
            draft.leave(tokens[1])
            scope.leave(tokens[0])

    def keep(self) -> None:
        """Ask now who acts, and on which route: the framework forgets it."""
        route = self._found()
        self._found = lambda: route
        self.scope.settle()

    def close(self) -> None:
        """End: tell what came after the answer; from now on its actor is nobody's."""
        if self.scope.ended:
            return
        try:
            with self.inside():
                self._follow()
        except ProoftrailError as problem:
            _log.error("what came after an answer is not recorded: %s", problem)
        finally:
            self.draft.close()
            self.draft.over = True
            self.scope.ended = True

    async def close_async(self) -> None:
        """Do what `close` does, without holding up the event loop."""
        if self.draft.filled and self._crowded:
            await asyncio.to_thread(self.close)
        else:
            self.close()

    def raised(self, error: BaseException) -> None:
        """Note what was raised, where the framework answers for it."""
        self._raised = error

    def finish(
        self, status: int, error: BaseException | None = None
    ) -> Future[str] | None:
        """Hand the request's event over, if it leaves one of its own.

        Args:
            status: of the answer.
            error: that came through in place of an answer.

        Raises:
            RecordError, EventError: as `emitting.emit`.
        """
        route = self._route = self._found()
        rule = self._rules.routes.of(self.method, route.template, route.endpoint)
        ended = outcome.of_status(status, refused=self._refused)
        if error is not None:
            ended = outcome.of_exception(error)
            self.draft.detail(error=outcome.told(error))
        elif self._raised is not None and status >= _SERVER_ERROR:
            self.draft.detail(error=outcome.told(self._raised))
        begun: Outcome | None = self.draft.outcome or ended
        if status in redirects.ALL and error is None and not self._did:
            begun = self._sent_on(status, rule, route)
        ended = begun or ended
        if begun is not None and describing.leaves(
            self.draft, rule, begun, self.scope.recorded, changing=self._changing
        ):
            describing.describe(
                self.draft,
                rule,
                route,
                method=self.method,
                ended=ended,
                is_secret=self._rules.is_secret,
            )
        elif self.draft.affected:  # a GET that writes; rows beside an explicit event
            self.draft.event_type = catalog.derived(DATA_CHANGE)
        else:
            self.draft.close()  # what changes from now on is told by itself
            return None
        self.scope.settle()  # what follows is by whoever it was
        self.scope.context["status"] = status
        self.draft.lasted(time.perf_counter() - self._begun)
        return self._emit(ended)

    def record(self, status: int) -> bool:
        """Record the answer, as its policy says; return whether it may go out."""
        try:
            future = self.finish(status)
            if future is not None and self._policy != "background":
                settled(future, self._longest)
        except ProoftrailError as problem:
            return self._unrecorded(problem)
        return True

    async def record_async(self, status: int) -> bool:
        """Do what `record` does, without holding up the event loop."""
        try:
            future = await self.finish_async(status)
            if future is not None and self._policy != "background":
                await waited(future, self._longest)
        except ProoftrailError as problem:
            return self._unrecorded(problem)
        return True

    async def finish_async(
        self, status: int, error: BaseException | None = None
    ) -> Future[str] | None:
        """Do what `finish` does, without holding up the event loop."""
        if self._crowded:
            return await asyncio.to_thread(self.finish, status, error)
        return self.finish(status, error)

    def failed(self, error: BaseException) -> None:
        """Record that the application raised, before its answer began or after."""
        try:
            future = self._failure(error)
            if future is not None:
                settled(future, self._longest)
        except ProoftrailError as problem:
            error.add_note(f"prooftrail: this failure is not recorded: {problem}")

    async def failed_async(
        self, error: BaseException, *, complete: bool = False
    ) -> None:
        """Do what `failed` does; what was cancelled waits for nothing."""
        try:
            how, args = self._failure, (error, complete)
            crowded = self._crowded
            future = await asyncio.to_thread(how, *args) if crowded else how(*args)
            if future is not None and not isinstance(error, asyncio.CancelledError):
                await waited(future, self._longest)
        except ProoftrailError as problem:
            error.add_note(f"prooftrail: this failure is not recorded: {problem}")

    def _failure(
        self,
        error: BaseException,
        complete: bool = False,  # noqa: FBT001, FBT002
    ) -> Future[str] | None:
        if self._route is not None:
            return self.broke(error, complete=complete)
        return self.finish(_SERVER_ERROR, error)

    def broke(
        self, error: BaseException, *, complete: bool = False
    ) -> Future[str] | None:
        """Hand over that something failed after the answer had begun, or was out."""
        if self.draft.told != "success" or self.draft.lost:
            return None  # nothing was told of it that was too much
        if self.method == "HEAD" and isinstance(error, GeneratorExit):
            return None  # nobody reads its body
        self.draft.outcome = "failure"
        self.draft.detail(error=outcome.told(error), follows=self.draft.follows)
        if complete:
            self.draft.detail(after_answer=True)
        return self._emit("failure")

    def _follow(self) -> None:
        """Hand over what was filled in after the event was told."""
        made = self.draft
        if made.told is None or self.draft.lost or not made.filled:
            return
        made.detail(follows=made.follows)
        self._emit(made.told)

    def _unrecorded(self, problem: ProoftrailError) -> bool:
        """Return whether an answer may go out although it is not recorded.

        If not, that it was refused is handed over: what was asked for may be done.
        """
        _log.error("a request is not recorded: %s", problem)
        if self._policy != "closed":
            return True
        self.draft.again()
        self.draft.outcome = "failure"
        self.draft.detail(error=outcome.told(problem))
        self.scope.context["status"] = UNAVAILABLE
        try:
            if not self._crowded:  # nobody waits for this one
                self._emit("failure")
        except ProoftrailError as error:
            _log.error("nor is that it was refused: %s", error)
        return False

    @property
    def _crowded(self) -> bool:
        """Whether handing over may block, because the queue is full."""
        try:
            return process.chosen(self._rules.recorder).crowded
        except ConfigurationError:
            return False  # handing over says so, and only then is the policy known

    @property
    def _longest(self) -> float:
        """Seconds for which an answer waits for its record at most."""
        return process.chosen(self._rules.recorder).longest

    def _emit(self, ended: Outcome) -> Future[str] | None:
        self._policy = emitting.policy_of(self.draft, ended)
        return emitting.emit(
            self.draft,
            ended,
            recorder=self._rules.recorder,
            stream=self._rules.stream,
        )

    @property
    def _did(self) -> bool:
        """Whether code that ran has said or done something of its own."""
        made = self.draft
        own = made.outcome or made.resource or self.scope.recorded
        return bool(own or made.affected)

    @property
    def _changing(self) -> bool:
        return not {self._asked, self.method}.isdisjoint(routes.CHANGING)

    def _sent_on(self, status: int, rule: routes.Emits, route: Route) -> Outcome | None:
        """Return what a redirect means; None where nothing was begun."""
        ended = redirects.outcome_of(
            status,
            self.location,
            asked=self._url,
            reached=route.reached,
            changing=self._changing,
            nobody="userId" not in (self.scope.actor or {}),
            expects_somebody=auth.LOGIN_SUCCESS in rule.types
            or bool(rule.types and not self._changing),
        )
        if ended == "success":
            return "denied" if self._refused else ended
        self.draft.detail(redirected=status)
        return ended

    @property
    def _refused(self) -> bool:
        evidence = self.scope.authorization
        return evidence is not None and evidence.get("decision") == "denied"

    def _described(self) -> dict[str, Any]:
        template = (self._route or self._found()).template
        made = {"method": self.method}
        return made if template is None else {**made, "route": template}
