"""The integrity checker, pure: entries and checkpoints in, findings out.

`segment` checks a run of entries, `diagnosis` names what is wrong with one, `tree`
compares with checkpoints, `verdict` concludes. An auditor needs this and `core`.
"""

from __future__ import annotations
