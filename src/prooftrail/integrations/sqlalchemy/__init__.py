"""SQLAlchemy 2: before and after of what sessions and statements change.

    from prooftrail.integrations.sqlalchemy import track

    track(Session)          # a sessionmaker, async_sessionmaker, Session class, Engine

Guarantees: of a marked model (a column with ``info=pii("contact.email")``, or
``__audited__``), each row that a flush, a bulk statement of the ORM or a Core statement
inserts, updates or deletes is told with its values before and after: in the event that
is being stated, else in one of its own when the transaction commits. What is rolled
back, by savepoint too, is not told. A table that relates marked models
(``secondary=``) is marked as they are. Sessions of asyncio are the same sessions.

With `reads`, personal columns that are loaded flag the event that is being stated.

Does not: see raw SQL (`text()`), statements inside of a CTE or on a JOIN, what the
database does by itself (triggers, ON DELETE CASCADE), or COPY.
"""

from __future__ import annotations

from prooftrail.capture.personal_fields import pii
from prooftrail.integrations.sqlalchemy.tracking import track

__all__ = ["pii", "track"]
