"""Rules at work: events of one stream in, hits out.

Guarantees: where events come in the order of their own time, an incident is what this
says. Whenever a rule holds of a window that ends with an event, from the window's first
event to that one is a stretch; stretches of one key of a family that overlap are one
incident, of the family's rule that stands first of those that held. What goes on is
thus one hit. Windows slide, and both their ends are included. Guessing on one account
is no hit of its own where all of it lies in what its address does meanwhile.

An event that comes late takes its place in the windows that still reach back to its
time, and they are asked again; one that is older than all of them is counted in `late`
and lost to the rules. What is held of a key is let go of when its windows are empty and
its incidents are over.

Does not: compare streams. Each has a detector of its own, for what one stream holds is
nothing to tell in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.detections import families
from prooftrail.detections.rules import GUESSING, STANDARD
from prooftrail.detections.watches import Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.detections.families import Kind
    from prooftrail.detections.hits import Hit, Incident
    from prooftrail.detections.rules import Rule
    from prooftrail.detections.seen import Seen

SWEEP: Final = 5_000  # events between two looks at what can be let go of


class Found(NamedTuple):
    """That an incident begins, or turns out to be more than it was told as."""

    hit: Hit
    instead_of: str | None  # the rule by which it was told before


class Detector:
    """Looks at the events of one stream.

    Args:
        rules: that are looked for.
        leavers: accounts of those who left, and since when (microseconds) none is used.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = STANDARD,
        leavers: Mapping[str, int] | None = None,
    ) -> None:
        by_id = {rule.id: rule for rule in rules}
        self._leavers = leavers or {}
        self.watches = {
            family.name: Watch(family, by_id)
            for family in families.ALL
            if any(name in by_id for name, _, _ in family.rules)
        }
        self._kinds: dict[str, Kind] = {}
        self._found: list[Found] = []
        self._ended: list[Hit] = []
        self._newest_us = 0
        self._count = 0
        self.late = 0  # events that came too late for a window

    def add(self, event: Seen) -> None:
        """Look at an event."""
        kind = self._kinds.get(event.action)
        if kind is None:
            kind = self._kind(event.action)
        if event.occurred_us > self._newest_us:  # noqa: PLR1730  millions of times
            self._newest_us = event.occurred_us
        if kind == "lock":
            self._note_lock(event)
        for part in families.parts(event, kind, self._leavers):
            watch = self.watches.get(part.family.name)
            found = [] if watch is None else watch.look(part, event)
            if found:
                for one in found:
                    self._tell(one)
            elif found is None:
                self.late += 1
        self._count += 1
        if self._count % SWEEP == 0:
            for watch in self.watches.values():
                self._ended += _told(watch.sweep(self._newest_us))

    def news(self) -> list[Found]:
        """Return what began since this was asked last, as it stands now."""
        found, self._found = self._found, []
        return found

    def ended(self) -> list[Hit]:
        """Return the incidents that are over and were not returned yet."""
        found, self._ended = self._ended, []
        return found

    def finish(self) -> list[Hit]:
        """Return all incidents, over or not, those that began first in front.

        Those aside that `ended` has returned.
        """
        found = [*self._ended]
        for watch in self.watches.values():
            found += _told(watch.incidents())
        return sorted(found, key=lambda one: (one.first, one.rule, one.key))

    def _kind(self, action: str) -> Kind:
        if len(self._kinds) >= SWEEP:
            self._kinds.clear()
        kind = self._kinds[action] = families.kind_of(action)
        return kind

    def _tell(self, incident: Incident) -> None:
        if incident.told is not None and incident.told <= incident.rank:
            return
        if self._is_part(incident):
            return
        before = None
        if incident.told is not None:
            family = self.watches[incident.family].family
            before = family.rules[incident.told][0]
        incident.told = incident.rank
        self._found.append(Found(incident.hit(), before))

    def _is_part(self, incident: Incident) -> bool:
        """Whether what happens to an account is a part of what its address does."""
        if incident.rule.id != GUESSING.id or len(incident.addresses) != 1:
            return False
        ((address, count),) = incident.addresses.items()
        if count != incident.attempts:
            return False
        return any(
            one.first <= incident.first and incident.last <= one.last
            for family in (families.ADDRESS, families.UNKNOWN)
            if (watch := self.watches.get(family.name)) is not None
            for one in watch.incidents_of(address)
        )

    def _note_lock(self, event: Seen) -> None:
        account = event.resource_id
        for family, key in ((families.ACCOUNT, account), (families.ADDRESS, None)):
            watch = self.watches.get(family.name)
            if watch is not None and account is not None:
                watch.note_lock(account, event, key)


def _told(incidents: Iterable[Incident]) -> list[Hit]:
    return [one.hit() for one in incidents if one.told is not None]


def longest(rules: Iterable[Rule]) -> int:
    """Return how far back the rules look, in microseconds."""
    return max((rule.window_us for rule in rules), default=0)


def detect(
    events: Iterable[Seen],
    rules: Sequence[Rule] = STANDARD,
    leavers: Mapping[str, int] | None = None,
) -> list[Hit]:
    """Return the hits of a stream's events, which come in the order of their time."""
    detector = Detector(rules, leavers)
    for event in events:
        detector.add(event)
    return detector.finish()
