"""What routes emit: a small table, a decorator on the endpoint, or nothing at all.

    AuditMiddleware(app, routes={
        "POST /customers": emits("customer.pii.create", resource="customer"),
        "POST /auth/login": emits("auth.login.success", failure="auth.login.failure"),
        "POST /metrics": excused("counts page views, changes nothing"),
    })

Guarantees: an event type that nobody declared, and two entries that would be one route
and emit different things, are refused when the table is made. Parameters of a route are
matched by place, however a framework spells them (``{id}``, ``:id``, ``<int:id>``);
what stands beside one in its part is fixed (``{id}:close``). A route that nobody mapped
gets a derived name, `http.customers.update`, from its method and its last fixed part.

Does not: look at paths, only at a route's template: no id and no token of a path gets
into a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from prooftrail import catalog
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prooftrail.catalog import EventType

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MARK = "__prooftrail_emits__"  # where a decorated endpoint keeps what it emits

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
# `:id` is one at the beginning of a part alone: in /accounts/{id}:close it is a verb
_PARAMETER = re.compile(
    r"\{[^{}]*\}|<[^<>]*>|(?<![^/]):[A-Za-z_]\w*(?:\([^)]*\))?|\(\?P?<[^)]*\)|\([^()]*\)"
)
_ANCHORS = re.compile(r"[\^$?]|\\Z")  # of Django's re_path, in any part: of an include
_ESCAPED = re.compile(r"\\(\W)")
_OWN_NAME = re.compile(r"^[{:](\w+)|(\w+)>")  # {id}, {id:int}, :id, <id>, <int:id>
_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_KEY = re.compile(r"([A-Z]+) (/\S*)")

F = TypeVar("F", bound="Callable[..., object]")


@dataclass(frozen=True)
class Emits:
    """What a route emits.

    Args:
        types: what it records; the first one where it succeeds.
        failure: what it records where it does not, if that is another type.
        resource: the type of the resource; by default named as the route's.
        key: the parameter of the path that is its id; by default the last one.
        pii: fields of personal data that it shows or changes.
        reason: why nothing of it is recorded.
    """

    types: tuple[EventType, ...] = ()
    failure: EventType | None = None
    resource: str | None = None
    key: str | None = None
    pii: tuple[str, ...] = ()
    reason: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """All event types that it may record."""
        failure = () if self.failure is None else (self.failure,)
        return frozenset(one.name for one in (*self.types, *failure))

    def __call__(self, endpoint: F) -> F:
        """Mark an endpoint, as a decorator."""
        setattr(endpoint, MARK, self)
        return endpoint


UNMAPPED = Emits()


def emits(
    *types: EventType | str,
    failure: EventType | str | None = None,
    resource: str | None = None,
    key: str | None = None,
    pii: tuple[str, ...] | list[str] = (),
) -> Emits:
    """Say what a route emits; see `Emits`.

    Raises:
        ConfigurationError: `failure` is given, and no type for what succeeds.
        EventError: there is no such event type.
    """
    if failure is not None and not types:
        raise ConfigurationError(
            "emits(failure=...) does not say what a success emits: name that first, as "
            "in emits('auth.login.success', failure='auth.login.failure')"
        )
    return Emits(
        tuple(catalog.resolve(one) for one in types),
        None if failure is None else catalog.resolve(failure),
        resource,
        key,
        tuple(pii),
    )


def excused(reason: str) -> Emits:
    """Say why nothing is recorded of a route: coverage shows it.

    Raises:
        ConfigurationError: without a reason.
    """
    if not reason.strip():
        raise ConfigurationError("a route is excused with a reason: excused('why')")
    return Emits(reason=reason)


class Route(NamedTuple):
    """What a framework found for a request."""

    template: str | None = None  # as the framework writes it; None: no route
    parameters: Mapping[str, str] = {}
    endpoint: object = None
    reached: bool | None = None  # whether the framework found it; None: has no routes


class Routes:
    """The table of one application.

    Args:
        table: what routes emit, by "METHOD /template"; a name, a type, several of
            them, or `emits(...)`.

    Raises:
        ConfigurationError: a key is no method and template, or two of them are the
            same route and emit different things.
        EventError: there is no such event type.
    """

    def __init__(self, table: Mapping[str, object]) -> None:
        self._table: dict[tuple[str, str], Emits] = {}
        self._templates: list[tuple[str, str]] = []
        for key, given in table.items():
            found = _KEY.fullmatch(key)
            if found is None:
                raise ConfigurationError(
                    f"the route {key!r} is no method and template: write it as "
                    "'POST /customers/{id}'"
                )
            made, place = _made(key, given), (found[1], shape(found[2]))
            if self._table.setdefault(place, made) != made:
                other = next(
                    f"{method} {template}"
                    for method, template in self._templates
                    if (method, shape(template)) == place
                )
                raise ConfigurationError(
                    f"the routes {other!r} and {key!r} are one here, as the names of "
                    "parameters do not count: leave one out, or mark the endpoints "
                    "themselves with @emits"
                )
            self._templates.append((found[1], found[2]))

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The methods and templates of the table, as they were written."""
        return tuple(self._templates)

    @property
    def stated(self) -> dict[str, object]:
        """The table in a form that only depends on what it says."""
        return {
            f"{method} {template}": [
                [(kind.name, kind.policy) for kind in one.types],
                one.failure and (one.failure.name, one.failure.policy),
                *(one.resource, one.key, one.pii, one.reason),
            ]
            for (method, template), one in self._table.items()
        }

    def of(self, method: str, template: str | None, endpoint: object = None) -> Emits:
        """Return what a route emits: by the table, or by its endpoint's mark.

        HEAD runs what GET runs: where nothing is said of it, GET's holds.
        """
        found = self._of(method, template, endpoint)
        if method == "HEAD" and found is UNMAPPED:
            return self._of("GET", template, endpoint)
        return found

    def _of(self, method: str, template: str | None, endpoint: object) -> Emits:
        if template is not None and self._table:
            found = self._table.get((method, shape(template)))
            if found is not None:
                return found
        marked = mark_of(endpoint, method, MARK)
        return marked if isinstance(marked, Emits) else UNMAPPED

    def guess(self, method: str, path: str) -> Route:
        """Return the route of the table that a path fits: none is said otherwise.

        Fixed parts go before parameters, as in frameworks.
        """
        best: tuple[int, Route] | None = None
        for known, template in self._templates:
            names, pattern = _pattern(template)
            asked = known == method or (known, method) == ("GET", "HEAD")
            found = pattern.fullmatch(path.strip("/")) if asked else None
            if found is not None and (best is None or len(names) < best[0]):
                given = dict(zip(names, found.groups(), strict=True))
                best = (len(names), Route(template, given))
        return Route() if best is None else best[1]


def mark_of(endpoint: object, method: str, name: str) -> object:
    """Return what an endpoint is marked with; of a class, its method goes first."""
    if isinstance(endpoint, type):
        own = getattr(getattr(endpoint, method.lower(), None), name, None)
        if own is not None:
            return own
    return getattr(endpoint, name, None)


def _made(key: str, given: object) -> Emits:
    if isinstance(given, Emits):
        return given
    several = given if isinstance(given, tuple) else (given,)
    if not all(isinstance(one, str | catalog.EventType) for one in several):
        raise ConfigurationError(
            f"the route {key!r} emits a {type(given).__name__}: write the name of an "
            "event type, or emits(...)"
        )
    return emits(*several)


@lru_cache(maxsize=4096)  # an application has so many routes
def shape(template: str) -> str:
    """Return a template without the names of its parameters.

    >>> shape("/customers/{id}/documents/<int:doc>")
    '/customers/{}/documents/{}'
    >>> shape(r"/api/^customers/(?P<pk>[^/.]+)/$")
    '/api/customers/{}'
    """
    text = _ANCHORS.sub("", _PARAMETER.sub("{}", template))
    plain = _ESCAPED.sub(r"\1", text)
    return f"/{plain.strip('/')}"


@lru_cache(maxsize=4096)  # an application has so many routes
def _pattern(template: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Return the names of a template's parameters, and what matches its paths."""
    own = [_OWN_NAME.search(one) for one in _PARAMETER.findall(template)]
    names = tuple("" if one is None else one[1] or one[2] for one in own)
    fixed = shape(template).strip("/").split("{}")
    return names, re.compile("([^/]+)".join(map(re.escape, fixed)))


@lru_cache(maxsize=4096)  # an application has so many routes
def derived(method: str, template: str | None) -> str:
    """Return the action of a route that nobody mapped.

    >>> derived("PUT", "/v1/customers/{id}")
    'http.customers.update'
    """
    verb = _VERBS.get(method, "read")
    noun = noun_of(template)
    return f"http.{noun or 'unmatched'}.{verb}"


@lru_cache(maxsize=4096)  # an application has so many routes
def noun_of(template: str | None) -> str | None:
    """Return the last fixed part of a template, as a name."""
    if template is None:
        return None
    for part in reversed(shape(template).split("/")):
        name = _NAME.sub("_", part).strip("_-")
        if name and "{}" not in part:
            return name[:64]
    return None
