"""What is wrong with an entry that does not fit: the slow look, at a single row.

Guarantees: names the column where the hashes allow it: a header field that, put back
to what the chain says it must be, gives the stored leaf again is the one edited.
Where nothing fits, it says so instead of guessing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import catalog, entry
from prooftrail.integrity.findings import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prooftrail.core.projection import Projection

MAX_SUSPECTS = 64  # more edited entries than this are not compared pairwise


class Row(NamedTuple):
    """A stored entry, as a source gives it."""

    seq: int
    recorded_us: int
    kind: int
    stream_id: bytes
    prev: bytes
    body: bytes
    leaf: bytes
    salt: bytes | None
    event: bytes | None
    columns: bytes  # the projection columns in the source's spelling


def of_row(
    row: Row,
    *,
    stream_id: bytes,
    links: set[bytes] | None,
    true_body: bytes,
    found: Projection | None,
    differences: Callable[[Projection, bytes], list[str]],
) -> list[tuple[Kind, str]]:
    """Return kind and sentence of what is wrong with a row by itself."""
    told: list[tuple[Kind, str]] = []
    if row.event is None or row.salt is None:
        told.append((Kind.EDITED, f"entry {row.seq}: its event bytes are gone"))
    elif row.leaf != _leaf(row, true_body) or row.body != true_body:
        told.append((Kind.EDITED, _edited(row, stream_id, links, true_body)))
    elif row.stream_id != stream_id:
        told.append((Kind.INSERTED, f"entry {row.seq} belongs to another stream"))
    if found is None:
        if row.event is not None and not told:
            text = f"entry {row.seq}: its bytes are not an event"
            told.append((Kind.EDITED, text))
        return told
    if (row.kind == entry.STATEMENT) != found.action.startswith(catalog.TRAIL):
        text = f"entry {row.seq}: its kind and its action do not fit"
        told.append((Kind.EDITED, text))
    if names := differences(found, row.columns):
        text = f"entry {row.seq}: {', '.join(names)} differ from its bytes"
        told.append((Kind.PROJECTION_EDITED, text))
    return told


def consistent(row: Row, true_body: bytes) -> bool:
    """Return whether the row's hashes fit each other."""
    return row.body == true_body and row.leaf == _leaf(row, true_body)


def _leaf(row: Row, body: bytes) -> bytes:
    return entry.Header(
        row.kind & 1, row.stream_id, row.prev, row.seq, row.recorded_us, body
    ).leaf()


def _edited(
    row: Row, stream_id: bytes, links: set[bytes] | None, true_body: bytes
) -> str:
    """Say which field was edited: the one that, put back, gives the leaf again."""
    back = [
        ("event bytes (or salt) were", row),
        ("body was", row._replace(body=true_body)),
        *(("prev was", row._replace(prev=link)) for link in links or ()),
        ("stream id was", row._replace(stream_id=stream_id)),
        ("kind was", row._replace(kind=1 - (row.kind & 1))),
    ]
    for what, restored in back:
        if row.leaf == _leaf(restored, restored.body):
            return f"entry {row.seq}: its {what} edited"
    if links is not None and row.prev in links and row.body == true_body:
        return f"entry {row.seq}: its leaf or its recorded time was edited"
    return f"entry {row.seq}: its header was edited"


def swapped(suspects: Sequence[tuple[Row, bytes]]) -> dict[int, int]:
    """Return which edited entries changed places: seq to the seq it came from.

    Args:
        suspects: rows whose hashes do not fit, each with its true body.
    """
    if len(suspects) > MAX_SUSPECTS:
        return {}
    found: dict[int, int] = {}
    for row, _ in suspects:
        for other, body in suspects:
            if other.seq != row.seq and row.leaf in (
                _leaf(row, body),  # its own contents stand at `other` now
                _leaf(row._replace(seq=other.seq), row.body),  # it bore that seq
            ):
                found[row.seq] = other.seq
    return found


def renamed(findings: list[Finding], places: dict[int, int]) -> list[Finding]:
    """Return the findings, those of entries that changed places so called."""
    return [
        found._replace(
            kind=Kind.REORDERED,
            told=f"entries {found.seq} and {places[found.seq]} changed places",
        )
        if found.kind is Kind.EDITED and found.seq in places
        else found
        for found in findings
    ]
