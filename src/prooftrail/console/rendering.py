"""Templates to pages: the one place where text becomes HTML.

Guarantees: whatever a template is given is escaped for HTML, and before that made
visible where it would hide or turn what is said (control characters, bidi marks); a
name that a template is not given is an error, never an empty place. Templates are the
package's own and hold no inline script and no inline style.

Source: Jinja2, autoescaping and `finalize`; Unicode TR 36 (bidirectional text).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from prooftrail.core.harmless import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINES = ("\n", "\t")  # that a block of text may have


def environment() -> Environment:
    """Return the templates' environment."""
    made = Environment(
        loader=PackageLoader("prooftrail.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        number=number, day=day, block=block, query=query, segment=segment
    )
    return made


def number(value: int) -> str:
    """Return a whole number as people read it.

    >>> number(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def day(text: str) -> str:
    """Return a date as people read it; the text itself where it is none.

    >>> day("2026-02-17")
    'Tuesday, 17 February 2026'
    """
    try:
        found = datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007  a date alone
    except ValueError:
        return text
    return f"{found:%A}, {found.day} {found:%B %Y}"


def block(text: str) -> Markup:
    """Return a text of several lines, these kept, for a `pre`."""
    lines = "".join(one if one in _LINES else harmless(one) for one in text)
    return Markup.escape(lines)


def query(values: Mapping[str, object]) -> str:
    """Return values as a URL's query, those that are None left out.

    >>> query({"q": "role:admin", "cursor": None})
    'q=role%3Aadmin'
    """
    return urlencode({name: one for name, one in values.items() if one is not None})


def segment(text: str) -> str:
    """Return a text as one segment of a URL's path."""
    return quote(text, safe="")


def _shown(value: Any) -> Any:  # noqa: ANN401  whatever a template names
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return harmless(value)
    return value
