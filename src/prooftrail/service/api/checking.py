"""GET /audit/integrity-check: have the log verified, and read what came of it.

Guarantees: the run verifies the streams that the key may read and tells of no other.
For whoever may see a period only they are verified whole: his period is one of the
events' own time, what was recorded when is another matter, and a chain is not sound in
parts. He is told the verdict and of what, and no size, seq or time: how many entries
there are is not his to know, nor where outside of his period one was altered. A run is
seen by the key that asked for it, and by those that may operate the service and read
all of it.

Does not: trust this service. Whoever need not believe it runs `prooftrail verify`.

Source: HTML, server-sent events.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, StreamingResponse

from prooftrail.core import instants
from prooftrail.errors import HiddenError, ProoftrailError, QuestionError
from prooftrail.search import values
from prooftrail.service.api.places import CHECKING, Places
from prooftrail.service.api.problems import Problem, told
from prooftrail.service.api.reading import documented

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts
    from prooftrail.store.check_runs import CheckRun

PATH = "/audit/integrity-check"
EVENTS = "text/event-stream"
PAUSE = 1.0  # seconds between events
LONGEST = 600.0  # seconds of events; ask for the run again
HIDDEN = "a failure is told without its place: it may lie outside of what may be seen"


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Checking"])
    places = Places(CHECKING)

    @made.get(
        PATH,
        response_model=None,
        status_code=202,
        summary="Verify the log",
        openapi_extra=documented(
            {
                "from": "Entries recorded from this time (the sealer's clock). For a "
                "key that is limited to a period (of the events' own time) all are "
                "verified, whenever recorded.",
                "to": "Entries recorded before this time; as from.",
                "stream": "A stream's name; without one, all that the key may read.",
            }
        ),
    )
    async def check(request: Request) -> Response:
        """Begins a verification and says where its result will be (Location).

        With Accept: text/event-stream, the answer is its progress and its result.
        """
        caller, run_id = await places.run(begun, request)
        if EVENTS in request.headers.get("accept", ""):
            return StreamingResponse(
                _events(parts, callers, caller, run_id, places), media_type=EVENTS
            )
        # where the application is mounted, its own path stands before
        place = f"{request.scope.get('root_path', '')}{PATH}/{run_id}"
        return JSONResponse(
            {"id": run_id, "state": "running", "result": place},
            202,
            {"Location": place, "Retry-After": "1"},
        )

    @made.get(
        PATH + "/{run_id}", response_model=None, summary="What came of a verification"
    )
    async def result(request: Request, run_id: str) -> Response:
        """Its state (running, finished, interrupted), progress, verdict and report.

        `checked` says of what the verdict is. A key that is limited to a period is told
        no more than both: a failure may lie outside of what it may see.
        """
        return await places.run(found, request, run_id)

    def begun(request: Request) -> tuple[Caller, str]:
        caller = callers.of(request, "verify")
        names, since_us, until_us = _asked(request, caller)
        run_id = parts.checks.start(
            names,
            since_us,
            until_us,
            asked_by=_asker(caller),
            actor=caller.actor,
        )
        return caller, run_id

    def found(request: Request, run_id: str) -> Response:
        caller = callers.of(request, "verify")
        run = parts.checks.get(run_id)
        if run is None or not _may_see(caller, run):
            raise Problem(
                404,
                "there is no verification of this id for this key",
                hidden="verification",
            )
        return JSONResponse(shown(caller, run))

    return made


def shown(caller: Caller, run: CheckRun) -> dict[str, Any]:
    """Return a run as the caller may see it."""
    answer: dict[str, Any] = {
        "id": run.id,
        "state": run.state,
        "verdict": run.verdict,
        "startedAt": run.started_at.isoformat(),
        "finishedAt": None if run.finished_at is None else run.finished_at.isoformat(),
    }
    if run.state == "interrupted":
        answer["verdict"] = run.told
    answer["checked"] = _checked(run)
    if not caller.sees_all_time:
        if run.verdict == "verified" and not run.done:
            # what he cannot see to be nothing must not read as a good end
            answer |= {
                "verdict": "could not verify",
                "checked": "no entry: none is there",
            }
        elif run.verdict == "tampered":
            answer["told"] = HIDDEN
        return answer
    answer |= {"entriesChecked": run.done, "entries": run.total}
    for name, bound in (("from", run.since_us), ("to", run.until_us)):
        if bound is not None:
            answer[name] = instants.text(bound)
    if run.report is not None:
        report = json.loads(run.report)
        if not caller.holder.all_streams:
            for name in ("streams", "findings"):
                report[name] = [
                    one
                    for one in report.get(name, ())
                    if one.get("stream", one.get("name")) in caller.holder.streams
                ]
        answer["report"] = report
    return answer


def newest(
    parts: Parts, caller: Caller, asker: str | None = None
) -> dict[str, Any] | None:
    """Return the newest verification that ended, of those that the caller may see.

    Args:
        parts: of the service.
        caller: who is told.
        asker: who that is in a run; the caller's key by default.
    """
    own = asker or _asker(caller)
    for run in parts.checks.list():
        if run.state == "finished" and (run.asked_by == own or caller.operates):
            return shown(caller, run)
    return None


async def _events(
    parts: Parts, callers: Callers, caller: Caller, run_id: str, places: Places
) -> AsyncIterator[bytes]:
    """Yield the progress, until there is a result or the key is good no more."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST
    try:
        while loop.time() < until and not parts.health.stopping:
            holder = await places.run(callers.holder, caller.token)
            if holder is None:
                yield _event("error", {"error": "this key opens nothing any more"})
                return
            run = await places.run(parts.checks.get, run_id)
            if run is None:
                return
            kind = "progress" if run.state == "running" else "result"
            yield _event(kind, shown(caller, run))
            if kind == "result":
                return
            await asyncio.sleep(PAUSE)
    except ProoftrailError as error:  # the status is sent already
        parts.log.warning("progress ended early", problem=str(error))
        yield _event("error", {"error": told(error)})


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


def _asked(
    request: Request, caller: Caller
) -> tuple[tuple[str, ...], int | None, int | None]:
    """Return streams and bounds of recorded time, none beyond the key's own."""
    given = request.query_params.multi_items()
    times: dict[str, int] = {}
    names: list[str] = []
    for name, text in given:
        if name in {"from", "to"} and name not in times:
            times[name] = values.instant(name, text)
        elif name == "stream" and text in caller.holder.streams:
            names.append(text)
        elif name == "stream":
            raise HiddenError(
                "there is no stream of this name that you may read", "stream"
            )
        else:
            raise QuestionError("there are from, to (once each) and stream")
    if not names and not caller.holder.all_streams:
        names = list(caller.holder.streams)
        if not names:
            raise QuestionError("this key may read no stream")
    since_us, until_us = times.get("from"), times.get("to")
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise QuestionError("no time lies between from and to")
    if not caller.sees_all_time:
        since_us = until_us = None
    return tuple(names), since_us, until_us


def _checked(run: CheckRun) -> str:
    """Return of what a verdict is, in words."""
    names = "every stream" if run.streams is None else ", ".join(run.streams)
    told = f"every entry of {names}"
    if run.since_us is None and run.until_us is None:
        return f"{told}, whenever it happened"
    bounds = []
    if run.since_us is not None:
        bounds.append(f"from {instants.text(run.since_us)} on")
    if run.until_us is not None:
        bounds.append(f"before {instants.text(run.until_us)}")
    return f"{told} that was recorded {' and '.join(bounds)}"


def _may_see(caller: Caller, run: CheckRun) -> bool:
    return run.asked_by == _asker(caller) or caller.operates


def _asker(caller: Caller) -> str:
    return f"key:{caller.holder.key_id}"
