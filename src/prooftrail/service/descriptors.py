"""How many connections this process may hold, by the files that it may open.

Guarantees: the soft limit, 1,024 on most systems, is raised as far as the connections
need it and the hard one allows; what is returned fits beside the service's own files
and the connections that come in one breath, so that the one that has rested longest
makes room before the system refuses the next.

Source: getrlimit(2), RLIMIT_NOFILE.
"""

from __future__ import annotations

import resource
from contextlib import suppress

from prooftrail.service.http import BACKLOG

OWN = 128  # files: the database's connections, the duties' pipes, verifications
RESERVE = OWN + BACKLOG  # so many are taken before one is let go


def fitting(connections: int) -> int:
    """Return how many of so many connections fit."""
    wanted = connections + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_less(soft, wanted):
        raised = min(wanted, hard) if _is_less(hard, wanted) else wanted
        with suppress(ValueError, OSError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not _is_less(soft, wanted):
        return connections
    return max(1, min(connections, max(soft - RESERVE, soft // 4)))


def _is_less(limit: int, wanted: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < wanted
