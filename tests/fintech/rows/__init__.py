"""The rows of the table, a module for each of the application's files."""

from __future__ import annotations

from tests.fintech.rows import admin, auth, customers, data, platform, privacy

ROWS = [
    *auth.ROWS,
    *customers.ROWS,
    *privacy.ROWS,
    *admin.ROWS,
    *platform.ROWS,
    *data.ROWS,
]
