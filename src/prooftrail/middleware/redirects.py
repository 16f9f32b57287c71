"""Redirects: whether an answer that sends a client elsewhere tells of something done.

Guarantees: what was sent on before any route was found (a slash, https), and what a
client is told to ask for again elsewhere (307, 308), is never a success. Nor is, where
nobody is known, what leads to a login (the address that was asked for is in a
parameter, as Django's, Flask-Login's and Starlette's `next`), a view that shows
nothing, or a login that nobody came out of.

Does not: know what a view did before it redirected. In doubt, whoever is known has
done what he asked for: nobody makes a success of his look like a refusal by having
himself sent to a login.

Source: RFC 9110, section 15.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from prooftrail.capture.draft import Outcome

MOVED, FOUND, SEE_OTHER, TEMPORARY, PERMANENT = 301, 302, 303, 307, 308
ALL = frozenset({MOVED, FOUND, SEE_OTHER, TEMPORARY, PERMANENT})


def outcome_of(
    status: int,
    location: str | None,
    *,
    asked: str,
    reached: bool | None,
    changing: bool,
    nobody: bool,
    expects_somebody: bool,
) -> Outcome | None:
    """Return what a redirect means; None where nothing was begun.

    Args:
        status: of the answer.
        location: where it leads.
        asked: the address that was asked for, with its scheme.
        reached: whether a route was found; None where nothing is known of routes.
        changing: whether the request is one that changes something.
        nobody: whether nobody is known.
        expects_somebody: whether it is of no use without (a view of data, a login).
    """
    told = meaning(status, location, asked=asked, reached=reached)
    if told == "elsewhere":
        return None if reached is False else "failure"
    if told == "refused":
        return "denied" if nobody or not changing else "success"
    return "denied" if nobody and expects_somebody else "success"


def meaning(
    status: int, location: str | None, *, asked: str, reached: bool | None
) -> Literal["elsewhere", "refused", "done"]:
    """Return what a redirect says by itself; see `outcome_of`.

    >>> meaning(307, "/customers/7", asked="http://x/customers/7/", reached=False)
    'elsewhere'
    >>> meaning(302, "/login?next=/export", asked="http://x/export", reached=True)
    'refused'
    >>> meaning(303, "/customers/7", asked="http://x/customers", reached=True)
    'done'
    """
    if status in (TEMPORARY, PERMANENT) or (status == MOVED and not reached):
        return "elsewhere"
    here = urlsplit(asked)
    try:
        there = urlsplit(location or "")
        given = [urlsplit(value).path for _, value in parse_qsl(there.query)]
    except ValueError:  # no address at all
        return "done"
    same = here.path.rstrip("/") == there.path.rstrip("/")
    secured = same and (here.scheme, there.scheme) == ("http", "https")
    if not reached and (secured or (same and here.path != there.path)):
        return "elsewhere"
    return "refused" if secured or here.path in given else "done"
