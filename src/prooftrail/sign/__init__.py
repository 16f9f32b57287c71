"""The signer: checkpoints of what extends the log, its own state, and anchors."""

from __future__ import annotations
