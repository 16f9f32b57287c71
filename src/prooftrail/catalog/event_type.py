"""Event types: what one means, what it must say, and what is done if it cannot be kept.

Guarantees: a type that exists is sound: its name can be an action, its sentence uses
only what an event of it may say, and one that touches personal data is never recorded
in the background, where a crash could lose it.

Does not: refuse an event that lacks something; `missing` says so (see `checking`).

Source: design, "The event"; OCSF 1.8 and 1.9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from prooftrail.catalog import template
from prooftrail.core.catalog import check_name
from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

# closed: no success without a durable record. spool: kept in a local file meanwhile.
# background: queued, and lost with the process; for the harmless alone.
Policy: TypeAlias = Literal["closed", "spool", "background"]
Kind: TypeAlias = Literal["text", "count", "list", "value", "time"]
Result: TypeAlias = Literal["success", "failure", "denied"]

# What every event may say, and a sentence may ask for: name, places.
COMMON: Mapping[str, tuple[str, ...]] = {
    "actor": ("/actor",),
    "address": ("/actor/ipAddress", "/actor/host"),
    "resource": ("/resource",),
    "purpose": ("/purpose",),
    "ticket": ("/ticket",),
    "method": ("/context/method",),
    "route": ("/context/route",),
}

_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Detail:
    """Something that an event of a type says.

    Args:
        name: its key in `details`, in snake_case.
        kind: what stands there; a `value` may be anything, null included.
        meaning: what it says, in a few words.
        places: where else in an event it may stand instead, as RFC 6901 pointers.
        always: asked for whatever the result.
    """

    name: str
    kind: Kind
    meaning: str
    places: tuple[str, ...] = ()
    always: bool = False

    def __post_init__(self) -> None:
        if not _SNAKE.fullmatch(self.name):
            raise ConfigurationError(
                f"the detail {self.name!r}: write it in snake_case, such as "
                "record_count"
            )
        for place in self.places:
            if not place.startswith("/"):
                raise ConfigurationError(
                    f"the detail {self.name!r} has the place {place!r}: write a "
                    "pointer into the event, such as /changes/0/before"
                )

    @property
    def everywhere(self) -> tuple[str, ...]:
        """All places, the one in `details` first."""
        return (f"/details/{self.name}", *self.places)


class Activity(NamedTuple):
    """What OCSF calls it."""

    class_uid: int
    activity_id: int

    @property
    def type_uid(self) -> int:
        """The two in one number, as OCSF makes it."""
        return self.class_uid * 100 + self.activity_id


class Ocsf(NamedTuple):
    """A type's activity in two versions of the Open Cybersecurity Schema Framework."""

    v1_8: Activity
    v1_9: Activity


def ocsf(class_uid: int, activity_id: int, *v1_9: int) -> Ocsf:
    """Return the activity: of both versions, or of 1.9 by two more numbers.

    >>> ocsf(3001, 3, 3007, 8).v1_9.type_uid
    300708
    """
    old = Activity(class_uid, activity_id)
    return Ocsf(old, Activity(*v1_9) if v1_9 else old)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One sort of event.

    Args:
        name: the action of its events.
        meaning: what has happened, in a few words.
        sentence: a template for one that happened (see `template`).
        attempt: the same for one that did not, after "tried to"; empty: by its name.
        required: what an event of it has to say.
        optional: what it may say beside.
        classes: of personal data that it usually touches; each stands for all below
            it (`contact` for `contact.email`).
        policy: what is done where it cannot be made durable.
        controls: requirements that ask for such events.
        ocsf: its activity there, if it has one.
        expected: the results of those that are told by `sentence`, and of which all
            that is required is asked.
    """

    name: str
    meaning: str
    sentence: str
    attempt: str = ""
    required: tuple[Detail, ...] = ()
    optional: tuple[Detail, ...] = ()
    classes: tuple[str, ...] = ()
    policy: Policy = "spool"
    controls: tuple[str, ...] = ()
    ocsf: Ocsf | None = None
    expected: tuple[Result, ...] = ("success",)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.classes and self.policy == "background":
            raise ConfigurationError(
                f"{self.name} touches personal data, and in the background it could be "
                "lost: its policy is closed or spool"
            )
        said = [detail.name for detail in self.details]
        if len(set(said)) < len(said):
            raise ConfigurationError(f"{self.name} has two details of one name")
        for text in (self.sentence, self.attempt):
            for name in template.names(text):
                if name not in said and name not in COMMON:
                    raise ConfigurationError(
                        f"the sentence of {self.name} asks for {{{name}}}, which is "
                        f"none of its details: {', '.join([*said, *COMMON])}"
                    )

    @property
    def group(self) -> str:
        """What its name begins with."""
        return self.name.partition(".")[0]

    @property
    def details(self) -> tuple[Detail, ...]:
        """What its events say: what they have to, then what they may."""
        return self.required + self.optional
