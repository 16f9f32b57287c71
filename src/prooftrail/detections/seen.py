"""An event as rules see it: what they need of it, and nothing else."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Order: TypeAlias = tuple[int, int]  # event time in microseconds, seq


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One event of one stream. Texts are as projected (`core.projection`)."""

    seq: int
    occurred_us: int  # the event's own time, microseconds since the epoch, UTC
    action: str
    result: str
    actor: str | None = None
    resource_id: str | None = None
    ip: str | None = None
    pii: bool = False
    # on whose authority, as `store.authority` answers; None: not asked for
    authority: str | None = None
    reason: str | None = None  # of a failed login, as stated
    name: str | None = None  # that was typed, where it stands in the open
    role: str | None = None  # that a change of roles gives
    approver: str | None = None  # of a grant
    subjects: tuple[str, ...] = ()  # beside resource_id

    @property
    def order(self) -> Order:
        """Where it comes among the others of its stream."""
        return self.occurred_us, self.seq

    @property
    def account(self) -> str | None:
        """Into which account somebody logged in, or tried to."""
        return self.resource_id or self.actor or self.name
