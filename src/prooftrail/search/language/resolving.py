"""What was heard of a phrase, as the text of a query.

Guarantees: an act and a thing that no event type tells of together are refused, with
those that there are; an act by itself is taken for what `vocabulary.ALONE` says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prooftrail.errors import QueryError
from prooftrail.search.language import periods, spelling, vocabulary
from prooftrail.search.language.syntax import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.search.language.moments import Word
    from prooftrail.store.question import Within


@dataclass
class Heard:
    """What a phrase tells."""

    acts: list[tuple[str, Word]] = field(default_factory=list)
    objects: list[tuple[str, Word]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)  # names of event types
    result: str | None = None
    tried: bool = False
    roles: list[str] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)
    period: Within | None = None
    end: Word | None = None  # the last word


def text(heard: Heard) -> str:
    """Return the query.

    Raises:
        QueryError: an act and a thing do not go together, or something is missing.
    """
    done, result = _done(heard), heard.result
    if heard.acts and {act for act, _ in heard.acts} == {"login"} and result:
        done, result = vocabulary.LOGINS[result], None
    told = [done] if done else []
    if heard.actions:
        told.append(f"action:{','.join(heard.actions)}")
    if result is not None:
        told.append(f"result:{result}")
    elif heard.tried:
        told.append("-result:success")
    for name, found in (
        ("role", heard.roles),
        ("actor", heard.actors),
        ("resource", heard.resources),
        ("ip", heard.addresses),
        ("stream", heard.streams),
    ):
        if found:
            values = (spelling.value(Value(one)) for one in dict.fromkeys(found))
            told.append(f"{name}:{','.join(values)}")
    if heard.period is not None:
        told.append(f"during:{periods.spell(heard.period)}")
    if not told and not heard.acts:
        at, length = (heard.end.at, heard.end.length) if heard.end else (0, 1)
        raise QueryError(
            "what of it? Write what was done (exported customers, role changes, failed "
            "logins), by whom or when",
            at,
            length,
        )
    return " ".join(told)


def _done(heard: Heard) -> str:
    """Return the filters of what was done."""
    thing = _thing(heard)
    acts = [one for one in heard.acts if one[0] != "do"] or heard.acts[:1]
    if thing is None:
        found = [_alone(act, word, heard) for act, word in acts]
    elif acts:
        found = [_pair(act, word, thing, heard.result) for act, word in acts]
    else:
        found = [_thing_alone(thing, heard)]
    return _joined(list(dict.fromkeys(found)))


def _thing(heard: Heard) -> str | None:
    """Return what it was done to; None: nothing is told."""
    objects = heard.objects
    things = list(dict.fromkeys(thing for thing, _ in objects))
    if not things:
        return None
    if things == ["data"] and heard.resources:  # of somebody
        return "pii"
    if len(things) > 1 and {*things} <= {"customer", "pii", "data"}:
        return "customer"
    if len(things) > 1:
        (_, word), *_ = [one for one in objects if one[0] == things[1]]
        raise QueryError(
            f"two things are told, {objects[0][1].text} and {word.text}: ask for one "
            "at a time",
            word.at,
            word.length,
        )
    return things[0]


def _pair(act: str, word: Word, thing: str, result: str | None) -> str:
    if result == "denied" and (thing, act) in vocabulary.DENIED:
        return vocabulary.DENIED[thing, act]
    found = vocabulary.PAIRS[thing].get(act)
    if found is None:
        known = ", ".join(sorted(set(vocabulary.PAIRS[thing]) - {"do"}))
        raise QueryError(
            f"no event type tells of {word.text!r} and {thing} together: there are "
            f"{known}",
            word.at,
            word.length,
        )
    return found


def _thing_alone(thing: str, heard: Heard) -> str:
    if thing in vocabulary.OBJECT_ALONE:
        return vocabulary.OBJECT_ALONE[thing]
    word = heard.objects[0][1]
    if heard.resources:
        return ""  # "customer cust_456": the id says it
    if thing == "customer":
        told = "write access to customers (pii:yes), or type:customer"
    else:
        acts = ", ".join(sorted(vocabulary.PAIRS[thing]))
        told = f"write what was done: {acts}"
    raise QueryError(
        f"{word.text!r} alone may mean several things: {told}", word.at, word.length
    )


def _alone(act: str, word: Word, heard: Heard) -> str:
    if act in vocabulary.ALONE:
        return vocabulary.ALONE[act]
    if act in vocabulary.TO_ID and (
        heard.resources or (heard.actors and vocabulary.TO_ID[act])
    ):
        return vocabulary.TO_ID[act]
    if act == "access" and heard.result == "denied":
        return ""
    things = sorted(t for t, acts in vocabulary.PAIRS.items() if act in acts)
    raise QueryError(
        f"{word.text!r} of what? Write it beside one of: {', '.join(things)}",
        word.at,
        word.length,
    )


def _joined(found: Sequence[str]) -> str:
    """Return filters of which one has to hold."""
    if all(one.startswith("action:") for one in found):
        values = ",".join(one.removeprefix("action:") for one in found)
        return f"action:{values}" if found else ""
    several = [one for one in found if one]
    if len(several) < 2 or len(several) < len(found):  # noqa: PLR2004
        return several[0] if len(several) == len(found) and several else ""
    return f"({' OR '.join(several)})"
