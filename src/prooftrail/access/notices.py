"""What the trail is told of the gate: who came in, who did not, who let whom in.

Guarantees: no password, code, token or e-mail address, and nothing that a stranger
typed; in a stream nothing of another one. A person is `person:<number>`.

Source: catalog/auth.py, catalog/product.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from prooftrail.access import limits
from prooftrail.access.visiting import sees

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.access.visiting import Asker, Visitor
    from prooftrail.store.people import Grant, Invitation, Person

CONSOLE: Final = {"type": "console", "id": "prooftrail"}
SYSTEM: Final = {"type": "system", "userId": "prooftrail"}
STREAMS: Final = 16  # that a login is told in, at most


class Notice(NamedTuple):
    """What the trail is told."""

    action: str
    actor: Mapping[str, Any]
    streams: Sequence[str]  # none: wherever what is nobody's stands
    resource: Mapping[str, Any]
    details: Mapping[str, object]
    result: Literal["success", "failure", "denied"] = "success"
    each: Mapping[str, Mapping[str, object]] | None = (
        None  # by stream: told there alone
    )


def entered(visitor: Visitor, asker: Asker) -> Notice:
    """Somebody logged in."""
    return Notice(
        "auth.login.success",
        visitor.actor(*asker),
        _some(visitor.holder.streams),
        CONSOLE,
        {"mfa": "totp"},
    )


def left(visitor: Visitor, asker: Asker, reason: str) -> Notice:
    """A session ended."""
    return Notice(
        "auth.logout",
        visitor.actor(*asker),
        _some(visitor.holder.streams),
        CONSOLE,
        {"reason": reason},
    )


def not_in(
    person: Person | None,
    asker: Asker,
    reason: str,
    counted: limits.Wait | int,
) -> Iterable[Notice]:
    """Somebody could not log in, and perhaps an account is locked thereby.

    Args:
        person: whose address it was; None for nobody's.
        asker: from where.
        reason: as the catalog says it.
        counted: the failures of late, this one too, or that nothing was tried.
    """
    streams = _some(person.opened) if person is not None else ()
    details: dict[str, object] = {"reason": reason}
    if not isinstance(counted, limits.Wait):
        details["failures"] = counted
    yield Notice(
        "auth.login.failure",
        {"type": "anonymous", **asker.told},
        streams,
        CONSOLE if person is None else _resource(person),
        details,
        "failure",
    )
    if person is not None and counted == limits.ACCOUNT.most:
        yield Notice(
            "auth.account.lock",
            SYSTEM,
            streams,
            _resource(person),
            {
                "reason": "too many failed logins",
                "failures": limits.ACCOUNT.most,
            },
        )


def turned_away(what: str, reason: str, asker: Asker, grant: Grant | None) -> Notice:
    """A session or an invitation that opens nothing was tried."""
    return Notice(
        "prooftrail.access.refuse",
        {"type": "anonymous", **asker.told},
        _some((grant.streams if grant else None) or ()),
        CONSOLE,
        {"what": what, "reason": reason},
        "denied",
    )


def forged(visitor: Visitor, asker: Asker) -> Notice:
    """A form did not come from a page of the session that its cookie opens."""
    return Notice(
        "prooftrail.access.refuse",
        visitor.actor(*asker),
        _some(visitor.holder.streams),
        CONSOLE,
        {"what": "form", "reason": "not of this session"},
        "denied",
    )


def not_allowed(by: Visitor, what: str, asker: Asker) -> Notice:
    """Somebody tried to manage people who may not, or not these."""
    return Notice(
        f"prooftrail.person.{what}",
        by.actor(*asker),
        _some(by.holder.streams),
        CONSOLE,
        {},
        "denied",
    )


def invited(made: Invitation, actor: Mapping[str, Any], every: Sequence[str]) -> Notice:
    """Somebody was invited.

    Args:
        made: the invitation.
        actor: who invites.
        every: all streams.
    """
    grant = made.grant
    details: dict[str, object] = {"role": grant.role}
    if grant.until is not None:
        details["until"] = f"{grant.until:%Y-%m-%dT%H:%M:%SZ}"
    return Notice(
        "prooftrail.person.invite",
        actor,
        grant.streams or every,
        {"type": "invitation", "id": f"invitation:{made.id}"},
        details,
        each=_alone(grant, every),
    )


def accepted(person: Person, invitation: int, asker: Asker) -> Notice:
    """Somebody accepted an invitation: password and second factor are his."""
    return Notice(
        "prooftrail.person.accept",
        {
            "type": "user",
            "userId": f"person:{person.id}",
            "role": person.grant.role,
            **asker.told,
        },
        _some(person.opened),
        {"type": "invitation", "id": f"invitation:{invitation}"},
        {"role": person.grant.role, "factor": "totp"},
    )


def disabled(person: Person, actor: Mapping[str, Any], every: Sequence[str]) -> Notice:
    """Somebody is let in no more.

    Args:
        person: who.
        actor: who did it.
        every: all streams.
    """
    return Notice(
        "prooftrail.person.disable",
        actor,
        person.grant.streams or every,
        _resource(person),
        {"role": person.grant.role},
    )


def _resource(person: Person) -> dict[str, Any]:
    return {"type": "person", "id": f"person:{person.id}"}


def _some(streams: Iterable[str]) -> tuple[str, ...]:
    return tuple(streams)[:STREAMS]


def _alone(grant: Grant, every: Sequence[str]) -> dict[str, Mapping[str, object]]:
    """Return what somebody sees, by stream: in each nothing of another one."""
    if grant.streams is None:
        told = {"sees": sees(None, grant.from_us, grant.to_us)}
        return dict.fromkeys(every, told)
    return {
        name: {"sees": sees((name,), grant.from_us, grant.to_us)}
        for name in grant.streams
    }
