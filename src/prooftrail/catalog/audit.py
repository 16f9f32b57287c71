"""What is done with the trail itself: `audit.*`.

Reading it is closed: who cannot leave a record of it does not get to read. That capture
starts or stops is not, since it must not keep an application from starting.

Source: PCI DSS 4, 10.2.1.3, 10.2.1.6, 10.3.4 and 10.5.1; SOC 2, CC4.1, CC7.2, C1.2.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.event_type import Detail, EventType, ocsf

_FILTERS = Detail(
    "filters",
    "value",
    "what was asked for",
    ("/details/eventId", "/details/afterSeq"),
)

LOG_VIEW: Final = EventType(
    name="audit.log.view",
    meaning="Someone searched or opened the trail",
    sentence="{actor} looked into the trail[ ({record_count:event})]",
    attempt="look into the trail",
    required=(_FILTERS,),
    optional=(
        Detail(
            "record_count",
            "count",
            "how many events were shown",
            ("/details/rows", "/details/count"),
        ),
    ),
    policy="closed",
    controls=("PCI DSS 10.2.1.3", "SOC 2 CC7.2"),
    ocsf=ocsf(6003, 2),
)
LOG_EXPORT: Final = EventType(
    name="audit.log.export",
    meaning="Trail exported (PDF/CSV/JSON)",
    sentence="{actor} exported {record_count:event} of the trail[ as {export_format}]",
    attempt="export the trail[ as {export_format}]",
    required=(
        _FILTERS,
        Detail("export_format", "text", "format of the file", ("/details/format",)),
        Detail("record_count", "count", "how many events", ("/details/rows",)),
    ),
    policy="closed",
    controls=("PCI DSS 10.2.1.3", "SOC 2 CC6.7"),
    ocsf=ocsf(1008, 3),
)
CHAIN_VERIFY: Final = EventType(
    name="audit.chain.verify",
    meaning="Verification run; outcome=failure also raises 2004",
    sentence="{actor} verified the trail: {verdict|no verdict is stated}",
    attempt="verify the trail",
    required=(Detail("verdict", "text", "verified, tampered or could not verify"),),
    optional=(Detail("findings", "count", "how many there were"),),
    controls=("PCI DSS 10.3.4", "SOC 2 CC4.1", "SOC 2 CC7.2"),
    ocsf=ocsf(6007, 2),
    expected=("success", "failure"),  # that the log does not fit is a result, too
)
RETENTION_ARCHIVE: Final = EventType(
    name="audit.retention.archive",
    meaning="Period sealed, archived or purged",
    sentence="{actor} {operation|archived or purged} {period|a period} of the trail",
    attempt="seal, archive or purge {period|a period} of the trail",
    required=(
        Detail("operation", "text", "sealed, archived or purged"),
        Detail("period", "text", "which one"),
        Detail("record_count", "count", "how many entries"),
    ),
    policy="closed",
    controls=("PCI DSS 10.5.1", "SOC 2 C1.2"),
    ocsf=ocsf(1008, 4),
)
CAPTURE_CHANGE: Final = EventType(
    name="audit.capture.change",
    meaning="Capture rule, redaction or sink enabled/disabled",
    sentence="{actor} changed what is captured[: {change}]",
    attempt="change what is captured",
    required=(Detail("change", "text", "started, stopped, or what else"),),
    optional=(
        Detail("before", "value", "as it was", ("/changes/0/before",)),
        Detail("after", "value", "as it is", ("/changes/0/after",)),
        Detail("gap_seconds", "count", "for how long nothing was captured"),
    ),
    controls=("PCI DSS 10.2.1.6", "SOC 2 CC7.2"),
    ocsf=ocsf(1008, 10),
)
