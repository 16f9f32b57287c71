"""PostgreSQL: the only place that knows the driver (psycopg 3, synchronous).

`connect` opens a connection under one login's role, `install` makes and checks the
schema from `sql/`, `inbox`, `sealing`, `reading` and `checkpoints` are what each login
does there. Driver errors leave as `DatabaseError`.
"""

from __future__ import annotations
