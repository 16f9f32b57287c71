"""Who is at the gate: people who are let in, and who are not.

Guarantees: no secret and no e-mail address shows in a `repr`; in the trail a person is
`person:<number>`, for ever the same.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.access import roles
from prooftrail.core import instants
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from prooftrail.access.roles import Right
    from prooftrail.store.people import Grant, Role
    from prooftrail.store.readers import Holder

AGENT_CHARS: Final = 400  # of what a browser says it is
EMAIL_BYTES: Final = 254


class Asker(NamedTuple):
    """Where a request comes from."""

    address: str | None = None  # an IP address
    agent: str | None = None  # what the browser says it is

    @property
    def told(self) -> dict[str, Any]:
        """It as a part of an event's actor."""
        told: dict[str, Any] = {}
        if self.address:
            told["ipAddress"] = self.address
        if self.agent:
            told["userAgent"] = self.agent[:AGENT_CHARS]
        return told


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is logged in."""

    person_id: int
    name: str
    email: str = field(repr=False)
    role: Role
    token: str = field(repr=False)  # of the session: reads as an API key's does
    csrf: str = field(repr=False)  # stands in each form, and comes back with it
    holder: Holder  # what row-level security lets the session see
    session: str  # as the session stands in events

    def may(self, right: Right) -> bool:
        """Whether the person's role has a right."""
        return roles.may(self.role, right)

    def actor(
        self, address: str | None = None, agent: str | None = None
    ) -> dict[str, Any]:
        """Who this is in an event."""
        return {
            "type": "user",
            "userId": self.holder.user_id,
            "role": self.role,
            "sessionId": self.session,
            **Asker(address, agent).told,
        }


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that began."""

    token: str = field(repr=False)  # into a cookie: HttpOnly, Secure, SameSite=Lax
    visitor: Visitor
    expires_at: datetime  # however much it is used


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was let in."""

    why: str  # for the trail; never shown to whoever was refused
    words: str  # for whoever was refused: they tell no guesser anything


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the page of an invitation shows."""

    email: str = field(repr=False)
    name: str
    role: Role
    sees: str  # which streams and which period
    until: datetime | None  # when the access ends by itself
    secret: str = field(repr=False)  # for an authenticator app, in base32
    address: str = field(repr=False)  # the same as otpauth://, for a QR code
    expires_at: datetime  # the link


def folded(email: str) -> str:
    r"""Return an e-mail address as it is kept; empty if it can be none.

    >>> folded(" Dani@Company.com ")
    'dani@company.com'
    >>> folded("dani")
    ''
    """
    text = unicodedata.normalize("NFKC", email[:1024]).casefold().strip()
    name, at, host = text.rpartition("@")
    if not (name and at and host and text.isprintable()):
        return ""
    if "@" in name or any(one.isspace() for one in text):
        return ""
    return text if len(text.encode()) <= EMAIL_BYTES else ""


def sees(streams: Sequence[str] | None, from_us: int, to_us: int) -> str:
    """Return in words what somebody may see.

    >>> sees(["main"], FIRST_US, LAST_US)
    'main'
    """
    told = "all streams" if streams is None else ", ".join(streams)
    if from_us > FIRST_US:
        told += f" from {instants.text(from_us)}"
    if to_us < LAST_US:
        told += f" before {instants.text(to_us)}"
    return told


def within(grant: Grant, holder: Holder) -> bool:
    """Return whether somebody sees all that a grant opens, so that he may give it."""
    if holder.from_us > grant.from_us or holder.to_us < grant.to_us:
        return False
    if holder.all_streams:
        return True
    return grant.streams is not None and set(grant.streams) <= set(holder.streams)
