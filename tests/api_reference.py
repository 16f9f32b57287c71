"""docs/reference/http-api.md, written from the OpenAPI document: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from prooftrail.access.roles import RIGHTS
from prooftrail.service import app
from prooftrail.store.keys import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.service.parts import Parts

PLACE = Path(__file__).parent.parent / "docs" / "reference" / "http-api.md"

INTRODUCTION = """# The trail over HTTP

Written from the program by `make docs`. `prooftrail serve` answers at port 8400;
`app.mount("/trail", prooftrail.service.app.mountable())` puts the same into an ASGI
application.

Each request carries an API key (`prooftrail key create`), as `Authorization: Bearer
ptk_...`; a browser may give it as the password of Basic, which opens what is read and
neither writes nor begins a verification. What another site has a browser send
(Sec-Fetch-Site: cross-site) is refused. What a key may read (streams,
a period of event time) the database decides, by row-level security. Every read is
recorded before it is answered.

## Roles

{roles}

Two endpoints that the list below leaves out need any key: `/docs`, this for people, and
`/openapi.json`.

## Answers that are problems

Each is JSON, `{{"error": {{"status": ..., "message": ...}}}}`; the message says what
to do. What became of one event, refused (400) and in conflict (409) too, is told as
it is of each of many: `{{"status": "refused", "eventId": ..., "error": "..."}}`.

| status | when |
|---|---|
| 400 | the request is not understood, or the event is refused |
| 401 | no good key |
| 403 | the key's role may not do that; it is recorded. Or another site sent it |
| 404 | not there, or not for this key: the words are the same; it is recorded |
| 408 | the body did not come in time |
| 409 | an eventId is taken, or in several streams; a value cannot be revealed |
| 413 | more bytes or events than are taken at a time |
| 415 | the body is not said to be JSON (`Content-Type: application/json`) |
| 429 | more is waiting than is taken on: come again after `Retry-After` seconds |
| 503 | the database is away, or an event is not known to be durable: send it again |

A stream that is not there, or not for this key, is 400, in the same words. A key of a
period is not told that an eventId is taken outside of it: its event is accepted, and
the sealer drops the same bytes and keeps others in quarantine
(`prooftrail_quarantined_events`).

"""


def text() -> str:
    """Return the whole page."""
    # nothing is asked, hence nothing is needed
    document = app.create(cast("Parts", None)).document
    parts = [INTRODUCTION.format(roles="\n".join(_roles()))]
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            parts.extend(_operation(f"{method.upper()} {path}", told))
    return "".join(parts)


def paths() -> set[str]:
    """Return every path that is answered, those too that the document leaves out."""
    found, waiting = set(), [app.create(cast("Parts", None)).routes]
    while waiting:
        for route in waiting.pop():
            inner = getattr(route, "original_router", None)
            if inner is not None:  # a router that was included
                waiting.append(inner.routes)
            else:
                found.add(str(route.path))
    return found


def _roles() -> Iterator[str]:
    rights = ("write", "read", "verify", "operate", "reveal", "triage")
    yield "| role | " + " | ".join(rights) + " |"
    yield "|---" * (len(rights) + 1) + "|"
    for role in ROLES:
        marks = ("yes" if right in RIGHTS[role] else "" for right in rights)
        yield f"| {role} | " + " | ".join(marks) + " |"


def _operation(name: str, told: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}\n\n{told['summary']}. {told.get('description', '').strip()}\n\n"
    given = told.get("parameters", ())
    if given:
        yield "| parameter | what it is |\n|---|---|\n"
        for one in given:
            description = one.get("description") or "stands in the path"
            yield f"| `{one['name']}` | {description} |\n"
        yield "\n"


if __name__ == "__main__":
    PLACE.write_text(text().rstrip("\n") + "\n")
    sys.stdout.write(f"wrote {PLACE.name}\n")
