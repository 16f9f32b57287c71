"""What the contract's applications say of their routes, and who may what."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from prooftrail.middleware.routes import emits, excused
from tests.capturing.rig import USER

OVERRIDE = "x-http-method-override"

ROUTES = {
    "POST /customers": emits("customer.pii.create", resource="customer"),
    "GET /customers/:id": "customer.pii.view",
    "PUT /customers/:id": emits("customer.pii.update", resource="customer"),
    "DELETE /customers/:id": emits("customer.pii.delete", resource="customer"),
    "POST /login": emits("auth.login.success", failure="auth.login.failure"),
    "POST /pixels": excused("counts views of a page"),
    "GET /export": "customer.pii.export",
    "GET /export/late": "customer.pii.export",
    "GET /endless": "customer.pii.export",
    "GET /broken": "customer.pii.export",
    "DELETE /slashed/:id": "customer.pii.delete",
    "POST /form": "customer.pii.create",
    "POST /moved": "customer.pii.delete",
    "POST /guarded": "customer.pii.delete",
    "GET /guarded": "customer.pii.export",
    "POST /session": emits("auth.login.success", failure="auth.login.failure"),
    "POST /slow": "customer.pii.delete",
    "POST /slow/async": "customer.pii.delete",
}


# where these lead, and how: status and address
REDIRECTS = {
    "form": (303, "/form"),
    "moved": (307, "/free"),
    "guarded": (302, "/entrance?next=/guarded"),
    "session": (302, "/free"),
}


class Slow:
    """An action that goes on for as long as a test wants."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def act(self) -> str:
        self.begun.set()
        assert self.may_end.wait(30)
        return "done"

    async def act_async(self) -> str:
        self.begun.set()
        assert await asyncio.to_thread(self.may_end.wait, 30)
        return "done"


slow = Slow()


def check(request: Any, permission: str) -> dict[str, Any]:
    may = request.headers.get(USER) == "usr_1" and permission == "customers:read"
    return {
        "decision": "allowed" if may else "denied",
        "basis": "role",
        "name": "support",
        "policy": "roles@7",
    }
