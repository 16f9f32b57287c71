"""Accesses to personal data, counted: by verdict, person, class, purpose, and time.

Guarantees: one pass, each access a row (`pii_rows`) and in every total once. Records
and data subjects are those of accesses that succeeded: of others nothing was seen. Data
subjects are told apart up to `SUBJECTS`, those of each person up to `PAIRS` together,
people up to `KEPT`; beyond that `cut` says so, and counts of different ones are at
least what is said.

The verdict is the one that the log's index has (`store.authority`): nothing is judged
here.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from prooftrail.catalog.wording import mapping
from prooftrail.core import instants
from prooftrail.errors import EventError
from prooftrail.reports import pii_rows
from prooftrail.reports.counting import KEPT, Counting, text
from prooftrail.reports.masking import unmailed
from prooftrail.reports.pii_hours import DAY_US, HOUR_US, weekday

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prooftrail.reports.pii_rows import Value
    from prooftrail.store.question import Answer

_Shared = TypeVar("_Shared", bound="Value")
SUBJECTS: Final = 200_000
PAIRS: Final = 300_000  # of a person and a data subject
NOBODY: Final = "nobody is named"
NOT_STATED: Final = "not stated"
_SHARED: Final = 200  # characters of a value that is held once for many rows
# columns of which no two rows share a value
_OWN: Final = slice(pii_rows.DATA.index("time"), pii_rows.DATA.index("eventId") + 1)
_EXPORTS: Final = (".export", ".share", ".download")
_EXPORT_OF: Final = "data.export."


class Export(NamedTuple):
    """An access by which data left the application."""

    row: tuple[Value, ...]
    form: str  # csv, pdf ...
    to: str  # whom it was given


class Person:
    """What somebody did."""

    __slots__ = ("counts", "name", "records", "subjects")

    def __init__(self, name: str | None) -> None:
        self.name = name  # the newest
        self.counts: Counter[Answer] = Counter()
        self.records = 0
        self.subjects: set[str] = set()


class Tally(Counting):
    """Counts events as they are shown, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[Value, ...]] = []
        self.verdicts: Counter[Answer] = Counter()
        self.days: Counter[tuple[int, Answer]] = Counter()  # days since the epoch
        self.week = [[0] * 24 for _ in range(7)]  # by weekday and hour, UTC
        self.people: dict[str, Person] = {}
        self.subjects: Counter[str] = Counter()
        self.classes: Counter[tuple[str, Answer]] = Counter()
        self.purposes: Counter[tuple[str, str]] = Counter()  # class, purpose
        self.policies: Counter[tuple[str, Answer]] = Counter()
        self.bases: Counter[tuple[str, Answer]] = Counter()
        self.fields: Counter[str] = Counter()
        self.denials: Counter[tuple[str, str, str, str]] = Counter()
        self.exports: list[Export] = []
        self.records = 0
        self.without_records = 0  # accesses that state no count
        self.without_purpose = 0
        self.without_case: Counter[str] = Counter()  # by actor
        self.own: Counter[str] = Counter()  # accesses to one's own data, by actor
        self.redacted = 0
        self._pairs = 0
        self._held: dict[Value, str] = {}  # values that many rows share

    def add(self, item: Mapping[str, Any], answer: Answer, rest: Sequence[str]) -> None:
        """Count an access.

        Args:
            item: its event.
            answer: on whose authority it was done.
            rest: the data subjects of the entries that continue it.
        """
        self.see(item)
        self.redacted += "redacted" in item
        whom = [*pii_rows.subjects(item), *rest]
        row = self._sharing(pii_rows.row(item, answer, whom))
        self.rows.append(row)
        found = dict(zip(pii_rows.DATA, row, strict=True))
        who = str(found["actorId"] or NOBODY)
        self.verdicts[answer] += 1
        self._time(str(item["timestamp"]), answer)
        self._person(who, found, answer)
        if item["result"] == "success":
            self.without_records += found["records"] is None
            self._seen(who, found, whom)
        self._classes(item, answer, str(found["purpose"] or NOT_STATED))
        self.count(self.policies, (_kept(found["policy"]), answer))
        self.count(self.bases, (_kept(found["basis"]), answer))
        if answer == "denied":
            asked = found["permission"] or found["role"]
            key = (who, str(found["action"]), _kept(asked), _kept(found["policy"]))
            self.count(self.denials, key)
        else:
            self.without_purpose += found["purpose"] is None
            if found["caseRef"] is None and found["approvalTicket"] is None:
                self.count(self.without_case, who)
            if pii_rows.is_own(item, whom):
                self.count(self.own, who)
        if is_export(str(item["action"])):
            self._export(item, row)

    def _time(self, timestamp: str, answer: Answer) -> None:
        try:
            day, rest = divmod(instants.microseconds(timestamp), DAY_US)
        except EventError:
            return  # a superuser wrote it: no year has it
        self.days[day, answer] += 1
        self.week[weekday(day)][rest // HOUR_US] += 1

    def _person(self, who: str, found: Mapping[str, Value], answer: Answer) -> None:
        person = self.people.get(who)
        if person is None:
            if len(self.people) >= KEPT:
                self.cut = True
                return
            name = found["actorName"]
            person = self.people[who] = Person(None if name is None else str(name))
        person.counts[answer] += 1

    def _seen(self, who: str, found: Mapping[str, Value], whom: Sequence[str]) -> None:
        """Count what an access showed."""
        n = found["records"]
        records = n if isinstance(n, int) else len(whom)
        self.records += records
        person = self.people.get(who)
        if person is not None:
            person.records += records
        for one in map(self._once, whom):
            if one in self.subjects or len(self.subjects) < SUBJECTS:
                self.subjects[one] += 1
            else:
                self.cut = True
            if person is None or one in person.subjects:
                continue
            if self._pairs < PAIRS:
                person.subjects.add(one)
                self._pairs += 1
            else:
                self.cut = True

    def _sharing(self, row: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return a row with values that others hold as well."""
        held, once = self._held, self._once
        kept = [
            None if one is None else held.get(one) or once(one)
            for one in (*row[: _OWN.start], *row[_OWN.stop :])
        ]
        return (*kept[: _OWN.start], *row[_OWN], *kept[_OWN.start :])

    def _once(self, value: _Shared) -> _Shared:
        """Return a value, of which rows hold one copy while there are few of a kind.

        Not by `sys.intern`: what Python 3.12 interns it never lets go of.
        """
        if not isinstance(value, str) or len(value) > _SHARED:
            return value
        if value not in self._held and len(self._held) < KEPT:
            self._held[value] = value
        return cast("_Shared", self._held.get(value, value))

    def _classes(self, item: Mapping[str, Any], answer: Answer, purpose: str) -> None:
        for one in dict.fromkeys(pii_rows.classes(item)) or (NOT_STATED,):
            name = one[:_SHARED]
            self.count(self.classes, (name, answer))
            self.count(self.purposes, (name, purpose[:_SHARED]))
        for one in dict.fromkeys(pii_rows.fields(item)):
            self.count(self.fields, one[:_SHARED])

    def _export(self, item: Mapping[str, Any], row: tuple[Value, ...]) -> None:
        details = mapping(item.get("details"))
        names = ("provider", "recipient", "destination")
        to = next((told for one in names if (told := text(details.get(one)))), "")
        form = text(details.get("export_format")) or ""
        self.exports.append(Export(row, form, unmailed(to)))

    @property
    def allowed(self) -> int:
        """How many were not denied."""
        return self.events - self.verdicts["denied"]

    def those(self, *answers: Answer) -> list[tuple[Value, ...]]:
        """Return the rows with these verdicts, in order of time."""
        return [row for row in reversed(self.rows) if row[-1] in answers]


def is_export(action: str) -> bool:
    """Return whether data leaves the application by it.

    >>> is_export("customer.pii.export"), is_export("customer.pii.view")
    (True, False)
    """
    return action.endswith(_EXPORTS) or action.startswith(_EXPORT_OF)


def _kept(value: Value) -> str:
    return NOT_STATED if value is None else str(value)[:_SHARED]
