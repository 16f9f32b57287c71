"""What the service is made of, handed to the application that answers over HTTP.

Guarantees: nothing in it reaches for the clock, for randomness or for the environment
by itself; whoever makes the parts closes them (`server` does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.capture.client_address import Networks
    from prooftrail.reports.stamping import Authority
    from prooftrail.service.checks import Checks
    from prooftrail.service.entrance import People
    from prooftrail.service.health import Health
    from prooftrail.service.logs import Log
    from prooftrail.service.looking import Looking
    from prooftrail.service.metrics import Metrics
    from prooftrail.service.revealing import Revealing
    from prooftrail.signing.report_key import ReportKey
    from prooftrail.store.readers import Readers


@dataclass(frozen=True)
class Parts:
    """The parts, all of them safe to be shared by threads."""

    readers: Readers  # as the reader, under row-level security
    recorder: Recorder  # as the writer
    looking: Looking  # events that a writer may repeat, as the verifier
    checks: Checks  # verification on demand, as the verifier
    health: Health
    metrics: Metrics
    log: Log
    clock: Callable[[], int]  # microseconds since the epoch, UTC
    random: Callable[[int], bytes]  # gives n random bytes
    revealing: Revealing | None = None  # where the keeper's keys are at hand
    people: People | None = None  # where somebody may be let in
    report_key: ReportKey | None = None  # signs reports, where there is one
    authority: Authority | None = None  # gives their signatures a trusted time
    trusted_proxies: Networks = ()  # whose X-Forwarded-For is believed
