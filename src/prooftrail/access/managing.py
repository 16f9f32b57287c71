"""Managing people: invited and disabled by somebody who is logged in.

Guarantees: nobody gives what he does not see himself, nor takes over or shuts out whom
he sees less than; a try is told. What cannot be told is not done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from prooftrail.access import notices, tokens
from prooftrail.access.visiting import Asker, Refused, Visitor, folded, within
from prooftrail.errors import ConfigurationError
from prooftrail.store import people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.access.notices import Notice
    from prooftrail.store.access import Access
    from prooftrail.store.people import Grant, Invitation, Person

INVITED: Final = timedelta(days=3)  # how long a link is good
NOT_ALLOWED: Final = (
    "Your role, or what you yourself may see, does not allow that: ask another "
    "administrator."
)


class Managing:
    """Invites and disables people.

    Args:
        store: connections of the login `access`.
        tell: records in the trail; returns once that is durable, or raises.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.

    Safe to be shared by threads.
    """

    def __init__(
        self,
        store: Access,
        *,
        tell: Callable[[Notice], None],
        clock: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._store = store
        self._tell = tell
        self._clock = clock
        self._random = random

    def everybody(self) -> list[Person]:
        """Return all people, by number."""
        with self._store.transaction() as link:
            return people.find(link)

    def waiting(self) -> list[Invitation]:
        """Return the invitations that let somebody in at present."""
        with self._store.transaction() as link:
            return people.invitations(link, self._now())

    def invite(
        self,
        by: Visitor,
        grant: Grant,
        *,
        expires: timedelta = INVITED,
        asker: Asker = Asker(),  # noqa: B008  immutable
    ) -> str | Refused:
        """Invite somebody; return the token that the link holds, shown once.

        Args:
            by: who invites.
            grant: what the person will be and see.
            expires: how long the link is good.
            asker: where the request comes from.

        Raises:
            ConfigurationError: it could let nobody in.
        """
        grant = addressed(grant)
        token = tokens.make(self._random, tokens.INVITATION)
        now = self._now()
        with self._store.transaction() as link:
            before = people.find(link, email=grant.email)
            if not _allowed(by, [grant, *(one.grant for one in before)]):
                return self._refused(by, "invite", asker)
            made = people.invite(
                link,
                grant,
                token_hash=tokens.digest(token),
                now=now,
                expires_at=now + expires,
            )
            every = tuple(people.streams(link))
            self._tell(notices.invited(made, by.actor(*asker), every))
        return token

    def disable(
        self,
        by: Visitor,
        person_id: int,
        *,
        asker: Asker = Asker(),  # noqa: B008  immutable
    ) -> Person | Refused:
        """Let a person in no more, from the next request on.

        Args:
            by: who does it.
            person_id: whom.
            asker: where the request comes from.

        Raises:
            ConfigurationError: there is no such person.
        """
        with self._store.transaction() as link:
            found = people.find(link, person_id=person_id)
            if not found:
                raise ConfigurationError(f"there is no person {person_id}")
            if not _allowed(by, [found[0].grant]):
                return self._refused(by, "disable", asker)
            done = people.disable(link, person_id, self._now()) or found[0]
            every = tuple(people.streams(link))
            self._tell(notices.disabled(done, by.actor(*asker), every))
        return done

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / 1_000_000, UTC)

    def _refused(self, by: Visitor, what: str, asker: Asker) -> Refused:
        self._tell(notices.not_allowed(by, what, asker))
        return Refused("not_allowed", NOT_ALLOWED)


def addressed(grant: Grant) -> Grant:
    """Return a grant with its address as it is kept.

    Raises:
        ConfigurationError: it can be no e-mail address.
    """
    email = folded(grant.email)
    if not email:
        raise ConfigurationError(
            "an e-mail address is needed, such as dani@example.com, to whom the link "
            "is given"
        )
    return grant._replace(email=email)


def _allowed(by: Visitor, grants: Sequence[Grant]) -> bool:
    return by.may("people") and all(within(one, by.holder) for one in grants)
