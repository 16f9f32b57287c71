"""The page of one event, and the reveal of a personal value on it.

Guarantees: the event as stated, its neighbours in the chain as far as the visitor may
see them, and whether each one's checksum is what the next one says. A revealed value is
on one answer, to the form that asked for it with a reason, once that it was shown is
durable in the trail; no link leads back to it.

Does not: verify. What is shown is what is stored; the integrity page verifies.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prooftrail.catalog import wording
from prooftrail.console import sentences
from prooftrail.console.answers import query
from prooftrail.console.rendering import segment
from prooftrail.errors import ProoftrailError, QuestionError, RevealError
from prooftrail.search import diffing, facts, items, lists
from prooftrail.service.api.problems import told
from prooftrail.store.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.console.reading import Reading

LONGEST_REASON = 500

_TOKEN = re.compile(r'"\\u0000([^"]*)"')


class Link(NamedTuple):
    """An entry in the chain."""

    label: str
    seq: int | None
    checksum: str
    url: str = ""
    told: str = ""
    here: bool = False


class Events:
    """Pages of events.

    Args:
        console: that they belong to.
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, console: Console, answering: Answers, reading: Reading) -> None:
        self._console = console
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, request: Request) -> Response:
        """Show an event."""
        return self._shown(
            visit,
            request.path_params["event_id"],
            request.query_params.get("stream"),
        )

    def reveal(
        self, visit: Visit, request: Request, form: Mapping[str, str]
    ) -> Response:
        """Show an event, with one value that somebody gave a reason to see."""
        event_id = request.path_params["event_id"]
        pointer, reason = form.get("pointer", ""), form.get("reason", "").strip()
        stream = form.get("stream")
        problem, value = None, None
        try:
            if not reason or len(reason) > LONGEST_REASON:
                raise QuestionError(
                    f"say why you must see it, in at most {LONGEST_REASON} characters"
                )
            value = self._revealed(visit, event_id, stream, pointer, reason)
        except RevealError as error:
            problem = str(error)
        except ProoftrailError as error:
            problem = told(error)
        shown = {} if value is None else {pointer: diffing.legible(value)}
        return self._shown(
            visit, event_id, stream, shown=shown, problem=problem, asked=pointer
        )

    def _revealed(
        self, visit: Visit, event_id: str, stream: str | None, pointer: str, reason: str
    ) -> object:
        found = self._looked_up(visit, event_id, stream)[0]
        revealing = self._console.parts.revealing
        if len(found) != 1 or revealing is None:
            raise QuestionError("there is no such value that is revealed here")
        answer = revealing.reveal(
            {
                "stream": str(found[0]["stream"]),
                "eventId": str(found[0]["eventId"]),
                "pointer": pointer,
                "actor": visit.actor,
                "reason": reason,
            }
        )
        return answer["value"]

    def _looked_up(
        self, visit: Visit, event_id: str, stream: str | None
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the entries of an id, and the neighbours of the one there is."""
        streams = visit.visitor.holder.streams
        if stream is not None:
            streams = {name: one for name, one in streams.items() if name == stream}
        wanted = _id(event_id)
        if wanted is None:
            return [], []
        with self._reading.of(visit) as connection:
            found = lists.event(connection, wanted, streams)
            if len(found) != 1:
                return found, []
            number = streams[str(found[0]["stream"])]
            near = lists.after(
                connection,
                Question(),
                stream=number,
                seq=int(found[0]["seq"]) - 2,
                limit=3,
                streams=streams,
            )
        return found, near.items

    def _shown(
        self,
        visit: Visit,
        event_id: str,
        stream: str | None,
        *,
        shown: Mapping[str, str] | None = None,
        problem: str | None = None,
        asked: str | None = None,
    ) -> Response:
        found, near = self._looked_up(visit, event_id, stream)
        names = [str(one["stream"]) for one in found] or list(
            visit.visitor.holder.streams
        )
        if (wanted := _id(event_id)) is not None:  # else nothing was looked for
            self._reading.viewed(
                visit, names, {"eventId": str(wanted), "rows": min(len(found), 1)}
            )
        if not found:
            return self._answers.problem(
                404,
                "No such event for you",
                "There is no event of this id that you may see.",
                visit=visit,
            )
        item = found[0]
        row = sentences.row(item)
        parts = item.pop("parts", [])
        return self._answers.page(
            "event.html",
            visit,
            title=f"{row.who}{row.rest}",
            here="/",
            row=row,
            item=item,
            sections=facts.sections(item),
            changes=diffing.differences(item.get("changes")),
            unexplained=_is_unexplained(item),
            chain=_chain(item, near),
            parts=[_part(one) for one in parts],
            json=_pretty(item),
            may_reveal=self._console.parts.revealing is not None
            and visit.visitor.may("reveal"),
            shown=shown or {},
            problem=problem,
            asked=asked,
        )


def _is_unexplained(item: Mapping[str, Any]) -> bool:
    """Whether personal data was touched, and nothing says on whose authority."""
    pii = wording.mapping(item.get("pii"))
    return bool(pii) and not wording.mapping(item.get("authorization"))


def _chain(item: Mapping[str, Any], near: Sequence[Mapping[str, Any]]) -> list[Link]:
    seq = int(item["seq"])
    by_seq = {int(one["seq"]): one for one in near}
    before, after = by_seq.get(seq - 1), by_seq.get(seq + 1)
    previous = str(item["previousChecksum"])
    if seq == 0:
        first = Link("The beginning", None, previous, told="derived from the stream")
    elif before is None:
        first = Link("Before", seq - 1, previous, told="not for you to read")
    else:
        fits = before["checksum"] == previous
        said = "its checksum is what this entry names" if fits else "DOES NOT FIT"
        first = Link("Before", seq - 1, str(before["checksum"]), _url(before), said)
    here = Link("This entry", seq, str(item["checksum"]), here=True)
    if after is None:
        last = Link("After", None, "", told="nothing that you may read yet")
    else:
        fits = after["previousChecksum"] == item["checksum"]
        said = "names this entry's checksum" if fits else "DOES NOT FIT"
        last = Link("After", seq + 1, str(after["checksum"]), _url(after), said)
    return [first, here, last]


def _url(item: Mapping[str, Any]) -> str:
    where = query({"stream": item["stream"]})
    return f"/events/{segment(str(item['eventId']))}?{where}"


def _part(item: Mapping[str, Any]) -> dict[str, Any]:
    part = wording.mapping(item.get("part"))
    subjects = item.get("subjects")
    return {
        "n": part.get("n", "?"),
        "total": part.get("total", "?"),
        "seq": int(item["seq"]),
        "subjects": len(subjects) if isinstance(subjects, list) else 0,
    }


def _pretty(item: Mapping[str, Any]) -> str:
    """Return an item as JSON for people, numbers as they were written."""
    # no text of an event holds U+0000: it marks what json would spell in its own way
    read = json.loads(items.encode(item), parse_float=lambda token: f"\0{token}")
    text = json.dumps(read, indent=2, ensure_ascii=False)
    return _TOKEN.sub(r"\1", text)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
