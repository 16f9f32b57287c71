"""What is enclosed in a report: its rows, and the record of how it was made.

Guarantees: the rows that are printed, those of `rows.csv` and those of `rows.jsonl` are
the same, in the same order, a row each; no cell of the CSV is a formula. `run.json`
has the parameters, the run and the SHA-256 of every other file of its volume, and the
report prints the SHA-256 of both row files. Volumes are whole by themselves: each
encloses what it prints, and the proof of just these rows (`proving`). The same draft
gives the same files.

Source: RFC 4180; OWASP, "CSV Injection"; JSON Lines.
"""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from msgspec.structs import replace

from prooftrail.reports.document import FIELDS, ROWS, volumes
from prooftrail.reports.typesetting import Attachment
from prooftrail.search import printing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.reports.document import Report

FORMAT: Final = 1  # of run.json
_KEPT: Final = 4_096  # cells of a table that are not made again

Value = str | int | bool | None


class Data(NamedTuple):
    """The rows of a report as programs read them: as many as its listing prints."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


class Draft(NamedTuple):
    """A report that is not set yet."""

    report: Report
    data: Data
    parameters: Mapping[str, Any]  # by which it can be made again
    made_us: int  # when, microseconds since the epoch, UTC
    enclosed: Sequence[Attachment] = ()  # besides the rows, in every volume
    evidence: Sequence[Sequence[Attachment]] = ()  # of the rows of each volume
    logs: Mapping[str, str] = MappingProxyType({})  # origins, by the stream's name
    whole: bool = False  # whether evidence has the rows' events, as the log has them


def enclosing(
    draft: Draft, most: int = ROWS
) -> Iterator[tuple[Report, list[Attachment]]]:
    """Yield the volumes of a report, and what each encloses.

    Raises:
        ValueError: a row is printed and not enclosed, or the other way round.
    """
    listing = draft.report.listing
    printed = 0 if listing is None else len(listing.rows)
    if printed != len(draft.data.rows):
        raise ValueError(f"{printed} rows printed, {len(draft.data.rows)} enclosed")
    hashed = sha256()
    for line in _lines(draft.data):
        hashed.update(line)
    whole = hashed.hexdigest()
    for volume in volumes(draft.report, most):
        begin = (volume.volume[0] - 1) * most
        part = Data(draft.data.columns, draft.data.rows[begin : begin + most])
        rows = [
            Attachment(
                "rows.csv", _csv(part), "text/csv", "The rows, for spreadsheets."
            ),
            Attachment(
                "rows.jsonl", _jsonl(part), "application/jsonl", "The rows, one a line."
            ),
        ]
        told = replace(
            volume,
            run=replace(
                volume.run,
                files="; ".join(
                    [
                        *(f"{one.name} SHA-256 {_hash(one)}" for one in rows),
                        *(
                            [f"rows.jsonl of all volumes together SHA-256 {whole}"]
                            if volume.volume[1] > 1
                            else []
                        ),
                        "prooftrail verify --report FILE checks all of them",
                    ]
                ),
            ),
        )
        proof = draft.evidence[volume.volume[0] - 1] if draft.evidence else ()
        others = [*rows, *draft.enclosed, *proof]
        yield told, [*others, _run(draft, told, others, whole)]


def _run(
    draft: Draft, report: Report, others: Sequence[Attachment], whole: str
) -> Attachment:
    """Return the record of a volume."""
    cover = report.cover
    told = {
        "format": FORMAT,
        "report": {
            "id": cover.report_id,
            "title": cover.title,
            "version": cover.version,
            "entity": cover.entity,
            "system": cover.system,
            "environment": cover.environment,
            "period": cover.period,
            "madeAt": cover.generated_at,
            "madeBy": cover.generated_by,
            "volume": report.volume[0],
            "volumes": report.volume[1],
        },
        "parameters": dict(draft.parameters),
        "rows": {"all": len(draft.data.rows), "sha256": whole},
        "logs": dict(draft.logs),
        "run": {name: getattr(report.run, name) for _, _, name in FIELDS},
        "files": {one.name: _hash(one) for one in others},
    }
    content = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return Attachment(
        "run.json", content.encode(), "application/json", "How the report was made."
    )


def _hash(file: Attachment) -> str:
    return sha256(file.content).hexdigest()


def _csv(data: Data) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(data.columns)
    cell = lru_cache(_KEPT, typed=True)(_cell)  # many rows share their values
    writer.writerows(map(cell, row) for row in data.rows)
    return out.getvalue().encode()


def _cell(value: Value) -> str:
    return printing.safe(_text(value))


def _text(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _jsonl(data: Data) -> bytes:
    return b"".join(_lines(data))


def _lines(data: Data) -> Iterator[bytes]:
    for row in data.rows:
        told = dict(zip(data.columns, row, strict=True))
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
