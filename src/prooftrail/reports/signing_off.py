"""That somebody signs a report off: an event that names the file by its SHA-256.

Guarantees: the event is of exactly these bytes, and names the report as its `run.json`
does. What a person says is recorded as it was said, or refused.

Does not: check the report (`verifying` does), nor who the person is.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from prooftrail.errors import QuestionError, ReportError
from prooftrail.reports.verifying import RUN, enclosed

ACTION: Final = "prooftrail.report.sign"
LONGEST: Final = 2_000  # characters


def event(
    pdf: bytes, part: str, name: str, conclusion: str, comments: str | None
) -> dict[str, Any]:
    """Return the event by which somebody signs off, its actor aside.

    Args:
        pdf: the report.
        part: reviewer, management or auditor.
        name: who signs, and in which function.
        conclusion: what the person concludes.
        comments: what else there is to say.

    Raises:
        ReportError: it is no report of Prooftrail's.
        QuestionError: something is missing, or too long.
    """
    try:
        report = json.loads(enclosed(pdf)[RUN])["report"]
        told = {"id": str(report["id"]), "name": str(report["title"])}
    except Exception as error:  # whatever the library raises of a file like that
        raise ReportError(
            "this is no PDF that prooftrail report made: nothing was signed off"
        ) from error
    details = {
        "part": part,
        "name": _said("name", name),
        "conclusion": _said("conclusion", conclusion),
        "sha256": sha256(pdf).hexdigest(),
    }
    if comments is not None:
        details["comments"] = _said("comments", comments)
    return {
        "action": ACTION,
        "resource": {"type": "report", **told},
        "result": "success",
        "details": details,
    }


def _said(what: str, text: str) -> str:
    if not text.strip() or len(text) > LONGEST or "\0" in text:
        raise QuestionError(f"--{what} takes a text of at most {LONGEST:,} characters")
    return text
