"""Who held which role when, as far as the trail has it: from accounts and roles given.

Guarantees: a role is held from the entry that gave it until the one that took it, or
ended the account; both are named. Where an entry tells only that a role ended, since
when it was held is not known, and is not said. An account is one by its id, in
whichever of the streams that are read.

Does not: know what was given before the trail began, nor by permissions alone. More
than `KEPT` changes are not kept: the oldest are left out, and `cut` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.catalog.wording import mapping
from prooftrail.core import instants, projection
from prooftrail.detections.families import ADMINISTRATORS
from prooftrail.grants import grant
from prooftrail.reports.counting import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KEPT: Final = 50_000
TYPES: Final = (
    "admin.role.change",
    "admin.user.create",
    "admin.user.delete",
    "admin.user.disable",
    "admin.user.update",
    "prooftrail.person.accept",
    "prooftrail.person.disable",
)
_ENDS: Final = ("admin.user.delete", "admin.user.disable", "prooftrail.person.disable")
_NONE: Final = (None, "none", "-")


class Change(NamedTuple):
    """An entry that gives or takes a role."""

    us: int
    stream: str
    seq: int
    action: str
    account: str
    gives: str | None
    takes: str | None
    by: str

    @property
    def entry(self) -> str:
        """Which one it is."""
        return f"{self.stream} {self.seq:,}"


class Held(NamedTuple):
    """A role of an account, over a time."""

    account: str
    role: str
    since: Change | None  # None: no entry says
    until: Change | None  # None: it lasts

    def covers(self, us: int) -> bool:
        """Return whether it was held at a moment; its ends are in it."""
        begun = self.since is None or self.since.us <= us
        return begun and (self.until is None or us <= self.until.us)


class Roster:
    """Roles over time.

    Args:
        items: events of `TYPES` that succeeded, the newest first.
    """

    def __init__(self, items: Iterator[Mapping[str, Any]]) -> None:
        self.cut = False
        self.spans: dict[str, list[Held]] = {}  # by account, in order of beginning
        for change in sorted(self._changes(items)):
            self._apply(change)

    def at(self, account: str, role: str, us: int) -> Held | None:
        """Return by which grant an account held a role."""
        wanted = projection.fold(role)
        for one in reversed(self.spans.get(account, ())):
            if one.role == wanted and one.covers(us):
                return one
        return None

    def held_before(self, account: str, role: str, us: int) -> Held | None:
        """Return the last time that an account held a role which had ended by then."""
        found = [
            one
            for one in self.spans.get(account, ())
            if one.role == projection.fold(role)
            and one.until is not None
            and one.until.us < us
        ]
        return found[-1] if found else None

    def administrators(self, since_us: int | None, until_us: int | None) -> list[Held]:
        """Return who held an administrative role in a period, in order of accounts."""
        return [
            one
            for _, spans in sorted(self.spans.items())
            for one in spans
            if is_administrative(one.role)
            and (since_us is None or one.until is None or one.until.us >= since_us)
            and (until_us is None or one.since is None or one.since.us < until_us)
        ]

    def _changes(self, items: Iterator[Mapping[str, Any]]) -> Iterator[Change]:
        n = 0
        for item in items:
            change = _change(item)
            if change is None:
                continue
            n += 1
            if n > KEPT:
                self.cut = True
                return
            yield change

    def _apply(self, change: Change) -> None:
        spans = self.spans.setdefault(change.account, [])
        if change.action in _ENDS:
            self._end(spans, change, None)
        elif change.action == "admin.user.update":
            _resume(spans, change)
        else:
            if change.takes not in _NONE and change.takes != change.gives:
                self._end(spans, change, change.takes)
            open_ones = {one.role for one in spans if one.until is None}
            if change.gives not in _NONE and change.gives not in open_ones:
                spans.append(Held(change.account, str(change.gives), change, None))

    def _end(self, spans: list[Held], change: Change, role: str | None) -> None:
        """End a role, or all."""
        ended = False
        for at, one in enumerate(spans):
            if one.until is None and role in (None, one.role):
                spans[at] = one._replace(until=change)
                ended = True
        if role is not None and not ended:
            spans.append(Held(change.account, role, None, change))


def is_administrative(role: str | None) -> bool:
    """Return whether a role is an administrator's, by its name."""
    return role is not None and projection.fold(role) in ADMINISTRATORS


def _resume(spans: list[Held], change: Change) -> None:
    """Hold again what ended when the account was disabled: its state was changed."""
    ends = [one.until for one in spans if one.until is not None]
    last = max(ends, default=None)
    if last is None or last.action == "admin.role.change":
        return
    if any(one.until is None for one in spans):
        return
    resumed = [one.role for one in spans if one.until == last]
    spans += [Held(change.account, role, change, None) for role in resumed]


def _change(item: Mapping[str, Any]) -> Change | None:
    action = projection.fold(str(item.get("action")))
    details, actor = mapping(item.get("details")), mapping(item.get("actor"))
    account = text(mapping(item.get("resource")).get("id"))
    by = text(actor.get("userId")) or ""
    gives = takes = None
    if action == "admin.role.change":
        takes, gives = grant.roles(item)
    elif action == "admin.user.create":
        gives = text(details.get("role"))
    elif action == "prooftrail.person.accept":
        account, gives = by or None, text(details.get("role"))
    elif action == "admin.user.update" and not _is_active_again(item):
        return None
    if account is None:
        return None
    return Change(
        instants.microseconds(str(item["timestamp"])),
        str(item["stream"]),
        int(item["seq"]),
        action,
        account,
        None if gives is None else projection.fold(gives),
        None if takes is None else projection.fold(takes),
        by,
    )


def _is_active_again(item: Mapping[str, Any]) -> bool:
    """Return whether the state of an account was changed, and not away from active."""
    fields: Sequence[object] = mapping(item.get("details")).get("fields_changed") or ()
    changes: Sequence[object] = item.get("changes") or ()
    if isinstance(changes, list):
        for one in changes:
            if isinstance(one, dict) and one.get("field") == "status":
                return one.get("after") in ("active", "enabled")
    return isinstance(fields, list) and "status" in fields
