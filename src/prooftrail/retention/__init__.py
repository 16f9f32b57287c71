"""Retention: how long entries must be kept and may be kept, and on which ground."""
