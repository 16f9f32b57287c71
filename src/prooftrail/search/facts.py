"""An event in facts: who, what, whose data, how it ended, on whose authority.

Guarantees: total. Every fact says where it stands in the event, and what is protected
is told by its class, never by its value. What the event says beyond the keys that have
a place here is in its JSON, which the page shows whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.catalog import registry, wording
from prooftrail.catalog.wording import mapping
from prooftrail.search import diffing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUBJECTS = 20  # that are shown; the others are counted
_DECISIONS = {"allowed": "Allowed", "denied": "Denied"}
_BASES = {
    "role": "by the role",
    "permission": "by the permission",
    "grant": "by the grant",
    "break_glass": "by breaking the glass: no rule allowed it beforehand",
    "self": "as the person's own data",
    "system": "as the system's own work",
}


class Fact(NamedTuple):
    """One thing that an event says."""

    label: str
    text: str
    link: str = ""  # "person" or "customer": a page is about it
    hidden: str | None = None  # the class of a protected value
    pointer: str | None = None  # where that stands
    exact: bool = False  # an id, an address: to be read letter by letter


class Section(NamedTuple):
    """Facts on one question."""

    title: str
    facts: tuple[Fact, ...]
    more: int = 0  # that are not shown


def sections(item: Mapping[str, Any]) -> list[Section]:
    """Return the facts of an event, those sections that have any."""
    found = [
        Section("Who", tuple(_who(mapping(item.get("actor"))))),
        Section("What", tuple(_what(item))),
        _whose(item),
        Section("Authorisation", tuple(_authorization(item))),
        Section("Details", tuple(_details(mapping(item.get("details"))))),
        Section("Request", tuple(_request(mapping(item.get("context"))))),
    ]
    return [one for one in found if one.facts]


def _fact(
    label: str, value: object, pointer: str, *, link: str = "", exact: bool = False
) -> Iterator[Fact]:
    if value is None or value in ("", [], {}):
        return
    if wording.is_protected(value):
        hidden = diffing.protected_class(value)
        yield Fact(label, "", hidden=hidden, pointer=pointer)
    else:
        yield Fact(label, diffing.legible(value), link=link, exact=exact)


def _who(actor: Mapping[str, Any]) -> Iterator[Fact]:
    yield from _fact("Name", actor.get("name"), "/actor/name")
    yield from _fact("E-mail", actor.get("email"), "/actor/email")
    yield from _fact(
        "Id", actor.get("userId"), "/actor/userId", link="person", exact=True
    )
    yield from _fact("Role", actor.get("role"), "/actor/role")
    yield from _fact("Kind", actor.get("type"), "/actor/type")
    behalf = mapping(actor.get("onBehalfOf"))
    yield from _fact(
        "On behalf of",
        behalf.get("userId"),
        "/actor/onBehalfOf/userId",
        link="person",
        exact=True,
    )
    yield from _fact("Address", actor.get("ipAddress"), "/actor/ipAddress", exact=True)
    yield from _fact("Host", actor.get("host"), "/actor/host", exact=True)
    yield from _fact("Session", actor.get("sessionId"), "/actor/sessionId", exact=True)
    yield from _fact("Client", actor.get("userAgent"), "/actor/userAgent")


def _what(item: Mapping[str, Any]) -> Iterator[Fact]:
    action = item.get("action")
    yield from _fact("Action", action, "/action", exact=True)
    known = registry.find(action) if isinstance(action, str) else None
    if known is not None:
        yield Fact("Meaning", known.meaning)
    resource = mapping(item.get("resource"))
    yield from _fact("Resource", resource.get("type"), "/resource/type")
    link = "customer" if resource.get("type") == "customer" else ""
    yield from _fact("Id", resource.get("id"), "/resource/id", link=link, exact=True)
    yield from _fact("Name", resource.get("name"), "/resource/name")
    yield from _fact("Purpose", item.get("purpose"), "/purpose")
    yield from _fact("Ticket", item.get("ticket"), "/ticket")


def _whose(item: Mapping[str, Any]) -> Section:
    subjects = item.get("subjects")
    listed = subjects if isinstance(subjects, list) else []
    facts = [
        fact
        for one in listed[:SUBJECTS]
        for fact in _fact("Person", one, "/subjects", link="customer", exact=True)
    ]
    pii = mapping(item.get("pii"))
    for label, name in (("Fields", "fields"), ("Classes", "classes")):
        values = pii.get(name)
        if isinstance(values, list) and values:
            facts.append(Fact(label, ", ".join(map(diffing.legible, values))))
    return Section("Whose data", tuple(facts), max(len(listed) - SUBJECTS, 0))


def _authorization(item: Mapping[str, Any]) -> Iterator[Fact]:
    found = mapping(item.get("authorization"))
    decision, basis = found.get("decision"), found.get("basis")
    if isinstance(decision, str):
        yield Fact("Decision", _DECISIONS.get(decision, decision))
    if isinstance(basis, str):
        yield Fact("Basis", _BASES.get(basis, basis))
    for label, name in (("Name", "name"), ("Policy", "policy"), ("Grant", "grant")):
        yield from _fact(label, found.get(name), f"/authorization/{name}", exact=True)
    approval = mapping(found.get("approval"))
    for name, value in approval.items():
        label = f"Approval: {name}"
        yield from _fact(label, value, f"/authorization/approval/{name}")


def _details(details: Mapping[str, Any]) -> Iterator[Fact]:
    for name, value in details.items():
        label = name.replace("_", " ")
        label = label[:1].upper() + label[1:]
        escaped = name.replace("~", "~0").replace("/", "~1")
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            value = ", ".join(value)  # noqa: PLW2901  a list of words reads as such
        yield from _fact(label, value, f"/details/{escaped}")


def _request(context: Mapping[str, Any]) -> Iterator[Fact]:
    line = " ".join(
        str(context[name])
        for name in ("method", "route", "status")
        if isinstance(context.get(name), str | int)
    )
    yield from _fact("Request", line, "/context", exact=True)
    milliseconds = context.get("durationMs")
    if isinstance(milliseconds, int):
        yield Fact("Took", f"{milliseconds:,} ms")
    service, version = context.get("service"), context.get("version")
    named = " ".join(str(one) for one in (service, version) if isinstance(one, str))
    yield from _fact("Service", named, "/context/service")
    for label, name in (("Request id", "requestId"), ("Trace", "traceId")):
        yield from _fact(label, context.get(name), f"/context/{name}", exact=True)
