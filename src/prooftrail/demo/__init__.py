"""The demonstration: the real commands, on a database of its own, with two attacks."""

from __future__ import annotations
