"""`prooftrail coverage` as people and pipelines call it; applications of each kind."""

from __future__ import annotations

import html.parser
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from examples import fintech

from prooftrail.coverage import starlette
from prooftrail.coverage.judging import judge
from prooftrail.middleware.routes import MARK

ROOT = Path(__file__).parent.parent
FINTECH = "examples.fintech:app"


def cover(*args: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    import os  # noqa: PLC0415

    return subprocess.run(
        [sys.executable, "-m", "prooftrail", "coverage", *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", **env},
    )


def write(place: Path, name: str, text: str) -> None:
    (place / name).write_text(text)


def test_the_example_is_covered() -> None:
    done = cover(FINTECH, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["covered"] is True
    assert told["counts"]["captured"] == 34
    assert told["findings"] == []


def endpoints() -> dict[str, Any]:
    found = {}
    for route in starlette.survey(fintech.app).routes:
        if hasattr(route.endpoint, MARK):
            found[f"{route.method} {route.path}"] = route.endpoint
    return found


@pytest.mark.parametrize("route", sorted(endpoints()))
def test_each_endpoint_of_the_example_is_missed_when_it_is_forgotten(
    route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(endpoints()[route], MARK)
    report = judge(FINTECH, starlette.survey(fintech.app))
    assert report.exit_code == 1
    failures = [one.route for one in report.findings if one.is_failure]
    assert failures == [route]


def test_a_line_that_is_taken_out_of_the_example_is_named(tmp_path: Path) -> None:
    for source in (ROOT / "examples").rglob("*.py"):
        copy = tmp_path / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(source.read_text())
    routes = tmp_path / "examples" / "fintech" / "routes" / "customers.py"
    line = '@emits("customer.pii.view", resource="customer")\n'
    text = routes.read_text()
    assert text.count(line) == 1
    routes.write_text(text.replace(line, ""))
    done = cover(FINTECH, cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT / 'src'}")
    assert done.returncode == 1, done.stderr
    assert "failure: GET /customers/{customer_id}: customers:read" in done.stdout


def test_an_application_without_the_middleware_is_not_covered(tmp_path: Path) -> None:
    write(
        tmp_path,
        "shop.py",
        "from fastapi import FastAPI\napp = FastAPI()\n@app.post('/x')\ndef x(): ...\n",
    )
    done = cover("shop:app", cwd=tmp_path)
    assert done.returncode == 1
    assert "warning: no middleware of Prooftrail" in done.stdout
    assert "failure: POST /x: it may change something" in done.stdout
    assert "not covered" in done.stdout


@pytest.mark.parametrize(
    ("text", "target", "told"),
    [
        ("", "nowhere:app", "ModuleNotFoundError: No module named 'nowhere'"),
        ("", "shop:app", "the module shop has no 'app'"),
        ("", "shop", "name the application in it"),
        ("app = 1", "shop:app", "of the type int"),
        ("def app(: ...", "shop:app", "SyntaxError"),
        ("1 / 0", "shop:app", "ZeroDivisionError at shop.py:1"),
        ("raise RuntimeError('postgresql://u:hunter2@h')", "shop:app", "RuntimeError"),
        ("raise SystemExit(0)", "shop:app", "SystemExit"),
        (
            (
                "from fastapi import FastAPI\nimport prooftrail\napp = FastAPI()\n"
                "app.add_middleware(prooftrail.AuditMiddleware,"
                " routes={'POST /x': 'customer.pii.exprt'})"
            ),
            "shop:app",
            "customer.pii.export",
        ),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_a_line(
    tmp_path: Path, text: str, target: str, told: str
) -> None:
    write(tmp_path, "shop.py", text)
    done = cover(target, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stderr


def test_what_an_application_prints_is_kept_out_of_the_json(tmp_path: Path) -> None:
    text = (
        "from fastapi import FastAPI\nprint('hello')\ndef make():\n  return FastAPI()"
    )
    write(tmp_path, "shop.py", text)
    done = cover("shop:make()", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["framework"] == "FastAPI"
    assert "hello" in done.stderr


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_whole_escaped_and_without_script(tmp_path: Path) -> None:
    write(
        tmp_path,
        "shop.py",
        "from fastapi import FastAPI\nimport prooftrail\napp = FastAPI()\n"
        "@app.post('/<script>/{id}')\n@prooftrail.excused('<b>&why')\n"
        "def x(id): ...\napp.add_middleware(prooftrail.AuditMiddleware)\n",
    )
    done = cover("shop:app", "--html", "page.html", cwd=tmp_path)
    assert done.returncode == 0
    tags = _Tags()
    page = (tmp_path / "page.html").read_text()
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "b>"}
    assert "http" not in page.replace("http.", "")
    assert "/<script>/{id}" in tags.texts
    assert "<b>&why" in tags.texts


FLASK = """
from flask import Flask, g
from flask.views import MethodView
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
import prooftrail
from prooftrail.integrations.flask import Audit, requires

app = Flask(__name__, static_folder=None)

@app.put("/customers/<int:id>")
@requires("customers:write")
def update(id): ...

@app.post("/plans")
@prooftrail.audited("admin.config.update")
def plan(): ...

@app.get("/free")
def free(): ...

class Things(MethodView):
    @requires("things:write")
    @prooftrail.emits("data.import.complete")
    def post(self): ...
    def get(self): ...

app.add_url_rule("/things", view_func=Things.as_view("things"))

@app.before_request
def load():
    g.user = "usr_1"

Audit(app, routes={"PUT /customers/{id}": "customer.pii.update"})
app.wsgi_app = ProxyFix(app.wsgi_app)

other = Flask("other", static_folder=None)

@other.post("/x")
def x(): ...

both = DispatcherMiddleware(app, {"/other": other})
"""


def told(*args: str, **more: Any) -> tuple[int, dict[str, Any], list[str]]:
    done = cover(*args, "--json", **more)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    rows = {f"{one['method']} {one['route']}": one for one in found["routes"]}
    findings = [f"{one['kind']} {one['route']}" for one in found["findings"]]
    return done.returncode, rows, findings


def test_flask(tmp_path: Path) -> None:
    write(tmp_path, "shop.py", FLASK)
    code, rows, findings = told("shop:app", cwd=tmp_path)
    assert rows["PUT /customers/<int:id>"]["events"] == ["customer.pii.update"]
    assert rows["PUT /customers/<int:id>"]["guards"] == ["customers:write"]
    assert rows["POST /plans"]["state"] == "captured"
    assert rows["GET /free"]["state"] == "reading"
    assert rows["POST /things"]["guards"] == ["things:write"]
    assert rows["POST /things"]["state"] == "captured"
    assert (code, findings) == (0, [])
    code, rows, findings = told("shop:both", cwd=tmp_path)
    assert "missed POST /other/x" in findings
    assert rows["PUT /customers/<int:id>"]["state"] == "captured"


SETTINGS = """
SECRET_KEY = "x"
ROOT_URLCONF = "urls"
MIDDLEWARE = ["prooftrail.middleware.django.AuditMiddleware"]
INSTALLED_APPS = []
PROOFTRAIL = {"actor": lambda request: request.headers.get("x-user"), "routes": {
    "PUT /customers/{id}": "customer.pii.update",
    "GET /customers/{id}": "customer.pii.view",
    "POST /old": "data.import.complete",
}}
"""
URLS = """
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods
from prooftrail import audited, emits
from prooftrail.integrations.django import requires

@requires("customers:write")
def customer(request, id): ...

@csrf_exempt
@require_http_methods(["GET", "POST"])
@emits("admin.config.update")
def config(request): ...

@require_GET
def free(request): ...

def anything(request): ...

class Parts(View):
    def get(self, request): ...
    @audited("data.import.complete")
    def post(self, request): ...

inner = [path("parts/<int:id>", Parts.as_view()), re_path(r"^old$", anything)]
urlpatterns = [
    path("customers/<str:id>", customer),
    path("config", config),
    path("free", free),
    path("in/", include(inner)),
    path("old", anything),
]
"""


def test_django(tmp_path: Path) -> None:
    write(tmp_path, "conf.py", SETTINGS)
    write(tmp_path, "urls.py", URLS)
    code, rows, findings = told("conf", cwd=tmp_path)
    assert sorted(rows) == [
        "ANY /in/^old$",
        "GET /config",
        "GET /customers/<str:id>",
        "GET /free",
        "GET /in/parts/<int:id>",
        "POST /config",
        "POST /in/parts/<int:id>",
        "POST /old",
        "PUT /customers/<str:id>",
    ]
    assert rows["PUT /customers/<str:id>"]["guards"] == ["customers:write"]
    assert rows["POST /config"]["events"] == ["admin.config.update"]
    assert rows["GET /free"]["state"] == "reading"
    assert rows["POST /in/parts/<int:id>"]["state"] == "captured"
    assert (code, findings) == (
        1,
        [
            "derived ANY /in/^old$",
            "unguarded POST /in/parts/<int:id>",
            "unguarded POST /old",
        ],
    )
    same = told("urls:urlpatterns", cwd=tmp_path, DJANGO_SETTINGS_MODULE="conf")
    assert same == (code, rows, findings)


def test_django_without_settings_is_told(tmp_path: Path) -> None:
    write(tmp_path, "urls.py", "urlpatterns = []")
    done = cover("urls:urlpatterns", cwd=tmp_path)
    assert done.returncode == 2
    assert "DJANGO_SETTINGS_MODULE" in done.stderr
