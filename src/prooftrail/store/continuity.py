"""Whether logging ever stopped: what the trail says of capture, events and signatures.

Guarantees: of the period and the streams that a question names, and of what the asker
may see, as of one moment. A stop is a time in which no process of a service captured,
as the processes told it (`audit.capture.change`). Silences are the longest times
without any event of an application; between two signatures lies at most what is said.

Does not: know of a process that was killed: it told no end, and is listed as one whose
end is not told. Nor does a chain: that it has no gap is what a verification says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

from prooftrail.errors import QuestionError
from prooftrail.store import asking, searching
from prooftrail.store.asking import Values, query
from prooftrail.store.keys import FIRST_US, LAST_US
from prooftrail.store.question import AllOf, Exactly, Not, Span, Term

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from prooftrail.store.connect import Connection
    from prooftrail.store.question import Question

MOST_CHANGES: Final = 10_000  # of capture
LONGEST: Final = 5  # silences, and times between signatures
_CAPTURE: Final = Term("action", (Exactly("audit.capture.change"),))
_OWN: Final = tuple(
    Span(f"{name}.", f"{name}/") for name in ("audit", "prooftrail", "trail")
)
_DATA: Final = Span("prooftrail.data.", "prooftrail.data/")  # an application's rows
_OF_APPLICATIONS: Final = Not(
    AllOf((Term("action", _OWN), Not(Term("action", (_DATA,)))))
)


class Between(NamedTuple):
    """A time between two moments, microseconds since the epoch, UTC."""

    stream: int
    from_us: int
    to_us: int | None  # None: it lasts

    @property
    def seconds(self) -> int | None:
        """How long it is."""
        return None if self.to_us is None else (self.to_us - self.from_us) // 1_000_000


class Stop(NamedTuple):
    """No process of a service captured meanwhile."""

    service: str
    time: Between


class Unended(NamedTuple):
    """A process began to capture, and did not tell its end."""

    stream: int
    service: str
    process: str
    since_us: int


class Continuity(NamedTuple):
    """What the trail says."""

    stops: tuple[Stop, ...]
    unended: tuple[Unended, ...]
    silences: tuple[Between, ...]  # the longest first
    signatures: dict[int, int]  # how many, by stream
    unsigned: tuple[Between, ...]  # the longest times between two of them


def read(
    connection: Connection, question: Question, streams: Sequence[int]
) -> Continuity:
    """Return what the trail says of a period.

    Args:
        connection: inside `Readers.reading`.
        question: the period.
        streams: the numbers of those that are asked about.

    Raises:
        QuestionError: capture changed too often in it.
    """
    seen = searching.begin(connection, question, workers=2)
    changes = _rows(
        connection,
        "continuity_captures",
        seen._replace(terms=(_CAPTURE,)),
        streams,
        MOST_CHANGES + 1,
    )
    if len(changes) > MOST_CHANGES:
        raise QuestionError(
            f"capture began or ended more than {MOST_CHANGES:,} times: ask about less "
            "time (from, to), or about one stream"
        )
    stops, unended = captures(changes)
    silences = _rows(
        connection,
        "continuity_silences",
        seen._replace(conditions=(_OF_APPLICATIONS,)),
        streams,
        LONGEST,
    )
    signed = _signatures(connection, seen, streams)
    return Continuity(
        tuple(stops),
        tuple(unended),
        tuple(Between(*row) for row in silences),
        {stream: n for stream, n, _, _ in signed},
        tuple(
            Between(stream, before, at)
            for stream, _, before, at in signed
            if before is not None
        )[:LONGEST],
    )


def captures(
    changes: Sequence[tuple[int, str, int, str, str]],
) -> tuple[list[Stop], list[Unended]]:
    """Return when nothing captured, and who did not tell its end.

    >>> captures([(1, "shop", 10, "started", "7"), (1, "shop", 20, "stopped", "7"),
    ...           (1, "shop", 50, "started", "8")])
    ([Stop(service='shop', time=Between(stream=1, from_us=20, to_us=50))], \
[Unended(stream=1, service='shop', process='8', since_us=50)])
    """
    running: dict[tuple[int, str], dict[str, int]] = {}
    ended: dict[tuple[int, str], int] = {}
    stops: list[Stop] = []
    for stream, service, at, change, process in changes:
        its = running.setdefault((stream, service), {})
        if change == "stopped":
            if its.pop(process, None) is not None and not its:
                ended[stream, service] = at
            continue
        its.setdefault(process, at)
        begun = ended.pop((stream, service), None)
        if begun is not None:
            stops.append(Stop(service, Between(stream, begun, at)))
    stops += [
        Stop(service, Between(stream, at, None))
        for (stream, service), at in ended.items()
    ]
    unended = [
        Unended(stream, service, process, since)
        for (stream, service), its in running.items()
        for process, since in its.items()
    ]
    return sorted(stops, key=lambda one: one.time.from_us), unended


def _signatures(
    connection: Connection, seen: Question, streams: Sequence[int]
) -> list[Any]:
    bound = Values()
    statement = query(
        "continuity_signatures",
        streams=bound(list(streams)),
        from_us=bound(FIRST_US if seen.from_us is None else seen.from_us),
        to_us=bound(LAST_US if seen.to_us is None else seen.to_us),
        longest=bound(LONGEST),
    )
    return cast(
        "list[Any]", connection.execute(statement, bound, prepare=False).fetchall()
    )


def _rows(
    connection: Connection,
    name: str,
    question: Question,
    streams: Sequence[int],
    most: int,
) -> list[Any]:
    bound = Values()
    conditions = asking.query(
        "continuity_within",
        streams=bound(list(streams)),
        rest=asking.entry(question, bound),
    )
    statement = query(name, conditions=conditions, most=bound(most))
    return cast(
        "list[Any]", connection.execute(statement, bound, prepare=False).fetchall()
    )
