"""The integrity page: have the log verified, follow it, take what is signed away.

Guarantees: a verification is of the streams that the visitor may read, whole, and told
to nobody else; whoever may see a period only is told the verdict and no size. A
checkpoint is given as it was signed, byte for byte.

Does not: prove anything to whoever does not trust this server: `prooftrail verify`
does, with a checkpoint that was taken away before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

from prooftrail.console import answers
from prooftrail.core import instants
from prooftrail.errors import BusyError, QuestionError
from prooftrail.service.api.caller import Caller
from prooftrail.service.api.checking import shown
from prooftrail.store import showing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.reading import Reading
    from prooftrail.store.check_runs import CheckRun
    from prooftrail.store.showing import Signed

DAYS = 90
RUNS = 8  # that are listed
_DAY_US = 86_400_000_000
_LINES = 3  # of a checkpoint's text: origin, size, root


class Checkpoint(NamedTuple):
    """A stream's newest checkpoint, for people."""

    stream: str
    size: int
    root: str
    signed: str
    url: str


class Day(NamedTuple):
    """A day of the strip."""

    label: str
    kind: str  # a class of the style sheet: "quiet-day", "open-day" or ""


class Integrity:
    """Pages of integrity.

    Args:
        console: that they belong to.
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, console: Console, answering: Answers, reading: Reading) -> None:
        self._parts = console.parts
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, _: Request) -> Response:
        """Show how the log stands."""
        return self._page(visit)

    def verify(self, visit: Visit, _: Request, __: Mapping[str, str]) -> Response:
        """Begin a verification of all that the visitor may read."""
        holder = visit.visitor.holder
        names = () if holder.all_streams else tuple(holder.streams)
        if not names and not holder.all_streams:
            raise QuestionError("there is no stream that you may read")
        try:
            run = self._parts.checks.start(
                names, asked_by=_asker(visit), actor=visit.actor
            )
        except BusyError as error:
            return self._page(visit, problem=str(error), status=429)
        return answers.to(visit.base, f"/integrity/runs/{run}")

    def run(self, visit: Visit, request: Request) -> Response:
        """Show how far a verification is, or what came of it."""
        run = self._parts.checks.get(request.path_params["run_id"])
        if run is None or not _may_see(visit, run):
            return self._answers.problem(
                404,
                "No such verification for you",
                "There is none of this id that you asked for.",
                visit=visit,
            )
        part = bool(request.headers.get("hx-request"))
        return self._answers.page(
            "run_part.html" if part else "run.html",
            visit,
            title="Verification",
            here="/integrity",
            **_told(visit, run),
        )

    def checkpoint(self, visit: Visit, request: Request) -> Response:
        """Give the newest checkpoint of a stream, as it was signed."""
        name = request.query_params.get("stream", "")
        number = visit.visitor.holder.streams.get(name)
        found: Sequence[Signed] = ()
        if number is not None:
            with self._reading.of(visit) as connection:
                found = showing.checkpoints(connection, [number])
        self._reading.viewed(
            visit,
            [name] if number is not None else tuple(visit.visitor.holder.streams),
            {"checkpoint": True, "rows": len(found)},
            action="audit.log.export",
        )
        if not found:
            return self._answers.problem(
                404, "No checkpoint", "There is none that you may read.", visit=visit
            )
        file = f"prooftrail-{number}-{found[0].size}.checkpoint"
        return Response(
            found[0].note.encode(),
            media_type="text/plain; charset=utf-8",
            headers=answers.headers(
                {"Content-Disposition": f'attachment; filename="{file}"'}
            ),
        )

    def _page(
        self, visit: Visit, *, problem: str | None = None, status: int = 200
    ) -> Response:
        streams = visit.visitor.holder.streams
        last = self._reading.now_us // _DAY_US
        first = last - DAYS + 1
        with self._reading.of(visit) as connection:
            counted = showing.days(connection, list(streams.values()), first)
            signed = showing.checkpoints(connection, list(streams.values()))
        self._reading.viewed(visit, tuple(streams), {"integrity": True})
        runs = [one for one in self._parts.checks.list() if _may_see(visit, one)]
        names = {number: name for name, number in streams.items()}
        return self._answers.page(
            "integrity.html",
            visit,
            title="Integrity",
            here="/integrity",
            status=status,
            problem=problem,
            strip=[_day(day, counted, signed) for day in range(first, last + 1)],
            checkpoints=[_checkpoint(one, names) for one in signed],
            runs=[_told(visit, one) for one in runs[:RUNS]],
            last=next(
                (_told(visit, one) for one in runs if one.state == "finished"), None
            ),
            unsigned=sorted(
                set(streams) - {names.get(one.stream, "") for one in signed}
            ),
        )


def _day(day: int, counted: Mapping[int, int], signed: Sequence[Signed]) -> Day:
    date = instants.text(day * _DAY_US)[:10]
    count = counted.get(day, 0)
    if not count:
        return Day(f"{date}: no event", "quiet-day")
    told = f"{date}: {count:,} event{'' if count == 1 else 's'}"
    newest = min((one.signed_us for one in signed), default=0)
    if newest < (day + 1) * _DAY_US:
        return Day(f"{told}, signed only in part", "open-day")
    return Day(f"{told}, signed", "")


def _checkpoint(one: Signed, names: Mapping[int, str]) -> Checkpoint:
    lines = one.note.split("\n")
    stream = names.get(one.stream, str(one.stream))
    return Checkpoint(
        stream,
        one.size,
        lines[2] if len(lines) >= _LINES else "",
        instants.text(one.signed_us),
        f"/integrity/checkpoint?{answers.query({'stream': stream})}",
    )


def _told(visit: Visit, run: CheckRun) -> dict[str, Any]:
    """Return a run as the visitor may see it."""
    told = shown(_caller(visit), run)
    verdict = told.get("verdict")
    report = told.get("report") or {}
    return {
        "id": run.id,
        "state": run.state,
        "verdict": verdict,
        "good": verdict == "verified",
        "checked": told["checked"],
        "told": told.get("told"),
        "started": f"{run.started_at:%Y-%m-%d %H:%M:%S}",
        "seconds": None
        if run.finished_at is None
        else round((run.finished_at - run.started_at).total_seconds(), 1),
        "done": told.get("entriesChecked"),
        "total": told.get("entries"),
        "streams": [_stream(one) for one in report.get("streams", [])],
        "findings": [_finding(one) for one in report.get("findings", [])],
    }


def _stream(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report says of a stream."""
    anchored, since = told.get("anchored"), told.get("selfAttestedFrom")
    words = []
    if anchored:
        words.append(f"up to {anchored['size']:,} entries ({anchored['place']})")
    if since is not None:
        words.append(f"self-attested from {since:,}")
    return {
        "name": told["stream"],
        "entries": told["entries"],
        "told": "; ".join(words) or "nothing to anchor",
    }


def _finding(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report finds."""
    first, last = told.get("seq"), told.get("lastSeq")
    where = told.get("stream") or ""
    if first is not None:
        where += f" seq {first:,}"
        if last is not None and last != first:
            where += f" to {last:,}"
    return {"kind": told["kind"], "where": where, "told": told["told"]}


def _caller(visit: Visit) -> Caller:
    return Caller(visit.visitor.holder, visit.visitor.token, visit.address)


def _may_see(visit: Visit, run: CheckRun) -> bool:
    return run.asked_by == _asker(visit) or visit.operates


def _asker(visit: Visit) -> str:
    return str(visit.actor["userId"])
