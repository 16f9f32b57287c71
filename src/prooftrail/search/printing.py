"""Items as lines and cells: for people, for spreadsheets, for programs.

Guarantees: what is printed moves no cursor, starts no formula and breaks no line,
whatever somebody wrote into an event.

Source: OWASP, "CSV Injection"; RFC 4180.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

from prooftrail.core.harmless import harmless
from prooftrail.search import items

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = (
    "timestamp",
    "actor",
    "role",
    "ip",
    "action",
    "resource_type",
    "resource",
    "result",
    "subjects",
    "fields",
    "stream",
    "seq",
    "recordedAt",
    "eventId",
    "checksum",
)

_FORMULA = ("=", "+", "-", "@")
# what separates cells where a spreadsheet does not take the comma for it
_SEPARATORS = re.compile(r"[;\t|]\s*[=+\-@]")


def cells(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the cells of an item, by column."""
    actor = _object(item.get("actor"))
    resource = _object(item.get("resource"))
    pii = _object(item.get("pii"))
    subjects = item.get("subjects")
    found: dict[str, object] = {
        **{name: item.get(name) for name in COLUMNS},
        "actor": actor.get("userId"),
        "role": actor.get("role"),
        "ip": actor.get("ipAddress") or actor.get("host"),
        "resource_type": resource.get("type"),
        "resource": resource.get("id"),
        "subjects": " ".join(map(str, subjects)) if isinstance(subjects, list) else "",
        "fields": " ".join(map(str, pii.get("fields") or ())),
    }
    return {name: _text(found[name]) for name in COLUMNS}


def line(item: Mapping[str, Any]) -> str:
    """Return an item as one line for people."""
    found = cells(item)
    what = " ".join(filter(None, (found["resource_type"], found["resource"])))
    mark = {"success": "✓", "failure": "✗", "denied": "⊘"}.get(found["result"], "?")
    told = f"{found['timestamp']}  {mark} {found['action']}  {found['actor'] or '-'}"
    if what:
        told += f"  → {what}"
    return harmless(f"{told}  [{found['stream']} {found['seq']}]")


def csv_row(values: Mapping[str, str] | None) -> str:
    """Return a row of CSV, CRLF at its end; the header where there are no values."""
    out = io.StringIO()
    row = COLUMNS if values is None else [safe(values[name]) for name in COLUMNS]
    csv.writer(out).writerow(row)
    return out.getvalue()


def safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, whatever separates it."""
    shown = harmless(text)
    if shown.lstrip().startswith(_FORMULA) or _SEPARATORS.search(shown):
        return f"'{shown}"
    return shown


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return items.encode(value).decode()
