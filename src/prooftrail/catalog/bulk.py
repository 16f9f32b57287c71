"""One action on many records: `bulk.*`.

Guarantees: both are closed: what is done to many at once is hard to undo.

Source: PCI DSS 4, 10.2.1.1; SOC 2, CC6.1.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import FIELDS_CHANGED, FILTERS, REASON, RECORD_COUNT
from prooftrail.catalog.event_type import EventType, ocsf

_CONTROLS = ("PCI DSS 10.2.1.1", "SOC 2 CC6.1")

RECORDS_UPDATE: Final = EventType(
    name="bulk.records.update",
    meaning="One action changed N rows",
    sentence="{actor} changed {fields_changed|fields} of {record_count:record}",
    attempt="change {fields_changed|fields} of {record_count:record}",
    required=(RECORD_COUNT, FIELDS_CHANGED),
    optional=(FILTERS, REASON),
    classes=("contact", "identity", "financial"),
    policy="closed",
    controls=_CONTROLS,
    ocsf=ocsf(6005, 2),
)
RECORDS_DELETE: Final = EventType(
    name="bulk.records.delete",
    meaning="One action deleted N rows",
    sentence="{actor} deleted {record_count:record}[: {reason}]",
    attempt="delete {record_count:record}",
    required=(RECORD_COUNT,),
    optional=(FILTERS, REASON),
    classes=("contact", "identity", "financial"),
    policy="closed",
    controls=(*_CONTROLS, "SOC 2 C1.2"),
    ocsf=ocsf(6005, 7),
)
