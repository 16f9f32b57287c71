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
from django.http import HttpRequest, HttpResponse
from django.urls import path

BACKEND = "django.contrib.auth.backends.ModelBackend"
MIDDLEWARE = [
    "prooftrail.middleware.django.AuditMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
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
    PROOFTRAIL={"announce": False},
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


@login_required  # type: ignore[untyped-decorator]
async def own_async(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("token", by_token),
    path("in", enter),
    path("out", leave),
    path("own", own),
    path("own/async", own_async),
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
    json.dump(found, sys.stdout)


def _names(events: CapturedEvents) -> list[str]:
    names = {str(one.pk): one.username for one in User.objects.all()}
    made = [names.get(one["actor"].get("userId"), "nobody") for one in events]
    events.clear()
    return made


if __name__ == "__main__":
    main()
