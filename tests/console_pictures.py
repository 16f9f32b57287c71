"""Pictures of the console for the documentation: light and dark, wide and narrow.

Not one of the tests; run it by its name, and look at what it makes:

    python -m pytest -n 0 -k pg18 tests/console_pictures.py

The example's company works for PROOFTRAIL_TEST_DAYS (90), and `prooftrail serve` serves
what that left. Health is of a service that only began: of a company's days that are
told in minutes, each night would be an outage.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pyotp
from examples.fintech.traffic import company

from prooftrail.signing.keys import SigningKeys, create_master_key, load_master_key
from tests import palette, watching_rig
from tests.browsing import browsing
from tests.commands import MAIN, run
from tests.company_rig import at_home
from tests.console_rig import token_of
from tests.letting_in import PASSWORD
from tests.serving_rig import Serving
from tests.trail import now_us
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.browsing import Browsing
    from tests.trail import Trail

PLACE = Path(__file__).parent.parent / "docs" / "images" / "console"
DAYS = int(os.environ.get("PROOFTRAIL_TEST_DAYS", "90"))
SIZES = ((1280, 860), (390, 780))
SCHEMES = ("light", "dark")


class Real(Serving):
    """As `prooftrail serve` is."""

    program: tuple[str, ...] = ("-c", MAIN)
    relative = True  # no path of this machine is in a picture


class Person(NamedTuple):
    """Somebody who accepted an invitation."""

    session: str
    link: str  # of somebody else, who did not yet


def test_pictures_of_a_company(
    trail: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = at_home(trail, trail.directory, monkeypatch)
    state_keys(trail)
    begin = datetime.fromtimestamp(now_us() / 1e6, UTC).date() - timedelta(days=DAYS)
    truth = company.simulate(place, seed=1, begin=begin, days=DAYS)
    customers = {who for who, _, answer in truth.touched if answer == "break-glass"}
    customer = max(customers, key=lambda one: (truth.seen[one], one))
    actor = max(
        (who for who, answer in truth.personal if answer == "break-glass"),
        key=lambda one: (truth.actors[one], one),
    )
    with Real(trail, "--state-dir=signer") as service:
        person = invited(trail, service)
        event_id = changed(trail)
        with client(service, person) as http:
            page = http.get("/integrity")
            begun = http.post("/integrity/verify", data={"csrf": token_of(page.text)})
            run_page = begun.headers["location"]
            asked = {"report": "failed-auth", "during": f"last-{DAYS}-days"}
            form = {"csrf": token_of(page.text), **asked}
            report_page = http.post("/reports", data=form).headers["location"]
            until(lambda: "Take the PDF" in http.get(report_page).text, "a report")
            until(lambda: "<h2>Verified</h2>" in http.get(run_page).text, "verified")
        pages = {
            "questions": "/questions",
            "timeline": "/?q=role:admin pii:yes",
            "mistake": "/?q=rolle:admin pii:yes",
            "event": f"/events/{event_id}",
            "person": f"/person?id={actor}",
            "customer": f"/customer?id={customer}",
            "authority": f"/authority?q=pii:yes during:last-{DAYS}-days",
            "grants": f"/grants?q=during:last-{DAYS}-days",
            "leavers": "/leavers",
            "accounts": "/accounts?days=30",
            "continuity": f"/continuity?q=during:last-{DAYS}-days",
            "administrators": f"/administrators?q=during:last-{DAYS}-days",
            "integrity": "/integrity",
            "verification": run_page,
            "access": "/access",
            "alerts": "/alerts",
            "reports": "/reports",
            "report": report_page,
        }
        take(service, person, pages)
        take(service, None, {"login": "/login", "invitation": person.link})


def test_pictures_of_a_service(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching_rig, "SECONDS", 240)
    create_master_key(trail.directory / "signing.key", os.urandom)
    state_keys(trail)
    with Real(trail) as service:
        person = invited(trail, service)
        take(service, person, {"first": "/"})
        made = run(trail, "key", "create", "shop", "--role", "writer")
        with httpx.Client(
            base_url=service.url,
            trust_env=False,
            headers={"Authorization": f"Bearer {made.stdout.split()[-1]}"},
        ) as http:
            for event in happened():
                assert http.post("/audit/events", json=event).status_code == 201
        until(lambda: not waiting(trail), "all of it sealed")
        with client(service, person) as console:
            # a warning that is told once is shown for some minutes
            until(lambda: "warning:" not in console.get("/health").text, "calm")
        take(service, person, {"health": "/health"})


def state_keys(trail: Trail) -> None:
    """Have entry 0 state the signer's keys, as it does where `prooftrail init` ran."""
    made = trail.made["main"]
    master = load_master_key(trail.directory / "signing.key")
    keys = SigningKeys(master, made.origin).verification_keys
    trail.superuser().execute(
        "update prooftrail.stream set keys = %s where number = %s",
        ([key.format() for key in keys], made.number),
    )


def happened() -> Iterator[dict[str, Any]]:
    dani = {"userId": "usr_dani", "email": "dani@company.com", "role": "support"}
    service = {"type": "system", "userId": "svc_shop"}
    begun = {"change": "started", "setting": "rules"}
    yield _event("audit.capture.change", service, details=begun)
    for number in range(60):
        seen = {"type": "customer", "id": f"cust_{number % 9}"}
        yield _event("customer.pii.view", dani, resource=seen)
    for _ in range(7):
        yield _event("http.invoices.update", dani)
    yield _event("http.pixels.create", {"type": "anonymous"})


def _event(action: str, actor: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"action": action, "actor": actor, "result": "success", **more}


def waiting(trail: Trail) -> bool:
    rows = trail.superuser().execute("select 1 from prooftrail.inbox limit 1")
    return rows.fetchone() is not None


def invited(trail: Trail, service: Real) -> Person:
    """Have somebody invited who accepts, and others."""
    links = [
        run(trail, "person", "invite", *who, "--url", service.url).stdout.strip()
        for who in (
            ("nora@company.com", "--name", "Nora Keller", "--role", "admin"),
            ("ada@audit.example", "--name", "Ada Quist", "--role", "auditor"),
            (
                *("sam@company.com", "--name", "Sam Ode", "--role", "security"),
                *("--stream", "main", "--access", "60d"),
            ),
        )
    ]
    with httpx.Client(base_url=service.url, trust_env=False, timeout=30) as http:
        sessions = [_accepted(http, link) for link in (links[0], links[2])]
    return Person(sessions[0], links[1].removeprefix(service.url))


def _accepted(http: httpx.Client, link: str) -> str:
    page = http.get(link)
    secret = page.text.partition("<p><code>")[2].partition("<")[0].replace(" ", "")
    form = {"csrf": token_of(page.text), "token": link.partition("token=")[2]}
    code = pyotp.TOTP(secret).at(now_us() // 1_000_000)
    came = http.post("/invitation", data={**form, "password": PASSWORD, "code": code})
    assert came.status_code == 303, came.text
    return str(came.cookies["prooftrail-session"])


def client(service: Real, person: Person) -> httpx.Client:
    cookies = {"prooftrail-session": person.session}
    url = service.url
    return httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=30)


def changed(trail: Trail) -> str:
    """Return an event with a before and after, and personal values, the newest."""
    row = (
        trail.superuser()
        .execute(
            "select event_id from prooftrail.log where pii and kind = 0"
            " and convert_from(event, 'UTF8')::jsonb ? 'changes'"
            " and convert_from(event, 'UTF8')::jsonb ? 'authorization'"
            " order by seq desc limit 1"
        )
        .fetchone()
    )
    assert row is not None
    return str(row[0])


def take(service: Real, person: Person | None, pages: dict[str, str]) -> None:
    """Take pictures of pages, as the window shows them."""
    for scheme in SCHEMES:
        for width, height in SIZES:
            with window(
                service,
                person,
                color_scheme=scheme,
                viewport={"width": width, "height": height},
            ) as browser:
                for name, path in pages.items():
                    browser.open(path)
                    browser.page.wait_for_load_state("networkidle")
                    picture = PLACE / f"{name}-{scheme}-{width}.png"
                    browser.page.screenshot(path=picture)
                    palette.shrink(picture)
                assert browser.complaints == []


@contextmanager
def window(service: Real, person: Person | None, **options: Any) -> Iterator[Browsing]:
    with browsing(service.url.replace("127.0.0.1", "localhost"), **options) as browser:
        if person is not None:
            browser.context.add_cookies(
                [
                    {
                        "name": "prooftrail-session",
                        "value": person.session,
                        "url": browser.url,
                    }
                ]
            )
        yield browser
