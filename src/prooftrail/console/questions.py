"""The questions that auditors ask, and the pages that answer them, one click each.

Guarantees: every question that is listed is answered, by one page and by the call over
HTTP that stands beside it; both are of what the visitor may see. Counts are of one
question, as of one moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prooftrail.console import explaining, queries
from prooftrail.console.answers import query
from prooftrail.errors import HiddenError, QueryError
from prooftrail.search import viewing
from prooftrail.service.api.following import named
from prooftrail.store import authority, searching

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from prooftrail.access.roles import Right
    from prooftrail.console.answers import Answers
    from prooftrail.console.parts import Visit
    from prooftrail.console.reading import Reading
    from prooftrail.search.language import Understood

PEOPLE: Final = 200  # that are shown


class Asked(NamedTuple):
    """A question, and where it is answered."""

    asked: str
    told: str  # what the answer says
    path: str  # of the page
    call: str  # over HTTP
    wanted: str = ""  # what has to be named for it
    right: Right = "read"


_PERIOD: Final = "during:last-90-days"
_PII: Final = f"pii:yes {_PERIOD}"
QUESTIONS: Final = (
    Asked(
        "Who accessed personal data in the last 90 days, and was each authorised?",
        "Everybody who did, and on whose authority: authorised, break-glass, denied "
        "and unexplained add up to all.",
        f"/authority?{query({'q': _PII})}",
        f"GET /audit/authority?{query({'q': _PII})}",
    ),
    Asked(
        "Who saw this one person's data?",
        "Everybody who touched it, exports and searches of many among them.",
        "/customer",
        "GET /audit/authority?resource=ID&pii=yes",
        "Id of the person, such as cust_456",
    ),
    Asked(
        "Was anything altered or deleted?",
        "The last verification, and a new one: every checksum is computed anew, and "
        "compared with what was signed and anchored.",
        "/integrity",
        "GET /audit/integrity-check",
    ),
    Asked(
        "Which access was granted in the last 90 days?",
        "Every access grant: who gave what to whom, and when, with its ticket and its "
        "approval.",
        f"/grants?{query({'q': _PERIOD})}",
        f"GET /audit/grants?{query({'q': _PERIOD})}",
    ),
    Asked(
        "Was each access grant approved beforehand, by somebody else?",
        "Of each, who approved it, how long before it was done, and what is not as it "
        "should be: not approved, approved afterwards, by himself, or for himself.",
        f"/grants?{query({'q': _PERIOD})}",
        f"GET /audit/grants?{query({'q': _PERIOD})}",
    ),
    Asked(
        "Did leavers stay active?",
        "By a list of who left, and when: what each account did since, whether it was "
        "disabled, and how late.",
        "/leavers",
        "POST /audit/leavers",
    ),
    Asked(
        "Can administrators delete or edit the log, and did they?",
        "Which logins of the database could, what stands against each, what was done "
        "to the log, and what the last verification says.",
        f"/administrators?{query({'q': _PERIOD})}",
        f"GET /audit/administrators?{query({'q': _PERIOD})}",
        right="verify",
    ),
    Asked(
        "Show me the alerts, and what was done about each",
        "What rules found as the log grew, who acknowledged it after how long, and as "
        "what it was closed.",
        f"/alerts?{query({'q': _PERIOD})}",
        f"GET /audit/alerts?{query({'q': _PERIOD})}",
    ),
    Asked(
        "Which accounts are dormant?",
        "Accounts that were not used for 90 days and are not disabled; other figures "
        "stand beside it.",
        "/accounts?days=90",
        "GET /audit/accounts?days=90",
    ),
    Asked(
        "How do you know that logging never stopped?",
        "When nothing captured, the longest silences, and the longest times between "
        "two signatures.",
        f"/continuity?{query({'q': _PERIOD})}",
        f"GET /audit/continuity?{query({'q': _PERIOD})}",
    ),
)


class Questions:
    """The pages.

    Args:
        answering: makes the answers.
        reading: reads.
    """

    def __init__(self, answering: Answers, reading: Reading) -> None:
        self._answers = answering
        self._reading = reading

    def page(self, visit: Visit, _: Request) -> Response:
        """Show the questions."""
        return self._answers.page(
            "questions.html",
            visit,
            title="Questions",
            here="/questions",
            questions=[one for one in QUESTIONS if visit.visitor.may(one.right)],
        )

    def authority(self, visit: Visit, request: Request) -> Response:
        """Show who did what answers a search, and on whose authority."""
        text = request.query_params.get("q", "").strip()
        try:
            asked = self._reading.understood(visit, text)
        except (QueryError, HiddenError) as error:
            return self._authority(
                visit,
                status=400,
                q=text,
                chips=(),
                mistake=queries.mistaken(text, error),
            )
        return self._counted(visit, text, asked)

    def _counted(self, visit: Visit, text: str, asked: Understood) -> Response:
        streams = visit.visitor.holder.streams
        with self._reading.of(visit) as connection:
            as_of = searching.ends(connection)
            counted = authority.read(connection, asked.question, as_of, PEOPLE)
            ids = [one.id for one in counted.actors if one.id is not None]
            newest = searching.newest_of(connection, ids)
        names = named(asked.question, streams)
        self._reading.viewed(
            visit,
            names,
            {"filters": {"q": asked.told}, "answer": "authority"},
            viewing.alone(names, counted.total),
        )
        return self._authority(
            visit,
            q=text,
            chips=asked.chips,
            mistake=None,
            asked=asked.canonical,
            counted=counted,
            first="",
            people=explaining.people(counted, newest, streams, asked.canonical),
            narrowed=explaining.narrowing(asked.canonical),
        )

    def _authority(self, visit: Visit, **context: Any) -> Response:  # noqa: ANN401  as Answers.page
        return self._answers.page(
            "authority.html",
            visit,
            title="Who, and on whose authority",
            here="/questions",
            **context,
        )
