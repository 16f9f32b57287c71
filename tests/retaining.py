"""Running `prooftrail retention` and reading what it tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.commands import run

if TYPE_CHECKING:
    from tests.trail import Trail

NO_DROP = "Nothing can be dropped yet: this release has no way to drop entries"


def told(trail: Trail, *arguments: str) -> str:
    done = run(trail, "retention", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(trail: Trail, *arguments: str) -> str:
    done = run(trail, "retention", *arguments)
    assert done.returncode == 1, done.stdout
    return done.stderr


def shown(trail: Trail, *arguments: str) -> Any:
    return json.loads(told(trail, *arguments, "--json"))
