"""Did leavers stay active: a list of theirs, compared with what their accounts did.

Guarantees: whoever is on the list is in the answer, known or not. A list names accounts
by id, or by the e-mail address of their newest event: then all that have it. A list is
bounded, and nothing of it is kept but how many lines it has and its SHA-256.

Does not: find an account whose owner the list does not name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import msgspec

from prooftrail.core import instants
from prooftrail.detections import leavers as listed
from prooftrail.errors import QuestionError
from prooftrail.store import accounts, leavers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.store.connect import Connection
    from prooftrail.store.leavers import Left

MOST_BYTES: Final = 256 * 1024  # of a list
MOST: Final = 5_000  # leavers
State: TypeAlias = Literal["used", "open", "late", "unknown", "ended"]


class List(NamedTuple):
    """Who left."""

    since: Mapping[str, int]  # by account or address: the end of the last day
    sha256: str  # of the list, its line ends as LF


class Leaver(NamedTuple):
    """What is known of somebody who left."""

    named: str  # as the list has him
    left: Left

    @property
    def last_day(self) -> str:
        """The last day of work."""
        return instants.text(self.left.since_us - instants.DAY)[:10]

    def state(self, now_us: int) -> State:
        """Return what there is to be said of it first."""
        if not self.left.known:
            return "unknown"
        if self.left.uses:
            return "used"
        if self.left.ended_us is None:
            return "open" if now_us >= self.left.since_us else "ended"
        return "late" if self.left.ended_us >= self.left.since_us else "ended"

    def days_late(self, now_us: int) -> int | None:
        """Return how many days after the last one it was disabled, or until now.

        None where nothing is known of it.
        """
        if not self.left.known:
            return None
        ended = now_us if self.left.ended_us is None else self.left.ended_us
        days = ended // instants.DAY - self.left.since_us // instants.DAY + 1
        return max(days, 0)


class _Stated(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    last_day: str = msgspec.field(name="lastDay")


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    leavers: list[_Stated]


def of_csv(data: bytes) -> List:
    """Understand a list: lines of an account, a comma and a day.

    Raises:
        QuestionError: it is too long, or lines are not like that.
    """
    _bound(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionError(
            "the list of leavers is no UTF-8: save it as that"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _list(text.split("\n"), text)


def of_json(data: bytes) -> List:
    """Understand a list that is JSON: `{"leavers": [{"account", "lastDay"}]}`.

    Raises:
        QuestionError: it is too long, or is not like that.
    """
    _bound(data)
    try:
        body = msgspec.json.decode(data, type=_Body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise QuestionError(
            'a list of leavers is {"leavers": [{"account": "usr_7", "lastDay": '
            f'"2026-03-31"}}]}}: {error}'
        ) from error
    lines = [
        '"{}",{}'.format(one.account.replace('"', '""'), one.last_day)
        for one in body.leavers
    ]
    return _list(lines, data.decode())


def _bound(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise QuestionError(
            f"a list of leavers has at most {MOST_BYTES:,} bytes: ask in parts"
        )


def _list(lines: Sequence[str], text: str) -> List:
    since = listed.read(lines)
    if not since:
        raise QuestionError("nobody is on the list: a line is usr_7,2026-03-31")
    if len(since) > MOST:
        raise QuestionError(f"a list has at most {MOST:,} leavers: ask in parts")
    return List(since, hashlib.sha256(text.encode()).hexdigest())


def told(asked: List) -> dict[str, object]:
    """Return what the event of a read says of a list."""
    return {
        "answer": "leavers",
        "lines": len(asked.since),
        "list": f"sha256:{asked.sha256}",
    }


def read(connection: Connection, asked: List, streams: Sequence[int]) -> list[Leaver]:
    """Return what is known of everybody on a list, those first who did most since.

    Args:
        connection: inside `Readers.reading`.
        asked: the list.
        streams: the numbers of those that the asker may read.

    Raises:
        QuestionError: addresses are on it, and there are more accounts than are told.
    """
    names = _accounts(connection, asked, streams)
    since: dict[str, int] = {}
    for name, ids in names.items():
        for one in ids:
            since[one] = min(asked.since[name], since.get(one, asked.since[name]))
    found = {one.id: one for one in leavers.read(connection, since, streams)}
    shown = [Leaver(name, found[one]) for name, ids in names.items() for one in ids]
    return sorted(shown, key=lambda one: (-one.left.uses, one.named, one.left.id))


def _accounts(
    connection: Connection, asked: List, streams: Sequence[int]
) -> dict[str, list[str]]:
    """Return the accounts that each name of a list stands for."""
    if not any("@" in name for name in asked.since):
        return {name: [name] for name in asked.since}
    by_email: dict[str, list[str]] = {}
    known = set()
    for one in accounts.read(connection, streams):
        known.add(one.id)
        if one.email is not None:
            by_email.setdefault(one.email.casefold(), []).append(one.id)
    found = {}
    for name in asked.since:
        ids = by_email.get(name.casefold(), [])
        found[name] = sorted({*ids, name} if name in known or not ids else ids)
    return found
