"""Reports, made by the command as an auditor makes them, and what is in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pypdf

from tests.commands import run
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


def make(
    name: str, trail: Trail, path: Path, *arguments: str
) -> tuple[str, list[dict[str, Any]], dict[str, bytes]]:
    """Make a report; return its text, its rows and what it encloses."""
    token = key(trail, "--role", "auditor")
    given = ("report", name, "-o", str(path), *arguments)
    done = run(trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode == 0, done.stderr
    told = pypdf.PdfReader(path)
    text = " ".join("".join(page.extract_text() for page in told.pages).split())
    files = {name: one[0] for name, one in told.attachments.items()}
    lines = files["rows.jsonl"].decode().split("\n")
    return text, [json.loads(line) for line in lines if line], files
