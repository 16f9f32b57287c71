"""What every answer of the console says to browsers, and its cookies.

Guarantees: no page runs or loads anything that is not the console's own file, none can
be framed, none is kept by what lies between; a cookie is bound to this host, is sent by
no other site, and no script reads it. Over plain HTTP there are cookies on this machine
alone (a browser sends them nowhere else).

Source: CSP Level 3; RFC 6265bis (`__Host-`, SameSite); OWASP, "Cross-Site Request
Forgery Prevention" (a signed-in form carries the session's token, another one the token
of a cookie: double submit); Fetch Metadata.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
NOT_KEPT: Final[Mapping[str, str]] = {"Cache-Control": "no-store"}

SESSION: Final = "prooftrail-session"
FORM: Final = "prooftrail-form"  # ties a form to a browser before anybody is known
FORM_BYTES: Final = 32
LONGEST: Final = 64  # characters of that

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def is_plain(request: Request) -> bool:
    """Whether a request came over plain HTTP, to this machine by its own name."""
    encrypted = "https" in (
        request.url.scheme,
        request.headers.get("x-forwarded-proto", ""),
    )
    return not encrypted and request.url.hostname in _HERE


def cookie(request: Request, name: str) -> str | None:
    """Return a cookie's value."""
    return request.cookies.get(_named(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Have the browser keep a value until it is closed."""
    response.set_cookie(
        _named(request, name),
        value,
        path="/",
        secure=not is_plain(request),
        httponly=True,
        samesite="strict",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a value."""
    response.delete_cookie(
        _named(request, name),
        path="/",
        secure=not is_plain(request),
        httponly=True,
        samesite="strict",
    )


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site had a browser send this.

    A browser that does not say so is held by the token in the form and by the cookie.
    """
    return request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}


def same(given: str, kept: str | None) -> bool:
    """Whether a form carries the token that it must; none at all is never the same."""
    return bool(kept) and hmac.compare_digest(given.encode(), (kept or "").encode())


def _named(request: Request, name: str) -> str:
    return name if is_plain(request) else f"__Host-{name}"
