"""A fintech's API on FastAPI, SQLAlchemy and PostgreSQL: 34 endpoints, audited.

Begin with `main.py`; `routes/` has the endpoints, `security.py` who may what and on
what evidence, `models.py` which columns are personal, `jobs.py` what runs by itself.
"""

from __future__ import annotations

from examples.fintech.main import create_app

app = create_app()
