"""A report as one HTML page: for a screen, and for whoever opens no PDF.

Guarantees: the page runs nothing and loads nothing, and its own policy (CSP, by the
hash of its style) has the browser refuse both; what a report says is escaped, and made
visible where it would hide or turn what is said. Charts have words for whoever cannot
see them. The same report gives the same bytes.

Does not: sign, nor enclose evidence. The PDF does; the page says so first. Prints the
first `ROWS` rows of a listing and says how many there are.

Source: CSP Level 3, 2.3.1 (hash-source); WCAG 2.2, AA.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from prooftrail.core.harmless import harmless
from prooftrail.errors import ReportError
from prooftrail.reports.document import FIELDS, ROWS
from prooftrail.reports.lettering import LONGEST, LONGEST_TEXT, cut

if TYPE_CHECKING:
    from prooftrail.reports.document import Report, Strip, Table

_STATES: Final = (
    ("verified", "recomputed and anchored"),
    ("unanchored", "recomputed, not anchored yet"),
    ("broken", "does not fit"),
    ("empty", "no entry"),
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def page(whole: Report) -> bytes:
    """Return a report as HTML.

    Args:
        whole: the report, not a volume of it.

    Raises:
        ReportError: Jinja2 is not there.
    """
    run = replace(
        whole.run, files="this page encloses none; the PDF of this report does"
    )
    report = replace(whole, run=run)
    try:
        from jinja2 import (  # noqa: PLC0415  an extra
            Environment,
            PackageLoader,
            StrictUndefined,
        )
    except ImportError as error:
        raise ReportError(
            "reports need the extra `report`: pip install 'prooftrail[report]'"
        ) from error
    templates = Environment(
        loader=PackageLoader("prooftrail.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.filters.update(cell=_cell, months=_months)
    style = (resources.files(__package__) / "templates" / "report.css").read_text()
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    made = templates.get_template("report.html").render(
        report=report,
        listing=_first(report.listing),
        most=ROWS,
        all=0 if report.listing is None else len(report.listing.rows),
        fields=[(n, name, getattr(report.run, field)) for n, name, field in FIELDS],
        style=style,
        digest=digest,
        states=_STATES,
        days=_DAYS,
    )
    return made.encode()


def _first(listing: Table | None) -> Table | None:
    if listing is None:
        return None
    return replace(listing, rows=listing.rows[:ROWS])


def _shown(value: Any) -> Any:  # noqa: ANN401  whatever a template names
    if type(value) is str:  # what is markup already is a class of its own
        return _seen(cut(value, LONGEST_TEXT))
    return value


def _cell(value: str) -> str:
    return _seen(cut(value, LONGEST))


def _seen(text: str) -> str:
    return "\n".join(map(harmless, text.split("\n")))


def _months(strip: Strip) -> list[tuple[str, list[tuple[int, Any]]]]:
    """Return the days of a strip by month, each with its place in it, from 0."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for one in strip.days:
        found.setdefault(one.day[:7], []).append((int(one.day[8:10]) - 1, one))
    return list(found.items())
