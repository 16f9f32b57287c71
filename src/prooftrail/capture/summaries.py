"""Summaries: what one statement changed in more rows than are told one by one.

Guarantees: whose rows they were is kept for all of them; which fields were set, and to
what if it was one value, is told. The values before are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.capture import changes
from prooftrail.capture.assignments import MARK
from prooftrail.capture.effects import Change, Effect
from prooftrail.capture.protection import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.capture.audited import Audited
    from prooftrail.capture.effects import Operation

ROWS = 1_000  # whose values are told one by one
COMPUTED = "[computed by the database]"


def summed_up(
    audited: Audited,
    operation: Operation,
    rows: Sequence[Mapping[str, Any]],
    *,
    literal: Mapping[str, Any],
    affected: int,
    statement: object = None,
) -> Effect:
    """Return what was done to many rows.

    Args:
        audited: the model.
        operation: update or delete.
        rows: their keys and subjects.
        literal: what was set to one value for all, by field; COMPUTED where it was not.
        affected: rows, as the database says.
        statement: see `Effect`.
    """
    told = f"[of {len(rows)} rows, not kept one by one]"
    subjects = [audited.subject_of(row) for row in rows]
    named = list(dict.fromkeys(one for one in subjects if one is not None))
    # one value that several people have is no one's alone
    whose = named[0] if len(named) == 1 and None not in subjects else NOBODY
    fields = list(literal) or [one for one in audited.fields if one not in audited.key]
    found = []
    for name in fields:
        after = literal.get(name)
        if changes.is_secret(name):
            found.append(Change(name, MARK, MARK))
            continue
        cls = None if after == COMPUTED else audited.personal.get(name)
        found.append(Change(name, told, changes.personal(after, cls, whose)))
    return Effect(
        operation,
        audited.kind,
        None,
        found,
        named,
        {name: audited.personal[name] for name in fields if name in audited.personal},
        statement if statement is not None else object(),
        {"rows_affected": affected, "values": "summed up"},
    )


def remark(
    audited: Audited,
    operation: Operation,
    statement: object,
    details: Mapping[str, Any],
) -> Effect:
    """Return what else there is to say of a statement."""
    return Effect(operation, audited.kind, None, statement=statement, details=details)
