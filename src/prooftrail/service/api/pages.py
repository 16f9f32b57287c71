"""The page at /docs: what may be asked, from the OpenAPI document, without a script.

Guarantees: everything on it comes from the document and is escaped; nothing is loaded
from elsewhere.
"""

from __future__ import annotations

from html import escape
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 2.5rem auto;
       padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin-bottom: .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .5rem; text-transform: uppercase;
     letter-spacing: .06em; opacity: .7; }
section { border-top: 1px solid #8886; padding: .9rem 0; }
h3 { font: 600 1rem/1.4 ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
h3 b { display: inline-block; min-width: 3.2rem; color: #0a6b4f; }
p { margin: .35rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem;
     margin: .5rem 0 0; font-size: .93rem; }
dt { font-family: ui-monospace, monospace; }
dd { margin: 0; }
pre { background: #8882; padding: .75rem; overflow-x: auto; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } }
@media (prefers-color-scheme: dark) { h3 b { color: #5fd0a8; } }
"""

_EXAMPLE = """curl -H "Authorization: Bearer $PROOFTRAIL_KEY" \\
  'http://127.0.0.1:8400{root}/audit/events?action=customer.pii.*&from=2026-01-01'"""


def docs(document: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            group = (told.get("tags") or ["Other"])[0]
            groups.setdefault(group, []).append(_operation(method, path, told))
    body = "".join(
        f"<h2>{escape(name)}</h2>{''.join(found)}" for name, found in groups.items()
    )
    title = escape(document["info"]["title"])
    (server,) = document.get("servers") or [{"url": ""}]
    root = server["url"]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
        f"<pre>{escape(_EXAMPLE.format(root=root))}</pre>"
        "<p>The same for programs: "
        f"<a href='{escape(root)}/openapi.json'>openapi.json</a></p>"
        f"{body}</main></body></html>"
    )


def _operation(method: str, path: str, told: dict[str, Any]) -> str:
    rows = "".join(
        f"<dt>{escape(one['name'])}</dt><dd>{escape(one.get('description', ''))}</dd>"
        for one in told.get("parameters", ())
    )
    listed = f"<dl>{rows}</dl>" if rows else ""
    return (
        f"<section><h3><b>{escape(method.upper())}</b> {escape(path)}</h3>"
        f"<p><strong>{escape(told.get('summary', ''))}.</strong> "
        f"{escape(told.get('description', ''))}</p>{listed}</section>"
    )
