"""Write `spec/vectors/`: one JSON case a file, always the same bytes.

Guarantees: expected values are computed here from the specification with hashlib,
struct, rfc8785 and cryptography, never by the package that they test. Run it as
``python spec/generate.py [DIRECTORY]``; what was there is replaced.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from making import (
    anchors,
    columns,
    continuing,
    drawing,
    events,
    forging,
    moments,
    parts,
    proofs,
    protecting,
    signatures,
    tampering,
    texts,
    trees,
    trust,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VECTORS = Path(__file__).parent / "vectors"

MAKERS: dict[str, tuple[Callable[[], Iterator[tuple[str, dict[str, Any]]]], ...]] = {
    "canonical": (texts.canonical,),
    "number": (texts.numbers,),
    "escape": (texts.escapes,),
    "timestamp": (moments.timestamps,),
    "uuid": (moments.uuids,),
    "event": (events.acceptance,),
    "sealing": (events.sealing,),
    "projection": (columns.columns, columns.authorities, columns.continuations),
    "subjects": (columns.subjects,),
    "statement": (events.statements,),
    "commitment": (protecting.commitments,),
    "pointer": (protecting.pointers,),
    "epoch-keys": (protecting.epoch_keys,),
    "envelope": (protecting.envelopes,),
    "header": (trees.headers,),
    "body": (trees.bodies,),
    "genesis": (trees.geneses,),
    "chain": (trees.chains,),
    "tree": (trees.roots,),
    "compact-range": (trees.ranges,),
    "multi-proof": (proofs.multi_proofs,),
    "evidence": (proofs.lines,),
    "sample": (drawing.samples,),
    "population": (drawing.populations,),
    "origin": (signatures.origins,),
    "vkey": (signatures.vkeys,),
    "note": (signatures.notes,),
    "checkpoint": (signatures.checkpoints,),
    "cosignature": (signatures.cosignatures,),
    "key-derivation": (signatures.derivations,),
    "anchor": (anchors.files, anchors.keys),
    "log": (
        tampering.genuine_cases,
        tampering.edits,
        tampering.moves,
        continuing.continued,
        forging.rewriting,
        forging.beside,
        forging.signatures,
        trust.trusted,
        parts.genuine_parts,
        parts.tampered_parts,
    ),
}


def write(directory: Path) -> int:
    """Write all cases below a directory; return how many."""
    count = 0
    for structure, makers in MAKERS.items():
        place = directory / structure
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name, case in (found for maker in makers for found in maker()):
            path = place / f"{name}.json"
            if path.exists():
                raise SystemExit(f"two cases are called {structure}/{name}")
            text = json.dumps(case, ensure_ascii=False, indent=1)
            # A lone surrogate in a case would be no UTF-8: there are none by design.
            path.write_text(text + "\n", encoding="utf-8", newline="\n")
            count += 1
    return count


if __name__ == "__main__":
    print(write(Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS), "cases")
