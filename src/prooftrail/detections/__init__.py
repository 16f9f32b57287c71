"""Rules that find in a trail what somebody should look at; pure.

Guarantees: no database, no clock, no randomness: events go in by the order of their own
time, hits come out. Windows slide, so that nothing falls between two of them. What goes
on is one hit, and rules that see the same of one account or address make one, of the
rule that says most (`families`, `detector`). What is held is what the windows hold.

Does not: judge. A hit says what was done, when, by whom and from where; whether it was
an attack is for people to say.

Source: `rules`, where each threshold names its own.
"""

from __future__ import annotations

from prooftrail.detections.detector import Detector, Found, detect, longest
from prooftrail.detections.hits import Hit, Moment
from prooftrail.detections.rules import STANDARD, Rule, tuned
from prooftrail.detections.seen import Seen

__all__ = [
    "STANDARD",
    "Detector",
    "Found",
    "Hit",
    "Moment",
    "Rule",
    "Seen",
    "detect",
    "longest",
    "tuned",
]
