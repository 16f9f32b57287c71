"""What the database itself refuses: the triggers `link` and `compare`, foreign keys.

Guarantees: such a refusal is a `ChainError`, every other error is what it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from prooftrail.errors import ChainError, DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCES = (  # as triggers raise it; a stream that is not registered
    psycopg.errors.IntegrityConstraintViolation,
    psycopg.errors.ForeignKeyViolation,
)


@contextmanager
def fenced() -> Iterator[None]:
    """Tell what the fences refuse from everything else; goes around `driver_errors`.

    Raises:
        ChainError: no chain is continued, a checkpoint has another root than the log,
            or a stream is not registered.
    """
    try:
        yield
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, _FENCES):
            raise ChainError(str(error)) from cause
        raise
