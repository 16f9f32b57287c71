"""The trail service: duties, verification and answers over HTTP, begun and ended.

Guarantees: what it was told to run is running or it says why not, at once; told to
stop, it takes no more requests and finishes those that it has, makes durable what was
accepted, seals that, keeps its personal values, signs that, and ends with 0. A part
that takes longer than its patience is ended (and the exit code is 1); nothing that was
durable is lost by it.

Does not: read settings (`cli.serve` does), or answer requests (`app` does).
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from prooftrail.access.sessions import IDLE, LONGEST
from prooftrail.capture.audit_logger import Recorder
from prooftrail.errors import ConfigurationError
from prooftrail.service import descriptors, duties, logs
from prooftrail.service.alerts import Alerts
from prooftrail.service.checks import Checks
from prooftrail.service.connections import CONNECTIONS
from prooftrail.service.detecting import Detecting, Look
from prooftrail.service.duties import Supervisor
from prooftrail.service.entrance import open_people
from prooftrail.service.health import Health
from prooftrail.service.http import Http
from prooftrail.service.looking import Looking
from prooftrail.service.metrics import Metrics
from prooftrail.service.parts import Parts
from prooftrail.service.pulse import Pulse
from prooftrail.service.revealing import Revealing
from prooftrail.service.telling import Telling
from prooftrail.service.watching import Pace, Watch
from prooftrail.store import inbox
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from uvicorn._types import ASGIApplication

    from prooftrail.capture.client_address import Networks
    from prooftrail.reports.stamping import Authority
    from prooftrail.service.logs import Log
    from prooftrail.service.webhook import Webhook
    from prooftrail.signing.report_key import ReportKey

Role: TypeAlias = Literal["api", "console", "seal", "sign", "keep", "watch"]
ROLES: tuple[Role, ...] = get_args(Role)

DUTIES = 60.0  # seconds that the duties may take to end
ALERTS = 5.0  # seconds that alerts may take to be delivered at the end
LOOK = 0.2  # seconds between looks whether all is well


@dataclass(frozen=True)
class Settings:
    """What to run, and how."""

    host: str
    port: int  # 0: any that is free
    key_file: Path
    state_dir: Path
    keeper_dir: Path
    epoch_keys: Path
    access_key: Path
    only: frozenset[Role] = frozenset(ROLES)
    anchors: tuple[Path, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    processes: int = 1  # of one verification
    pace: Pace = field(default_factory=Pace)
    look: Look | None = None  # for what rules find, as the log grows
    connections: int = CONNECTIONS
    report_key: ReportKey | None = None  # signs reports
    authority: Authority | None = None  # gives their signatures a trusted time
    trusted_proxies: Networks = ()
    session_idle: timedelta = IDLE
    session_longest: timedelta = LONGEST


class Service:
    """All of it in this process and its children.

    Args:
        settings: what to run.
        log: where it tells.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        app: makes the application that answers.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        *,
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        app: Callable[[Parts], ASGIApplication],
    ) -> None:
        self._settings = settings
        self._log = log
        self._clock = clock
        self._random = random
        self._app = app
        self._health = Health()
        self._ended = False  # a part by force

    def run(self, stop: threading.Event) -> int:
        """Run until `stop` is set, then to a good end; return the exit code.

        Args:
            stop: ends it.

        Raises:
            ConfigurationError: something cannot be run as it is set.
        """
        only = self._settings.only
        if "sign" in only and not self._settings.key_file.exists():
            raise ConfigurationError(
                f"there is no master key at {self._settings.key_file}: name it with "
                "--key-file, or run no signer here (--only api --only seal ...)"
            )
        supervisor = Supervisor(self._duties(), self._health, self._log)
        with ExitStack() as stack:
            own = only & {"api", "console", "watch"} or self._settings.look is not None
            http = self._begin(stack) if own else None
            supervisor.start()
            self._log.info("running", only=sorted(only))
            well = True
            while well and not stop.wait(LOOK):
                well = http is None or http.is_alive()
            self._log.info("stopping")
        done = supervisor.stop(DUTIES) and not self._ended
        self._log.info("stopped", well=well and done)
        return 0 if well and done else 1

    def _duties(self) -> Sequence[duties.Duty]:
        settings, found = self._settings, []
        if "seal" in settings.only:
            found.append(duties.sealing())
        if "keep" in settings.only:
            found.append(
                duties.keeping(
                    keeper_dir=settings.keeper_dir, epoch_keys=settings.epoch_keys
                )
            )
        if "sign" in settings.only:
            found.append(
                duties.signing(
                    settings.anchors,
                    key_file=settings.key_file,
                    state_dir=settings.state_dir,
                )
            )
        return found

    def _begin(self, stack: ExitStack) -> Http | None:
        """Begin what this process itself does; the last begun ends first."""
        settings, log, clock = self._settings, self._log, self._clock
        http = None
        if self._serves:  # before all that a taken port would be too late for
            http = Http(settings.host, settings.port, self._connections())
            stack.enter_context(closing(http))
        readers = stack.enter_context(closing(Readers())) if self._serves else None
        metrics = Metrics(
            self._health, clock=clock, load=None if readers is None else readers.load
        )
        recorder = stack.enter_context(
            Recorder(inbox.open_writer, clock=clock, random=self._random)
        )
        alerts = Alerts(
            settings.webhooks, metrics, log, clock=clock, random=self._random
        )
        stack.callback(alerts.close, ALERTS)
        pulse = stack.enter_context(closing(Pulse(self._health, metrics, log)))
        pulse.start()
        if "watch" in settings.only:
            telling = Telling(recorder, alerts, self._health, metrics, log, clock=clock)
            watch = Watch(
                telling,
                metrics,
                clock=clock,
                anchors=settings.anchors,
                processes=settings.processes,
                pace=settings.pace,
            )
            stack.callback(self._end, "verification", watch.close)
            watch.start()
        if settings.look is not None:
            finding = Detecting(
                recorder,
                alerts,
                self._health,
                metrics,
                log,
                clock=clock,
                look=settings.look,
            )
            stack.callback(self._end, "detection", finding.close)
            finding.start()
        if readers is None or http is None:
            return None
        checks = Checks(
            recorder,
            metrics,
            log,
            clock=clock,
            random=self._random,
            anchors=settings.anchors,
            processes=settings.processes,
        )
        stack.callback(self._end, "verification on demand", checks.close)
        people = None
        if "console" in settings.only:
            people = stack.enter_context(
                open_people(
                    recorder,
                    key_file=settings.access_key,
                    clock=clock,
                    random=self._random,
                    idle=settings.session_idle,
                    longest=settings.session_longest,
                )
            )
        looking = Looking()
        stack.callback(self._end, "looking up events", looking.close)
        parts = Parts(
            readers=readers,
            recorder=recorder,
            looking=looking,
            checks=checks,
            health=self._health,
            metrics=metrics,
            log=log,
            clock=clock,
            random=self._random,
            revealing=(
                Revealing(settings.keeper_dir) if "keep" in settings.only else None
            ),
            people=people,
            report_key=settings.report_key,
            authority=settings.authority,
            trusted_proxies=settings.trusted_proxies,
        )
        # requests end before what they work with
        stack.callback(self._end, "answering", http.close)
        self._answer(http, self._app(parts))
        stack.callback(self._health.stop)  # before it waits for requests to end
        return http

    def _connections(self) -> int:
        """Return how many clients' connections are held; tell if these are fewer."""
        asked = self._settings.connections
        fits = descriptors.fitting(asked)
        if fits < asked:
            self._log.warning(
                "fewer connections are held than were asked for: this process may open "
                "too few files (LimitNOFILE= of the unit, ulimit -Hn)",
                connections=fits,
                asked=asked,
            )
        return fits

    def _end(self, part: str, close: Callable[[], bool]) -> None:
        """Close a part; tell, and remember, that it did not end by itself."""
        if not close():
            self._ended = True
            self._log.error("a part did not end by itself", part=part)

    @property
    def _serves(self) -> bool:
        return bool(self._settings.only & {"api", "console"})

    def _answer(self, http: Http, app: ASGIApplication) -> None:
        logs.adopt(self._log, "uvicorn")
        logs.adopt(self._log, "asyncio")
        logs.adopt(self._log, "psycopg")
        http.start(app)
        self._log.info("listening", url=http.url)
