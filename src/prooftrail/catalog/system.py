"""Refusals, jobs and releases: `system.*`.

A job that ran is the one thing here that is harmless to lose: what it did to data are
events of their own, each with its own policy.

Source: PCI DSS 4, 10.2.1.2, 10.2.1.4 and 10.2.1.7; SOC 2, CC6.1, CC8.1.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import TICKET
from prooftrail.catalog.event_type import Detail, EventType, ocsf

ACCESS_DENIED: Final = EventType(
    name="system.access.denied",
    meaning="Authorization refused (403, or 404-masked)",
    sentence="{actor} was denied {resource|access}[ at {route}][: {reason}]",
    attempt="reach {resource|what is not allowed}[ at {route}]",
    required=(
        Detail(
            "reason",
            "text",
            "the permission that was lacking, or the answer's status",
            ("/authorization/name", "/context/status"),
            always=True,
        ),
    ),
    controls=("PCI DSS 10.2.1.4", "SOC 2 CC6.1", "SOC 2 CC7.2"),
    ocsf=ocsf(6003, 99),
    expected=("denied",),
)
JOB_RUN: Final = EventType(
    name="system.job.run",
    meaning="Scheduled/background job ran as system actor",
    sentence="{actor} ran the job {job|without a name}[: {record_count:record}]",
    attempt="run the job {job|without a name}",
    required=(Detail("job", "text", "which one", ("/resource/name", "/resource/id")),),
    optional=(
        Detail("record_count", "count", "how many records it worked on"),
        Detail("started_by", "text", "who asked for it"),
    ),
    policy="background",
    controls=("PCI DSS 10.2.1.2", "SOC 2 CC7.1"),
    ocsf=ocsf(1006, 6),
)
RELEASE_DEPLOY: Final = EventType(
    name="system.release.deploy",
    meaning="New version or migration went live",
    sentence="{actor} released version {version|(unnamed)}[ after {version_before}]",
    attempt="release version {version|(unnamed)}",
    required=(Detail("version", "text", "which one", ("/context/version",)),),
    optional=(
        Detail("version_before", "text", "the one that ran before"),
        Detail("migration", "text", "the database's, if it changed"),
        TICKET,
    ),
    controls=("PCI DSS 10.2.1.7", "SOC 2 CC8.1"),
    ocsf=ocsf(6002, 8),
)
