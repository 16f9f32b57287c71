"""Tests of the reference application: its events, its personal values, its secrets."""
