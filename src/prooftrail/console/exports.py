"""Exports: all that answers a search, as CSV or JSON lines.

Guarantees: each page of an export is durable in the trail as audit.log.export before
its first byte is sent, with who asked and by which filters; what is read stays limited
by row-level security, and an export ends where its session does. No cell of CSV is a
formula. An answer that ends early is told by the connection, and in the log.

Source: OWASP, "CSV Injection"; RFC 4180; JSON Lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import StreamingResponse

from prooftrail.console import answers
from prooftrail.errors import QuestionError
from prooftrail.search import items, lists, printing
from prooftrail.search.parameters import MOST, Paging

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.language import Understood

_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
}


class Exports:
    """Gives whole results.

    Args:
        reading: reads.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def give(self, visit: Visit, request: Request) -> Response:
        """Give all that answers a search."""
        kind = request.query_params.get("format", "csv")
        if kind not in _TYPES:
            raise QuestionError("format is csv or jsonl")
        asked = self._reading.understood(
            visit, request.query_params.get("q", "").strip()
        )
        pages = self._pages(visit, asked, kind)
        first = next(pages)  # what goes wrong at once is a page that says so
        return StreamingResponse(
            _written(kind, first, pages),
            media_type=_TYPES[kind],
            headers=answers.headers(
                {"Content-Disposition": f'attachment; filename="prooftrail.{kind}"'}
            ),
        )

    def _pages(
        self, visit: Visit, asked: Understood, kind: str
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        cursor, streams = None, visit.visitor.holder.streams
        while True:
            with self._reading.of(visit) as connection:
                page = lists.page(
                    connection, asked.question, Paging(MOST, cursor), streams
                )
            self._reading.listed(
                visit,
                asked.question,
                {
                    "filters": {"q": asked.told},
                    "format": kind,
                    "continued": cursor is not None,
                },
                page.items,
                action="audit.log.export",
            )
            yield page.items
            cursor = page.cursor
            if cursor is None:
                return


def _written(
    kind: str,
    first: Sequence[Mapping[str, Any]],
    pages: Iterator[Sequence[Mapping[str, Any]]],
) -> Iterator[bytes]:
    if kind == "csv":
        yield printing.csv_row(None).encode()
    yield _text(kind, first)
    for page in pages:
        yield _text(kind, page)


def _text(kind: str, page: Sequence[Mapping[str, Any]]) -> bytes:
    if kind == "csv":
        rows = (printing.csv_row(printing.cells(one)) for one in page)
        return "".join(rows).encode()
    return b"".join(items.encode(one) + b"\n" for one in page)
