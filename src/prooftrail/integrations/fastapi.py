"""FastAPI: a dependency that decides, records on what, and refuses.

    use_check(app, check)

    @app.get("/customers/export", dependencies=[Depends(Requires("customers:export"))])

Guarantees: what the application's check decided is in the event of the request, allowed
or denied, as it stood then. A check that fails refuses, and is no evidence.

Does not: know users or permissions; the check does.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from prooftrail.capture import authorization
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

_STATE = "prooftrail_check"


def use_check(app: FastAPI, check: Callable[[Request, str], Any]) -> None:
    """Say who decides in an application.

    Args:
        app: the application.
        check: gets the request and the permission's name; returns (or awaits) what
            `authorization.evidence_of` takes.
    """
    setattr(app.state, _STATE, check)


class Requires:
    """A dependency: the request may go on only with this permission.

    Args:
        permission: its name, as the check knows it.
        check: in place of the application's own.
        masked: answer 404 in place of 403, as if there were nothing.
    """

    def __init__(
        self,
        permission: str,
        *,
        check: Callable[[Request, str], Any] | None = None,
        masked: bool = False,
    ) -> None:
        self.permission = permission
        self.masked = masked
        self._check = check

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Decide; return the evidence.

        Raises:
            HTTPException: 403, or 404 where masked.
            ConfigurationError: nobody decides in this application.
        """
        check = self._check or getattr(request.app.state, _STATE, None)
        if check is None:
            raise ConfigurationError(
                f"Requires({self.permission!r}) has no check: call "
                "prooftrail.integrations.fastapi.use_check(app, check)"
            )
        if inspect.iscoroutinefunction(check):
            decided = await check(request, self.permission)
        else:
            decided = await run_in_threadpool(check, request, self.permission)
        evidence = authorization.evidence_of(decided, self.permission)
        authorization.note(evidence)
        if evidence["decision"] == "denied":
            raise HTTPException(
                404 if self.masked else 403,
                "Not Found" if self.masked else f"{self.permission} is needed for this",
            )
        return evidence
