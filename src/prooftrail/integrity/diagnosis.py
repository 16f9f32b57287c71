"""What is wrong with an entry that does not fit: the slow look, at a single row.

Guarantees: a row that is not as it was sealed gets a sentence; it names the column
where the hashes allow it: a header field that, put back to what the chain says it must
be, gives the stored leaf again is the one edited. What derives from bytes that are not
those that were sealed is not compared: it would say nothing new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from prooftrail.core import catalog, entry
from prooftrail.core.projection import Projection
from prooftrail.integrity.findings import Finding, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_SUSPECTS = 64  # more edited entries than this are not compared pairwise
UNKNOWN_KIND = -1  # what a source gives for a kind that is not there

_KINDS = (entry.EVENT, entry.STATEMENT)
_LARGEST = 2**64 - 1
_HEADER_FIELDS = 9  # seq to event

# The fields of a `Row` as a source gives them. Only the format's own types stand there
# unless constraints were dropped or columns altered: then any value, or none, may.
Raw: TypeAlias = tuple[Any, ...]


class Row(NamedTuple):
    """A stored entry; a header field that is missing, or of another type, is empty."""

    seq: int
    recorded_us: int
    kind: int
    stream_id: bytes
    prev: bytes
    body: bytes
    leaf: bytes
    salt: bytes | None
    event: bytes | None
    # the projection columns, named as in `Projection`
    event_id: object = None
    occurred_us: object = None
    actor: object = None
    role: object = None
    action: object = None
    resource_type: object = None
    resource_id: object = None
    result: object = None
    ip: object = None  # as the source writes an address
    pii: object = None
    continues: object = None
    authority: object = None

    @classmethod
    def of(cls, raw: Raw) -> Row:
        """Return stored fields as a row."""
        seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event = raw[
            :_HEADER_FIELDS
        ]
        fields = (
            seq if type(seq) is int else -1,
            recorded_us if type(recorded_us) is int else 0,
            kind if type(kind) is int else UNKNOWN_KIND,
            *(
                field if type(field) is bytes else b""
                for field in (stream_id, prev, body, leaf)
            ),
            salt if type(salt) is bytes else None,
            event if type(event) is bytes else None,
            *raw[_HEADER_FIELDS:],
        )
        return cls(*fields)

    @property
    def columns(self) -> tuple[object, ...]:
        """The projection columns, in the order of `Projection`."""
        return self[_HEADER_FIELDS:]


def of_row(
    row: Row,
    *,
    stream_id: bytes,
    links: set[bytes] | None,
    true_body: bytes,
    found: Projection | None,
    address: Callable[[bytes | None], bytes | None],
) -> list[tuple[Kind, str]]:
    """Return kind and sentence of what is wrong with a row by itself."""
    told: list[tuple[Kind, str]] = []
    sound = consistent(row, true_body)
    if row.event is None or row.salt is None:
        told.append((Kind.EDITED, f"entry {row.seq}: its event bytes are gone"))
    elif not sound:
        told.append((Kind.EDITED, _edited(row, stream_id, links, true_body)))
    elif row.stream_id != stream_id:
        told.append((Kind.INSERTED, f"entry {row.seq} belongs to another stream"))
    if not holds(row, true_body):
        return told
    if found is None:
        if not told:
            text = f"entry {row.seq}: its bytes are not an event"
            told.append((Kind.EDITED, text))
        return told
    if sound and (row.kind == entry.STATEMENT) != is_statement(found):
        text = f"entry {row.seq}: its kind and its action do not fit"
        told.append((Kind.EDITED, text))
    written = found._replace(ip=address(found.ip))
    names = [
        name
        for name, one, other in zip(
            Projection._fields, written, row.columns, strict=True
        )
        # 1 equals True, and is not what was stored
        if one != other or type(one) is not type(other)
    ]
    if names:
        verb = "differs" if len(names) == 1 else "differ"
        text = f"entry {row.seq}: {', '.join(names)} {verb} from its bytes"
        told.append((Kind.PROJECTION_EDITED, text))
    return told


def is_statement(found: Projection) -> bool:
    """Return whether an action is the trail's own."""
    return found.action.startswith(catalog.TRAIL)


def consistent(row: Row, true_body: bytes) -> bool:
    """Return whether the row has the format's shape and its hashes fit each other."""
    return (
        row.salt is not None
        and len(row.salt) == entry.SALT_BYTES
        and row.body == true_body
        and header_fits(row)
    )


def header_fits(row: Row) -> bool:
    """Return whether the header has the format's shape and gives the stored leaf."""
    return (
        row.seq >= 0
        and row.kind in _KINDS
        and len(row.prev) == entry.HASH_BYTES
        and len(row.stream_id) == entry.STREAM_ID_BYTES
        and len(row.body) == entry.HASH_BYTES
        and row.leaf == leaf_of(row, row.body)
    )


def holds(row: Row, true_body: bytes) -> bool:
    """Return whether the event bytes are those that the header commits to."""
    return (
        row.event is not None
        and row.salt is not None
        and len(row.salt) == entry.SALT_BYTES
        and (row.body == true_body or row.leaf == leaf_of(row, true_body))
    )


def leaf_of(row: Row, body: bytes) -> bytes:
    """Return the leaf of a row's header over a body; odd widths are cut or filled.

    A seq below 0, which no header can hold, wraps: `header_fits` refuses such a row.
    """
    seq = row.seq & _LARGEST
    return entry.Header(
        row.kind & 1, row.stream_id, row.prev, seq, row.recorded_us, body
    ).leaf()


def _edited(
    row: Row, stream_id: bytes, links: set[bytes] | None, true_body: bytes
) -> str:
    """Say which field was edited: the one that, put back, gives the leaf again."""
    whole = f"entry {row.seq}: its"
    if row.salt is not None and len(row.salt) != entry.SALT_BYTES:
        return f"{whole} salt was edited"
    if row.kind not in _KINDS:
        return f"{whole} kind was edited"
    back = [
        ("body was", row._replace(body=true_body)),
        *(("prev was", row._replace(prev=link)) for link in links or ()),
        ("stream id was", row._replace(stream_id=stream_id)),
        ("kind was", row._replace(kind=1 - row.kind)),
        *(
            ("seq was", row._replace(seq=seq))
            for seq in (row.seq - 1, row.seq + 1)
            if seq >= 0
        ),
    ]
    if row.body != true_body:
        back.insert(0, ("event bytes (or salt) were", row))
    for what, restored in back:
        if row.leaf == leaf_of(restored, restored.body):
            return f"{whole} {what} edited"
    if links is not None and row.prev in links and row.body == true_body:
        return f"{whole} leaf or its recorded time was edited"
    return f"{whole} header was edited"


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
                leaf_of(row, body),  # its own contents stand at `other` now
                leaf_of(row._replace(seq=other.seq), row.body),  # it bore that seq
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
