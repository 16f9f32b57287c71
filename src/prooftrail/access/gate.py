"""The gate: invitations accepted, people let in, sessions that end.

Guarantees: who is let in gave a password and a code that nobody used before; each login
begins a session with a token that was never seen, and ends the one that the browser
had. A session ends when it idles, when its time is over, when the person leaves, is
disabled or sets both factors anew. However it is that somebody is refused, the words
are the same and so is the work; the trail says why. What cannot be told is not done.
Guesses at once count one after another, however many services there are.

Does not: read requests or set cookies (the console does).

Source: OWASP, Authentication and Session Management Cheat Sheets; NIST SP 800-63B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.access import limits, notices, passwords, tokens, totp
from prooftrail.access.managing import Managing
from prooftrail.access.sessions import IDLE, LONGEST, Sessions
from prooftrail.access.throttling import Seldom, Throttle, moment, network
from prooftrail.access.visiting import (
    Asker,
    Enrolment,
    Entered,
    Refused,
    Visitor,
    folded,
    sees,
)
from prooftrail.errors import ProoftrailError
from prooftrail.store import people

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from prooftrail.access.access_key import AccessKey
    from prooftrail.access.notices import Notice
    from prooftrail.access.passwords import Passwords
    from prooftrail.store.access import Access
    from prooftrail.store.connect import Connection
    from prooftrail.store.people import Grant, Invitation, Person, Secrets


NOT_IN: Final = (
    "That did not open the console: address, password or code is not right, or there "
    "were too many attempts. Wait a little and try again; a code is good once. An "
    "administrator can invite you again."
)
NO_LINK: Final = (
    "This link opens nothing: it was used, withdrawn, or its time is over. Ask for a "
    "new one."
)
NO_CODE: Final = (
    "That code is not right: type the one that your app shows now, and see that the "
    "clock of your device is right."
)


class Gate:
    """Lets people in.

    Args:
        store: connections of the login `access`.
        key: the service's own.
        hashes: makes and checks passwords.
        tell: records in the trail; returns once that is durable, or raises.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        idle: after how long without use a session ends.
        longest: after how long it ends in any case.

    Safe to be shared by threads. All methods raise ProoftrailError where the database
    is away or the trail cannot be told: then nothing was done.
    """

    def __init__(
        self,
        store: Access,
        *,
        key: AccessKey,
        hashes: Passwords,
        tell: Callable[[Notice], None],
        clock: Callable[[], int],
        random: Callable[[int], bytes],
        idle: timedelta = IDLE,
        longest: timedelta = LONGEST,
    ) -> None:
        self._store = store
        self._key = key
        self._hashes = hashes
        self._tell = tell
        self.managing = Managing(store, tell=tell, clock=clock, random=random)
        self._clock = clock
        self._sessions = Sessions(key, tell, random, idle=idle, longest=longest)
        self._throttle = Throttle(key)
        self._seldom = Seldom(clock)

    def enter(
        self,
        email: str,
        password: str,
        code: str,
        address: str | None = None,
        agent: str | None = None,
        *,
        replaces: str | None = None,
    ) -> Entered | Refused:
        """Let somebody in who knows a password and has the second factor.

        Args:
            email: that was typed, as the others.
            password: of that person.
            code: of the second factor, 6 digits.
            address: where the request comes from.
            agent: what the browser says it is.
            replaces: the token in the browser's cookie: that session ends.
        """
        asker, now_us = Asker(address, agent), self._clock()
        known = folded(email)
        with self._store.transaction() as link:
            found = people.find(link, email=known) if known else []
            kept = people.secrets(link, found[0].id) if found else None
            counted = self._throttle.count(link, known or email, address, now_us)
        person = found[0] if found else None
        if isinstance(counted, limits.Wait):
            return self._not_in(person, asker, "locked", counted)
        judged = self._judge(person, kept, password, code, now_us)
        if person is None or isinstance(judged, str):
            return self._not_in(person, asker, str(judged), counted)
        with self._store.transaction() as link:
            if people.take_step(link, person.id, judged):
                self._throttle.clear(link, person.grant.email, address, now_us)
                now = moment(now_us)
                if replaces:
                    self._replace(link, replaces, asker, now)
                return self._sessions.begin(link, person, asker, now)
        return self._not_in(person, asker, "mfa", counted)

    def visitor(
        self, token: str, address: str | None = None, agent: str | None = None
    ) -> Visitor | None:
        """Return who is logged in by a session's token; None if it opens nothing."""
        asker, now_us = Asker(address, agent), self._clock()
        now = moment(now_us)
        if not tokens.is_token(token, tokens.SESSION):
            self._turn_away("session", "unknown", asker, network(address))
            return None
        with self._store.transaction() as link:
            session = people.session(link, tokens.digest(token))
            if session is None:
                self._turn_away("session", "unknown", asker, network(address))
                return None
            person = people.find(link, person_id=session.person_id)[0]
            state = session.state(now)
            if state == "ended":
                key = self._key.session_name(token)
                self._turn_away("session", "ended", asker, key, person.grant)
                return None
            if state != "good" or person.state(now) != "good":
                self._sessions.end(link, token, asker, "expiry", now)
                return None
            self._sessions.used(link, session, now)
            return self._sessions.visitor(person, token, session)

    def form(
        self,
        visitor: Visitor,
        given: str,
        address: str | None = None,
        agent: str | None = None,
    ) -> bool:
        """Return whether a form came from a page of this session (CSRF).

        Args:
            visitor: whose session the request's cookie opens.
            given: what the form holds.
            address: where the request comes from.
            agent: what the browser says it is.
        """
        if self._key.is_csrf(visitor.token, given):
            return True
        self._tell(notices.forged(visitor, Asker(address, agent)))
        return False

    def strange(self, address: str | None = None, agent: str | None = None) -> None:
        """Tell that a form of whoever is not in yet did not come from its page."""
        asker = Asker(address, agent)
        self._turn_away("form", "not of this browser", asker, network(address))

    def leave(
        self, token: str, address: str | None = None, agent: str | None = None
    ) -> bool:
        """End a session; return whether it had not ended."""
        with self._store.transaction() as link:
            now, asker = moment(self._clock()), Asker(address, agent)
            return self._sessions.end(link, token, asker, "user", now)

    def invited(
        self, token: str, address: str | None = None, agent: str | None = None
    ) -> Enrolment | Refused:
        """Return what an invitation's page shows; looking does not use it."""
        asker = Asker(address, agent)
        with self._store.transaction() as link:
            found = self._invitation(link, token, asker)
        if isinstance(found, Refused):
            return found
        secret, grant = self._key.enrolment(token), found.grant
        return Enrolment(
            grant.email,
            grant.name,
            grant.role,
            sees(grant.streams, grant.from_us, grant.to_us),
            grant.until,
            totp.encoded(secret),
            totp.address(secret, grant.email),
            found.expires_at,
        )

    def accept(
        self,
        token: str,
        password: str,
        code: str,
        address: str | None = None,
        agent: str | None = None,
    ) -> Entered | Refused:
        """Use an invitation: set password and second factor, and begin a session."""
        asker, now_us = Asker(address, agent), self._clock()
        with self._store.transaction() as link:
            found = self._invitation(link, token, asker)
        if isinstance(found, Refused):
            return found
        email = found.grant.email
        if (told := passwords.fault(password, email)) is not None:
            return Refused("password", told[0].upper() + told[1:] + ".")
        secret = self._key.enrolment(token)
        step = totp.step_of(secret, code, now_us=now_us, after=0)
        if step is None:
            return Refused("mfa", NO_CODE)
        hashed = self._hashes.hash(password)
        with self._store.transaction() as link:
            person = people.accept(
                link,
                found,
                password_hash=hashed,
                totp=self._key.seal(secret, email),
                totp_step=step,
                now=moment(now_us),
            )
            if person is not None:
                self._tell(notices.accepted(person, found.id, asker))
                return self._sessions.begin(link, person, asker, moment(now_us))
            self._turn_away("invitation", "used", asker, str(found.id))
        return Refused("used", NO_LINK)

    def _invitation(
        self, link: Connection, token: str, asker: Asker
    ) -> Invitation | Refused:
        found = None
        if tokens.is_token(token, tokens.INVITATION):
            found = people.invitation(link, tokens.digest(token))
        if found is None:
            self._turn_away("invitation", "unknown", asker, network(asker.address))
            return Refused("unknown", NO_LINK)
        state = found.state(moment(self._clock()))
        if state == "good":
            return found
        self._turn_away("invitation", state, asker, str(found.id), found.grant)
        return Refused(state, NO_LINK)

    def _judge(
        self,
        person: Person | None,
        kept: Secrets | None,
        password: str,
        code: str,
        now_us: int,
    ) -> str | int:
        """Return the time step of the code if all is right; else what is not."""
        same = self._hashes.check(password, kept.password_hash if kept else None)
        if person is None or kept is None:
            return "unknown_user"
        if not same:
            return "bad_password"
        if (state := person.state(moment(now_us))) != "good":
            return state
        secret = self._key.open(kept.totp, person.grant.email)
        step = totp.step_of(secret, code, now_us=now_us, after=kept.totp_step)
        return "mfa" if step is None else step

    def _not_in(
        self,
        person: Person | None,
        asker: Asker,
        why: str,
        counted: limits.Wait | int,
    ) -> Refused:
        """Tell that somebody could not log in, and why; the words say neither."""
        told = notices.not_in(person, asker, why, counted)
        if isinstance(counted, limits.Wait):
            # nothing is tried, hence nothing learnt: of a flood, one in a while is told
            key = f"{network(asker.address)} {person.id if person else ''}"
            self._tell_seldom(("login", why, key), told)
        else:
            for one in told:
                self._tell(one)
        return Refused(why, NOT_IN)

    def _replace(
        self, link: Connection, token: str, asker: Asker, now: datetime
    ) -> None:
        """End the session that a browser had; one that never was, somebody planted."""
        known = tokens.is_token(token, tokens.SESSION) and people.session(
            link, tokens.digest(token)
        )
        if known:
            self._sessions.end(link, token, asker, "forced", now)
        else:
            self._turn_away("session", "unknown", asker, network(asker.address))

    def _turn_away(
        self,
        what: str,
        reason: str,
        asker: Asker,
        key: str,
        grant: Grant | None = None,
    ) -> None:
        """Tell of what opens nothing, once in a while for each."""
        told = notices.turned_away(what, reason, asker, grant)
        self._tell_seldom((what, reason, key), [told])

    def _tell_seldom(
        self, claimed: tuple[str, str, str], told: Iterable[Notice]
    ) -> None:
        if not self._seldom.claim(claimed):
            return
        try:
            for one in told:
                self._tell(one)
        except ProoftrailError:
            self._seldom.give_back(claimed)  # the next one is told
            raise
