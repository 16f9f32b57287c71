"""Event types as people and programs read them: rows, lines, plain values.

Guarantees: everything that a type states is in `as_json`; facts only: which
requirements ask for such events, and nothing on whether anybody meets them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.catalog import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.catalog.event_type import Activity, Detail, EventType
    from prooftrail.catalog.families import Family

HEADS = ("event type", "policy", "must say", "meaning")
POLICIES = {
    "closed": "without a durable record, no success",
    "spool": "kept in a local file until it can be recorded",
    "background": "queued, and lost with the process",
}


def row(one: EventType) -> tuple[str, str, str, str]:
    """Return name, policy, required details, meaning."""
    return (
        one.name,
        one.policy,
        ", ".join(detail.name for detail in one.required),
        one.meaning,
    )


def family_row(one: Family) -> tuple[str, str, str, str]:
    """Return the same of a family."""
    return (f"{one.prefix}*", one.policy, "", one.meaning)


def lines(one: EventType) -> Iterator[str]:
    """Yield one type in detail."""
    yield one.name
    yield f"  {one.meaning}"
    yield f"  told as: {one.sentence or 'its name'}"
    if one.attempt:
        yield f"  else: {{actor}} tried to {one.attempt} and failed, or was denied"
    yield f"  policy: {one.policy} ({POLICIES[one.policy]})"
    for label, details in (("must say", one.required), ("may say", one.optional)):
        for detail in details:
            yield f"  {label}: {described(detail)}"
    if one.classes:
        yield f"  data classes: {', '.join(one.classes)}"
    if one.controls:
        yield f"  controls: {', '.join(one.controls)}"
    if one.ocsf is not None:
        yield f"  OCSF 1.8: {one.ocsf.v1_8.type_uid}, 1.9: {one.ocsf.v1_9.type_uid}"


def described(detail: Detail) -> str:
    """Return a detail in a line."""
    told = f"{detail.name} ({detail.kind}): {detail.meaning}"
    if detail.places:
        told += f"; or at {', '.join(detail.places)}"
    return f"{told}; always" if detail.always else told


def as_json(one: EventType) -> dict[str, Any]:
    """Return a type as plain values."""
    return {
        "name": one.name,
        "group": one.group,
        "meaning": one.meaning,
        "sentence": one.sentence,
        "attempt": one.attempt,
        "expected": list(one.expected),
        "policy": one.policy,
        "required": [_detail_json(detail) for detail in one.required],
        "optional": [_detail_json(detail) for detail in one.optional],
        "dataClasses": list(one.classes),
        "controls": list(one.controls),
        "ocsf": None
        if one.ocsf is None
        else {"1.8": _activity(one.ocsf.v1_8), "1.9": _activity(one.ocsf.v1_9)},
        "builtIn": one.name in registry.BUILT_IN,
    }


def family_json(one: Family) -> dict[str, Any]:
    """Return a family as plain values."""
    return {"prefix": one.prefix, "meaning": one.meaning, "policy": one.policy}


def _detail_json(detail: Detail) -> dict[str, Any]:
    return {
        "name": detail.name,
        "kind": detail.kind,
        "meaning": detail.meaning,
        "places": list(detail.places),
        "always": detail.always,
    }


def _activity(one: Activity) -> dict[str, int]:
    return {
        "class_uid": one.class_uid,
        "activity_id": one.activity_id,
        "type_uid": one.type_uid,
    }
