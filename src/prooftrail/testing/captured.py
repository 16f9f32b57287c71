"""The events of a test, and what a test may ask of them.

Guarantees: an assertion that fails says which event differs, where, and how, one line
each. `assert_exactly` asks beside that every event says what its type requires, and
that personal values are protected in it; it names what is not.

Does not: ask for keys that a test does not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prooftrail import catalog
from prooftrail.capture import process
from prooftrail.capture.protection import HIDDEN
from prooftrail.core.catalog import OPEN
from prooftrail.testing.comparing import differences
from prooftrail.testing.recorder import MemoryRecorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.capture.redaction import Redactor
    from prooftrail.core.catalog import Catalog


class CapturedEvents(Sequence[dict[str, Any]]):
    """Events in the order in which they were recorded, as the trail would have them.

    Args:
        recorder: what keeps them.
    """

    def __init__(self, recorder: MemoryRecorder) -> None:
        self.recorder = recorder

    def __len__(self) -> int:
        return len(self.recorder.events)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401  an index, or a slice
        return self.recorder.events[index]

    def __repr__(self) -> str:
        return f"CapturedEvents({', '.join(map(_line, self)) or 'none'})"

    def only(self) -> dict[str, Any]:
        """Return the one event that there is.

        Raises:
            AssertionError: there is none, or more; names them.
        """
        __tracebackhide__ = True
        if len(self) != 1:
            raise AssertionError(_told("one event was expected", [], self))
        found: dict[str, Any] = self[0]
        return found

    def of(self, action: str | catalog.EventType) -> list[dict[str, Any]]:
        """Return the events of a type."""
        name = action if isinstance(action, str) else action.name
        return [one for one in self if one["action"] == name]

    def clear(self) -> None:
        """Forget what was recorded so far: what prepares a test is not its matter."""
        self.recorder.events.clear()

    def assert_exactly(
        self, *expected: Mapping[str, Any] | str | catalog.EventType
    ) -> None:
        """Assert that exactly these were recorded, in this order, and told well.

        Args:
            *expected: of each event its action, or what must be in it. An object is
                compared by the keys that are given, a list as a whole; ``...`` stands
                for any value that is there.

        Raises:
            AssertionError: names all that differs.
        """
        __tracebackhide__ = True
        wanted = [_wanted(one) for one in expected]
        found = list(self)
        lines = [
            line
            for number, (want, have) in enumerate(
                zip(wanted, found, strict=False), start=1
            )
            for line in _about(number, want, have)
        ]
        if len(wanted) != len(found) or lines:
            opening = f"{_events(len(wanted))} expected, {len(found)} recorded"
            if len(wanted) == len(found):
                opening = "what was recorded differs"
            raise AssertionError(_told(opening, lines, self, wanted))


@contextmanager
def capture(
    *, known: Catalog = OPEN, redactor: Redactor | None = None
) -> Iterator[CapturedEvents]:
    """Take the events that are recorded inside, and write none of them.

    Holds for what uses the process's own recorder; a recorder that was passed to a
    middleware or a decorator stays that.

    Args:
        known: which actions there are; a strict `Catalog` refuses others.
        redactor: with the application's own secret names.
    """
    recorder = MemoryRecorder(known=known, redactor=redactor)
    with process.using(recorder):
        yield CapturedEvents(recorder)


def _wanted(given: Mapping[str, Any] | str | catalog.EventType) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        action = given.get("action")
        if isinstance(action, catalog.EventType):
            return {**given, "action": action.name}
        return given
    return {"action": given if isinstance(given, str) else given.name}


def _about(
    number: int, want: Mapping[str, Any], have: Mapping[str, Any]
) -> Iterator[str]:
    name = f"event {number}, {have['action']}"
    for line in differences(want, have):
        yield f"{name}: {line}"
    for missing in catalog.missing(have):
        yield f"{name}: it does not say {missing}, which its type requires"
    for place in _plain(have):
        yield f"{name}: {place} is personal, and stands there unprotected"


def _plain(event: Mapping[str, Any]) -> Iterator[str]:
    """Return where values of fields that the event calls personal stand in plain."""
    fields = set((event.get("pii") or {}).get("fields", ()))
    for change in event.get("changes", ()):
        if change.get("field") in fields:
            for side in ("before", "after"):
                if not _is_hidden(change.get(side)):
                    yield f"changes: {side} of {change['field']}"
    for name, value in (event.get("details") or {}).items():
        if name in fields and not _is_hidden(value):
            yield f"details.{name}"


def _is_hidden(value: object) -> bool:
    return (
        value is None
        or value == HIDDEN
        or (isinstance(value, Mapping) and "$protected" in value)
    )


def _told(
    opening: str,
    lines: list[str],
    found: Sequence[Mapping[str, Any]],
    wanted: Sequence[Mapping[str, Any]] = (),
) -> str:
    made = [opening, *(f"  {line}" for line in lines)]
    if len(wanted) > len(found):
        missing = wanted[len(found) :]
        made += ["not recorded:", *(f"  {_line(one)}" for one in missing)]
    made += ["recorded:", *(f"  {_line(one)}" for one in found)]
    return "\n".join(made if found else [*made, "  none"])


def _line(event: Mapping[str, Any]) -> str:
    """Return what an event is, in few words."""
    actor = event.get("actor") or {}
    resource = event.get("resource") or {}
    words = [
        str(event.get("action", "any")),
        str(event.get("result", "")),
        f"by {actor.get('userId') or actor.get('type')}" if actor else "",
        f"on {resource.get('type')} {resource.get('id', '')}".rstrip()
        if resource
        else "",
    ]
    return " ".join(word for word in words if word)


def _events(n: int) -> str:
    return f"{n} event{'' if n == 1 else 's'}"
