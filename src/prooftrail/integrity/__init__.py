"""The integrity checker, pure: entries and checkpoints in, findings out.

`check` checks a run of entries (`segment`), `subjects` walks their second list,
`headers` follows what stands around a part without reading it,
`diagnosis` names what is wrong with one entry, `tree` compares with checkpoints,
`verdict` concludes. An auditor needs this and `core`.
"""

from __future__ import annotations
