"""Django: a decorator that decides, records on what, and refuses.

    PROOFTRAIL = {"check": check, ...}

    @requires("customers:export")
    def export(request): ...

Guarantees: what the project's check decided is in the event of the request, as it stood
then. Without a check Django's own `user.has_perm` decides, for sync views.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404

from prooftrail.capture import authorization

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

V = TypeVar("V", bound="Callable[..., Any]")


def requires(permission: str, *, masked: bool = False) -> Callable[[V], V]:
    """Let a view be called only with a permission.

    Args:
        permission: its name, as the check knows it.
        masked: answer 404 in place of 403, as if there were nothing.
    """

    def decorate(view: V) -> V:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                await sync_to_async(_decide)(request, permission, masked=masked)
                return await view(request, *args, **kwargs)

        else:

            @functools.wraps(view)
            def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                _decide(request, permission, masked=masked)
                return view(request, *args, **kwargs)

        run.__prooftrail_requires__ = permission  # type: ignore[attr-defined]
        return run  # type: ignore[return-value]

    return decorate


def _decide(request: HttpRequest, permission: str, *, masked: bool) -> None:
    check = getattr(settings, "PROOFTRAIL", {}).get("check", _has_perm)
    evidence = authorization.note(
        authorization.evidence_of(check(request, permission), permission)
    )
    if evidence["decision"] == "denied":
        if masked:
            raise Http404
        raise PermissionDenied


def _has_perm(request: HttpRequest, permission: str) -> bool:
    user = getattr(request, "user", None)
    return user is not None and bool(user.has_perm(permission))
