"""Celery: tasks record on the account of whoever enqueued them.

    app = Celery("shop")
    prooftrail.integrations.celery.install(app)

Guarantees: what a task records has the actor of the request that enqueued it, on whose
behalf he acted, and its request and trace id; so have its retries, redelivered messages
and the tasks that it enqueues itself, in every pool and in eager mode. A task that
nobody enqueued (beat, a script) acts as the system. However a task ends, its scope ends
with it, and the next task in that thread has its own.

What travels is an allow-list of short texts: no address, and nothing that is marked as
personal. With a `key` it is signed together with the task's id, so that nobody who can
write to the broker states an actor; what is not signed acts as anonymous then.

Does not: wait, or record that a task ran; `@audited("system.job.run")` does.

Source: Celery 5, signals; message protocol 2, where headers are a task's own.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from celery import signals

from prooftrail.capture import draft, process, scope
from prooftrail.capture.actors import ANONYMOUS
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from prooftrail.capture.draft import Draft

HEADER = "prooftrail"  # of a task's message
MIN_KEY = 16  # bytes

_ACTOR = ("type", "userId", "email", "role", "sessionId")
_OTHER = ("userId", "email", "role")
_CONTEXT = ("requestId", "traceId", "service", "version")
_LONGEST = 256  # characters of a text that is carried
_OPENED = "_prooftrail_opened"  # where a task's request keeps it

_log = logging.getLogger("prooftrail")


class _Settings:
    """What holds for the process: signals are the process's, too."""

    def __init__(self) -> None:
        self.installed = False
        self.key: bytes | None = None


_settings = _Settings()


class _Opened(NamedTuple):
    """What a task entered, to be left."""

    scope: scope.Scope
    entered: scope.Entered
    draft: Any  # the token of the draft around it


def install(app: object = None, *, key: str | bytes | None = None) -> None:  # noqa: ARG001
    """Carry the actor with tasks; call it where the Celery application is made.

    Once more is fine. It is needed on both sides: where tasks are enqueued and where
    they run; both import the module of the application.

    Args:
        app: the Celery application, for the reader: it holds for all of a process.
        key: a secret that both sides share, of 16 bytes or more, to sign what is
            carried.

    Raises:
        ConfigurationError: the key is short, or another one was given before.
    """
    made = key.encode() if isinstance(key, str) else key
    if made is not None and len(made) < MIN_KEY:
        raise ConfigurationError(
            f"the key of celery.install has {len(made)} bytes: at least {MIN_KEY} are "
            "needed"
        )
    if _settings.installed and made != _settings.key:
        raise ConfigurationError(
            "celery.install was called before with another key: a process has one"
        )
    _settings.key = made
    _settings.installed = True
    # by their ids: connecting them again changes nothing
    signals.before_task_publish.connect(
        _published, weak=False, dispatch_uid="prooftrail.published"
    )
    signals.task_prerun.connect(_began, weak=False, dispatch_uid="prooftrail.began")
    signals.task_postrun.connect(_ended, weak=False, dispatch_uid="prooftrail.ended")
    # a forked worker ends without what the interpreter does at its end
    signals.worker_process_shutdown.connect(
        _finish, weak=False, dispatch_uid="prooftrail.finish"
    )


def _published(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Put who enqueues a task into its message."""
    if headers is None:
        return
    headers.pop(HEADER, None)  # a retry brings that of the task before
    carried = _carried()
    if carried is None:
        return
    text = json.dumps(carried, separators=(",", ":"))
    made = {"carried": text}
    if _settings.key is not None:
        made["signature"] = _signature(_settings.key, str(headers.get("id")), text)
    headers[HEADER] = made


def _began(task_id: str = "", task: Any = None, **_: object) -> None:  # noqa: ANN401
    """Open a scope for a task that begins."""
    request = task.request
    if request.is_eager:  # no message: it runs where it was enqueued
        carried = _carried()
    else:
        carried = _believed(task_id, getattr(request, HEADER, None))
    made = scope.Scope(_texts((carried or {}).get("context"), _CONTEXT))
    made.bind(draft.SYSTEM if carried is None else _actor(carried.get("actor")))
    outer: Draft | None = None  # what the task does is not the enqueuer's draft
    opened = _Opened(made, scope.enter(made), draft.enter(outer))
    setattr(request, _OPENED, opened)


def _ended(task: Any = None, **_: object) -> None:  # noqa: ANN401
    """End the scope of a task, however it ended."""
    opened = getattr(task.request, _OPENED, None)
    if opened is None:
        return
    delattr(task.request, _OPENED)
    opened.scope.ended = True
    draft.leave(opened.draft)
    scope.leave(opened.entered)


def _finish(**_: object) -> None:
    """Write what a process still has in its queue."""
    process.drain()


def _carried() -> dict[str, Any] | None:
    """Return what is known here of who acts; None where nothing is."""
    here, actor = scope.current_scope(), scope.current_actor()
    if here is None and actor is None:
        return None
    context = {} if here is None else here.context
    return {"actor": _actor(actor), "context": _texts(context, _CONTEXT)}


def _believed(task_id: str, given: object) -> dict[str, Any] | None:
    """Return what a message carries; nobody, where it cannot be believed."""
    nobody: dict[str, Any] = {"actor": dict(ANONYMOUS)}
    if given is None:
        return None
    if not isinstance(given, Mapping) or not isinstance(given.get("carried"), str):
        return nobody
    text, signature = given["carried"], str(given.get("signature"))
    key = _settings.key
    if key is not None and not hmac.compare_digest(
        _signature(key, task_id, text).encode(), signature.encode()
    ):
        _log.warning("a task says who enqueued it, and it is not signed by our key")
        return nobody
    try:
        found = json.loads(text)
    except ValueError:
        return nobody
    return found if isinstance(found, dict) else nobody


def _signature(key: bytes, task_id: str, text: str) -> str:
    message = f"prooftrail/celery/v1\0{task_id}\0{text}"
    return hmac.new(key, message.encode(), "sha256").hexdigest()


def _actor(found: object) -> dict[str, Any]:
    """Return what of an actor is carried; the anonymous one for nobody."""
    made: dict[str, Any] = _texts(found, _ACTOR)
    if "userId" not in made:
        return dict(ANONYMOUS)
    other = found.get("onBehalfOf") if isinstance(found, Mapping) else None
    behalf = _texts(other, _OTHER)
    return made | ({"onBehalfOf": behalf} if "userId" in behalf else {})


def _texts(found: object, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        return {}
    kept = {name: found.get(name) for name in names}
    # whole or not at all: an id that is cut is somebody else's
    return {
        name: value
        for name, value in kept.items()
        if isinstance(value, str) and 0 < len(value) <= _LONGEST
    }
