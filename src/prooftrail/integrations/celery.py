"""Celery: tasks record on the account of whoever enqueued them.

    app = Celery("shop")
    prooftrail.integrations.celery.install(app)

Guarantees: what a task records has the actor of the request that enqueued it, on whose
behalf he acted, and its request and trace id; so have its retries, redelivered messages
and the tasks that it enqueues itself, in every pool and in eager mode. A task that
nobody enqueued (beat, a script) acts as the system. However a task ends, its scope ends
with it, and the next task in that thread has its own.

What travels is an allow-list of short texts: no address, and nothing that is marked as
personal. With a `key` it is signed together with the task's id, name and arguments, and
with what follows it (chain, links, chord), so that nobody who can write to the broker
states an actor or the system; what is not signed acts as anonymous then.

Does not: wait, or record that a task ran; `@audited("system.job.run")` does. Notice
that a signed message is delivered again as it is. Sign arguments that JSON (as kombu
writes it) does not take: of pickled objects the id and the name alone are signed.

Source: Celery 5, signals; message protocol 2, where headers are a task's own.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from celery import signals
from kombu.utils import json as kombu_json

from prooftrail.capture import draft, process, scope
from prooftrail.capture.actors import ANONYMOUS
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.capture.draft import Draft

HEADER = "prooftrail"  # of a task's message
MIN_KEY = 16  # bytes

_ACTOR = ("type", "userId", "email", "role", "sessionId")
_OTHER = ("userId", "email", "role")
_FOLLOWING = ("callbacks", "errbacks", "chain", "chord")  # as protocol 2 has them
_LONGEST = 256  # characters of a text that is carried
_OPENED = "_prooftrail_opened"  # where a task's request keeps it

_dumps: Callable[..., str] = kombu_json.dumps
_loads: Callable[[str], Any] = kombu_json.loads

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


class _Message(NamedTuple):
    """What is signed of a task."""

    task_id: object
    name: object
    body: Any  # arguments, those by name, and what follows

    def written(self) -> str | None:
        """Return the body as both sides write it, whatever the serializer does."""
        try:
            args, kwargs, following = self.body
            kept = {name: following.get(name) for name in _FOLLOWING}
            # by way of JSON: a tuple comes back as a list, the key 1 as "1"
            sent = _loads(_dumps([args, kwargs, kept]))
            return str(_dumps(sent, sort_keys=True))
        except Exception:  # noqa: BLE001  an object's own __json__; the same over there
            return None


def install(app: object = None, *, key: str | bytes | None = None) -> None:  # noqa: ARG001
    """Carry the actor with tasks; call it where the Celery application is made.

    Once more is fine. It is needed on both sides: where tasks are enqueued (beat, too)
    and where they run; both import the module of the application.

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


def _published(
    headers: dict[str, Any] | None = None, body: object = None, **_: object
) -> None:
    """Put who enqueues a task into its message."""
    if headers is None:
        return
    headers.pop(HEADER, None)  # a retry brings that of the task before
    carried, key = _carried(), _settings.key
    if carried is None and key is None:
        return
    text = json.dumps(carried, separators=(",", ":"))
    made = {"carried": text}
    if key is not None:
        task = _Message(headers.get("id"), headers.get("task"), body)
        made["signature"] = _signature(key, task, text)
    headers[HEADER] = made


def _began(
    task_id: str = "",
    task: Any = None,  # noqa: ANN401
    args: object = (),
    kwargs: object = None,
    **_: object,
) -> None:
    """Open a scope for a task that begins."""
    request = task.request
    if request.is_eager:  # no message: it runs where it was enqueued
        carried = _carried()
        if carried is None and _settings.key is not None:
            carried = _nobody()  # a message may say that it is none
    else:
        following = {name: getattr(request, name, None) for name in _FOLLOWING}
        message = _Message(task_id, task.name, (args, kwargs or {}, following))
        carried = _believed(message, getattr(request, HEADER, None))
    made = scope.Scope(_texts((carried or {}).get("context"), scope.TRACED))
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
    return {"actor": _actor(actor), "context": _texts(context, scope.TRACED)}


def _nobody() -> dict[str, Any]:
    return {"actor": dict(ANONYMOUS)}


def _believed(message: _Message, given: object) -> dict[str, Any] | None:
    """Return what a message carries; nobody, where it cannot be believed."""
    key = _settings.key
    if given is None and key is None:
        return None
    said = given if isinstance(given, Mapping) else {}
    text, signature = str(said.get("carried")), str(said.get("signature"))
    if key is not None and not hmac.compare_digest(
        _signature(key, message, text).encode(), signature.encode()
    ):
        _log.warning(
            "a task is recorded as anonymous: what it says of who enqueued it is not "
            "signed by our key for this task and these arguments. Call "
            "celery.install(app, key=...) with one key wherever tasks are enqueued"
        )
        return _nobody()
    try:
        found = json.loads(text)
    except ValueError:
        return _nobody()
    return found if found is None or isinstance(found, dict) else _nobody()


def _signature(key: bytes, message: _Message, text: str) -> str:
    named = (str(message.task_id), str(message.name), message.written(), text)
    signed = json.dumps(["prooftrail/celery/v1", *named])
    return hmac.new(key, signed.encode(), "sha256").hexdigest()


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
