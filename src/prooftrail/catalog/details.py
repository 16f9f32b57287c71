"""Common details: what event types of several groups have to say, said once."""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.event_type import Detail

FIELDS_ACCESSED: Final = Detail(
    "fields_accessed", "list", "fields of personal data concerned", ("/pii/fields",)
)
FIELDS_CHANGED: Final = Detail(
    "fields_changed", "list", "fields; before and after in `changes`", ("/changes",)
)
RECORD_COUNT: Final = Detail(
    "record_count", "count", "how many records", ("/subjects",)
)
EXPORT_FORMAT: Final = Detail("export_format", "text", "format of the file")
FILTERS: Final = Detail("filters", "value", "what was asked for")
BEFORE: Final = Detail("before", "value", "its value before", ("/changes/0/before",))
AFTER: Final = Detail("after", "value", "its value after", ("/changes/0/after",))
REASON: Final = Detail("reason", "text", "why", ("/purpose",))
REQUEST_ID: Final = Detail("request_id", "text", "the person's request", ("/ticket",))
SUBJECT: Final = Detail(
    "subject", "text", "whose data, by id", ("/subjects/0", "/resource/id")
)
PURPOSE: Final = Detail("purpose", "text", "what for", ("/purpose",))
TICKET: Final = Detail("ticket", "text", "the case or change", ("/ticket",))
