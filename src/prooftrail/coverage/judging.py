"""What follows from an application's routes: which are captured, what is forgotten.

Guarantees: pure, and findings are values. A route that changes something, or shows
personal data, and is neither captured nor excused is a failure. So is, where any route
of the application is mapped to an event type, one that nobody mapped (it is recorded
under a derived name alone) and a read that a permission guards: else a forgotten line
would be noticed by nobody. `Settings.allow_derived` accepts these.

Does not: know what an endpoint does inside. A read that is not guarded, not marked, and
declares no model with personal fields counts as harmless.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from prooftrail.coverage import personal
from prooftrail.coverage.declared import ANY, WEBSOCKET
from prooftrail.middleware.routes import (
    CHANGING,
    MARK,
    UNMAPPED,
    Emits,
    derived,
    mark_of,
    shape,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.catalog import EventType
    from prooftrail.coverage.declared import Declared, Survey

ENDPOINT = "__prooftrail__"  # where `@audited` keeps its types


class State(StrEnum):
    """What becomes of a route's requests."""

    CAPTURED = "captured"  # under an event type that somebody chose
    DERIVED = "derived"  # under a name made from method and template
    EXCUSED = "excused"  # not at all, for a reason
    READING = "reading"  # not at all: it changes nothing that is known of
    UNKNOWN = "unknown"  # what it does cannot be seen: a websocket, an application
    MISSED = "missed"  # not at all


class Kind(StrEnum):
    """Why something is told."""

    MISSED = "missed"
    DERIVED = "derived"
    GUARDED = "guarded"
    NO_ROUTE = "no-route"
    NO_MIDDLEWARE = "no-middleware"
    UNGUARDED = "unguarded"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"
    TWICE = "twice"


FAILURES = frozenset({Kind.MISSED, Kind.DERIVED, Kind.GUARDED, Kind.NO_ROUTE})


@dataclass(frozen=True)
class Finding:
    """Something to be said, of a route or of the application."""

    kind: Kind
    message: str
    route: str | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the application is not covered because of it."""
        return self.kind in FAILURES


@dataclass(frozen=True)
class Row:
    """One route as it is shown."""

    method: str
    path: str
    state: State
    events: tuple[str, ...]
    fields: tuple[str, ...]
    classes: tuple[str, ...]
    guards: tuple[str, ...]
    reason: str | None
    endpoint: str
    behind: bool  # a middleware of ours

    @property
    def name(self) -> str:
        """The route, as the table of routes spells it."""
        return f"{self.method} {self.path}"

    @property
    def is_personal(self) -> bool:
        """Whether it is known to touch personal data."""
        return bool(self.fields or self.classes)

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method in CHANGING or self.method == ANY


@dataclass(frozen=True)
class Report:
    """All that is shown."""

    application: str
    framework: str
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 covered, 1 not."""
        return int(any(one.is_failure for one in self.findings))

    @property
    def counts(self) -> dict[str, int]:
        """How many routes there are of each state."""
        found = Counter(one.state for one in self.rows)
        return {state.value: found[state] for state in State if found[state]}


def judge(application: str, survey: Survey, *, allow_derived: bool = False) -> Report:
    """Return what is to be said of an application.

    Args:
        application: how it was named.
        survey: what it declares.
        allow_derived: accept routes that nobody mapped.
    """
    rows = sorted(
        (_row(one) for each in survey.routes for one in _split(each)),
        key=lambda one: (one.path, one.method),
    )
    strict = not allow_derived and any(
        one.state is State.CAPTURED and not one.events[0].startswith("http.")
        for one in rows
    )
    findings = [
        *_whole(survey, rows),
        *(found for one in rows for found in _of_row(one, survey, strict=strict)),
        *_entries(survey),
    ]
    return Report(application, survey.framework, tuple(rows), tuple(findings))


def _split(route: Declared) -> Iterator[Declared]:
    """Return a route of any method as those that the table names, if it names some."""
    named = []
    if route.method == ANY and route.rules is not None:
        named = [
            method
            for method, template in route.rules.routes.keys
            if shape(template) == shape(route.template)
        ]
    for method in named or [route.method]:
        yield replace(route, method=method)


def _row(route: Declared) -> Row:
    emits = _emits(route)
    audited = _audited(route)
    types = dict.fromkeys((*emits.types, *audited))
    if emits.failure is not None:
        types[emits.failure] = None
    classes = (*personal.classes_of(types), *route.personal.values())
    row = Row(
        method=route.method,
        path=route.path,
        state=State.READING,
        events=tuple(one.name for one in types),
        fields=tuple(dict.fromkeys((*emits.pii, *route.personal))),
        classes=tuple(dict.fromkeys(classes)),
        guards=route.guards,
        reason=emits.reason,
        endpoint=_name(route.endpoint),
        behind=route.rules is not None,
    )
    state = _state(row, route, emits, is_audited=bool(audited))
    if not row.events and (
        state is State.DERIVED or (state is State.CAPTURED and emits.pii)
    ):
        made = "" if route.method == ANY else derived(route.method, route.template)
        row = replace(row, events=(made or "http.*",))
    return replace(row, state=state)


def _state(row: Row, route: Declared, emits: Emits, *, is_audited: bool) -> State:
    if row.reason is not None:
        return State.EXCUSED
    if is_audited or (row.behind and emits.types):
        return State.CAPTURED
    if row.behind and emits.pii and not row.changes:
        return State.CAPTURED
    if row.method == WEBSOCKET or (route.opaque and row.behind):
        return State.UNKNOWN
    if row.changes:
        return State.DERIVED if row.behind else State.MISSED
    return State.MISSED if row.is_personal or emits.types else State.READING


def _emits(route: Declared) -> Emits:
    found = mark_of(route.endpoint, route.method, MARK)
    if route.rules is not None:
        found = route.rules.routes.of(route.method, route.template, route.endpoint)
    if not isinstance(found, Emits):
        return UNMAPPED
    # of a websocket nothing is emitted, whatever is said
    return Emits(reason=found.reason) if route.method == WEBSOCKET else found


def _audited(route: Declared) -> tuple[EventType, ...]:
    found = mark_of(route.endpoint, route.method, ENDPOINT)
    return found if isinstance(found, tuple) else ()


def _name(endpoint: object) -> str:
    found = getattr(endpoint, "__qualname__", None) or type(endpoint).__qualname__
    module = getattr(endpoint, "__module__", None)
    return f"{module}.{found}" if module else found


def _whole(survey: Survey, rows: list[Row]) -> Iterator[Finding]:
    if not survey.rules:
        yield Finding(
            Kind.NO_MIDDLEWARE,
            f"no middleware of Prooftrail is in this application: {survey.line}",
        )
    elif not survey.knows_who and any(one.behind for one in rows):
        yield Finding(
            Kind.ANONYMOUS,
            "nothing says who acts, so that every event will be anonymous: pass "
            "actor=, or call prooftrail.bind(user) where you authenticate",
        )
    for place in survey.twice:
        yield Finding(
            Kind.TWICE,
            "its requests are recorded by two middlewares, one inside the other: take "
            "one away",
            place,
        )


def _of_row(row: Row, survey: Survey, *, strict: bool) -> Iterator[Finding]:
    if row.state is State.MISSED:
        yield Finding(Kind.MISSED, _missed(row, survey), row.name)
    elif row.state is State.DERIVED and strict:
        yield Finding(
            Kind.DERIVED,
            f"it is recorded as {row.events[0]} alone: map it to an event type "
            "(emits), or excuse it with a reason (excused)",
            row.name,
        )
    elif row.state is State.READING and row.guards and strict:
        yield Finding(
            Kind.GUARDED,
            f"{', '.join(row.guards)} is needed to read it, and no reading is "
            "recorded: map it to an event type (emits), or excuse it (excused)",
            row.name,
        )
    elif row.state is State.UNKNOWN:
        yield Finding(Kind.UNKNOWN, _unknown(row), row.name)
    if row.is_personal and not row.guards and row.reason is None:
        yield Finding(
            Kind.UNGUARDED,
            f"it touches personal data ({_data(row)}), and no permission that "
            "Prooftrail sees guards it: its use will be unexplained",
            row.name,
        )


def _unknown(row: Row) -> str:
    if row.method != WEBSOCKET:
        return (
            "this application cannot be looked into: its requests are recorded under "
            "derived names"
        )
    return (
        "what the messages of this websocket do is recorded where it is done alone "
        "(@audited, with prooftrail.event): do so, or excuse it with a reason (excused)"
    )


def _missed(row: Row, survey: Survey) -> str:
    what = (
        f"it touches personal data ({_data(row)})"
        if row.is_personal
        else "it may change something"
    )
    if row.behind:
        return f"{what}, and nothing of it is recorded: map it (emits)"
    where = (
        "no middleware is in front of it; the one there is stands elsewhere"
        if survey.rules
        else "there is no middleware"
    )
    return f"{what}, and nothing of it is recorded: {where}"


def _data(row: Row) -> str:
    return ", ".join(row.fields or row.classes)


def _entries(survey: Survey) -> Iterator[Finding]:
    """Find entries of a table that no route fits: a typing error, or a route gone."""
    for rules in survey.rules:
        there = {
            (one.method, shape(one.template))
            for one in survey.routes
            if one.rules is rules
        }
        for method, template in rules.routes.keys:
            if not {(method, shape(template)), (ANY, shape(template))} & there:
                yield Finding(
                    Kind.NO_ROUTE,
                    "the table maps it, and there is no such route: is it spelled as "
                    "the application spells it?",
                    f"{method} {template}",
                )
