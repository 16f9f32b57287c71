"""Attacks by number: each performed as a superuser, and what verification says."""
