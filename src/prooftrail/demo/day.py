"""The built-in filling: a working day, and CloudTrail files besides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prooftrail.demo import scenario

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prooftrail.demo.show import Show


@dataclass
class Day:
    """A day at a small lender.

    Args:
        end_us: its end, microseconds.
        seed: of the scenario.
        imports: CloudTrail files to import besides.
    """

    end_us: int
    seed: int
    imports: Sequence[Path] = ()

    def __call__(self, show: Show) -> None:
        """Record it."""
        events = scenario.events(self.end_us, seed=self.seed)
        with show.step("Record a day at a small lender"):
            show.command("record", given="".join(f"{json.dumps(e)}\n" for e in events))
            if self.imports:
                files = [str(path) for path in self.imports]
                show.command("import", "cloudtrail", *files, shown="cloudtrail FILES")
        show.seal_and_sign()
