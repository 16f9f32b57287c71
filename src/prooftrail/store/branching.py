"""Questions that are quicker asked as several: "by this actor, or of that resource".

Guarantees: what the branches find together is what the question finds; an index gives
each of them in order of time, where one scan for all would look at every entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.store.question import AllOf, AnyOf, Exactly, Term

if TYPE_CHECKING:
    from prooftrail.store.question import Condition, Question

# An index that begins with one of these gives all streams' entries in order of time.
_ORDERED = ("actor", "resource", "ip")
_MOST = 10


def of(question: Question) -> tuple[Question, ...]:
    """Return questions that together find what a question does; itself at least."""
    if any(leads(term) for term in question.terms):
        return (question,)
    for at, one in enumerate(question.conditions):
        if isinstance(one, AnyOf) and 1 < len(one.conditions) <= _MOST:
            rest = question.conditions[:at] + question.conditions[at + 1 :]
            found = [_branch(each) for each in one.conditions]
            if all(any(map(leads, terms)) for terms, _ in found):
                return tuple(
                    question._replace(
                        terms=question.terms + terms, conditions=rest + conditions
                    )
                    for terms, conditions in found
                )
    return (question,)


def is_led(question: Question) -> bool:
    """Whether an index gives all that answers, or each branch of it."""
    return all(any(map(leads, branch.terms)) for branch in of(question))


def leads(term: Term) -> bool:
    """Whether an index gives what a term holds of in order of time."""
    return term.column in _ORDERED and is_one(term)


def is_one(term: Term) -> bool:
    """Whether a term names one value."""
    return len(term.matches) == 1 and isinstance(term.matches[0], Exactly)


def _branch(
    condition: Condition,
) -> tuple[tuple[Term, ...], tuple[Condition, ...]]:
    """Return the terms that hold where a condition does, and what else does."""
    several = condition.conditions if isinstance(condition, AllOf) else (condition,)
    terms = tuple(one for one in several if isinstance(one, Term))
    return terms, tuple(one for one in several if not isinstance(one, Term))
