"""The language in which the log is asked: filters, and how they are joined.

    action:customer.pii.* role:admin result:denied during:2026-Q1 -actor:svc_*

Guarantees: pure. Does not: search; what is understood is a `store.question.Question`.

Source: docs/reference/query-language.md.
"""

from __future__ import annotations

from prooftrail.search.language.completing import (
    Candidate,
    Completion,
    Place,
    complete,
)
from prooftrail.search.language.reading import parse
from prooftrail.search.language.spelling import spell
from prooftrail.search.language.understanding import (
    LONGEST,
    Chip,
    Understood,
    understand,
)

__all__ = [
    "LONGEST",
    "Candidate",
    "Chip",
    "Completion",
    "Place",
    "Understood",
    "complete",
    "parse",
    "spell",
    "understand",
]
