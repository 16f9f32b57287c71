"""What the product itself does and people should see: `prooftrail.*`, beside the 47."""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import AFTER, BEFORE
from prooftrail.catalog.event_type import Detail, EventType

RETENTION_SET: Final = EventType(
    name="prooftrail.retention.set",
    meaning="How long entries are kept was stated anew",
    sentence="{actor} set how long entries are kept[ in {for}]",
    attempt="set how long entries are kept",
    required=(Detail("for", "text", "in which streams"), BEFORE, AFTER),
    policy="closed",
    controls=("PCI DSS 10.5.1", "SOC 2 C1.2"),
)
INTEGRITY_FINDING: Final = EventType(
    name="prooftrail.integrity.finding",
    meaning="Verification by the service found that the log does not fit",
    sentence="{actor} found the log {kind|not to fit}[ in {stream}][ at entry {seq}]",
    required=(
        Detail("kind", "text", "of the finding", always=True),
        Detail("stream", "value", "in which stream, if in one", always=True),
    ),
    optional=(Detail("seq", "count", "at which entry"),),
    controls=("PCI DSS 10.3.4", "SOC 2 CC7.2", "SOC 2 CC7.3"),
    expected=("failure",),
)
