"""Documents and sources say what is so: links, commands, sizes, openings."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from prooftrail import cli
from prooftrail.integrity import findings
from tests import api_reference, cli_reference

ROOT = Path(__file__).parent.parent
LONGEST = 350  # lines of a source file

# Where no file of the project lies.
_OUTSIDE = {".git", ".venv", "__pycache__", "build", "dist", "results"}
_MADE = re.compile(r"\..*_cache|\.hypothesis|.*\.egg-info")

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
# Package registries, and places of a machine that somebody worked on. Written so that
# this file does not match itself.
_FOREIGN = re.compile(
    r"pypi[.]org|pythonhosted[.]org|deb[.]debian[.]org|npmjs[.]org|crates[.]io"
    r"|(?:extra-)?index-url *[=]|https?://[^ ]*/simple\b"
    r"|(?<![\w.-])/(?:w[o]rk|r[o]ot|h[o]me|t[m]p/[a-z]+)/\w"
)


def _files(*suffixes: str) -> list[Path]:
    found = []
    for place in ROOT.rglob("*"):
        parts = place.relative_to(ROOT).parts
        if any(part in _OUTSIDE or _MADE.fullmatch(part) for part in parts):
            continue
        if place.is_file() and (not suffixes or place.suffix in suffixes):
            found.append(place)
    return sorted(found)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _prose(path: Path) -> str:
    return _CODE.sub("", _FENCE.sub("", path.read_text()))


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    text = _FENCE.sub("", path.read_text())
    return {_anchor(line) for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("document", _files(".md"), ids=_name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(_prose(document)):
        if re.match(r"[a-z]+:", target):
            continue
        where, _, anchor = target.partition("#")
        place = (document.parent / where).resolve() if where else document
        assert place.exists(), f"{_name(document)}: {target} is not there"
        if anchor:
            assert anchor in _anchors(place), f"{_name(document)}: no {target}"


def test_every_document_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {
        (index.parent / target.partition("#")[0]).resolve()
        for target in _LINK.findall(index.read_text())
    }
    for document in _files(".md"):
        if document.is_relative_to(ROOT / "docs") and document != index:
            assert document in linked, f"docs/index.md does not name {_name(document)}"


def test_every_command_has_its_module() -> None:
    assert cli_reference.missing() == []


def test_the_command_reference_is_what_the_commands_say() -> None:
    # in a process of its own: click remembers how a command's help was asked for first
    said = subprocess.run(
        [sys.executable, "-m", "tests.cli_reference", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = "docs/reference/cli.md is out of date: run make docs"
    assert cli_reference.PLACE.read_text() == said, told


def test_the_reference_of_the_api_is_what_it_says_itself() -> None:
    told = "docs/reference/http-api.md is out of date: run make docs"
    assert api_reference.PLACE.read_text() == f"{api_reference.text().rstrip()}\n", told


def test_every_endpoint_is_documented_hidden_ones_too() -> None:
    page = api_reference.PLACE.read_text()
    paths = api_reference.paths()
    assert {"/audit/events", "/docs", "/metrics"} <= paths
    for path in sorted(paths):
        assert re.search(rf"[ `]{re.escape(path)}(?=[`\n])", page), (
            f"{path} is not told"
        )


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/index.md"])
def test_commands_that_documents_tell_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([.\w-]+):", makefile, re.MULTILINE))
    code = "\n".join([*_CODE.findall(text), *(m[0] for m in _FENCE.finditer(text))])
    for target in re.findall(r"\bmake ([.a-z][\w.-]*)", code):
        assert target in targets, f"{name}: make {target}"
    called = re.compile(r"(?:^|[`(;&|] ?|: )prooftrail ([a-z]+)", re.MULTILINE)
    for command in called.findall(code):
        assert command in cli.COMMANDS, f"{name}: prooftrail {command}"


def test_what_sources_refer_to_is_there() -> None:
    named = re.compile(r"(?:docs/adr/\d{4}|(?:docs|spec)/[\w/-]+\.md)")
    for source in _files(".py", ".sql"):
        for name in named.findall(source.read_text()):
            there = list(ROOT.glob(name if name.endswith(".md") else f"{name}-*.md"))
            assert there, f"{_name(source)} refers to {name}"


@pytest.mark.parametrize("kind", findings.Kind)
def test_every_kind_of_finding_is_explained(kind: findings.Kind) -> None:
    explained = (ROOT / "docs" / "how-to" / "when-verification-fails.md").read_text()
    if kind is findings.Kind.UNREADABLE:
        assert f"*{kind}*" in explained
    else:
        assert f"\n| {kind} |" in explained


@pytest.mark.parametrize("decision", _files(".md"), ids=_name)
def test_every_decision_names_its_alternatives(decision: Path) -> None:
    if decision.parent != ROOT / "docs" / "adr":
        return
    text = decision.read_text()
    assert re.match(r"# \d{4}: ", text), "the title is the number and the decision"
    assert text.startswith(f"# {decision.name[:4]}: ")
    for heading in ("Context", "Decision", "Alternatives considered", "Consequences"):
        assert f"\n## {heading}\n" in text, f"{_name(decision)}: no {heading}"


@pytest.mark.parametrize(
    "source", [path for path in _files(".py") if "src" in path.parts], ids=_name
)
def test_every_module_opens_with_what_it_is(source: Path) -> None:
    module = ast.parse(source.read_text())
    assert ast.get_docstring(module), f"{_name(source)} has no docstring"


@pytest.mark.parametrize("source", _files(".sql"), ids=_name)
def test_every_sql_file_opens_with_a_comment(source: Path) -> None:
    assert source.read_text().startswith("-- ")


def test_no_source_file_is_long() -> None:
    long = {
        _name(path): lines
        for path in _files(".py", ".sql", ".sh")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_no_file_names_a_registry_or_a_place_of_one_machine() -> None:
    found = [
        f"{_name(path)}:{number}: {line.strip()[:120]}"
        for path in _files()
        for number, line in enumerate(
            path.read_text(errors="replace").splitlines(), start=1
        )
        if _FOREIGN.search(line)
    ]
    assert found == []


def test_every_package_has_a_layer_and_a_place_in_the_architecture() -> None:
    top = ROOT / "src" / "prooftrail"
    packages = {place.parent.name for place in top.glob("*/__init__.py")}
    packages |= {place.stem for place in top.glob("*.py")} - {"__init__"}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    layered = {name.strip() for layer in layers for name in layer.split("|")}
    assert layered == packages
    architecture = (ROOT / "ARCHITECTURE.md").read_text()
    for name in sorted(layered):
        assert f"`{name}`" in architecture, f"ARCHITECTURE.md does not name {name}"
