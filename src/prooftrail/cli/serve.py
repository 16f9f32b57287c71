"""``prooftrail serve``: the trail service.

Guarantees: no secret is taken from the command line, where every user of the machine
reads it; the first SIGTERM or SIGINT ends it in good order, the second one at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prooftrail.cli import places, webhooks
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    import threading

    from prooftrail.service.parts import Parts
    from prooftrail.service.server import Role

ONLY = ("api", "console", "seal", "sign", "keep", "watch")
_LONGEST_STOP = 170.0  # seconds; then it ends as it is, before systemd ends it


@click.command("serve")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="PROOFTRAIL_HOST",
    show_envvar=True,
    help="Where to listen. Keys and sessions travel in every request: beyond this "
    "machine, put a proxy with TLS in front.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8400,
    show_default=True,
    envvar="PROOFTRAIL_PORT",
    show_envvar=True,
    help="0 for any that is free.",
)
@click.option(
    "--trusted-proxy",
    "proxies",
    multiple=True,
    metavar="NETWORK",
    envvar="PROOFTRAIL_TRUSTED_PROXY",
    show_envvar=True,
    help="Believe X-Forwarded-For from there (10.0.0.0/8): the trail then names the "
    "client's address, not the proxy's. May be given more than once.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(ONLY),
    envvar="PROOFTRAIL_ONLY",
    show_envvar=True,
    help="Run only this; may be given more than once. Without it, all six.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    envvar="PROOFTRAIL_ANCHOR",
    show_envvar=True,
    help="Where the signer appends checkpoints and verification compares with them. "
    "May be given more than once.",
)
@places.key_file_option
@places.state_dir_option
@places.keeper_dir_option
@places.epoch_keys_option
@places.access_key_option
@click.option(
    "--session-idle",
    type=click.IntRange(1, 720),
    default=30,
    show_default=True,
    envvar="PROOFTRAIL_SESSION_IDLE",
    show_envvar=True,
    help="Minutes without use after which somebody has to log in again.",
)
@click.option(
    "--session-longest",
    type=click.IntRange(1, 168),
    default=12,
    show_default=True,
    envvar="PROOFTRAIL_SESSION_LONGEST",
    show_envvar=True,
    help="Hours after which somebody has to, in any case.",
)
@click.option(
    "--webhook",
    "urls",
    multiple=True,
    metavar="URL",
    envvar="PROOFTRAIL_WEBHOOK",
    show_envvar=True,
    help="Alert there (https), signed. May be given more than once; a URL with a "
    "token in it belongs into the variable.",
)
@click.option(
    "--webhook-secret-file",
    "secret_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PROOFTRAIL_WEBHOOK_SECRET_FILE",
    show_envvar=True,
    help=f"What alerts are signed with; or its text in {webhooks.SECRET}.",
)
@click.option(
    "--webhook-allow",
    "networks",
    multiple=True,
    metavar="NETWORK",
    envvar="PROOFTRAIL_WEBHOOK_ALLOW",
    show_envvar=True,
    help="Webhooks may lie in this network though it is not public (10.1.2.0/24).",
)
@click.option(
    "--webhook-http",
    "http_hosts",
    multiple=True,
    metavar="HOST",
    envvar="PROOFTRAIL_WEBHOOK_HTTP",
    show_envvar=True,
    help="Webhooks at this host may be plain http.",
)
@click.option(
    "--webhook-ca",
    "ca_file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PROOFTRAIL_WEBHOOK_CA",
    show_envvar=True,
    help="Certificates of the authorities to trust, in place of the system's.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    envvar="PROOFTRAIL_PROCESSES",
    show_envvar=True,
    help="Of one verification, at most (default: the cores).",
)
@click.option(
    "--every",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    envvar="PROOFTRAIL_WATCH_EVERY",
    show_envvar=True,
    help="Seconds between verifications that nobody asks for.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0.1, 3600),
    default=20.0,
    show_default=True,
    envvar="PROOFTRAIL_WATCH_BUDGET",
    show_envvar=True,
    help="Seconds that such a verification may take. A log that takes longer is "
    "verified whole once a day, and part after part meanwhile.",
)
@click.option(
    "--detect/--no-detect",
    "detects",
    default=False,
    show_default=True,
    envvar="PROOFTRAIL_DETECT",
    show_envvar=True,
    help="Look for guessing, sprays, mass access and the like as the log grows, and "
    "raise alerts: events, and told to the webhooks.",
)
@click.option(
    "--detect-test",
    "detect_test",
    type=click.FloatRange(0, 744),
    default=24.0,
    show_default=True,
    envvar="PROOFTRAIL_DETECT_TEST",
    show_envvar=True,
    help="Hours between two events that must raise an alert: whether it works. 0: "
    "none.",
)
@click.option(
    "--connections",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    envvar="PROOFTRAIL_CONNECTIONS",
    show_envvar=True,
    help="Clients at once, at most.",
)
def command(  # noqa: PLR0917
    host: str,
    port: int,
    proxies: tuple[str, ...],
    only: tuple[str, ...],
    anchors: tuple[Path, ...],
    key_file: Path,
    state_dir: Path,
    keeper_dir: Path,
    epoch_keys: Path,
    access_key: Path,
    session_idle: int,
    session_longest: int,
    urls: tuple[str, ...],
    secret_file: Path | None,
    networks: tuple[str, ...],
    http_hosts: tuple[str, ...],
    ca_file: Path | None,
    processes: int | None,
    every: float,
    budget: float,
    detects: bool,
    detect_test: float,
    connections: int,
) -> None:
    """Run the trail service: three duties, verification, API and console over HTTP.

    Sealer, keeper and signer run as processes of their own and are started again when
    they end. Every minute the log is verified; a failure becomes an event, an alert, a
    metric, and a line on standard error. With --detect, so does what rules find in what
    is sealed (docs/reference/detections.md). Works with the DSN of each login
    (PROOFTRAIL_SEALER_DSN and so on), or as them by PROOFTRAIL_DSN.

    The first interrupt ends it in good order: requests end, what was accepted is
    sealed and signed. The second one ends it at once; nothing durable is lost.

    Exits 1 when a duty could not be brought to an end.
    """
    import functools
    import os
    import sys
    import time
    from datetime import timedelta

    from prooftrail.capture import client_address
    from prooftrail.cli.reporting import KEY, authority
    from prooftrail.service import http, logs
    from prooftrail.service.detecting import Look
    from prooftrail.service.server import ROLES, Service, Settings
    from prooftrail.service.watching import Pace
    from prooftrail.signing.report_key import load

    report_key = os.environ.get(KEY)

    def clock() -> int:
        return time.time_ns() // 1000

    settings = Settings(
        host=host,
        port=port,
        key_file=key_file,
        state_dir=state_dir,
        keeper_dir=keeper_dir,
        epoch_keys=epoch_keys,
        access_key=access_key,
        report_key=None if not report_key else load(Path(report_key)),
        authority=authority(),
        session_idle=timedelta(minutes=session_idle),
        session_longest=timedelta(hours=session_longest),
        only=frozenset(role for role in ROLES if not only or role in only),
        anchors=anchors,
        webhooks=webhooks.made(urls, secret_file, networks, http_hosts, ca_file),
        processes=processes or os.cpu_count() or 1,
        pace=Pace(minute=every, budget=budget),
        look=Look(test=3_600 * detect_test) if detects else None,
        connections=connections,
        trusted_proxies=client_address.networks(proxies),
    )
    serving = settings.only & {"api", "console"}
    if serving and not http.is_loopback(host):
        tell(f"warning: {host} is reached without TLS, and keys with it: see the help")
    own = {
        "sign": state_dir == places.default_state_dir(),
        "keep": keeper_dir == places.default_keeper_dir(),
        "console": access_key == places.default_access_key(),
    }
    if any(role in settings.only for role, default in own.items() if default):
        places.make_home()
    service = Service(
        settings,
        logs.open_log(sys.stderr, clock=clock),
        clock=clock,
        random=os.urandom,
        app=functools.partial(_answering, settings.only),
    )
    sys.exit(service.run(_stopped_by_signals()))


def _answering(only: frozenset[Role], parts: Parts) -> Any:  # noqa: ANN401  ASGI
    """Return what answers: the API, the console, or both at one address."""
    from prooftrail.console import app as console
    from prooftrail.service import app as api

    pages = None if parts.people is None else console.create(parts, parts.people)
    if "api" not in only and pages is not None:
        return pages
    answering = api.create(parts)
    return answering if pages is None else console.beside(answering, pages)


def _stopped_by_signals() -> threading.Event:
    """Return what the first signal sets; the second ends the process."""
    import os
    import signal
    import threading

    stop = threading.Event()

    def interrupted(*_: object) -> None:
        if stop.is_set():
            os._exit(1)  # the duties see that we are gone, and stop by themselves
        stop.set()
        last = threading.Timer(_LONGEST_STOP, os._exit, (1,))
        last.daemon = True
        last.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupted)
    return stop
