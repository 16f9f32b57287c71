"""What an application says once of how its requests are recorded.

Guarantees: what cannot work (a setting that is misspelled, an asynchronous `actor=`, an
address that is no network, an event type that nobody declared) is refused when the
middleware is made.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import time
from typing import TYPE_CHECKING, Any, TypedDict

from prooftrail.capture import announcing, client_address, process
from prooftrail.capture.secret_names import Kind, SecretNames
from prooftrail.capture.spelling import refuse_unknown
from prooftrail.errors import ConfigurationError, ProoftrailError
from prooftrail.middleware.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Unpack

    from prooftrail.capture.audit_logger import Recorder


_log = logging.getLogger("prooftrail")


class Settings(TypedDict, total=False):
    """What every middleware takes, beside the application."""

    # gives who acts, from the framework's request: what `actor_of` takes
    actor: Callable[[Any], object] | None
    # what routes emit, by "METHOD /template"
    routes: Mapping[str, Any]  # to names, types, several of them, or `emits(...)`
    trusted_proxies: Iterable[str]  # networks whose X-Forwarded-For is believed
    service: str | None  # the application's name, for `context.service`
    version: str | None
    recorder: Recorder | None  # by default the process's own, when first needed
    stream: str | None  # where events go
    announce: bool  # whether audit.capture.change is recorded; by default it is


class Rules:
    """The settings of one application.

    Args:
        **settings: see `Settings`.

    Raises:
        ConfigurationError, EventError: something cannot work as it is set.
    """

    def __init__(self, **settings: Unpack[Settings]) -> None:
        refuse_unknown(settings, Settings.__annotations__, "the middleware")
        actor = settings.get("actor")
        if actor is not None and inspect.iscoroutinefunction(actor):
            raise ConfigurationError(
                "actor= is asynchronous: find the user where the request is "
                "authenticated, and call prooftrail.bind(user) there"
            )
        self.actor = actor
        self.routes = Routes(settings.get("routes") or {})
        self.trusted = client_address.networks(settings.get("trusted_proxies", ()))
        told = {name: settings.get(name) for name in ("service", "version")}
        self.told = {name: value for name, value in told.items() if value}
        self.recorder = settings.get("recorder")
        self.stream = settings.get("stream")
        self.clock: Callable[[], int] = lambda: time.time_ns() // 1_000
        self.random: Callable[[int], bytes] = os.urandom
        self._names = SecretNames((), ())
        self._announces = settings.get("announce", True)
        self._announced_in = 0  # which process
        self._captured = announcing.Captured(
            json.dumps(
                [self.routes.stated, sorted(map(str, self.trusted)), actor is not None],
                sort_keys=True,
            ),
            *(settings.get("service"), settings.get("version"), self.stream),
        )

    def start(self) -> None:
        """Let the trail know that requests are captured; once a process."""
        if self._announces and self._announced_in != os.getpid():
            self._announced_in = os.getpid()
            self._announce(announcing.start)

    def stop(self) -> None:
        """Let it know that they are not any more."""
        if self._announced_in == os.getpid():
            self._announced_in = 0
            self._announce(announcing.stop)

    def _announce(self, how: Callable[[Recorder, announcing.Captured], None]) -> None:
        try:
            how(process.chosen(self.recorder), self._captured)
        except ProoftrailError as error:
            _log.warning("a change of capture is not recorded: %s", error)

    def who(self, request: object) -> object:
        """Ask the application who acts; nobody, where it fails."""
        try:
            return None if self.actor is None else self.actor(request)
        except Exception as error:  # noqa: BLE001  the application's own function
            _log.warning("actor= failed with %s", type(error).__name__)
            return None

    def is_secret(self, name: str) -> bool:
        """Whether a parameter's name announces a secret."""
        return self._names.kind(name) is not Kind.PLAIN
