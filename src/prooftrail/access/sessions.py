"""Sessions: begun, used and ended, each time told.

Guarantees: each has a token of its own, which nobody has seen before; none outlasts
`longest`, or the person's access. That one ended is told once.

Source: OWASP, Session Management Cheat Sheet.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from prooftrail.access import notices, tokens
from prooftrail.access.visiting import Asker, Entered, Visitor
from prooftrail.store import people
from prooftrail.store.readers import Holder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from prooftrail.access.access_key import AccessKey
    from prooftrail.access.notices import Notice
    from prooftrail.store.connect import Connection
    from prooftrail.store.people import Person, Session

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)
SEEN: Final = timedelta(seconds=60)  # how exactly it is known when one was used


class Sessions:
    """Begins and ends them.

    Args:
        key: the service's own.
        tell: records in the trail, or raises.
        random: gives n random bytes.
        idle: after how long without use one ends.
        longest: after how long it ends in any case.
    """

    def __init__(
        self,
        key: AccessKey,
        tell: Callable[[Notice], None],
        random: Callable[[int], bytes],
        *,
        idle: timedelta,
        longest: timedelta,
    ) -> None:
        self._key = key
        self._tell = tell
        self._random = random
        self._idle = idle
        self._longest = longest

    def begin(
        self, link: Connection, person: Person, asker: Asker, now: datetime
    ) -> Entered:
        """Begin one; it is there once the transaction of `link` is."""
        token = tokens.make(self._random, tokens.SESSION)
        expires = now + self._longest
        if person.grant.until is not None:
            expires = min(expires, person.grant.until)
        session = people.begin_session(
            link,
            person.id,
            token_hash=tokens.digest(token),
            now=now,
            idle_ends_at=min(now + self._idle, expires),
            expires_at=expires,
        )
        visitor = self.visitor(person, token, session)
        self._tell(notices.entered(visitor, asker))
        return Entered(token, visitor, session.expires_at)

    def used(self, link: Connection, session: Session, now: datetime) -> None:
        """Keep that one is used, as exactly as `SEEN`."""
        if now - session.seen_at >= SEEN:
            until = min(now + self._idle, session.expires_at)
            people.seen(link, session.id, now, until)

    def end(
        self, link: Connection, token: str, asker: Asker, reason: str, now: datetime
    ) -> bool:
        """End one and tell it, unless that has happened; return whether it did not."""
        if not tokens.is_token(token, tokens.SESSION):
            return False
        found = people.session(link, tokens.digest(token))
        if found is None or not people.end_session(link, found.id, now):
            return False
        person = people.find(link, person_id=found.person_id)[0]
        self._tell(notices.left(self.visitor(person, token, found), asker, reason))
        return True

    def visitor(self, person: Person, token: str, session: Session) -> Visitor:
        """Return whose session it is."""
        grant = person.grant
        holder = Holder(
            person.id,
            grant.name,
            grant.role,
            person.opened,
            min(session.expires_at, grant.until or session.expires_at),
            grant.streams is None,
            grant.from_us,
            grant.to_us,
            "person",
        )
        return Visitor(
            person.id,
            grant.name,
            grant.email,
            grant.role,
            token,
            self._key.csrf(token),
            holder,
            self._key.session_name(token),
        )
