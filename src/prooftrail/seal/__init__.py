"""The sealer, from the inbox to the log: `sealer` runs, `guard` looks first."""

from __future__ import annotations
