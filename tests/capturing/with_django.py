"""The contract's application on Django, under WSGI and ASGI."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import django
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

import prooftrail
from prooftrail.integrations.django import requires
from tests.capturing import rig, with_fastapi, with_flask
from tests.capturing.rig import USER
from tests.capturing.stated import OVERRIDE, REDIRECTS, ROUTES, check, slow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from prooftrail import Recorder

own: dict[str, Any] = {}  # the recorder of the test that runs


if not settings.configured:  # once a process, and by whichever test comes first
    settings.configure(USE_TZ=True, INSTALLED_APPS=[])
    django.setup()


def customers(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(status=405)
    draft = prooftrail.current_draft()
    assert draft is not None
    draft.on("customer", "cust_9")
    return JsonResponse({"id": "cust_9"}, status=201)


def customer(request: HttpRequest, customer_id: str) -> HttpResponse:
    if request.method == "GET":
        return view(request, customer_id)
    if request.method == "DELETE":
        return HttpResponse(status=204)
    if request.method != "PUT":
        return HttpResponse(status=405)
    draft = prooftrail.current_draft()
    assert draft is not None
    draft.change("plan", "free", "pro")
    return JsonResponse({"id": customer_id})


@requires("customers:read")
def view(_: HttpRequest, customer_id: str) -> HttpResponse:
    return JsonResponse({"id": customer_id})


@requires("customers:hidden", masked=True)
def hidden(_: HttpRequest, customer_id: str) -> HttpResponse:
    return JsonResponse({"id": customer_id})


def done(_: HttpRequest, **__: Any) -> HttpResponse:
    return HttpResponse("done")


def login(request: HttpRequest) -> HttpResponse:
    if request.GET["name"] != "dani":
        return HttpResponse(status=401)
    prooftrail.bind({"userId": "usr_dani", "role": "admin"})
    return HttpResponse("in")


def explicit(_: HttpRequest) -> HttpResponse:
    own["recorder"].record(
        action="admin.config.update", result="success", details={"setting": "a"}
    )
    return HttpResponse("done")


def explicit_failing(_: HttpRequest) -> HttpResponse:
    with prooftrail.event("admin.config.update", recorder=own["recorder"]) as e:
        e.detail(setting="a")
    return HttpResponse(status=500)


def refused(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        raise PermissionDenied
    return HttpResponse(status=401)


def boom(_: HttpRequest) -> HttpResponse:
    raise ValueError("hunter2 is the password")


def export(_: HttpRequest) -> HttpResponse:
    return StreamingHttpResponse(lines(0))


def export_late(_: HttpRequest) -> HttpResponse:
    return StreamingHttpResponse(lines(0, subject="cust_7"))


def broken(_: HttpRequest) -> HttpResponse:
    return StreamingHttpResponse(lines(2))


def slowly(_: HttpRequest) -> HttpResponse:
    return HttpResponse(slow.act())


async def slowly_async(_: HttpRequest) -> HttpResponse:
    return HttpResponse(await slow.act_async())


def sent_on(request: HttpRequest) -> HttpResponse:
    status, url = REDIRECTS[request.path.strip("/")]
    return HttpResponse(status=status, headers={"Location": url})


def going_on(_: HttpRequest) -> StreamingHttpResponse:
    made: Any = with_fastapi.endless if own["asgi"] else with_flask.endless
    return StreamingHttpResponse(made())


def lines(broken_after: int, **more: str) -> Any:
    made = with_fastapi.lines if own["asgi"] else with_flask.lines
    return made(broken_after, **more)


urlpatterns = [
    path("customers", csrf_exempt(customers)),
    path("customers/<str:customer_id>", csrf_exempt(customer)),
    path("hidden/<str:customer_id>", hidden),
    path("things/<int:thing_id>/parts", csrf_exempt(done)),
    path("free", done),
    path("pixels", csrf_exempt(done)),
    path("login", csrf_exempt(login)),
    path("explicit", csrf_exempt(explicit)),
    path("explicit/failing", csrf_exempt(explicit_failing)),
    path("refused", csrf_exempt(refused)),
    path("boom", csrf_exempt(boom)),
    path("reset/<str:token>", csrf_exempt(done)),
    path("export", export),
    path("export/late", export_late),
    path("broken", broken),
    path("endless", going_on),
    path("slashed/<str:thing_id>/", csrf_exempt(done)),
    *(path(page, csrf_exempt(sent_on)) for page in REDIRECTS),
    path("slow", csrf_exempt(slowly)),
    path("slow/async", csrf_exempt(slowly_async)),
]


def override(get_response: Any) -> Any:
    """Take a header's method for the request's, as some middleware does."""
    if iscoroutinefunction(get_response):

        @markcoroutinefunction
        async def answer_async(request: HttpRequest) -> Any:
            request.method = request.headers.get(OVERRIDE, request.method)
            return await get_response(request)

        return answer_async

    def answer(request: HttpRequest) -> Any:
        request.method = request.headers.get(OVERRIDE, request.method)
        return get_response(request)

    return answer


override.async_capable = True  # type: ignore[attr-defined]


def _settings(
    recorder: Recorder, more: dict[str, Any], *, asgi: bool
) -> AbstractContextManager[None]:
    own.update(recorder=recorder, asgi=asgi)
    made: AbstractContextManager[None] = override_settings(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[
            "prooftrail.middleware.django.AuditMiddleware",
            f"{__name__}.override",
            "django.middleware.common.CommonMiddleware",
        ],
        LOGGING_CONFIG=None,
        PROOFTRAIL={
            "actor": lambda request: request.headers.get(USER),
            "check": check,
            "routes": ROUTES,
            "recorder": recorder,
            "service": "contract",
            "version": "1.2",
            "announce": False,
            **more,
        },
    )
    return made


@contextmanager
def serve_wsgi(recorder: Recorder, **more: Any) -> Iterator[str]:
    with (
        _settings(recorder, more, asgi=False),
        with_flask.listening(WSGIHandler()) as url,
    ):
        yield url


@contextmanager
def serve_asgi(recorder: Recorder, **more: Any) -> Iterator[str]:
    with (
        _settings(recorder, more, asgi=True),
        rig.listening(ASGIHandler(), lifespan="off") as url,
    ):
        yield url
