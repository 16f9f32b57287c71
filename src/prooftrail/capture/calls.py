"""What an audited call fills into its event: values, or functions of its arguments.

Guarantees: a function that fills in is given the arguments that it names, defaults
included, and ``result`` where it names that; what it names and the audited function has
not is refused at import. One that fails leaves its part out and says so in the event:
the call goes on, and so does its record. Where that is the actor, he is anonymous, and
not whoever acts around the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from uuid import UUID

from prooftrail.capture.actors import ANONYMOUS, stated_actor
from prooftrail.capture.spelling import refuse_unknown
from prooftrail.errors import ConfigurationError, EventError

if TYPE_CHECKING:
    from prooftrail.capture.draft import Draft

# A value, or a function of some of the call's arguments.
Filled: TypeAlias = Any

RESULT = "result"
PLACES = (
    "actor",
    "resource",
    "subjects",
    "fields",
    "details",
    "purpose",
    "ticket",
    "connection",
)


class _Filler(NamedTuple):
    """A function that fills in, and what it wants."""

    function: Callable[..., object]
    names: tuple[str, ...]

    def __call__(self, arguments: Mapping[str, object]) -> object:
        return self.function(**{name: arguments[name] for name in self.names})


class Fillers:
    """What fills in, not yet held against a function.

    Args:
        **given: by place; None leaves a place empty.

    Raises:
        ConfigurationError: there is no such place.
        EventError: `actor` is a value of which no id can be told.
    """

    def __init__(self, **given: Filled) -> None:
        refuse_unknown(given, PLACES, "@audited")
        self._given = {name: one for name, one in given.items() if one is not None}
        if not callable(self._given.get("actor")):
            stated_actor(self._given.get("actor"))  # or each call would be refused

    def of(self, function: Callable[..., object]) -> Bound:
        """Return what fills in for this function.

        Raises:
            ConfigurationError: a filler names an argument that is not there.
        """
        signature = inspect.signature(function)
        early: dict[str, object] = {}
        late: dict[str, object] = {}
        for place, one in self._given.items():
            if not callable(one):
                early[place] = one
                continue
            names = tuple(inspect.signature(one).parameters)
            for name in names:
                if name != RESULT and name not in signature.parameters:
                    raise ConfigurationError(
                        f"{place}= of @audited on {function.__qualname__} asks for "
                        f"{name!r}: its arguments are "
                        f"{', '.join(signature.parameters) or 'none'}, and 'result'"
                    )
            wants_result = RESULT in names and RESULT not in signature.parameters
            (late if wants_result else early)[place] = _Filler(one, names)
        for place in ("actor", "connection"):
            if place in late:
                raise ConfigurationError(
                    f"{place}= of @audited on {function.__qualname__} asks for the "
                    "result: it is needed before there is one"
                )
        return Bound(signature, early, late)


class Bound(NamedTuple):
    """What fills in for one function."""

    signature: inspect.Signature
    early: Mapping[str, object]
    late: Mapping[str, object]

    def call(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Call:
        """Return what is filled in for one call."""
        if not self.early and not self.late:
            return Call()
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError:
            return Call()  # the call itself fails with this in a moment
        bound.apply_defaults()
        return Call(bound.arguments, self.late, **self.early)


class Call:
    """What is filled in for one call.

    Args:
        arguments: of the call, by name.
        late: what looks at the result.
        **early: what does not.
    """

    def __init__(
        self,
        arguments: Mapping[str, object] | None = None,
        late: Mapping[str, object] | None = None,
        **early: object,
    ) -> None:
        self._arguments = dict(arguments or {})
        self._late = late or {}
        self._problems: list[str] = []
        values = {place: self._value(place, one) for place, one in early.items()}
        self.actor = self._who(values.pop("actor", None))
        self.connection = values.pop("connection", None)
        self._values = values

    def fill(self, draft: Draft) -> None:
        """Fill in what is known before the call."""
        for place, value in self._values.items():
            self._put(draft, place, value)
        self._tell(draft)

    def fill_from(self, draft: Draft, result: object) -> None:
        """Fill in what the result tells."""
        if not self._late:
            return
        self._arguments[RESULT] = result
        for place, one in self._late.items():
            self._put(draft, place, self._value(place, one))
        self._tell(draft)

    def _who(self, found: object) -> dict[str, Any] | None:
        if any(one.startswith("actor: ") for one in self._problems):
            return dict(ANONYMOUS)
        try:
            return stated_actor(found)
        except EventError:
            self._problems.append(f"actor: {type(found).__name__}")
            return dict(ANONYMOUS)

    def _value(self, place: str, one: object) -> object:
        if not isinstance(one, _Filler):
            return one
        try:
            return one(self._arguments)
        except Exception as error:  # noqa: BLE001  the application's own function
            self._problems.append(f"{place}: {type(error).__name__}")
            return None

    def _put(self, draft: Draft, place: str, value: object) -> None:
        if value is None:
            return
        try:
            _fill(draft, place, value)
        except (TypeError, ValueError) as error:
            self._problems.append(f"{place}: {type(error).__name__}")

    def _tell(self, draft: Draft) -> None:
        if self._problems:
            draft.detail(not_filled_in=list(self._problems))


def _fill(draft: Draft, place: str, value: object) -> None:
    """Put one value into its place.

    Raises:
        TypeError, ValueError: it does not fit there.
    """
    if place == "resource":
        if isinstance(value, Mapping):
            draft.on(value["type"], value.get("id"), value.get("name"))
        elif isinstance(value, str):
            draft.on(value)
        else:
            kind, *rest = _all(value)
            draft.on(str(kind), *map(_optional, rest[:2]))
    elif place == "subjects":
        draft.subject(
            *([value] if isinstance(value, str | int | UUID) else _all(value))
        )
    elif place == "fields":
        draft.touch([value] if isinstance(value, str) else map(str, _all(value)))
    elif place == "details":
        draft.detail(**dict(value))  # type: ignore[call-overload]  # as above
    elif place == "purpose":
        draft.purpose = str(value)
    elif place == "ticket":
        draft.ticket = str(value)


def _optional(value: object) -> str | None:
    return None if value is None else str(value)


def _all(value: object) -> Iterable[object]:
    if not isinstance(value, Iterable):
        raise TypeError(type(value).__name__)
    return value
