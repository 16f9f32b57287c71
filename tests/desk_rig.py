"""Somebody who sits at a desk and reads for a report, without a command around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import ids
from prooftrail.reports.desk import Desk, Stated
from prooftrail.search import parameters
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.store.readers import Readers


def sitting(readers: Readers, token: str, filters: Sequence[tuple[str, str]]) -> Desk:
    """Return the desk of a token's holder.

    Args:
        readers: by which is read.
        token: whose reading it is.
        filters: what is asked, as `parameters.filters` takes it; streams that the
            holder does not read are left out.
    """
    holder = readers.holder(token)
    assert holder is not None
    told = [
        (name, value)
        for name, value in filters
        if name != "stream" or value in holder.streams
    ]
    now = now_us()
    return Desk(
        lambda: readers.reading(token),
        holder,
        parameters.filters(told, holder.streams, now_us=now),
        Stated(),
        "an auditor",
        "a test",
        ids.uuid7(now, bytes(8)),
        now,
        now_us,
    )
