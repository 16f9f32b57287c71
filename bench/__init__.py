"""Measurements, side by side in one run; read the ratios, not the absolute figures."""

from __future__ import annotations
