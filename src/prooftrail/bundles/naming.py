"""What evidence is called where that of several logs lies in one place.

Guarantees: the names of a log's files follow from the origin of its checkpoints, so
that whoever checks finds them by the checkpoint alone. Their checkpoints stand in one
file, one after another.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from prooftrail import bundles
from prooftrail.core.note import SIGNATURE_MARK
from prooftrail.core.origin import parse_origin
from prooftrail.errors import FormatError

_AMONG = re.compile(r"(?:evidence|tree)-[0-9a-f]{32}-[0-9]+\.jsonl")
_MARK = SIGNATURE_MARK.encode()


class Names(NamedTuple):
    """Of one log's files."""

    evidence: str
    tree: str


ALONE = Names(bundles.EVIDENCE, bundles.TREE)  # where one log is in the place


def among_several(origin: str) -> Names:
    """Return the names of a log's files beside those of others.

    >>> among_several("example/000102030405060708090a0b0c0d0e0f/1").evidence
    'evidence-000102030405060708090a0b0c0d0e0f-1.jsonl'
    """
    try:
        place = parse_origin(origin).place()
    except FormatError:
        place = "unknown"
    return Names(*(name.replace(".", f"-{place}.") for name in ALONE))


def is_evidence(name: str) -> bool:
    """Whether a file is called as evidence, or a tree, of one log among several."""
    return bool(_AMONG.fullmatch(name))


def notes(text: bytes) -> list[tuple[bytes, bytes]]:
    """Return signed notes that stand one after another, each with its first line."""
    found: list[list[bytes]] = []
    signed = True
    for line in text.splitlines(keepends=True):
        if signed and not line.startswith(_MARK):
            found.append([])
        signed = line.startswith(_MARK)
        if not found:
            found.append([])
        found[-1].append(line)
    return [(lines[0].strip(), b"".join(lines)) for lines in found] or [(b"", text)]
