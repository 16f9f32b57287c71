"""One Django view, a model updated by PUT, with one audit of it or none.

``python -m bench.capture_app WAY URL`` serves until its standard input ends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, ClassVar

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from psycopg.conninfo import conninfo_to_dict

from prooftrail import catalog
from prooftrail.catalog.event_type import EventType

CUSTOMERS = 1_000
APPS = {
    "auditlog": ["auditlog"],
    "easyaudit": ["django.contrib.sessions", "easyaudit"],
    "auditrum": ["auditrum.integrations.django"],
}
OURS = "prooftrail.middleware.django.AuditMiddleware"
MIDDLEWARE = {
    "middleware": [OURS],
    "background": [OURS],
    "durable": [OURS],
    "auditlog": ["auditlog.middleware.AuditlogMiddleware"],
    "easyaudit": ["easyaudit.middleware.easyaudit.EasyAuditMiddleware"],
    "auditrum": ["auditrum.integrations.django.middleware.AuditrumMiddleware"],
}
TYPES = {
    way: catalog.declare(
        EventType(
            name=f"bench.plan.{way}",
            meaning="A plan changed",
            sentence="{actor} changed a plan",
            policy=policy,
        )
    )
    for way, policy in (
        ("middleware", "background"),
        ("background", "background"),
        ("durable", "closed"),
    )
}


class Handler(WSGIRequestHandler):
    """Answers at once and says nothing."""

    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Write no log: it would be measured too."""


def update(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Change one row."""
    customer = _model().objects.get(pk=customer_id)
    customer.plan = request.body.decode()
    customer.save()
    return HttpResponse(b"ok", headers={"Content-Length": "2"})


def cpu(_: HttpRequest) -> HttpResponse:
    """Tell the process's time of processor."""
    told = str(time.process_time())
    return HttpResponse(told, headers={"Content-Length": str(len(told))})


urlpatterns = [path("customers/<int:customer_id>", update), path("cpu", cpu)]


def _model() -> Any:
    return django.apps.apps.get_model("bench", "Customer")


def configure(way: str, url: str) -> None:
    """Configure Django, and what audits."""
    given = conninfo_to_dict(url)
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="bench.capture_app",
        INSTALLED_APPS=[
            *("django.contrib.contenttypes", "django.contrib.auth", "bench"),
            *APPS.get(way, ()),
        ],
        MIDDLEWARE=MIDDLEWARE.get(way, []),
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": given["dbname"],
                "USER": given.get("user", ""),
                "HOST": given.get("host", ""),
                "PORT": given.get("port", ""),
                "PASSWORD": given.get("password", ""),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        LOGGING_CONFIG=None,
        # only the model's changes, as the others
        DJANGO_EASY_AUDIT_WATCH_REQUEST_EVENTS=False,
        DJANGO_EASY_AUDIT_WATCH_AUTH_EVENTS=False,
        PROOFTRAIL={
            "actor": lambda _: "usr_1",
            "routes": {"PUT /customers/<customer_id>": TYPES[way]}
            if way in TYPES
            else {},
        },
    )
    django.setup()

    class Customer(models.Model):  # noqa: DJ008
        plan = models.TextField()

        class Meta:
            app_label = "bench"

        class AuditMeta:
            fields: ClassVar = ["plan"]

    call_command("migrate", verbosity=0, run_syncdb=True)
    if "bench_customer" not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Customer)
        Customer.objects.bulk_create(Customer(plan="free") for _ in range(CUSTOMERS))
    if way in TYPES and way != "middleware":  # that one tells no changes
        from prooftrail.integrations.django_models import track  # noqa: PLC0415

        track([Customer])
    elif way == "auditlog":
        from auditlog.registry import auditlog  # noqa: PLC0415

        auditlog.register(Customer)
    elif way == "auditrum":
        from auditrum.integrations.django.executor import DjangoExecutor  # noqa: PLC0415
        from auditrum.tracking import FieldFilter, TrackSpec, TriggerManager  # noqa: PLC0415

        spec = TrackSpec(table="bench_customer", fields=FieldFilter.all())
        manager = TriggerManager(DjangoExecutor(connection=connection))
        manager.bootstrap()
        manager.install(spec)


def main() -> None:
    way, url = sys.argv[1:]
    os.environ["PROOFTRAIL_DSN"] = url
    configure(way, url)
    server = ThreadedWSGIServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.set_app(get_wsgi_application())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
