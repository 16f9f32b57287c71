"""Samples of a population, by an algorithm that anybody can follow by hand; pure."""

from __future__ import annotations
