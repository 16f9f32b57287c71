"""The access page: who may read the trail, who was invited, and the ends of both.

Guarantees: for those who may manage people alone; what they do is decided and told in
the trail by the gate. A link is shown once, to whoever made it.

Does not: change what somebody may see; who is to see something else is invited anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prooftrail.access.visiting import Refused, sees
from prooftrail.console import answers
from prooftrail.console.answers import query
from prooftrail.errors import ConfigurationError, QuestionError
from prooftrail.search import parameters, values
from prooftrail.store import people
from prooftrail.store.keys import FIRST_US, LAST_US

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Console, Visit
    from prooftrail.store.people import Grant

LONGEST = 366  # days for which an access is given here
_MOST_DIGITS = 9
_MIDNIGHT = "T00:00:00Z"  # a day says as much


class Access:
    """The page, and what is done on it.

    Args:
        console: that it belongs to.
        answering: makes the answers.
    """

    def __init__(self, console: Console, answering: Answers) -> None:
        self._clock = console.parts.clock
        self._managing = console.managing
        self._answers = answering

    def page(self, visit: Visit, _: Request) -> Response:
        """Show who may read the trail."""
        return self._page(visit)

    def invite(
        self, visit: Visit, request: Request, form: Mapping[str, str]
    ) -> Response:
        """Invite somebody; show the link."""
        try:
            grant = self._grant(form)
            made = self._managing.invite(visit.visitor, grant, asker=visit.asker)
        except (ConfigurationError, QuestionError) as error:
            return self._page(visit, problem=str(error), given=form)
        if isinstance(made, Refused):
            return self._page(visit, problem=made.words, given=form)
        path = f"{visit.base}/invitation?{query({'token': made})}"
        link = f"{request.url.scheme}://{request.url.netloc}{path}"
        return self._page(visit, link=link, invited=grant.name)

    def disable(self, visit: Visit, _: Request, form: Mapping[str, str]) -> Response:
        """Let somebody in no more."""
        text = form.get("person", "")
        if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
            raise QuestionError("that is no person's number: use the page's own form")
        try:
            done = self._managing.disable(visit.visitor, int(text), asker=visit.asker)
        except ConfigurationError as error:
            return self._page(visit, problem=str(error))
        if isinstance(done, Refused):
            return self._page(visit, problem=done.words)
        return answers.to(visit.base, "/access")

    def _grant(self, form: Mapping[str, str]) -> Grant:
        """Return what a form asks to give.

        Raises:
            QuestionError: a time is none.
            ConfigurationError: the role is none.
        """
        role = next((one for one in people.ROLES if one == form.get("role")), None)
        if role is None:
            raise ConfigurationError(f"the role is one of {', '.join(people.ROLES)}")
        names = tuple(form.get("streams", "").replace(",", " ").split())
        begins, ends = form.get("from", ""), form.get("to", "")
        days = parameters.whole("days", form.get("days", ""), 1, LONGEST)
        return people.Grant(
            email=form.get("email", ""),
            name=form.get("name", "").strip(),
            role=role,
            streams=names or None,
            from_us=values.instant("from", begins) if begins else FIRST_US,
            to_us=values.instant("to", ends) if ends else LAST_US,
            until=self._now() + timedelta(days=days),
        )

    def _page(
        self,
        visit: Visit,
        *,
        problem: str | None = None,
        link: str | None = None,
        invited: str = "",
        given: Mapping[str, str] | None = None,
    ) -> Response:
        now = self._now()
        return self._answers.page(
            "access.html",
            visit,
            title="Access",
            here="/access",
            status=200 if problem is None else 400,
            problem=problem,
            link=link,
            invited=invited,
            given=given or {},
            roles=people.ROLES,
            people=[
                {
                    **_shown(one.grant),
                    "id": one.id,
                    "user": f"person:{one.id}",
                    "state": one.state(now),
                    "me": one.id == visit.visitor.person_id,
                }
                for one in self._managing.everybody()
            ],
            waiting=[
                {**_shown(one.grant), "link_ends": f"{one.expires_at:%Y-%m-%d %H:%M}"}
                for one in self._managing.waiting()
            ],
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock() / 1e6, UTC)


def _shown(grant: Grant) -> dict[str, Any]:
    return {
        "name": grant.name,
        "email": grant.email,
        "role": grant.role.replace("_", " "),
        "sees": sees(grant.streams, grant.from_us, grant.to_us).replace(_MIDNIGHT, ""),
        "until": "" if grant.until is None else f"{grant.until:%Y-%m-%d}",
    }
