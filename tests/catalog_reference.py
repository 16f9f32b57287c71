"""Writes docs/reference/catalog.md from the catalog: `make docs`.

Guarantees: the page has every type, detail, policy and number exactly as the program
has them; `test_catalog_command` compares the two.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from prooftrail.catalog import registry, render
from prooftrail.catalog.families import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prooftrail.catalog import EventType

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "catalog.md"

GROUPS = {
    "auth": "Logging in, and what one logs in with",
    "customer": "Personal data of customers",
    "admin": "What administrators do",
    "data": "Files of many records",
    "bulk": "One action on many records",
    "system": "Refusals, jobs and releases",
    "audit": "What is done with the trail itself",
    "prooftrail": "What the product itself does",
}

INTRODUCTION = """\
# Catalog

Written from the program's own types by `make docs`; a test holds the two together. How
to add your own: [Declare event types](../how-to/declare-event-types.md). `prooftrail
catalog` shows the same.

In Python a type is a constant of its group's module, named as the rest of its name:
`customer.pii.export` is `prooftrail.catalog.customer.PII_EXPORT`.

*Must say* names the required details: keys of `details`. Where a detail may stand
elsewhere in the event instead, the place is a pointer into it (RFC 6901). An event that
lacks one is recorded all the same; `prooftrail.catalog.missing(event)` names what it
lacks. They are asked for where the result is one that is expected (success, unless the
type says otherwise); those marked *always* whatever it is.

*Data classes* are those that such events usually touch; each stands for all below it.
*Controls* name requirements that ask for such events; whether they are met is for those
to say who assess it.

| policy | where an event cannot be made durable |
|---|---|
"""


def text() -> str:
    """Return the whole page."""
    lines = [f"| {name} | {told} |" for name, told in render.POLICIES.items()]
    types = [*registry.BUILT_IN.values(), *registry.PRODUCT.values()]
    for group, found in groupby(types, key=lambda one: one.group):
        lines += ["", f"## {GROUPS[group]}", ""]
        lines += _table(list(found))
    lines += [
        "",
        "## Families",
        "",
        "Names that others make need no declaration, and pass a strict catalog.",
        "",
        "| names | meaning | policy |",
        "|---|---|---|",
        *(f"| `{one.prefix}*` | {one.meaning} | {one.policy} |" for one in FAMILIES),
        "",
        "A derived `http.*.delete` is closed, as deletions are.",
    ]
    return INTRODUCTION + "\n".join([*lines, ""])


def _table(types: Iterable[EventType]) -> Iterator[str]:
    for one in types:
        yield f"### {one.name}"
        yield ""
        yield f"{one.meaning}. Policy: {one.policy}.{_expected(one)}"
        yield ""
        yield f"Told as: `{one.sentence}`"
        yield ""
        details = [(one.required, "must say"), (one.optional, "may say")]
        if any(found for found, _ in details):
            yield "| | detail | kind | meaning | or at |"
            yield "|---|---|---|---|---|"
        for found, label in details:
            for detail in found:
                places = ", ".join(f"`{place}`" for place in detail.places)
                when = f"{label}, always" if detail.always else label
                yield (
                    f"| {when} | `{detail.name}` | {detail.kind} | {detail.meaning} |"
                    f" {places} |"
                )
        if any(found for found, _ in details):
            yield ""
        if one.classes:
            yield f"- data classes: {', '.join(one.classes)}"
        yield f"- controls: {', '.join(one.controls)}"
        if one.ocsf is not None:
            old, new = one.ocsf.v1_8.type_uid, one.ocsf.v1_9.type_uid
            yield f"- OCSF type_uid: {old}" + (
                "" if old == new else f" in 1.8, {new} in 1.9"
            )
        yield ""


def _expected(one: EventType) -> str:
    if one.expected == ("success",):
        return ""
    return f" Expected result: {' or '.join(one.expected)}."


if __name__ == "__main__":
    PLACE.write_text(text())
    sys.stdout.write(f"wrote {PLACE.name}\n")
