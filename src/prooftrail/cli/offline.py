"""Verifying files alone: evidence bundles; no database, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from prooftrail.bundles.checking import Checked
    from prooftrail.core.vkey import VerificationKey


def check(
    evidence: Sequence[Path], keys: Sequence[VerificationKey], *, as_json: bool
) -> int:
    """Check places with evidence, and print what came of it; return the exit code.

    Raises:
        EvidenceError: one of them cannot be read.
    """
    import json

    from prooftrail.bundles import telling

    found = [one for place in evidence for one in _place(place, keys)]
    if as_json:
        click.echo(json.dumps(telling.as_json(found), indent=2))
    else:
        for line in telling.lines(found):
            click.echo(line)
    return telling.conclude(found).exit_code


def _place(place: Path, keys: Sequence[VerificationKey]) -> list[Checked]:
    """Check each bundle of a place: at its root, and in directories within."""
    from prooftrail import bundles
    from prooftrail.bundles import checking, places
    from prooftrail.errors import EvidenceError

    found: dict[str, dict[str, Callable[[], BinaryIO]]] = {}
    for path, open_it in places.opened(place).items():
        directory, _, name = path.rpartition("/")
        if name in bundles.FILES:
            found.setdefault(directory, {})[name] = open_it
    if not found:
        raise EvidenceError(f"{place} holds no evidence: no evidence.jsonl is in it")
    checked = []
    for directory, files in sorted(found.items()):
        name = f"{place.name}/{directory}" if directory else place.name
        with places.reading(name):
            checked.append(checking.check(name, files, keys))
    return checked
