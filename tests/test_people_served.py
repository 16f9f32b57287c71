"""From the command that invites to the page that answers: the service as it is run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import httpx
import pyotp

from prooftrail.signing.keys import create_master_key
from tests.commands import MAIN, run
from tests.console_rig import token_of
from tests.letting_in import PASSWORD
from tests.serving_rig import Serving
from tests.trail import now_us
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trail import Trail


class Real(Serving):
    """With the API and the console, as `prooftrail serve` is."""

    program: tuple[str, ...] = ("-c", MAIN)


def test_it_begins_while_the_database_is_away(trail: Trail) -> None:
    create_master_key(trail.directory / "access.key", os.urandom)
    allow = f"alter database {trail.database} allow_connections"
    with trail.cluster.admin() as admin:
        admin.execute(f"{allow} false")
        try:
            with Real(trail) as service:
                _fail_to_log_in(service, lambda: admin.execute(f"{allow} true"))
                assert service.stop() == 0
        finally:
            admin.execute(f"{allow} true")
    rows = trail.superuser().execute(
        "select convert_from(event, 'UTF8')::jsonb #>> '{details,reason}'"
        " from prooftrail.log where action = 'auth.login.failure'"
    )
    assert rows.fetchall() == [("unknown_user",)]


def _fail_to_log_in(service: Real, come_back: Callable[[], object]) -> None:
    with httpx.Client(base_url=service.url, trust_env=False, timeout=30) as http:
        until(lambda: service.said("not well"), "that the database is away")
        page = http.get("/login")
        assert page.status_code == 200
        come_back()
        until(lambda: service.said("well again"), "that it is back")
        form = {"email": "nobody@company.com", "password": PASSWORD, "code": "123456"}
        came = http.post("/login", data={"csrf": token_of(page.text), **form})
        assert came.status_code == 403, came.text


def test_a_link_that_the_command_prints_lets_somebody_in(trail: Trail) -> None:
    with Real(trail, "--session-idle=7", "--session-longest=3") as service:
        url = service.url
        made = run(
            trail,
            *("person", "invite", "dani@company.com", "--role", "admin"),
            *("--url", url),
        )
        assert made.returncode == 0, made.stderr
        link = made.stdout.strip()
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
            page = http.get(link)
            assert page.status_code == 200, page.text
            shown = page.text.partition("<p><code>")[2].partition("<")[0]
            app = pyotp.TOTP(shown.replace(" ", ""))
            came = http.post(
                "/invitation",
                data={
                    "csrf": token_of(page.text),
                    "token": link.partition("token=")[2],
                    "password": PASSWORD,
                    "code": app.at(now_us() // 1_000_000),
                },
            )
            assert came.status_code == 303, came.text
            assert http.get("/access").status_code == 200
        admin = trail.superuser()
        spans = admin.execute(
            "select extract(epoch from idle_ends_at - seen_at)::integer,"
            " extract(epoch from expires_at - created_at)::integer"
            " from prooftrail.session"
        )
        assert spans.fetchall() == [(7 * 60, 3 * 3600)]
        hashed = admin.execute("select password_hash from prooftrail.person").fetchone()
        assert hashed is not None
        assert hashed[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert service.said("request", status=303)
        for secret in (PASSWORD, link.partition("token=")[2], shown):
            assert secret not in service.text
