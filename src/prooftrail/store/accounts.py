"""Accounts that the trail knows of, and when each was last used; as the reader.

Guarantees: an account is whoever acted as a user, and whoever was made one
(`admin.user.create`). It was used when a success of its own says so: a refused login is
no use, nor is what others do to it. Of what the asker may see, as of one moment.

Does not: know accounts that no event names; nor more than `MOST`, beyond which it
refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast

from prooftrail.errors import QuestionError
from prooftrail.store import searching
from prooftrail.store.asking import Values, query
from prooftrail.store.question import Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from prooftrail.store.connect import Connection

MOST: Final = 10_000  # accounts, and actors of other kinds
CREATED: Final = "admin.user.create"
State: TypeAlias = Literal["active", "dormant", "disabled"]
ENDED: Final = ("admin.user.disable", "admin.user.delete")


class Account(NamedTuple):
    """An account; times are the events' own, microseconds since the epoch, UTC."""

    id: str
    known_us: int  # since when the trail knows of it
    made_us: int | None  # None: before, or unseen
    used_us: int | None  # last, with success; None: never
    ended_us: int | None  # disabled or deleted last; None: never
    email: str | None = None  # as its newest event states it, if it does

    @property
    def unused_us(self) -> int:
        """Since when it was not used."""
        return self.known_us if self.used_us is None else self.used_us

    def state(self, since_us: int) -> State:
        """Return what it is where it has to be used since a time."""
        if self.ended_us is not None and self.ended_us >= (self.used_us or 0):
            return "disabled"
        return "active" if self.unused_us > since_us else "dormant"


def read(connection: Connection, streams: Sequence[int]) -> list[Account]:
    """Return the accounts, the one that was unused for longest first.

    Args:
        connection: inside `Readers.reading`.
        streams: the numbers of those that the asker may read.

    Raises:
        QuestionError: there are more than `MOST`.
    """
    searching.begin(connection, Question(), workers=0)
    acted = _rows(connection, "accounts")
    kept = _rows(connection, "accounts_kept", streams)
    if max(len(acted), len(kept)) > MOST:
        raise QuestionError(
            f"there are more than {MOST:,} accounts: ask for one by one "
            "(actor:ID result:success), newest first"
        )
    made: dict[str, int] = {}
    ended: dict[str, int] = {}
    for who, action, first, last in kept:
        if action == CREATED:
            made[who] = first
        else:
            ended[who] = max(last, ended.get(who, last))
    used = {who: (first, last) for who, first, last, kind, _ in acted if kind == "user"}
    others = {who for who, _, _, kind, _ in acted if kind != "user"}
    emails = {who: email for who, *_, email in acted}
    found = []
    for who in ({*made, *used, *ended}) - others:
        first, last = used.get(who, (None, None))
        known = [at for at in (made.get(who), first, ended.get(who)) if at is not None]
        found.append(
            Account(
                who, min(known), made.get(who), last, ended.get(who), emails.get(who)
            )
        )
    return sorted(found, key=lambda one: (one.unused_us, one.id))


def _rows(
    connection: Connection, name: str, streams: Sequence[int] | None = None
) -> list[Any]:
    bound = Values()
    pieces = {"most": bound(MOST + 1)}
    if streams is not None:
        pieces["streams"] = bound(list(streams))
        pieces["actions"] = bound([CREATED, *ENDED])
    statement = query(name, **pieces)
    return cast(
        "list[Any]", connection.execute(statement, bound, prepare=False).fetchall()
    )
