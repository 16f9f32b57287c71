"""The quickstarts of FastAPI, Flask and Django: at most ten lines, run as they are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.trail import Trail

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"
LONGEST = 10

# What stands around the page's code: a client, in a process of its own.
_AROUND = {
    "fastapi": """
{code}
from fastapi.testclient import TestClient
with TestClient(app) as client:
    answer = client.put("/customers/7", headers={{"x-user": "usr_1"}})
    assert answer.status_code == 200
""",
    "flask": """
{code}
answer = app.test_client().put("/customers/7", headers={{"x-user": "usr_1"}})
assert answer.status_code == 200
""",
    "django": """
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
{code}
settings.configure(
    SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=MIDDLEWARE,
    PROOFTRAIL=PROOFTRAIL | {{"actor": lambda request: request.headers["x-user"]}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies", USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
)
django.setup()
urlpatterns = [path("customers/<id>", lambda request, id: HttpResponse(id))]
from django.test import Client
answer = Client().put("/customers/7", headers={{"x-user": "usr_1"}})
assert answer.status_code == 200
""",
}


def code(framework: str) -> str:
    text = (HOW_TO / f"capture-from-{framework}.md").read_text()
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("framework", sorted(_AROUND))
def test_a_quickstart_is_short(framework: str) -> None:
    lines = [line for line in code(framework).splitlines() if line.strip()]
    assert len(lines) <= LONGEST


@pytest.mark.parametrize("framework", sorted(_AROUND))
def test_a_quickstart_records_what_it_says(framework: str, trail: Trail) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AROUND[framework].format(code=code(framework))],
        env=trail.env | {"PROOFTRAIL_WRITER_DSN": trail.login_dsn("writer")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    rows = (
        trail.superuser()
        .execute("select event from prooftrail.inbox order by id")
        .fetchall()
    )
    events = [json.loads(text) for (text,) in rows]
    started, event, stopped = events
    assert started["action"] == stopped["action"] == "audit.capture.change"
    assert started["details"]["change"] == "started"
    assert stopped["details"] == started["details"] | {"change": "stopped"}
    expected = (
        "customer.pii.update" if framework == "django" else "http.customers.update"
    )
    assert event["action"] == expected
    assert event["actor"]["userId"] == "usr_1"
    assert event["resource"] == {"type": "customers", "id": "7"}
    assert event["context"]["method"] == "PUT"
