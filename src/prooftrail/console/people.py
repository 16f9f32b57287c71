"""The pages of a person who acts and of a customer whose data is there.

Guarantees: a person's page says what he did, a customer's who touched that customer's
personal data, on whose authority, the four answers adding up to all. Both are of what
the visitor may see. Where there are more than `MOST` events, the page says that it is
about the newest of them, and leads to all.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prooftrail.catalog import registry
from prooftrail.console import explaining, queries, sentences
from prooftrail.console.answers import query
from prooftrail.core import projection
from prooftrail.errors import QuestionError
from prooftrail.search import lists
from prooftrail.search.parameters import MOST, Paging
from prooftrail.store.question import Exactly, Question, Term

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.store.question import Column

SHOWN = 25  # events that are shown
KINDS = 12  # of event types and people


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
        found, more = self._found(visit, _asked("actor", who), {"actor": who})
        rows = [sentences.row(one) for one in found]
        kinds = Counter(row.action for row in rows)
        asked = queries.written("actor", who)
        return self._answers.page(
            "person.html",
            visit,
            title=who,
            here="/",
            id=who,
            name=next((row.who for row in rows if row.who), who),
            roles=sorted({row.role for row in rows if row.role}),
            first=rows[-1].date if rows else "",
            last=rows[0].date if rows else "",
            total=len(rows),
            more=more,
            outcomes=Counter(row.result for row in rows),
            touched=len(_touched(found)),
            addresses=Counter(row.address for row in rows if row.address).most_common(
                KINDS
            ),
            kinds=[
                (
                    name,
                    count,
                    _meaning(name),
                    f"{asked} {queries.written('action', name)}",
                )
                for name, count in kinds.most_common(KINDS)
            ],
            others=max(len(kinds) - KINDS, 0),
            several=len(visit.visitor.holder.streams) > 1,
            days=sentences.days(rows[:SHOWN]),
            onward=None,
            all=f"/?{query({'q': asked})}",
        )

    def customer(self, visit: Visit, request: Request) -> Response:
        """Show who touched somebody's personal data."""
        who = _id(request)
        asked = _asked("resource", who)
        pii = Term("pii", (Exactly(value=True),))
        found, more = self._found(
            visit,
            asked._replace(terms=(*asked.terms, pii)),
            {"resource": who, "pii": "yes"},
        )
        people = explaining.people(found)
        text = f"{queries.written('resource', who)} pii:yes"
        return self._answers.page(
            "customer.html",
            visit,
            title=who,
            here="/",
            id=who,
            name=next(filter(None, (_name(one, who) for one in found)), ""),
            total=len(found),
            more=more,
            totals=explaining.totals(found),
            people=people,
            several=len(visit.visitor.holder.streams) > 1,
            days=sentences.days(map(sentences.row, found[:SHOWN])),
            onward=None,
            all=f"/?{query({'q': text})}",
        )

    def _found(
        self, visit: Visit, question: Question, told: dict[str, object]
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the newest events, and whether there are more."""
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            page = lists.page(connection, question, Paging(MOST, None), streams)
        self._reading.listed(visit, question, {"filters": told}, page.items)
        return page.items, page.cursor is not None


def _id(request: Request) -> str:
    who = request.query_params.get("id", "")
    if not who or not who.isprintable():
        raise QuestionError("name somebody: this page is opened from an event")
    return who[: projection.MAX_CHARACTERS]


def _asked(column: Column, who: str) -> Question:
    return Question((Term(column, (Exactly(who),)),))


def _touched(found: list[dict[str, Any]]) -> set[str]:
    """Return whose data was touched."""
    return {
        one
        for item in found
        if isinstance(item.get("subjects"), list)
        for one in item["subjects"]
        if isinstance(one, str)
    }


def _and(asked: str, name: str, value: str) -> str:
    return f"{asked} {queries.written(name, value)}"


def _meaning(action: str) -> str:
    known = registry.find(action)
    return "" if known is None else known.meaning


def _name(item: dict[str, Any], who: str) -> str:
    resource = sentences.mapping(item.get("resource"))
    if resource.get("id") != who:
        return ""
    return sentences.text(resource.get("name"))
