"""Django with its own users and sessions: prints who was recorded, by what was asked.

Of its own process: settings are made once, and these have a database.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.urls import include, path, re_path

BACKEND = "django.contrib.auth.backends.ModelBackend"
MIDDLEWARE = [
    "prooftrail.middleware.django.AuditMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    f"{__name__}.block",
]
settings.configure(
    SECRET_KEY="x" * 50,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}
    },
    MIDDLEWARE=MIDDLEWARE,
    PROOFTRAIL={
        "announce": False,
        "routes": {
            "POST /customers/{id}": "customer.pii.update",
            "POST /old/customers/{id}/": "customer.pii.delete",
        },
    },
)
django.setup()

from django.contrib.auth import login, logout  # noqa: E402  Django is set up first
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import AsyncClient, Client  # noqa: E402

from prooftrail.testing import CapturedEvents, capture  # noqa: E402


def by_token(request: HttpRequest) -> HttpResponse:
    """Authenticate as REST framework does: session first, then the token."""
    assert not request.user.is_authenticated or request.user.username == "bob"
    request.user = User.objects.get(username=request.headers["x-token"])
    return HttpResponse()


def enter(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        login(request, User.objects.get(username="ann"), backend=BACKEND)
    return HttpResponse()


def leave(request: HttpRequest) -> HttpResponse:
    assert request.user.is_authenticated
    logout(request)
    return HttpResponse()


def own(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


def unnamed(_: HttpRequest, key: str) -> HttpResponse:
    return HttpResponse(key)


def block(get_response: Any) -> Any:
    def answer(request: HttpRequest) -> Any:
        blocked = "x-blocked" in request.headers
        return HttpResponseForbidden() if blocked else get_response(request)

    return answer


@login_required  # type: ignore[untyped-decorator]
async def own_async(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("token", by_token),
    path("in", enter),
    path("out", leave),
    path("own", own),
    path("own/async", own_async),
    path("customers/<int:pk>", own),
    path("old/", include([re_path(r"^customers/([0-9]+)/$", unnamed)])),
]


def main() -> None:
    call_command("migrate", verbosity=0)
    for name in ("ann", "bob"):
        User.objects.create_user(name)
    found: dict[str, object] = {}
    ann = {"x-token": "ann"}
    with capture() as events:
        for kind in (Client, AsyncClient):
            for who, url, headers in (
                (None, "/token", ann),
                ("bob", "/token", ann),
                (None, "/in", {}),
                ("bob", "/out", {}),
                ("bob", "/own", {}),
                ("bob", "/own/async", {}),
            ):
                client: Any = kind()
                if who is not None:
                    client.force_login(User.objects.get(username=who), BACKEND)
                answer = client.post(url, headers=headers)
                if kind is AsyncClient:
                    answer = asyncio.run(answer)
                assert answer.status_code == 200, answer
                found[f"{kind.__name__} {who} {url}"] = _names(events)
        Client().post("/customers/7", headers={"x-blocked": "1"})
        found["blocked"] = _told(events)
        Client().post("/old/customers/7/")
        found["expression"] = _told(events)
    json.dump(found, sys.stdout)


def _names(events: CapturedEvents) -> list[str]:
    names = {str(one.pk): one.username for one in User.objects.all()}
    made = [names.get(one["actor"].get("userId"), "nobody") for one in events]
    events.clear()
    return made


def _told(events: CapturedEvents) -> list[str]:
    made = []
    for one in events:
        what = one["resource"]
        made.append(f"{one['action']} {one['result']} {what['type']} {what['id']}")
    events.clear()
    return made


if __name__ == "__main__":
    main()
