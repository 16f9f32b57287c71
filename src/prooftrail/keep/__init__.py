"""The keeper: opens envelopes, keeps personal values, reveals and erases them."""

from __future__ import annotations
