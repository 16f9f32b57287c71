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

from prooftrail import emits

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
            "POST /login": emits("auth.login.success", failure="auth.login.failure"),
        },
    },
)
django.setup()

from django.contrib.auth import authenticate, login, logout  # noqa: E402  Django is set up first
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
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


def log_in(request: HttpRequest) -> HttpResponse:
    """Let in whose first or second password is right; else show the form again."""
    for name in ("password", "second"):
        given = {"username": "ann", "password": request.POST.get(name)}
        found = authenticate(request, **given)
        if found is not None:
            login(request, found)
            break
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
    path("login", log_in),
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
        right, wrong = "correct horse", "battery staple"
        User.objects.filter(username="ann").update(password=make_password(right))
        for name, given in (
            ("wrong", {"password": wrong}),
            ("right", {"password": right}),
            ("second", {"password": wrong, "second": right}),
        ):
            assert Client().post("/login", given).status_code == 200
            found[f"login {name}"] = [
                f"{one['action']} {one['result']} {'userId' in one['actor']}"
                for one in events
            ]
            events.clear()
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
