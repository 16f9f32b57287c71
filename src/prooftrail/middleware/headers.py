"""What a request's headers say of it: its ids, and where it comes from.

Guarantees: a request id that is none is replaced; an address is believed as far as the
trusted proxies go, and a user agent is bounded.

Source: W3C Trace Context, section 3.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prooftrail.capture.client_address import client_address
from prooftrail.core import ids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.middleware.rules import Rules

WANTED = ("x-request-id", "traceparent", "x-forwarded-for", "user-agent")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_AGENT = 512  # characters of a user agent that are kept


def ids_of(headers: Mapping[str, str], rules: Rules) -> dict[str, str]:
    """Return request id and, where there is one, trace id."""
    given = headers.get("x-request-id", "")
    made = {
        "requestId": given
        if _REQUEST_ID.fullmatch(given)
        else ids.uuid7(rules.clock(), rules.random(8))
    }
    trace = _TRACE.fullmatch(headers.get("traceparent", ""))
    return made if trace is None else {**made, "traceId": trace[1]}


def origin_of(
    headers: Mapping[str, str], peer: str | None, rules: Rules
) -> dict[str, str]:
    """Return address and user agent, of whoever acts."""
    forwarded = headers.get("x-forwarded-for")
    address = client_address(
        peer, () if forwarded is None else (forwarded,), rules.trusted
    )
    made = {} if address is None else {"ipAddress": address}
    agent = headers.get("user-agent")
    return made if not agent else {**made, "userAgent": agent[:_AGENT]}
