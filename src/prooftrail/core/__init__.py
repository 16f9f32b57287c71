"""The record format, pure: no I/O, no clock, no randomness of its own.

Read in this order: `instants`, `jcs`, `events`, `normal`, `projection`, `entry`,
`merkle`, `statement`, then `note` for checkpoints. `spec/` says the same in prose.
"""

from __future__ import annotations
