"""Answers to what auditors ask, each by one call.

Guarantees: as of `reading`: what is answered is what row-level security lets the key
see, of one moment, and the read is durable in the trail before the first byte of an
answer is sent. An answer is complete, or says how much of it is left out. Who could
alter the log is told to keys that may verify it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request

from prooftrail.errors import QuestionError
from prooftrail.reports import administrators
from prooftrail.search import answers, draws, granted, parameters, sampled, viewing
from prooftrail.search.answers import MOST_DAYS, UNUSED
from prooftrail.service.api import checking, following, reading
from prooftrail.service.api.places import CHECKING, READING, Places
from prooftrail.store import accounts, authority, continuity, searching

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from prooftrail.access.roles import Right
    from prooftrail.search.parameters import Filters
    from prooftrail.service.api.caller import Caller, Callers
    from prooftrail.service.parts import Parts

_PERIOD: Final = {
    name: told
    for name, told in reading.SHOWN.items()
    if name in {"q", "stream", "from", "to"}
} | {"q": "A query of a period and streams alone, such as during:last-90-days."}
_SAMPLE: Final = {
    "n": "How many to draw, 1 to 1,000; takes a seed.",
    "seed": "The auditor's own words, which decide what is drawn.",
    "by_month": "yes: from each month apart, by its share.",
}


class _Answering:
    """Answers, with the parts of one service."""

    def __init__(self, parts: Parts, callers: Callers) -> None:
        self._parts = parts
        self._callers = callers
        self._places = Places(READING)
        self._checking = Places(CHECKING)

    async def authority(self, request: Request) -> Response:
        """Who did what answers all filters, and on whose authority.

        authorised, breakGlass, denied and unexplained add up to the total, and so they
        do for each actor; whoever did most comes first. Actors beyond the first 1,000
        are counted as `others`, and in the totals. The event of this read has the total
        as that of a summary does.
        """
        return await self._places.run(self._authority, request)

    async def accounts(self, request: Request) -> Response:
        """Which accounts there are, and which of them are dormant.

        An account is whoever acted as a user, or was made one (admin.user.create). It
        is dormant where it is not disabled and no success of its own, nor its
        beginning, lies in the last `days`; disabled where it was, and not used since.
        The one that was unused for longest comes first. More than 10,000 are refused.
        """
        return await self._places.run(self._accounts, request)

    async def grants(self, request: Request) -> Response:
        """Every access grant that answers all filters, and who approved it.

        A grant is a success of one of five types: admin.apikey.create,
        admin.permission.grant, admin.role.change, admin.user.create and
        prooftrail.person.invite. `approvedBeforehandByAnother` where it states an
        approval, of a time before it was done, by somebody who is neither who did it
        nor whom it is for; otherwise `fails` says what is not so. `leadSeconds` is the
        time from the approval to the grant, and negative where that came first. The
        newest comes first. More than 10,000 are refused. With `n` and `seed`, `sample`
        has so many of them, drawn by the seed; the draw is recorded.
        """
        return await self._places.run(self._grants, request)

    async def continuity(self, request: Request) -> Response:
        """Whether logging ever stopped.

        `stops`: no process of a service captured meanwhile (`to` is null where that
        lasts). `unended`: processes that have not told their end; they run, or were
        killed. `silences`: the five longest times without an event of an application.
        `signatures`: how many each stream has, and the longest times between two. That
        the chain has no gap is what a verification says.
        """
        return await self._places.run(self._continuity, request)

    async def administrators(self, request: Request) -> Response:
        """Who could alter the log, and what was done to it.

        `could`: logins of the database with more than the privilege table gives, what
        each can do, and what stands against it. `acts`: what the trail has of what was
        done to the log and to who may read it. `verification`: the newest one that the
        key may see. For keys that may verify.
        """
        return await self._checking.run(self._administrators, request)

    def _authority(self, request: Request) -> Response:
        caller, asked = self._asked(request)
        with self._parts.readers.reading(caller.token) as connection:
            as_of = searching.ends(connection)
            found = authority.read(connection, asked.question, as_of)
        return self._answer(
            caller, asked, "authority", answers.authority(found), found.total
        )

    def _accounts(self, request: Request) -> Response:
        caller, asked = self._asked(request, "days")
        if set(asked.told) - {"stream"}:
            raise QuestionError("accounts are asked for by stream and days alone")
        now_us = self._parts.clock()
        days = parameters.whole(
            "days", request.query_params.get("days", str(UNUSED)), 1, MOST_DAYS
        )
        streams = _numbers(caller, asked)
        with self._parts.readers.reading(caller.token) as connection:
            found = accounts.read(connection, streams)
        told = answers.accounts(found, now_us, days)
        return self._answer(caller, asked, "accounts", told)

    def _grants(self, request: Request) -> Response:
        caller, asked = self._asked(request, *sampled.NAMES)
        wanted = sampled.given(request.query_params)
        streams = caller.holder.streams
        drawn = None
        with self._parts.readers.reading(caller.token) as connection:
            found = granted.read(connection, asked.question, streams)
            if wanted is not None:
                drawn = granted.draw(connection, asked, wanted, streams)
        counts = Counter(one.stream for one in found)
        names = following.named(asked.question, streams)
        each = {name: {"count": counts[name]} for name in names}
        told = answers.grants(found)
        if drawn is not None:
            viewing.record(
                self._parts.recorder,
                actor=caller.actor,
                streams=names,
                action=draws.DRAW,
                **sampled.record(drawn, asked, names)._asdict(),
            )
            told["sample"] = answers.sample(drawn, found)
        return self._answer(caller, asked, "grants", told, each=each)

    def _continuity(self, request: Request) -> Response:
        caller, asked = self._period(request, "read")
        streams = _numbers(caller, asked)
        with self._parts.readers.reading(caller.token) as connection:
            found = continuity.read(connection, asked.question, streams)
        names = {number: name for name, number in caller.holder.streams.items()}
        return self._answer(
            caller, asked, "continuity", answers.continuity(found, names)
        )

    def _administrators(self, request: Request) -> Response:
        caller, asked = self._period(request, "verify")
        with self._parts.readers.reading(caller.token) as connection:
            done = administrators.acts(connection, asked.question)
        told = {
            **administrators.told(administrators.could(), done),
            "verification": checking.newest(self._parts, caller),
        }
        return self._answer(caller, asked, "administrators", told)

    def _asked(self, request: Request, *beside: str) -> tuple[Caller, Filters]:
        caller = self._callers.of(request, "read")
        asked = parameters.filters(
            request.query_params.multi_items(),
            caller.holder.streams,
            now_us=self._parts.clock(),
            beside=beside,
        )
        return caller, asked

    def _period(self, request: Request, right: Right) -> tuple[Caller, Filters]:
        """Understand a request that is about a period and streams alone."""
        caller = self._callers.of(request, right)
        asked = parameters.filters(
            request.query_params.multi_items(),
            caller.holder.streams,
            now_us=self._parts.clock(),
        )
        if asked.question.terms or asked.question.conditions:
            raise QuestionError(
                "this is asked of a period and streams alone: during, from, to, stream"
            )
        return caller, asked

    def _answer(
        self,
        caller: Caller,
        asked: Filters,
        what: str,
        told: dict[str, Any],
        total: int | None = None,
        each: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Response:
        names = following.named(asked.question, caller.holder.streams)
        reading.viewed(
            self._parts,
            caller,
            names,
            {"filters": asked.told, "answer": what},
            each if total is None else viewing.alone(names, total),
        )
        return reading.answer(self._parts, {**told, **reading.understood(asked)})


def _numbers(caller: Caller, asked: Filters) -> Sequence[int]:
    """Return the streams that are asked about."""
    own = tuple(caller.holder.streams.values())
    return own if asked.question.streams is None else asked.question.streams


def router(parts: Parts, callers: Callers) -> APIRouter:
    """Return the routes."""
    made = APIRouter(tags=["Answering"])
    answering = _Answering(parts, callers)
    for path, endpoint, summary, given in (
        (
            "/audit/authority",
            answering.authority,
            "Who, and on whose authority",
            reading.SHOWN,
        ),
        (
            "/audit/accounts",
            answering.accounts,
            "Accounts, dormant ones among them",
            {
                "days": f"Without a use, after which an account is dormant: {UNUSED}.",
                "stream": reading.SHOWN["stream"],
            },
        ),
        (
            "/audit/grants",
            answering.grants,
            "Access grants, and who approved each",
            reading.SHOWN | _SAMPLE,
        ),
        ("/audit/continuity", answering.continuity, "Whether logging stopped", _PERIOD),
        (
            "/audit/administrators",
            answering.administrators,
            "Who could alter the log, and what was done to it",
            _PERIOD,
        ),
    ):
        made.add_api_route(
            path,
            endpoint,
            response_model=None,
            summary=summary,
            openapi_extra=reading.documented(given),
        )
    return made
