"""How a search is written as parameters: names and texts to a question.

Guarantees: every parameter is understood or refused by name, with what would be; the
same parameters give the same question. Times are the event's own, half-open, UTC; a
bare date is that day's start. `q` is a query (`language`); what it asks has to hold
beside what the other parameters ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.errors import HiddenError, QuestionError
from prooftrail.search import cursor, language
from prooftrail.search import values as read
from prooftrail.store.question import Match, Question, Term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prooftrail.store.question import Column

LIMIT = 50  # events a page where nobody says how many
MOST = 1_000
MOST_VALUES = 100  # of one parameter
MOST_CHARACTERS = 1_000  # of one value

_LONGEST = {"cursor": cursor.LONGEST, "q": language.LONGEST}
_ONCE = frozenset({"q", "from", "to", "pii"})
_WHOLE = re.compile(r"[0-9]{1,18}")


class Filters(NamedTuple):
    """What a search was asked, understood."""

    question: Question
    told: dict[str, object]  # as it was written, for the event of the read
    query: str | None = None  # `q` as it was understood: absolute, and in full


class Paging(NamedTuple):
    """How much of the answer is wanted."""

    limit: int
    cursor: str | None


FILTERS: Final = (
    "q",
    "actor",
    "role",
    "action",
    "resource",
    "resource_type",
    "result",
    "ip",
    "pii",
    "stream",
    "from",
    "to",
)


def filters(
    given: Iterable[tuple[str, str]],
    streams: Mapping[str, int],
    *,
    now_us: int,
    beside: tuple[str, ...] = (),
) -> Filters:
    """Understand a search.

    Args:
        given: names and values, in order; a name may come more than once, and then
            any of its values will do.
        streams: that the asker may read, by name.
        now_us: the present, from which relative times in `q` count.
        beside: names that are somebody else's to read.

    Raises:
        QuestionError: one cannot be understood.
    """
    values: dict[str, list[str]] = {}
    for name, value in given:
        if name not in FILTERS and name not in beside:
            known = ", ".join((*FILTERS, *beside))
            raise QuestionError(
                f"there is no parameter {name[:40]!r}: there are {known}"
            )
        values.setdefault(name, []).append(_clean(name, value))
    for name, found in values.items():
        most = 1 if name in _ONCE or name in beside else MOST_VALUES
        if len(found) > most:
            times = "once" if most == 1 else f"{most} times"
            raise QuestionError(f"{name} may be given {times} at most")
    terms = (_term(column, values[column]) for column in _READ if column in values)
    from_us, to_us = (
        read.instant(name, values[name][0]) if name in values else None
        for name in ("from", "to")
    )
    if from_us is not None and to_us is not None and from_us >= to_us:
        raise QuestionError("no time lies between 'from' and 'to': swap them")
    numbers = None
    if "stream" in values:
        numbers = tuple(sorted({_stream(name, streams) for name in values["stream"]}))
    told: dict[str, object] = {
        name: found[0] if len(found) == 1 else found
        for name, found in values.items()
        if name in FILTERS
    }
    kept = tuple(term for term in terms if term is not None)
    question = Question(kept, from_us, to_us, numbers)
    if "q" not in values:
        return Filters(question, told)
    asked = language.understand(values["q"][0], streams=streams, now_us=now_us)
    told["q"] = asked.told
    return Filters(together(question, asked.question), told, asked.canonical)


def together(one: Question, other: Question) -> Question:
    """Return the question that asks for what both ask for.

    Raises:
        QuestionError: nothing can answer both.
    """
    begins = [each.from_us for each in (one, other) if each.from_us is not None]
    ends = [each.to_us for each in (one, other) if each.to_us is not None]
    from_us, to_us = max(begins, default=None), min(ends, default=None)
    if from_us is not None and to_us is not None and from_us >= to_us:
        raise QuestionError("no time lies in the period of q and between from and to")
    named = [set(each.streams) for each in (one, other) if each.streams is not None]
    streams = tuple(sorted(set.intersection(*named))) if named else None
    if streams == ():
        raise QuestionError("q and the parameter stream name different streams")
    return Question(
        one.terms + other.terms,
        from_us,
        to_us,
        streams,
        one.conditions + other.conditions,
    )


def paging(given: Mapping[str, str]) -> Paging:
    """Understand `limit` and `cursor`.

    Raises:
        QuestionError: the limit is no number, or out of bounds.
    """
    return Paging(
        whole("limit", given.get("limit", str(LIMIT)), 1, MOST), given.get("cursor")
    )


def typed(given: Iterable[tuple[str, str]]) -> tuple[str, int]:
    """Understand a query that is being typed: its text, and where the cursor is.

    Raises:
        QuestionError: one cannot be understood.
    """
    found: dict[str, str] = {}
    for name, value in given:
        if name not in {"q", "at"}:
            raise QuestionError(f"there is no parameter {name[:40]!r}: there are q, at")
        if name in found:
            raise QuestionError(f"{name} may be given once at most")
        found[name] = value
    text = _clean("q", found["q"]) if found.get("q") else ""
    if "at" not in found:
        return text, len(text)
    return text, whole("at", found["at"], 0, len(text))


def whole(name: str, text: str, least: int, most: int) -> int:
    """Return a whole number.

    Raises:
        QuestionError: it is none, or out of bounds.
    """
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise QuestionError(f"{name}: write a whole number from {least} to {most}")
    return int(text)


def _term(column: Column, values: list[str]) -> Term | None:
    """Return what the values ask of a column; None where anything will do."""
    matches = []
    for value in values:
        match = _READ[column](column, value)
        if match is None:
            return None
        matches.append(match)
    return Term(column, tuple(matches))


def _clean(name: str, value: str) -> str:
    most = _LONGEST.get(name, MOST_CHARACTERS)
    if not value or len(value) > most:
        raise QuestionError(
            f"{name} is {'empty: leave it out' if not value else 'too long'}"
        )
    if any(character < " " or character == "\x7f" for character in value):
        raise QuestionError(f"{name} has a control character in it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise QuestionError(f"{name} is no text") from error
    return value


def _stream(name: str, streams: Mapping[str, int]) -> int:
    if name not in streams:
        # the same words whether it is not there or not theirs
        raise HiddenError(
            f"there is no stream {name[:80]!r} that you may read", "stream"
        )
    return streams[name]


_READ: dict[Column, Callable[[str, str], Match | None]] = {
    "actor": read.exact_id,
    "role": read.folded,
    "action": read.action,
    "resource": read.exact_id,
    "resource_type": read.folded,
    "result": read.result,
    "ip": read.address,
    "pii": read.yes_no,
}
