"""An access to personal data as a row: what its event says, and nothing else.

Guarantees: a row has the event's own values, spelled as there; what the event does not
say is empty. No personal value is in it: what is protected stands as `[protected]`;
people are named by the ids that events have for them, and an id that reads as an
address of mail, a telephone number or a name is masked as the console masks such
values. A text of more than `LONGEST` characters is cut visibly.

The data subject's edition (`WITHOUT_ACTOR`) has no column that tells who did it, and of
all subjects the one that is asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prooftrail.capture.protection import mask_of
from prooftrail.catalog import wording
from prooftrail.catalog.wording import mapping
from prooftrail.reports.counting import short
from prooftrail.reports.document import Column
from prooftrail.reports.masking import masked, unmailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prooftrail.store.question import Answer

LONGEST: Final = 2_000  # characters of a cell
NO_DECISION: Final = "no decision stated"
LISTED: Final = 50  # subjects and fields that a cell names
DATA: Final = (
    "stream",
    "seq",
    "time",
    "eventId",
    "actorId",
    "actorName",
    "actorType",
    "employmentStatus",
    "onBehalfOf",
    "action",
    "result",
    "resourceType",
    "subject",
    "subjects",
    "class",
    "fields",
    "records",
    "channel",
    "sourceIp",
    "decision",
    "basis",
    "role",
    "permission",
    "policy",
    "grantId",
    "granter",
    "grantValidity",
    "approvalId",
    "approver",
    "approvedAt",
    "approvalTicket",
    "purpose",
    "caseRef",
    "verdict",
)
WITHOUT_ACTOR: Final = (
    "stream",
    "seq",
    "time",
    "eventId",
    "action",
    "result",
    "resourceType",
    "subject",
    "class",
    "fields",
    "decision",
    "basis",
    "policy",
    "purpose",
    "verdict",
)
COLUMNS: Final = (
    Column("Entry", "number", 1.15),
    Column("Time, UTC", "time", 1.52),
    Column("Who", share=2.25),
    Column("Action", "code", 1.85),
    Column("Whose data", share=1.3),
    Column("Classes; records", share=2),
    Column("Decided by; for what", share=1.95),
    Column("Verdict", share=0.98),
)
COLUMNS_WITHOUT_ACTOR: Final = (
    Column("Entry", "number", 1.05),
    Column("Time, UTC", "time", 1.4),
    Column("Action", "code", 1.75),
    Column("Whose data", share=1.35),
    Column("Fields, or classes", share=2.95),
    Column("Decided by; for what", share=2.2),
    Column("Verdict", share=0.95),
)
Value = str | int | None
_AT: Final = {name: at for at, name in enumerate(DATA)}
_CELL: Final = 40  # characters of a printed name


def row(
    item: Mapping[str, Any], answer: Answer, subjects: Sequence[str]
) -> tuple[Value, ...]:
    """Return an event as a row of `DATA`.

    Args:
        item: as it is shown.
        answer: on whose authority it was done.
        subjects: whose data it touched, continued entries among them.
    """
    actor, by = mapping(item.get("actor")), mapping(item.get("authorization"))
    approval = mapping(by.get("approval"))
    own = is_own(item, subjects)
    basis, name = _text(by.get("basis")), _text(by.get("name"))
    channel = mapping(item.get("$source")).get("channel")
    return (
        str(item["stream"]),
        int(item["seq"]),
        str(item["timestamp"]),
        str(item["eventId"]),
        _text(actor.get("userId")),
        actor_name(actor, own=own),
        _text(actor.get("type")),
        _text(actor.get("employmentStatus")),
        _text(mapping(actor.get("onBehalfOf")).get("userId")),
        str(item["action"]),
        str(item["result"]),
        _text(mapping(item.get("resource")).get("type")),
        _listed([masked(one) for one in subjects[:LISTED]], len(subjects)),
        len(subjects),
        _listed(classes(item)),
        _listed(fields(item)),
        records(item),
        _text(channel),
        _text(actor.get("ipAddress") or actor.get("host")),
        _text(by.get("decision")),
        basis,
        name if basis == "role" else _text(actor.get("role")),
        None if basis == "role" else name,
        _text(by.get("policy")),
        _text(by.get("grant")),
        _text(by.get("granter")),
        _text(by.get("validity")),
        _text(approval.get("id")),
        _text(approval.get("by")),
        _text(approval.get("at")),
        _text(approval.get("ticket")),
        purpose(item),
        case(item),
        answer,
    )


def printed(found: Sequence[Value]) -> tuple[str, ...]:
    """Return a row as it is printed."""
    name, who = _of(found, "actorName"), _of(found, "actorId")
    behalf = _of(found, "onBehalfOf")
    told = [who and short(who, _CELL), name and short(name, _CELL)]
    if behalf:
        told.append(f"for {short(behalf, _CELL)}")
    return (
        f"{short(_of(found, 'stream'), 24)} {found[_AT['seq']]:,}",
        moment(_of(found, "time")),
        ", ".join(filter(None, told)) or "nobody is named",
        _of(found, "action"),
        whose(found),
        "; ".join(filter(None, [grouped(_of(found, "class")), _records(found)])),
        decided(found),
        _of(found, "verdict"),
    )


def printed_without_actor(found: Sequence[Value], subject: str) -> tuple[str, ...]:
    """Return a row as the data subject's edition prints it."""
    return (
        f"{short(_of(found, 'stream'), 24)} {found[_AT['seq']]:,}",
        moment(_of(found, "time")),
        _of(found, "action"),
        short(subject, _CELL),
        short(_of(found, "fields"), 90) or grouped(_of(found, "class")),
        _joined(found, "basis", "policy", "purpose"),
        _of(found, "verdict"),
    )


def without_actor(found: Sequence[Value], subject: str) -> tuple[Value, ...]:
    """Return a row of `WITHOUT_ACTOR`: of the subjects, the one that is asked about."""
    kept = {**{name: found[_AT[name]] for name in WITHOUT_ACTOR}, "subject": subject}
    return tuple(kept.values())


def moment(time: str) -> str:
    """Return a time as it is printed, to the second; the rows have all of it.

    >>> moment("2026-03-01T12:00:00.123456Z")
    '2026-03-01 12:00:00'
    """
    return time[:19].replace("T", " ")


def grouped(classes: str) -> str:
    """Return classes as they are printed, those of one family together.

    >>> grouped("identity.name, contact.email, identity.ssn, health")
    'identity: name, ssn; contact: email; health'
    """
    families: dict[str, list[str]] = {}
    for one in classes.split(", "):
        family, _, rest = one.partition(".")
        families.setdefault(family, []).append(rest)
    told = "; ".join(
        f"{family}: {', '.join(rest)}" if any(rest) else family
        for family, rest in families.items()
    )
    return short(told, 90)


def whose(found: Sequence[Value]) -> str:
    """Say whose data it was, as it is printed."""
    one, *more = _of(found, "subject").split(", ")
    n = found[_AT["subjects"]]
    others = n - 1 if isinstance(n, int) else len(more)
    return short(one, _CELL) + (f" and {others:,} more" if others > 0 else "")


def decided(found: Sequence[Value]) -> str:
    """Say by what it was decided, and for what, as it is printed."""
    basis = _of(found, "basis")
    name = _of(found, "role" if basis == "role" else "permission")
    told = [
        short(" ".join(filter(None, (basis.replace("_", "-"), name))), 60),
        _of(found, "policy"),
        _of(found, "grantId") and f"grant {_of(found, 'grantId')}",
        _of(found, "approver") and f"approved by {_of(found, 'approver')}",
        _of(found, "purpose"),
        _of(found, "caseRef") or _of(found, "approvalTicket"),
    ]
    return "; ".join(short(one, 60) for one in told if one) or NO_DECISION


def is_own(item: Mapping[str, Any], subjects: Iterable[str]) -> bool:
    """Return whether whoever did it saw his own data."""
    who = mapping(item.get("actor")).get("userId")
    basis = mapping(item.get("authorization")).get("basis")
    return basis == "self" or (isinstance(who, str) and who in subjects)


def actor_name(actor: Mapping[str, Any], *, own: bool = False) -> str | None:
    """Return by which name an actor went then; of somebody's own data it is masked."""
    for key in ("name", "email"):
        if told := _text(actor.get(key)):
            if not own or told == wording.PROTECTED:
                return told
            return mask_of("contact.email" if "@" in told else "person.name", told)
    return None


def subjects(item: Mapping[str, Any]) -> list[str]:
    """Return whose data an entry touched, as the rules of detection have it.

    Whoever is named beside the resource; where nobody is, the resource is the person.
    """
    if stated := named(item):
        return stated
    whom = mapping(item.get("resource")).get("id")
    return [whom] if isinstance(whom, str) and whom else []


def named(item: Mapping[str, Any]) -> list[str]:
    """Return whom an entry names beside its resource."""
    return _texts(item.get("subjects"))


def classes(item: Mapping[str, Any]) -> list[str]:
    """Return the classes of data that an event states."""
    return _texts(mapping(item.get("pii")).get("classes"))


def fields(item: Mapping[str, Any]) -> list[str]:
    """Return the fields that an event states."""
    stated = _texts(mapping(item.get("pii")).get("fields"))
    return stated or _texts(mapping(item.get("details")).get("fields_accessed"))


def records(item: Mapping[str, Any]) -> int | None:
    """Return how many records an event says that it touched."""
    n = mapping(item.get("details")).get("record_count")
    return n if isinstance(n, int) and not isinstance(n, bool) and n >= 0 else None


def purpose(item: Mapping[str, Any]) -> str | None:
    """Return for what it was done, as the event says."""
    told = _text(item.get("purpose"))
    return None if told is None else unmailed(told)


def case(item: Mapping[str, Any]) -> str | None:
    """Return of which case or ticket it was, as the event says."""
    told = _text(item.get("ticket"))
    return None if told is None else unmailed(told)


def _records(found: Sequence[Value]) -> str:
    n = found[_AT["records"]]
    return "" if n is None else f"{n:,} record{'' if n == 1 else 's'}"


def _joined(found: Sequence[Value], *names: str) -> str:
    told = (_of(found, name).replace("break_glass", "break-glass") for name in names)
    return "; ".join(short(one, 60) for one in told if one) or NO_DECISION


def _of(found: Sequence[Value], name: str) -> str:
    value = found[_AT[name]]
    return "" if value is None else str(value)


def _listed(several: Sequence[str], of: int | None = None) -> str | None:
    """Return a list as one cell; None where there is nothing."""
    shown = [_cut(one) for one in several[:LISTED]]
    more = (len(several) if of is None else of) - len(shown)
    told = ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
    return told or None


def _texts(value: object) -> list[str]:
    if not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, str) and one]


def _text(value: object) -> str | None:
    """Return a value as a cell; None where there is none."""
    if value is None or isinstance(value, str):
        return _cut(value or "") or None
    return wording.PROTECTED if wording.is_protected(value) else None


def _cut(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text):,} characters)"
