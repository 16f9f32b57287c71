"""A verifier from the specification alone, to show that it suffices."""

from __future__ import annotations
