"""A log without guards that is put back as it was after each edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

# What verification covers; a test holds this against the catalog.
COLUMNS = {
    "log": [
        "stream", "seq", "recorded_us", "kind", "stream_id", "prev", "body", "leaf",
        "salt", "event", "event_id", "occurred_us", "actor", "role", "action",
        "resource_type", "resource_id", "result", "ip", "pii", "continues",
        "authority",
    ],
    "subject": ["stream", "seq", "subject", "occurred_us", "recorded_us"],
    "daily": ["stream", "day", "action", "role", "result", "pii", "n"],
    "head": ["stream", "seq", "leaf", "recorded_us", "lease"],
    "stream": ["number", "name", "stream_id", "base", "incarnation", "keys"],
    "checkpoint": ["stream", "size", "signed_us", "note", "peaks"],
}  # fmt: skip


class Saved:
    """Keeps a copy of all tables beside them."""

    def __init__(self, attacked: Attacked) -> None:
        self.attacked = attacked
        attacked.execute("create schema saved")
        for table in COLUMNS:
            attacked.execute(
                f"create table saved.{table} as select * from prooftrail.{table}"
            )
            parts = attacked.execute(
                "select inhrelid::regclass::text from pg_inherits"
                " where inhparent = %s::regclass",
                (f"prooftrail.{table}",),
            ).fetchall()
            for name in (f"prooftrail.{table}", *(part[0] for part in parts)):
                self._drop_not_null(name)

    def _drop_not_null(self, table: str) -> None:
        for (column,) in self.attacked.execute(
            "select attname from pg_attribute where attrelid = %s::regclass"
            " and attnum > 0 and attnotnull",
            (table,),
        ).fetchall():
            self.attacked.execute(
                f"alter table {table} alter column {column} drop not null"
            )

    def columns(self, table: str) -> list[str]:
        rows = self.attacked.execute(
            "select attname from pg_attribute where attrelid = %s::regclass"
            " and attnum > 0 and not attisdropped order by attnum",
            (f"prooftrail.{table}",),
        )
        return [row[0] for row in rows.fetchall()]

    def edit(
        self, table: str, column: str, value: str, where: str, **others: str
    ) -> None:
        """Set one column of the one row that `where` names; {} stands for it."""
        sets = ", ".join(
            f"{name} = {text.replace('{}', name).replace('{{', '{')}"
            for name, text in {column: value, **others}.items()
        )
        done = self.attacked.execute(
            f"update prooftrail.{table} set {sets} where {where}"
        )
        assert done.rowcount == 1

    def restore(self) -> None:
        for table in COLUMNS:
            self.attacked.execute(f"delete from prooftrail.{table}")
            self.attacked.execute(
                f"insert into prooftrail.{table} select * from saved.{table}"
            )
