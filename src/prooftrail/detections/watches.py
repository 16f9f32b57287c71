"""A family of rules at work, on all its keys.

Guarantees: what `detector` says of an incident, of one family. Memory is what the
windows hold, and the incidents that an event can still be a part of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.detections import families
from prooftrail.detections.hits import RAPID, Incident, Moment
from prooftrail.detections.windows import Held, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.detections.families import Family, Holds, Part, Role
    from prooftrail.detections.rules import Rule
    from prooftrail.detections.seen import Order, Seen


class _Asking(NamedTuple):
    """A rule, and what asks it."""

    rank: int  # 0 says most
    rule: Rule
    role: Role
    holds: Holds
    limits: Mapping[str, int]  # the rule's thresholds


class _Key:
    """What is held of one key of a family."""

    __slots__ = ("incidents", "newest", "windows")

    def __init__(self, windows: list[Window]) -> None:
        self.windows = windows
        self.newest: Order = (0, 0)
        self.incidents: list[Incident] = []


class Watch:
    """A family at work."""

    def __init__(self, family: Family, rules: Mapping[str, Rule]) -> None:
        self.family = family
        self._rules = [
            _Asking(rank, rules[name], role, holds, rules[name].thresholds)
            for rank, (name, role, holds) in enumerate(family.rules)
            if name in rules
        ]
        self._horizon = max(one.rule.window_us for one in self._rules)
        self._keys: dict[str, _Key] = {}
        self._open: set[str] = set()  # keys that have incidents

    def __len__(self) -> int:
        """How many events its windows hold."""
        return sum(len(window) for key in self._keys.values() for window in key.windows)

    def look(self, part: Part, event: Seen) -> list[Incident] | None:
        """Return the incidents that an event makes or is in; None if it is too late."""
        if part.role == "beside":
            self._note_success(part, event)
            return []
        key = self._keys.get(part.key)
        if key is None:
            key = self._make(part.key)
        order = event.occurred_us, event.seq
        held = Held(order, part.members, event)
        late = order < key.newest
        if not late:
            key.newest = order
        elif order[0] < key.newest[0] - self._horizon:
            return None
        role, now_us = part.role, key.newest[0]
        found: list[Incident] | None = None  # made where one is: that is seldom
        for asking, window in zip(self._rules, key.windows):  # noqa: B905  of one length
            if role == "add":
                window.add(held)
            window.expire(now_us)
            if asking.role == role:
                asked = window.as_of(order) if late and role == "ask" else window
                if asked.entries and asking.holds(asked, asking.limits):
                    found = found or []
                    found.append(self._grow(key, part, asking, asked, held, late=late))
        if role == "ask":
            self._note_success(part, event)
        return [one for one in key.incidents if one in found] if found else []

    def _make(self, name: str) -> _Key:
        key = self._keys[name] = _Key(
            [
                Window(one.rule.window_us, leveled=self.family.leveled)
                for one in self._rules
            ]
        )
        return key

    def _grow(
        self,
        key: _Key,
        part: Part,
        asking: _Asking,
        window: Window,
        held: Held,
        *,
        late: bool,
    ) -> Incident:
        """Return the incident that a window which holds is in, with all of it."""
        incident = self._in(key, part, asking, window, held, late=late)
        incident.remarks |= part.remarks
        if families.is_rapid(asking.rule, window):
            incident.remarks.add(RAPID)
        return incident

    def _in(
        self,
        key: _Key,
        part: Part,
        asking: _Asking,
        window: Window,
        held: Held,
        *,
        late: bool,
    ) -> Incident:
        first = window.entries[0].order
        last = max(window.entries[-1].order, held.order)
        touching = [
            one for one in key.incidents if first <= one.last and one.first <= last
        ]
        if not touching:
            incident = Incident(part.key, asking.rank, asking.rule, self.family.name)
            key.incidents.append(incident)
            self._open.add(part.key)
            for one in window.entries:
                incident.take(one.event, self._accounts(one, part))
            if part.role == "ask":
                incident.take(held.event, part.accounts)
            return incident
        incident = touching[0]
        spans = [(one.first, one.last) for one in touching]
        for other in touching[1:]:
            incident.merge(other)
            key.incidents.remove(other)
        if asking.rank < incident.rank:
            incident.rank, incident.rule = asking.rank, asking.rule
        for one in _outside(window, spans):
            incident.take(one.event, self._accounts(one, part))
        inside = any(low <= held.order <= high for low, high in spans)
        if part.role == "ask" or (late and inside):
            incident.take(held.event, part.accounts)
        return incident

    def _accounts(self, held: Held, part: Part) -> tuple[str, ...]:
        """Return whose events these are: all of one key's, but of an address's."""
        if self.family not in _BY_ADDRESS:
            return part.accounts
        account = held.event.account
        return () if account is None else (account,)

    def _note_success(self, part: Part, event: Seen) -> None:
        """Note that somebody logged in, where an incident looks for it."""
        key = self._keys.get(part.key)
        if key is None or not key.incidents:
            return
        at = Moment(event.occurred_us, event.seq)
        for one in key.incidents:
            if self._follows(at, one, part.accounts[0], one.success):
                one.success = at

    def note_lock(self, account: str, event: Seen, key: str | None) -> None:
        """Note that an account was locked, where an incident is about it."""
        at = Moment(event.occurred_us, event.seq)
        incidents = self.incidents() if key is None else self.incidents_of(key)
        for one in incidents:
            if self._follows(at, one, account, one.lockout):
                one.lockout = at

    def _follows(
        self, at: Moment, incident: Incident, account: str, before: Moment | None
    ) -> bool:
        """Whether this is the first that befalls an incident's account."""
        return (
            account in incident.accounts
            and incident.first < at
            and at.occurred_us <= incident.last[0] + self._horizon
            and (before is None or at < before)
        )

    def incidents_of(self, name: str) -> Sequence[Incident]:
        """Return what goes on of a key."""
        key = self._keys.get(name)
        return () if key is None else key.incidents

    def incidents(self) -> Iterable[Incident]:
        """Return what goes on."""
        return (one for name in self._open for one in self._keys[name].incidents)

    def sweep(self, now_us: int) -> list[Incident]:
        """Let go of what no event can be a part of any more; return what is over."""
        since = now_us - self._horizon
        over: list[Incident] = []
        for name in [*self._open]:
            key = self._keys[name]
            over += [one for one in key.incidents if one.last[0] < since]
            key.incidents = [one for one in key.incidents if one.last[0] >= since]
            if not key.incidents:
                self._open.discard(name)
        for name in [name for name, key in self._keys.items() if key.newest[0] < since]:
            if name not in self._open:
                del self._keys[name]
        return over


_BY_ADDRESS: Final = (families.ADDRESS, families.UNKNOWN)


def _outside(window: Window, spans: Sequence[tuple[Order, Order]]) -> list[Held]:
    """Return what a window holds beside what incidents have taken.

    Nearly always that is the newest event alone: it is looked for from there.
    """
    low = min(first for first, _ in spans)
    if len(spans) > 1 or window.entries[0].order < low:
        return [
            one
            for one in window.entries
            if not any(first <= one.order <= last for first, last in spans)
        ]
    high = spans[0][1]
    found = []
    for one in reversed(window.entries):
        if one.order <= high:
            break
        found.append(one)
    return found[::-1]
