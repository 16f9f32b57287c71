"""Files of many records, out and in: `data.*`.

Source: PCI DSS 4, 10.2.1.1; SOC 2, CC6.7.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import (
    EXPORT_FORMAT,
    FIELDS_ACCESSED,
    FILTERS,
    PURPOSE,
    RECORD_COUNT,
)
from prooftrail.catalog.event_type import Detail, EventType, ocsf

_CONTROLS = ("PCI DSS 10.2.1.1", "SOC 2 CC6.1", "SOC 2 CC6.7")
_ANY = ("contact", "identity", "financial")
_DATASET = Detail("dataset", "text", "of what", ("/resource/name", "/resource/type"))

EXPORT_CREATE: Final = EventType(
    name="data.export.create",
    meaning="Bulk/report export job requested",
    sentence="{actor} asked for an export of {dataset|data}[ as {export_format}]",
    attempt="ask for an export of {dataset|data}",
    required=(_DATASET, FIELDS_ACCESSED, EXPORT_FORMAT),
    optional=(FILTERS, RECORD_COUNT, PURPOSE),
    classes=_ANY,
    policy="closed",
    controls=_CONTROLS,
    ocsf=ocsf(6001, 7),
)
EXPORT_DOWNLOAD: Final = EventType(
    name="data.export.download",
    meaning="Export file fetched",
    sentence=(
        "{actor} fetched the file of {export_id|an export}[: {record_count:record}]"
    ),
    attempt="fetch the file of {export_id|an export}",
    required=(
        Detail("export_id", "text", "of which export", ("/resource/id",)),
        RECORD_COUNT,
    ),
    optional=(EXPORT_FORMAT, Detail("sha256", "text", "digest of the file")),
    classes=_ANY,
    policy="closed",
    controls=_CONTROLS,
    ocsf=ocsf(6006, 2),
)
IMPORT_COMPLETE: Final = EventType(
    name="data.import.complete",
    meaning="File import finished; rows ok/failed",
    sentence=(
        "{actor} imported {rows_ok:row}[ of {dataset}]"
        "[, and {rows_failed:row} could not be]"
    ),
    attempt="import a file[ of {dataset}]",
    required=(
        Detail("rows_ok", "count", "rows that were taken"),
        Detail("rows_failed", "count", "rows that were not"),
    ),
    optional=(_DATASET, Detail("sha256", "text", "digest of the file")),
    classes=_ANY,
    controls=("PCI DSS 10.2.1.1", "SOC 2 CC6.1", "SOC 2 P3.1"),
    ocsf=ocsf(6001, 6),
)
