"""Writes docs/reference/detections.md from the rules: `make docs`.

Guarantees: the page has every rule, version, threshold and source exactly as the
program has them; `test_detections` compares the two.
"""

from __future__ import annotations

import sys
from pathlib import Path

from prooftrail.detections.families import ALL
from prooftrail.detections.rules import STANDARD

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "detections.md"

INTRODUCTION = """\
# Detections

Written from the program's own data by `make docs`; a test holds the two together.

Rules look at the events of one stream, by the events' own time. Windows slide: whenever
an event comes, the time before it is looked at, both ends included, so that nothing
falls between two of them. A threshold that is said to be *our own default* comes from
no framework and no other product.
"""

AFTER = """\

## What one hit is

- Whatever goes on is one hit: from when a rule holds first until it does no longer,
  with no time between that none of its windows covers.
- Rules of one line below look at the same events, and make one hit together, of the
  rule that stands first of those that held. Guessing that ends in a success is told as
  that.
- Guessing on one account is no hit of its own while all of it lies in what its address
  does at the time: a spray, stuffing, enumeration. The other hit says how many failures
  an account had at most.

| looked at | by | rules, the one that says most first |
|---|---|---|
"""

BY = {
    "address": ("failed logins on accounts that there are", "address"),
    "unknown": ("failed logins with names that nobody has", "address"),
    "account": ("failed logins, and successful ones", "account"),
    "locked": ("locks of an account", "account"),
    "access": ("what touches personal data, with success", "actor"),
    "grants": ("permissions, and administrators' roles, given", "who gave whom"),
    "glass": ("what breaking the glass allowed", "actor"),
    "denials": ("what was denied, logins aside", "actor, or else address"),
    "unexplained": ("what touches personal data, with success", "actor"),
    "left": ("what an account does that is on the list of leavers", "actor"),
}

NOTES = """\

## What they do not see

- A failed login is one whose action ends in `.login.failure`. A name that nobody has is
  one that the event says so of (`details.reason` is `unknown_user`), or that names no
  account. Attempted names are protected in the log as a rule: then nothing tells two of
  them apart, and each try counts as another name.
- An entry that continues an event is left out: its first entry has a thousand data
  subjects already. An event that names nobody beside its resource counts the resource
  as the person.
- A change of roles counts where the new role (`details.new_role`) is an
  administrator's: `admin`, `administrator`, `owner`, `root`, `superadmin`,
  `superuser`, or is not stated. That an account is made, with whatever role, is none.
  A grant is of high severity where somebody gives it to himself, or where nobody else
  has approved (`authorization.approval.by`).
- Unexplained is what touches personal data with success and states no decision to allow
  it, as in [who accessed what](http-api.md).
- Who has left is nothing that a trail knows: `leavers-use` needs a list.
- Countries, coordinates and devices are not looked at: impossible travel, distributed
  guessing and sprays from many addresses are not among the rules.
- Severities: `guessing` is high where it is rapid.
"""


def text() -> str:
    """Return the whole page."""
    lines = [
        INTRODUCTION,
        "| rule | version | what it tells | severity | window | thresholds | source |",
        "|---|---:|---|---|---|---|---|",
    ]
    for one in STANDARD:
        limits = ", ".join(f"`{name}` {n}" for name, n in one.thresholds.items())
        lines.append(
            f"| `{one.id}` | {one.version} | {one.title} | {one.severity}"
            f" | {one.window // 60} min | {limits} | {one.source} |"
        )
    lines.append(AFTER.rstrip("\n"))
    for family in ALL:
        what, key = BY[family.name]
        names = ", ".join(f"`{name}`" for name, _, _ in family.rules)
        lines.append(f"| {what} | {key} | {names} |")
    return "\n".join([*lines, NOTES])


if __name__ == "__main__":
    PLACE.write_text(text())
    sys.stdout.write(f"wrote {PLACE.name}\n")
