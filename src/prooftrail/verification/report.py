"""What a run was asked and what it found: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prooftrail.integrity import verdict
from prooftrail.integrity.findings import Weight

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.core.vkey import VerificationKey
    from prooftrail.integrity.findings import Finding
    from prooftrail.integrity.tree import Anchored, Claim


@dataclass(frozen=True)
class Asked:
    """What to verify, and against what."""

    streams: tuple[str, ...] = ()  # names; empty for all
    since_us: int | None = None  # recorded at or after
    until_us: int | None = None  # recorded before
    anchors: tuple[Path, ...] = ()
    checkpoints: tuple[Path, ...] = ()  # files of signed notes
    keys: tuple[VerificationKey, ...] = ()
    processes: int = 1
    # of a part: no more than so many checkpoints of each place, the newest and the
    # nearest, so that what a look costs does not grow with the log's age; None for all
    recent: int | None = None

    @property
    def whole(self) -> bool:
        """Whether the whole log is asked for."""
        return self.since_us is None and self.until_us is None

    @property
    def is_empty(self) -> bool:
        """Whether the period that is asked for has no moment in it."""
        since, until = self.since_us, self.until_us
        return since is not None and until is not None and since >= until


@dataclass
class StreamReport:
    """What was found out about one stream."""

    name: str
    origin: str | None
    start: int = 0  # the first seq checked
    stop: int = 0  # one past the last
    entries: int = 0
    root: bytes | None = None  # over all leaves up to `stop`, where the tree was built
    # of a part: first seq and one past the last of what was looked at in all, headers
    # only outside start to stop; None for a whole log
    followed: tuple[int, int] | None = None
    anchored: Anchored | None = None
    compared: int = 0  # checkpoints compared
    signed: Claim | None = None  # the largest that fits, signed by a key that counts
    more: int = 0  # failures found beyond those listed
    number: int | None = None  # as the database has it
    keys: tuple[str, ...] = ()  # that entry 0 states
    claims: list[Claim] = field(default_factory=list)  # signatures hold; by place
    agreed: set[int] = field(default_factory=set)  # sizes of claims with the log's root


@dataclass
class Report:
    """The result of a run."""

    streams: list[StreamReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    more: int = 0  # failures found beyond those listed

    @property
    def verdict(self) -> verdict.Verdict:
        """The conclusion."""
        return verdict.conclude(self.findings)

    def of(self, name: str) -> Report:
        """Return what was found out about one stream, and why none can be verified.

        What waits or could not be sealed is a warning of no stream, and may be all of
        another one: it is in neither's.
        """
        streams = [stream for stream in self.streams if stream.name == name]
        return Report(
            streams,
            [
                one
                for one in self.findings
                if one.stream == name
                or (not one.stream and one.weight > Weight.WARNING)
            ],
            sum(stream.more for stream in streams),
        )

    @property
    def entries(self) -> int:
        """How many entries were checked."""
        return sum(stream.entries for stream in self.streams)
