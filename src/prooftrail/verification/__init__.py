"""Verification of a log in a database: `run` runs the pure checker of `integrity`."""

from __future__ import annotations
