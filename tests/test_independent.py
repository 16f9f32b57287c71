"""The specification suffices: a verifier that was written from it alone agrees."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from tests.independent import pieces
from tests.independent.verify import Verifier

HERE = Path(__file__).parent
VECTORS = HERE.parent / "spec" / "vectors"
LOGS = sorted((VECTORS / "log").glob("*.json"))
COLUMNS = sorted(
    path for name in ("projection", "subjects") for path in (VECTORS / name).iterdir()
)
ALLOWED = {"cryptography", "tests.independent"} | sys.stdlib_module_names


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_the_independent_verifier_finds_what_the_vector_says(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = Verifier(case).run()
    wanted = {name: case[name] for name in found}
    wanted["failures"] = sorted(wanted["failures"], key=str)
    assert found == wanted


@pytest.mark.parametrize("path", COLUMNS, ids=lambda path: path.stem)
def test_the_independent_projections_are_what_the_vector_says(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    if "refused" in case:
        with pytest.raises(ValueError, match="no"):
            pieces.project(case["eventBytes"])
        return
    columns, subjects = pieces.project(case["eventBytes"])
    if "subjects" in case:
        assert subjects == case["subjects"]
    else:
        assert columns == {
            **case["columns"],
            "ip": pieces.address(case["columns"]["ip"]),
        }


def test_there_are_logs_of_every_verdict() -> None:
    verdicts = {json.loads(path.read_text())["verdict"] for path in LOGS}
    assert verdicts == {"verified", "tampered", "could not verify"}


def test_the_independent_verifier_imports_nothing_of_ours() -> None:
    for source in (HERE / "independent").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                first = name.split(".")[0]
                assert first in ALLOWED or name.startswith("tests.independent")
