"""The vectors of `spec/vectors/`: every file is checked, and none is out of date."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite(
    "tests.vector_checks",
    "tests.vector_checks_evidence",
    "tests.vector_checks_log",
    "tests.vector_checks_protected",
)

from tests import (  # noqa: E402
    vector_checks,
    vector_checks_evidence,
    vector_checks_log,
    vector_checks_protected,
)

SPEC = Path(__file__).parent.parent / "spec"
VECTORS = SPEC / "vectors"
FILES = sorted(VECTORS.glob("*/*.json"))
STRUCTURES = sorted(place.name for place in VECTORS.iterdir() if place.is_dir())
# Anything but cases would go unnoticed.
OTHERS = [
    place
    for place in VECTORS.rglob("*")
    if place.is_file() and place not in FILES and place.name != "README.md"
]


def _check(structure: str) -> Any:
    name = f"check_{structure.replace('-', '_')}"
    for module in (
        vector_checks,
        vector_checks_evidence,
        vector_checks_log,
        vector_checks_protected,
    ):
        if (check := getattr(module, name, None)) is not None:
            return check
    return None


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_our_code_does_what_the_vector_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = _check(path.parent.name)
    case = json.loads(path.read_text(encoding="utf-8"))
    assert case["title"]
    there = {"directory": tmp_path, "monkeypatch": monkeypatch}
    wanted = inspect.signature(check).parameters
    check(case, **{name: there[name] for name in there if name in wanted})


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_is_checked_and_has_failures_where_it_can_fail(
    structure: str,
) -> None:
    assert _check(structure) is not None, f"nothing checks spec/vectors/{structure}"
    cases = [json.loads(path.read_text()) for path in (VECTORS / structure).iterdir()]
    assert cases
    makes_only = {"body", "genesis", "chain", "tree", "subjects", "statement"}
    makes_only |= {"key-derivation", "escape"}
    if structure not in makes_only:
        text = json.dumps(cases)
        assert any(word in text for word in ('"refused"', '"invalid"', '"tampered"'))


def test_nothing_but_cases_lies_among_the_vectors() -> None:
    assert OTHERS == []
    described = (VECTORS / "README.md").read_text()
    for structure in STRUCTURES:
        assert f"`{structure}/`" in described


def test_the_vectors_are_what_the_generator_writes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(SPEC / "generate.py"), str(tmp_path)],
        check=True,
        capture_output=True,
    )
    made = {
        path.relative_to(tmp_path): path.read_bytes()
        for path in tmp_path.rglob("*.json")
    }
    there = {path.relative_to(VECTORS): path.read_bytes() for path in FILES}
    assert made.keys() == there.keys()
    for name, data in made.items():
        assert data == there[name], f"{name}: run python spec/generate.py"


def test_the_generator_imports_nothing_of_ours() -> None:
    for source in SPEC.rglob("*.py"):
        assert "import prooftrail" not in source.read_text()
        assert "from prooftrail" not in source.read_text()
