"""Prooftrail: an audit trail you can prove."""

from __future__ import annotations
