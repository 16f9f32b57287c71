"""Importers: files of other systems, and of other trails, as events.

`cloudtrail.read_events(path)` and `jsonl.read_file(path)` both yield `Imported`: each
record of the file once, as an event or as a `Problem`. `sshd.read_file` yields what its
lines tell: one may tell of many events, or with others of one; `sshd.Tally` counts each
line. Recording them is the caller's part; ids come from the files, so doing it twice
adds nothing.
"""

from __future__ import annotations

from prooftrail.importers.imported import Imported, Problem

__all__ = ["Imported", "Problem"]
