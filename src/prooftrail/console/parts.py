"""What the console works with: the service's parts, and the gate that people go by.

Guarantees: nothing here decides who may see what: a visitor's token is stated to the
database like an API key's, and row-level security decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.access.visiting import Asker
from prooftrail.service.api.caller import Caller

if TYPE_CHECKING:
    from prooftrail.access.gate import Gate
    from prooftrail.access.managing import Managing
    from prooftrail.access.visiting import Visitor
    from prooftrail.service.parts import Parts


class Console(NamedTuple):
    """The parts of a console, all of them safe to be shared by threads."""

    parts: Parts
    gate: Gate
    managing: Managing


class Visit(NamedTuple):
    """One request of somebody who is logged in."""

    visitor: Visitor
    base: str  # where the console is mounted: "", or "/trail"
    address: str | None  # of who asks
    agent: str | None  # what the browser says it is

    @property
    def operates(self) -> bool:
        """Whether the visitor may be told what concerns all streams and all time."""
        return self._caller.operates

    @property
    def sees_all_time(self) -> bool:
        """Whether the visitor is limited to no period."""
        return self._caller.sees_all_time

    @property
    def _caller(self) -> Caller:
        return Caller(self.visitor.holder, self.visitor.token, self.address)

    @property
    def asker(self) -> Asker:
        """Where the request comes from."""
        return Asker(self.address, self.agent)

    @property
    def actor(self) -> dict[str, Any]:
        """Who this is in an event."""
        return self.visitor.actor(self.address, self.agent)
