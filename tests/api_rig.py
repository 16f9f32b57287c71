"""The trail over real HTTP, on a test's own database: keys, a client, a sealer."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from prooftrail.access import tokens
from prooftrail.capture.audit_logger import Recorder
from prooftrail.capture.client_address import networks
from prooftrail.service import app, logs
from prooftrail.service.checks import Checks
from prooftrail.service.health import Health
from prooftrail.service.http import Http
from prooftrail.service.looking import Looking
from prooftrail.service.metrics import Metrics
from prooftrail.service.parts import Parts
from prooftrail.service.revealing import Revealing
from prooftrail.store import connect, inbox, keys
from prooftrail.store.readers import Readers
from tests.sealing import seal
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from prooftrail.reports.stamping import Authority
    from prooftrail.signing.report_key import ReportKey
    from tests.trail import Trail


class Api:
    """A running service and who calls it."""

    def __init__(
        self,
        trail: Trail,
        url: str,
        log: io.StringIO,
        health: Health | None = None,
    ) -> None:
        self.trail = trail
        self.url = url
        self.log = log
        self.health = health or Health()

    def key(self, role: keys.Role = "admin", **limits: Any) -> str:
        """Make a key; return its token."""
        token = tokens.make(os.urandom)
        soon = datetime.fromtimestamp(now_us() / 1e6, UTC) + timedelta(hours=1)
        admin = connect.connect(None, dsn=self.trail.dsn, autocommit=True)
        with closing(admin):
            keys.create(
                admin,
                name=f"a test's {role}",
                role=role,
                token_hash=tokens.digest(token),
                expires_at=limits.pop("expires_at", soon),
                **limits,
            )
        return token

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def client(self, token: str | None) -> httpx.Client:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def seal(self) -> None:
        seal(self.trail)


@contextmanager
def serving(
    trail: Trail,
    monkeypatch: pytest.MonkeyPatch,
    *,
    keeper_dir: Path | None = None,
    report_key: ReportKey | None = None,
    authority: Authority | None = None,
    trusted_proxies: tuple[str, ...] = (),
    made: Callable[[Parts], Any] = app.create,
) -> Iterator[Api]:
    for login in ("READER", "WRITER", "VERIFIER", "KEEPER"):
        monkeypatch.setenv(f"PROOFTRAIL_{login}_DSN", trail.login_dsn(login.lower()))
    text = io.StringIO()
    log = logs.open_log(text, clock=now_us)
    health = Health()
    metrics = Metrics(health, clock=now_us)
    with ExitStack() as stack:
        readers = stack.enter_context(closing(Readers()))
        recorder = stack.enter_context(
            Recorder(inbox.open_writer, clock=now_us, random=os.urandom)
        )
        checks = Checks(recorder, metrics, log, clock=now_us, random=os.urandom)
        stack.enter_context(closing(checks))
        parts = Parts(
            readers,
            recorder,
            stack.enter_context(closing(Looking())),
            checks,
            health,
            metrics,
            log,
            now_us,
            os.urandom,
            None if keeper_dir is None else Revealing(keeper_dir),
            report_key=report_key,
            authority=authority,
            trusted_proxies=networks(trusted_proxies),
        )
        http = Http("127.0.0.1", 0, 100)
        stack.enter_context(closing(http))
        http.start(made(parts))
        yield Api(trail, http.url, text, health)
