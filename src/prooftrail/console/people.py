"""The pages of a person who acts and of a customer whose data is there.

Guarantees: a person's page says what he did, a customer's who touched that customer's
personal data. Figures are exact, over all of it that the visitor may see, as of one
moment; the newest events are listed, and the list goes on by a cursor. On whose
authority a customer's data was touched is told of each event; the four answers add up
to all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.catalog import registry, wording
from prooftrail.console import explaining, queries, sentences
from prooftrail.console.answers import query
from prooftrail.core import projection
from prooftrail.errors import QuestionError
from prooftrail.search import lists
from prooftrail.search.parameters import Paging
from prooftrail.store import authority, profiles, searching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.language import Understood
    from prooftrail.store.profiles import By, Counted, Profile

SHOWN = 25  # events that are shown
KINDS = 12  # of event types and addresses
PEOPLE = 50  # who touched a customer's data


class Line(NamedTuple):
    """A value, and how often it comes."""

    text: str
    told: str  # what it means
    n: int
    last: str  # the date of its newest event
    q: str  # the query for these events


class Profiles:
    """The pages.

    Args:
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def person(self, visit: Visit, request: Request) -> Response:
        """Show what somebody did."""
        who = _id(request)
        text = queries.written("actor", who)
        asked = self._reading.understood(visit, text)
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            page = lists.page(connection, asked.question, Paging(SHOWN, None), streams)
            ends = searching.ends(connection)
            found = profiles.read(connection, asked.question, ends, KINDS)
        said = {"filters": {"actor": who}, "summary": True}
        self._reading.listed(visit, asked.question, said, page.items)
        rows = [sentences.row(one) for one in page.items]
        results = found.values["result"]
        return self._page(
            "person.html",
            visit,
            who,
            asked,
            found,
            days=sentences.days(rows),
            onward=_onward(asked, page.cursor),
            name=next(filter(None, map(sentences.named, page.items)), who),
            roles=list(found.values["role"]),
            failed=_count(results.get("failure")),
            denied=_count(results.get("denied")),
            personal=_count(found.values["pii"].get("true")),
            kinds=_lines(found, "action", text),
            other_kinds=_others(found, "action"),
            addresses=_lines(found, "ip", text),
            other_addresses=_others(found, "ip"),
        )

    def customer(self, visit: Visit, request: Request) -> Response:
        """Show who touched somebody's personal data."""
        who = _id(request)
        text = f"{queries.written('resource', who)} pii:yes"
        asked = self._reading.understood(visit, text)
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            page = lists.page(connection, asked.question, Paging(SHOWN, None), streams)
            ends = searching.ends(connection)
            found = profiles.read(connection, asked.question, ends, KINDS)
            counted = authority.read(connection, asked.question, ends, PEOPLE)
            ids = [one.id for one in counted.actors if one.id is not None]
            newest = searching.newest_of(connection, ids)
        said = {"filters": {"resource": who, "pii": "yes"}, "summary": True}
        self._reading.listed(visit, asked.question, said, page.items)
        return self._page(
            "customer.html",
            visit,
            who,
            asked,
            found,
            days=sentences.days(map(sentences.row, page.items)),
            onward=_onward(asked, page.cursor),
            name=next(filter(None, (_name(one, who) for one in page.items)), ""),
            counted=counted,
            people=explaining.people(counted, newest, streams, asked.canonical),
            narrowed=explaining.narrowing(asked.canonical),
            kinds=_lines(found, "action", asked.canonical),
            other_kinds=_others(found, "action"),
        )

    def _page(
        self,
        template: str,
        visit: Visit,
        who: str,
        asked: Understood,
        found: Profile,
        **more: Any,  # noqa: ANN401  whatever a template names
    ) -> Response:
        total = found.total
        return self._answers.page(
            template,
            visit,
            title=who,
            here="/",
            id=who,
            q=asked.canonical,
            total=_count(total),
            first=explaining.date(total.first_us) if total else "",
            last=explaining.date(total.last_us) if total else "",
            several=len(visit.visitor.holder.streams) > 1,
            **more,
        )


def _id(request: Request) -> str:
    who = request.query_params.get("id", "")
    if not who or not who.isprintable():
        raise QuestionError("name somebody: this page is opened from an event")
    return who[: projection.MAX_CHARACTERS]


def _lines(found: Profile, column: By, text: str) -> list[Line]:
    return [
        Line(
            value,
            _meaning(value) if column == "action" else "",
            counted.n,
            explaining.date(counted.last_us),
            f"{text} {queries.written(column, value)}",
        )
        for value, counted in found.values[column].items()
    ]


def _onward(asked: Understood, cursor: str | None) -> str | None:
    """Return where the timeline goes on."""
    if cursor is None:
        return None
    return f"/?{query({'q': asked.canonical, 'cursor': cursor})}"


def _count(counted: Counted | None) -> int:
    return 0 if counted is None else counted.n


def _others(found: Profile, column: By) -> int:
    """Return how many values there are that are not shown."""
    return found.wholes[column].kinds - len(found.values[column])


def _meaning(action: str) -> str:
    known = registry.find(action)
    return "" if known is None else known.meaning


def _name(item: Mapping[str, Any], who: str) -> str:
    resource = wording.mapping(item.get("resource"))
    if resource.get("id") != who:
        return ""
    return sentences.text(resource.get("name"))
