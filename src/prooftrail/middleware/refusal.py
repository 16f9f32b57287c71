"""What is answered where an event had to be durable and could not be made so."""

from __future__ import annotations

REFUSAL = (
    "the audit trail cannot record this at present, and it may not go unrecorded. "
    "Look whether it was done all the same, then try again in a moment"
)
RETRY_SECONDS = 5
UNAVAILABLE = 503
