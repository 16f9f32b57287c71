"""Segregation of duties: was a thing approved beforehand, by somebody else?

Guarantees: pure and total. What is said is what is stated: where a statement is
missing, that is what fails, and nothing is concluded from it. Nothing fails where and
only where an approval names its time, before the thing was done, and its approver, who
is neither who did it nor whom it is for, and these two are named and not the same. What
is for nobody has only the first to be named.

Does not: know whether what is stated is true, nor that two accounts are one person's.
Names are compared as they stand, e-mail addresses without regard to case.

Source: PCI DSS 4, 7.2.3; SOC 2, CC6.3; ISO/IEC 27001:2022, A.5.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Failure: TypeAlias = Literal[
    "not-approved",
    "approver-unnamed",
    "approval-undated",
    "approved-afterwards",
    "self-approved",
    "recipient-approved",
    "self-granted",
    "actor-unnamed",
    "recipient-unnamed",
]
FAILURES: Final[Mapping[Failure, str]] = {
    "not-approved": "no approval is stated",
    "approver-unnamed": "the approval names nobody",
    "approval-undated": "the approval names no time",
    "approved-afterwards": "approved when it was done, or after",
    "self-approved": "approved by who did it",
    "recipient-approved": "approved by whom it is for",
    "self-granted": "done for oneself",
    "actor-unnamed": "nothing names who did it",
    "recipient-unnamed": "nothing names whom it is for",
}


class Approval(NamedTuple):
    """What is stated of an approval."""

    by: str | None  # id or e-mail address; None: not stated
    at_us: int | None  # microseconds since the epoch, UTC; None: not stated


class Deed(NamedTuple):
    """What was done, by whom, for whom; each by all names that are stated."""

    at_us: int
    actors: Collection[str]
    recipients: Collection[str] | None  # None: it is for nobody, as a setting is
    approval: Approval | None


def failures(deed: Deed) -> tuple[Failure, ...]:
    """Return what is not as it should be, in the order of `FAILURES`."""
    actors = {_same(one) for one in deed.actors}
    recipients = {_same(one) for one in deed.recipients or ()}
    found: set[Failure] = set()
    if not actors:
        found.add("actor-unnamed")
    if not recipients and deed.recipients is not None:
        found.add("recipient-unnamed")
    if actors & recipients:
        found.add("self-granted")
    if deed.approval is None:
        found.add("not-approved")
    else:
        by, at_us = deed.approval
        if by is None:
            found.add("approver-unnamed")
        elif _same(by) in actors:
            found.add("self-approved")
        elif _same(by) in recipients:
            found.add("recipient-approved")
        if at_us is None:
            found.add("approval-undated")
        elif at_us >= deed.at_us:
            found.add("approved-afterwards")
    return tuple(one for one in FAILURES if one in found)


def lead_us(deed: Deed) -> int | None:
    """Return how long before it was done it was approved; negative: after.

    Microseconds; None where no time of approval is stated.
    """
    if deed.approval is None or deed.approval.at_us is None:
        return None
    return deed.at_us - deed.approval.at_us


def _same(name: str) -> str:
    """Return what two spellings of one name share."""
    return name.casefold() if "@" in name else name
