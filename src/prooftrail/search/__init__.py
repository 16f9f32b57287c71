"""Searching the log: how questions are written, lists paged, entries shown."""
