"""A report as PDF: PDF/A-3a and PDF/UA-1, tagged, with its evidence attached.

Guarantees: the same report, files and time give the same bytes, on any machine: fonts
are those of this package, no other is looked for. What a report says reaches Typst as
JSON and is shown as text; nothing of it, and of what is enclosed, is read as markup.
Each document is set in a process of its own, whose memory ends with it.

Does not: sign (`signing` does).

Source: ISO 19005-3 (PDF/A-3), ISO 14289-1 (PDF/UA-1); the library is `typst`.
"""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from prooftrail.errors import ReportError
from prooftrail.processes import in_order, pool, prepare
from prooftrail.reports import heights
from prooftrail.reports.document import FIELDS, Column, Report, Table
from prooftrail.reports.lettering import LONGEST, lettered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_STANDARDS: Final = ["a-3a", "ua-1"]
_ENCLOSED: Final = "enclosed/"  # before the names of files, where they are given
_LOADED: Final = (__name__, "typst._typst")  # by what sets
_TEMPLATES: Final = ("report.typ", "charts.typ", "tables.typ", "palette.typ")


class Attachment(NamedTuple):
    """A file that is enclosed in a report."""

    name: str
    content: bytes
    mime: str
    told: str  # what it is, in a line


def ready() -> None:
    """Have Typst loaded, in a process beside this one, while a report is made."""
    prepare(_LOADED)


def typeset(
    volumes: Iterable[tuple[Report, Sequence[Attachment]]],
    at_us: int,
    processes: int = 2,
) -> Iterator[bytes]:
    """Yield the volumes of a report as PDF.

    Args:
        volumes: what each says, and what is enclosed; taken as they are set.
        at_us: when it was made, microseconds since the epoch, UTC.
        processes: at most so many at a time; each takes some 150 MB.

    Raises:
        ReportError: it cannot be set.
    """
    told = ((shown(report), list(files), at_us) for report, files in volumes)
    try:
        with pool(processes, _LOADED, tasks=1) as setting:
            yield from in_order(setting, _set, told, processes)
    except BrokenProcessPool as error:
        raise ReportError(
            "the report cannot be set: the process that did so ended. Is there"
            " memory for it? It needs some 150 MB"
        ) from error


def _set(told: tuple[bytes, Sequence[Attachment], int]) -> bytes:
    return set_one(*told)


def set_one(data: bytes, files: Sequence[Attachment], at_us: int) -> bytes:
    """Set a report in this process.

    Args:
        data: of `shown`.
        files: what is enclosed.
        at_us: when it was made.
    """
    try:
        import typst  # noqa: PLC0415  an extra, and slow to load
    except ImportError as error:
        raise ReportError(
            "reports need the extra `report`: pip install 'prooftrail[report]'"
        ) from error
    enclosed = "".join(
        f"#pdf.attach({_literal(one.name)},"
        f" bytes(sys.inputs.at({_literal(_ENCLOSED + one.name)})),"
        f" relationship: {_literal(_relation(one))},"
        f" mime-type: {_literal(one.mime)}, description: {_literal(one.told)})\n"
        for one in files
    )
    sources = {"main.typ": f'{enclosed}#include "report.typ"\n'.encode()}
    templates = resources.files(__package__) / "templates"
    for name in _TEMPLATES:
        sources[name] = (templates / name).read_bytes()
    # not beside the sources: all that stands there is parsed as markup
    given = {_ENCLOSED + one.name: one.content.decode() for one in files}
    with resources.as_file(resources.files(__package__) / "fonts") as fonts:
        try:
            compiling: Any = typst.compile  # its types know no files in memory
            made = compiling(
                sources,
                sys_inputs=given | {"report": data.decode()},
                font_paths=[str(fonts)],
                ignore_system_fonts=True,
                pdf_standards=_STANDARDS,
                timestamp=datetime.fromtimestamp(at_us // 1_000_000, UTC),
            )
        except typst.TypstError as error:
            raise ReportError(
                f"a defect, report it: the report cannot be set: {error}"
            ) from error
    return bytes(made)


def shown(report: Report) -> bytes:
    """Return what the templates show, as JSON: every text can be set."""
    number, volumes = report.volume
    if number > 1:  # which prints its rows alone
        report = replace(report, sections=(), exceptions=Table((), ()))
    told = _lettered(msgspec.to_builtins(report))
    _measured(told["exceptions"])
    for section in told["sections"]:
        for one in section["blocks"]:
            if one["kind"] == "table":
                _measured(one)
    if report.listing is not None:
        _measured(told["listing"], heights.ACROSS)
    told["fields"] = [
        [which, title, told["run"][field]] for which, title, field in FIELDS
    ]
    name = f"{report.cover.title} {report.cover.report_id}"
    if volumes > 1:
        name += f", volume {number} of {volumes}"
    return msgspec.json.encode(told | {"name": lettered(name)})


def _measured(told: dict[str, Any], whole: float = heights.UPRIGHT) -> None:
    """Say how wide the columns and how high the rows of a long table are."""
    if len(told["rows"]) < heights.MANY:
        return
    columns = msgspec.convert(told["columns"], tuple[Column, ...])
    told["widths"] = heights.widths(columns, whole)
    told["heights"] = heights.heights(Table(columns, told["rows"]), whole)


def _lettered(value: Any, *, cell: bool = False) -> Any:  # noqa: ANN401  JSON
    match value:
        case str():
            return lettered(value, LONGEST) if cell else lettered(value)
        case dict():
            return {
                key: _lettered(item, cell=cell or key == "rows")
                for key, item in value.items()
            }
        case list() | tuple():
            return [_lettered(item, cell=cell) for item in value]
        case _:
            return value


def _relation(file: Attachment) -> str:
    return "data" if file.name.startswith("rows.") else "supplement"


def _literal(text: str) -> str:
    """Return a text of ours as Typst's literal, which is JSON's."""
    return msgspec.json.encode(text).decode()
