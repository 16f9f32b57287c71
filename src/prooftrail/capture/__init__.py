"""Capture: what happens to an event inside the application, before the inbox.

`audit_logger` records, `stating` brings an event into form, `redaction` takes secrets
out of it, `group_commit` is the writer thread, `spool` where events wait for an absent
database. Nothing here chains, signs or reads the log: an application can INSERT and
nothing more.
"""

from __future__ import annotations
