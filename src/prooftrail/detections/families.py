"""Which events a rule looks at, by which key, and when it holds.

Guarantees: a family's rules look at the same events by the same key, and what several
of them find at once is one incident, of the rule that stands first. A failed login is
either on an account that there is, and counts for what its address does there, or with
a name that nobody has, and counts for `UNKNOWN`.

Does not: know accounts. A name that nobody has is one that the event says so of (reason
`unknown_user`), or that names no account. Where such a name is protected in the log,
nothing tells two of them apart, and each counts as another one. Nor does it know what a
new account may do: that one is made (`admin.user.create`) is no grant here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import msgspec

from prooftrail.detections import rules
from prooftrail.detections.hits import SELF, UNAPPROVED, data_subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.detections.rules import Rule
    from prooftrail.detections.seen import Seen
    from prooftrail.detections.windows import Window

    Holds: TypeAlias = Callable[[Window, Mapping[str, int]], bool]

Role: TypeAlias = Literal["add", "ask", "beside"]
Kind: TypeAlias = Literal["failure", "success", "lock", "grant", "role", ""]

ADMINISTRATORS: Final = frozenset(
    {"admin", "administrator", "owner", "root", "superadmin", "superuser"}
)
UNKNOWN_USER: Final = "unknown_user"


class Family(NamedTuple):
    """Rules that look at the same events by the same key."""

    name: str
    # the one that says most first; an "ask" is no event of the window but asks it
    rules: tuple[tuple[str, Role, Holds], ...]
    leveled: bool = False  # they ask how many members occur how often


class Part(msgspec.Struct, frozen=True, gc=False):
    """What an event is in a family."""

    family: Family
    key: str
    role: Role
    members: tuple[str, ...]
    accounts: tuple[str, ...]
    remarks: frozenset[str] = frozenset()


def _at_least(name: str) -> Holds:
    return lambda window, limits: len(window) >= limits[name]


def _slowly(window: Window, limits: Mapping[str, int]) -> bool:
    entries, levels, accounts = window.entries, window.levels, len(window.counts)
    if accounts < limits["accounts"] or len(entries) < limits["failures"]:
        return False
    if entries[-1].order[0] - entries[0].order[0] < limits["over_seconds"] * 1_000_000:
        return False
    if not limits["most_each_from"] <= max(levels) <= limits["most_each_to"]:
        return False
    few = range(limits["few_from"], limits["few_to"] + 1)
    some = sum(levels.get(count, 0) for count in few)
    return some * 100 >= accounts * limits["few_percent"]


def _stuffing(window: Window, limits: Mapping[str, int]) -> bool:
    return (
        len(window) >= limits["failures"]
        and len(window.counts) >= limits["accounts"]
        and max(window.levels) <= limits["most_each"]
    )


def _accounts_above(window: Window, limits: Mapping[str, int]) -> bool:
    return len(window.counts) > limits["accounts_above"]


def _names_above(window: Window, limits: Mapping[str, int]) -> bool:
    return len(window.counts) > limits["names_above"]


def _subjects(window: Window, limits: Mapping[str, int]) -> bool:
    return len(window.counts) >= limits["subjects"]


ACCOUNT: Final = Family(
    "account",
    (
        (rules.GUESSED.id, "ask", _at_least("failures")),
        (rules.GUESSING.id, "add", _at_least("failures")),
    ),
)
ADDRESS: Final = Family(
    "address",
    (
        (rules.STUFFING.id, "add", _stuffing),
        (rules.SPRAY_FAST.id, "add", _accounts_above),
        (rules.SPRAY_SLOW.id, "add", _slowly),
    ),
    leveled=True,
)
UNKNOWN: Final = Family("unknown", ((rules.ENUMERATION.id, "add", _names_above),))
LOCKED: Final = Family("locked", ((rules.LOCKOUTS.id, "add", _at_least("lockouts")),))
ACCESS: Final = Family("access", ((rules.MASS_ACCESS.id, "add", _subjects),))
GRANTS: Final = Family("grants", ((rules.ESCALATION.id, "add", _at_least("grants")),))
GLASS: Final = Family("glass", ((rules.BREAK_GLASS.id, "add", _at_least("uses")),))
DENIALS: Final = Family("denials", ((rules.PROBING.id, "add", _at_least("denials")),))
UNEXPLAINED: Final = Family(
    "unexplained", ((rules.UNEXPLAINED.id, "add", _at_least("events")),)
)
LEFT: Final = Family("left", ((rules.LEAVER.id, "add", _at_least("events")),))

# in the order in which an event goes through them: what an address does is known before
# it is asked whether what happens to an account is a part of it
ALL: Final = (
    ADDRESS,
    UNKNOWN,
    ACCOUNT,
    LOCKED,
    ACCESS,
    GRANTS,
    GLASS,
    DENIALS,
    UNEXPLAINED,
    LEFT,
)


# by whom one logs in, or tries to; the other families go by who did something
LOGINS: Final = (ADDRESS, UNKNOWN, ACCOUNT, LOCKED)


def split(rules: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that look at logins, and those that look at who did something.

    No event of the one kind makes a rule of the other kind hold, and none of these
    compares two people: who did something is looked at by himself.
    """
    logins = {name for family in LOGINS for name, _, _ in family.rules}
    return (
        [rule for rule in rules if rule.id in logins],
        [rule for rule in rules if rule.id not in logins],
    )


def kind_of(action: str) -> Kind:
    """Return what an action is to the rules.

    >>> kind_of("auth.login.failure"), kind_of("sshd.login.failure"), kind_of("x.y")
    ('failure', 'failure', '')
    """
    for ending, kind in _ENDINGS.items():
        if action.endswith(ending):
            return kind
    return _KINDS.get(action, "")


_ENDINGS: Final[dict[str, Kind]] = {
    ".login.failure": "failure",
    ".login.success": "success",
    ".account.lock": "lock",
}
_KINDS: Final[dict[str, Kind]] = {
    "admin.permission.grant": "grant",
    "admin.role.change": "role",
}


def parts(event: Seen, kind: Kind, leavers: Mapping[str, int]) -> list[Part]:
    """Return what an event is, in the order of `ALL`.

    Args:
        event: to be looked at.
        kind: of its action.
        leavers: accounts of those who left, and since when none of them is to be used.
    """
    found: list[Part] = []
    if kind == "failure":
        found += _failure(event)
    elif kind == "success" and event.result == "success":
        found += _success(event)
    elif kind == "lock" and event.resource_id is not None:
        whose = (event.resource_id,)
        found.append(Part(LOCKED, event.resource_id, "add", whose, whose))
    who = event.actor or event.ip
    if who is None:
        return found
    if event.result == "success":
        _done(event, kind, who, leavers, found)
    elif event.result == "denied" and kind not in {"failure", "success"}:
        found.append(Part(DENIALS, who, "add", (), _actor(event)))
    return found


def _done(
    event: Seen, kind: Kind, who: str, leavers: Mapping[str, int], found: list[Part]
) -> None:
    whom = _actor(event)
    if event.pii:
        found.append(Part(ACCESS, who, "add", data_subjects(event), whom))
    if kind == "grant" or (kind == "role" and _is_administrators(event.role)):
        found.append(_grant(event, who))
    if event.authority == "break-glass":
        found.append(Part(GLASS, who, "add", (), whom))
    elif event.pii and event.authority == "unexplained":
        found.append(Part(UNEXPLAINED, who, "add", (), whom))
    if leavers and event.actor is not None:
        since = leavers.get(event.actor)
        if since is not None and event.occurred_us >= since:
            found.append(Part(LEFT, who, "add", (), whom))


def _actor(event: Seen) -> tuple[str, ...]:
    return () if event.actor is None else (event.actor,)


def _failure(event: Seen) -> list[Part]:
    account = event.account
    whose = () if account is None else (account,)
    found = []
    if event.ip is not None:
        if account is None or event.reason == UNKNOWN_USER:
            # a name that cannot be read is told apart from all others
            name = whose or (f"{event.occurred_us}/{event.seq}",)
            found.append(Part(UNKNOWN, event.ip, "add", name, whose))
        else:
            found.append(Part(ADDRESS, event.ip, "add", whose, whose))
    if account is not None:
        found.append(Part(ACCOUNT, account, "add", (), whose))
    return found


def _success(event: Seen) -> list[Part]:
    account = event.account
    if account is None:
        return []
    whose = (account,)
    asked = Part(ACCOUNT, account, "ask", (), whose)
    if event.ip is None:
        return [asked]
    return [Part(ADDRESS, event.ip, "beside", whose, whose), asked]


def _grant(event: Seen, who: str) -> Part:
    whom = event.resource_id or ""
    told = set()
    if whom == event.actor:
        told.add(SELF)
    if event.approver is None or event.approver == event.actor:
        told.add(UNAPPROVED)
    accounts = tuple(dict.fromkeys(one for one in (who, whom) if one))
    return Part(GRANTS, f"{who} > {whom}", "add", (), accounts, frozenset(told))


def _is_administrators(role: str | None) -> bool:
    """Whether a role is an administrator's, or may be: nothing says which it is."""
    return role is None or role.lower() in ADMINISTRATORS


def is_rapid(rule: Rule, window: Window) -> bool:
    """Return whether a window that holds is more than that."""
    rapid = rule.thresholds.get("rapid_failures")
    return rapid is not None and window.within(
        rule.thresholds["rapid_seconds"] * 1_000_000, rapid
    )
