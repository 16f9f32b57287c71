"""One reveal, asked by the service: ``python -m prooftrail.cli.answering DIRECTORY``.

Guarantees: the request comes on standard input and the answer goes to standard output,
both JSON, so that no value and no reason stands in a process's arguments. What it does
is `prooftrail reveal`: recorded before it is answered.

Does not: decide who may see the value; the service has (role, row-level security).
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from prooftrail.cli import keeping
from prooftrail.core import normal
from prooftrail.errors import ProoftrailError, RevealError
from prooftrail.keep import revealing
from prooftrail.store import connect


def answer(request: dict[str, Any], keeper_dir: Path) -> dict[str, Any]:
    """Return the value, or why there is none."""
    asked = revealing.Asked(
        request["stream"],
        UUID(request["eventId"]),
        request["pointer"],
        request["actor"],
        request["reason"],
    )
    try:
        with (
            closing(connect.connect("keeper", autocommit=True)) as connection,
            keeping.recording(asked.stream) as record,
        ):
            keys = keeping.keys(connection, keeper_dir)
            found = revealing.reveal(connection, keys, asked, record)
    except RevealError as error:
        return {"refused": str(error)}
    except ProoftrailError as error:
        return {"failed": str(error)}
    return {
        "value": normal.unescape(found.value),
        "class": found.cls,
        "subject": found.subject,
    }


def main() -> None:
    """Read a request, write the answer."""
    request = json.load(sys.stdin)
    found = answer(request, Path(sys.argv[1]))
    # a Decimal is what was written, as a text: a reader must not round it
    json.dump(found, sys.stdout, default=str)


if __name__ == "__main__":
    main()
