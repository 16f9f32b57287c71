"""Writes docs/reference/retention-presets.md from the presets: `make docs`.

Guarantees: the page has every number, basis and firmness exactly as the program has
them; `test_retention_presets` compares the two.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.retention import policy
from prooftrail.retention.presets import PRESETS, Firmness

if TYPE_CHECKING:
    from prooftrail.retention.period import Period

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "retention-presets.md"

FIRM = {
    Firmness.MANDATED: "the text itself gives it",
    Firmness.INTERPRETATION: "the text gives it for something near",
    Firmness.CONVENTION: "usual practice, from a rule for somebody else",
    Firmness.RECOMMENDATION: "an authority advises it",
    Firmness.PROPOSED: "no framework gives the minimum: it is Prooftrail's proposal",
    Firmness.ORGANISATION: "the text asks the organisation to decide",
    Firmness.NONE_FOUND: "no number was found",
    Firmness.NOT_ESTABLISHED: "a number, and no primary source at hand",
}

INTRODUCTION = """\
# Retention presets

Written from the program's own data by `make docs`; a test holds the two together. How
to use them: [Set retention](../how-to/set-retention.md).

What frameworks say about how long an audit trail is kept. Where no number was found,
there is none. Whether a framework applies, and to which entries, is for those to decide
who answer for it: nothing here is advice. *At least* and *at most* count from an
entry's `recordedAt`; *at hand* is how much of it must be searchable without being
restored first.
"""


def text() -> str:
    """Return the whole page."""
    lines = [
        INTRODUCTION,
        "| preset | at least | at hand | at most | how firm | basis |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {_told(one.minimum)} | {_told(one.online)} |"
        f" {_told(one.maximum)} | {one.firmness} | {one.basis} |"
        for one in PRESETS
    ]
    lines += [
        "",
        "A framework with two numbers for two sorts of records stands here twice.",
        f"Where no policy states a minimum of its own, it is {policy.DEFAULT}: the",
        "product's default.",
        "",
        "| how firm | |",
        "|---|---|",
    ]
    lines += [f"| {firmness} | {told} |" for firmness, told in FIRM.items()]
    return "\n".join([*lines, ""])


def _told(period: Period | None) -> str:
    return "none" if period is None else str(period)


if __name__ == "__main__":
    PLACE.write_text(text())
    sys.stdout.write(f"wrote {PLACE.name}\n")
