"""Events of an SSH server: what a line, and its connection until then, become.

Guarantees: an event depends on its line and on earlier ones of its connection alone, so
that a log which has grown gives the same events again. Its id depends on the line, and
never on the name that was tried: who reads an id cannot try passwords on it.

Where no account has the name that was tried, it is left out (a `$protected` object
says so) unless anybody would try it (`sshd_names`). Names of accounts stand in
`resource.id`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from prooftrail.capture.protection import NOBODY, Personal
from prooftrail.core import ids, instants, jcs
from prooftrail.importers.sshd_messages import LONGEST
from prooftrail.importers.sshd_names import is_public

if TYPE_CHECKING:
    from prooftrail.importers.sshd_connections import Connection, Evidence
    from prooftrail.importers.sshd_messages import Told

LOGIN: Final = "identity.login"  # the class of names that were typed

_PASSWORDS = ("password", "keyboard-interactive", "challenge-response")
_REMEMBERED = 20_000  # lines that the same may follow within a minute


class Events:
    """Makes the events of one log.

    Args:
        all_names: whether names are written that no account has, whatever they are.
    """

    def __init__(self, *, all_names: bool) -> None:
        self._all_names = all_names
        self._same: dict[tuple[int, str], int] = {}

    def failure(
        self, connection: Connection, seen: Evidence, n: int, of: int
    ) -> dict[str, Any]:
        """Return the n-th of the attempts that one line tells to have failed."""
        told = seen.told
        direct = told.kind == "failed"
        user = told.user if told.user is not None else connection.user
        exists = told.exists if direct else connection.exists
        details: dict[str, Any] = {"reason": _reason(connection, told, exists=exists)}
        resource = {"type": "account"}
        if user is not None and self._is_shown(user, exists, connection.why):
            resource["id"] = user
        elif user is not None:
            details["attempted_login"] = Personal(user, LOGIN, NOBODY) if user else ""
        if of > 1:
            details["repeated"] = {"n": n, "of": of}
        actor = {"type": "anonymous", **connection.place(told)}
        action = "auth.login.failure"
        return self._event(seen, action, actor, resource, details, "failure", n)

    def success(self, connection: Connection, seen: Evidence) -> dict[str, Any]:
        """Return that somebody logged in."""
        # a first factor is not always logged: without one, nothing is known of a second
        mfa = seen.told.method if connection.partial else None
        return self._of_person(
            "auth.login.success", connection, seen, {"mfa": mfa or "not stated"}
        )

    def logout(self, connection: Connection, seen: Evidence) -> dict[str, Any]:
        """Return that the session of who is inside ended."""
        reason = connection.ending or "user"
        return self._of_person("auth.logout", connection, seen, {"reason": reason})

    def session(self, connection: Connection, seen: Evidence) -> dict[str, Any]:
        """Return that a session is there of which no line told the login."""
        return self._of_person("sshd.session.open", connection, seen, {})

    def lock(self, connection: Connection, seen: Evidence) -> dict[str, Any]:
        """Return that PAM locked an account."""
        actor = {"type": "system", "userId": seen.told.module or "pam"}
        resource = {"type": "account", "id": seen.told.user or ""}
        details = {"reason": "consecutive login failures"}
        actor |= connection.place(seen.told)
        return self._event(
            seen, "auth.account.lock", actor, resource, details, "success"
        )

    def _of_person(
        self,
        action: str,
        connection: Connection,
        seen: Evidence,
        details: dict[str, Any],
    ) -> dict[str, Any]:
        user = connection.inside or ""
        actor = {"type": "user", "userId": user, **connection.place(seen.told)}
        resource = {"type": "account", "id": user}
        return self._event(seen, action, actor, resource, details, "success")

    def _is_shown(self, user: str, exists: bool | None, why: str | None) -> bool:  # noqa: FBT001
        # `invalid user` is also an account that exists and may not log in
        known = exists or why is not None or self._all_names or is_public(user)
        return known and 0 < len(user) <= LONGEST

    def _event(  # the parts of an event
        self,
        seen: Evidence,
        action: str,
        actor: dict[str, Any],
        resource: dict[str, str],
        details: dict[str, Any],
        result: str,
        n: int = 1,
    ) -> dict[str, Any]:
        line, told = seen.line, seen.told
        about = {
            "method": told.method,
            "key": told.key,
            "port": actor.pop("port", None),
            "interface": actor.pop("interface", None),
            "server": line.server or None,
            "pid": line.pid,
        }
        return {
            "eventId": self._id(seen, action, n),
            "timestamp": instants.text(line.at_us),
            "actor": actor,
            "action": action,
            "resource": resource,
            "details": details
            | {name: item for name, item in about.items() if item is not None},
            "context": {"service": "sshd"},
            "result": result,
        }

    def _id(self, seen: Evidence, action: str, n: int) -> str:
        """Return the id: the same for the same line, another if it comes again."""
        line, told = seen.line, seen.told
        stated = jcs.canonical(
            [
                *(line.at_us, line.server, line.pid, action, told.kind, told.method),
                *(told.address, told.port, told.key, told.times, n),
            ]
        ).decode()
        key = (line.at_us, stated)
        same = self._same[key] = self._same.pop(key, 0) + 1
        if len(self._same) > _REMEMBERED:
            oldest_us = line.at_us - instants.MINUTE
            self._same = {key: n for key, n in self._same.items() if key[0] > oldest_us}
        digest = sha256(f"{stated} {same}".encode()).digest()
        return ids.uuid7(line.at_us, digest[:8])


def _reason(connection: Connection, told: Told, *, exists: bool | None) -> str:
    if connection.why is not None:
        return connection.why
    if exists is False:
        return "unknown_user"
    if told.kind != "failed":
        asked = connection.refused or connection.more
        return "bad_password" if asked else "unstated"
    if connection.partial:
        return "mfa"
    asked = told.method is None or told.method.startswith(_PASSWORDS)
    return "bad_password" if asked else "bad_key"
