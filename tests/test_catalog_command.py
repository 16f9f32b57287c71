"""`prooftrail catalog`, the page that is written from it, and the how-to's code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import prooftrail
from prooftrail.catalog import registry, render
from tests import catalog_reference

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parent.parent
HOW_TO = ROOT / "docs" / "how-to" / "declare-event-types.md"
OWN = """
from prooftrail.catalog import EventType, declare

declare(EventType(name="ledger.page.close", meaning="Closed", sentence="{actor} did"))
"""


def catalog(
    *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "prooftrail", "catalog", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def listed(*arguments: str, cwd: Path | None = None) -> Any:
    done = catalog(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_47_are_listed_each_on_its_line() -> None:
    done = catalog()
    assert (done.returncode, done.stderr) == (0, "")
    heads, *rest = done.stdout.splitlines()
    assert heads.split()[:3] == ["event", "type", "policy"]
    assert [line.split()[0] for line in rest] == list(registry.BUILT_IN)
    for line, one in zip(rest, registry.BUILT_IN.values(), strict=True):
        assert line.rstrip().endswith(one.meaning)
    assert re.search(
        r"^customer.pii.unmask +closed +subject, fields_accessed, reason",
        done.stdout,
        re.MULTILINE,
    )


def test_programs_get_everything_that_a_type_states() -> None:
    told = listed()
    assert told == {"types": [render.as_json(x) for x in registry.BUILT_IN.values()]}
    (export,) = (one for one in told["types"] if one["name"] == "customer.pii.export")
    assert export["ocsf"]["1.9"]["type_uid"] == 600107
    assert export["policy"] == "closed"
    assert [one["name"] for one in export["required"]] == [
        "fields_accessed",
        "export_format",
        "record_count",
    ]
    assert export["required"][0]["places"] == ["/pii/fields"]


def test_all_has_the_products_own_types_and_the_families() -> None:
    told = listed("--all")
    names = [one["name"] for one in told["types"]]
    assert names == [*registry.BUILT_IN, *registry.PRODUCT]
    assert [one["prefix"] for one in told["families"]] == [
        "http.",
        "aws.",
        "sshd.",
        "prooftrail.",
    ]
    done = catalog("--all").stdout
    assert "prooftrail.retention.set" in done
    assert "\nhttp.*" in done


def test_one_type_is_told_in_detail() -> None:
    known = registry.BUILT_IN["admin.role.change"]
    done = catalog("admin.role.change")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "admin.role.change",
        "  Role assigned or removed, before/after",
        f"  told as: {known.sentence}",
        f"  else: {{actor}} tried to {known.attempt} and failed, or was denied",
        "  policy: closed (without a durable record, no success)",
        "  must say: old_role (value): the role before; or at /changes/0/before",
        "  must say: new_role (value): the role after; or at /changes/0/after",
        "  may say: ticket (text): the case or change; or at /ticket",
        "  controls: PCI DSS 10.2.1.2, PCI DSS 10.2.1.5, SOC 2 CC6.3",
        "  OCSF 1.8: 300501, 1.9: 300716",
    ]
    assert listed("admin.role.change")["name"] == "admin.role.change"


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    done = catalog("admin.role.chnage")
    assert done.returncode == 1
    assert "did you mean 'admin.role.change'?" in done.stderr


def test_an_applications_types_are_listed_once_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "ledger_events.py").write_text(OWN)
    told = listed("--import", "ledger_events", cwd=tmp_path)["types"]
    assert (told[-1]["name"], told[-1]["builtIn"]) == ("ledger.page.close", False)
    done = catalog("--import", "ledger_evnts", cwd=tmp_path)
    assert done.returncode == 1
    assert "No module named 'ledger_evnts'" in done.stderr


def test_the_page_of_the_catalog_is_what_the_program_has() -> None:
    told = "docs/reference/catalog.md is out of date: run make docs"
    assert catalog_reference.PLACE.read_text() == catalog_reference.text(), told


def test_nothing_is_ever_called_what_an_auditor_concludes() -> None:
    word = re.compile("complian[t]", re.IGNORECASE)
    for path in (
        *(ROOT / "src" / "prooftrail" / "catalog").glob("*.py"),
        catalog_reference.PLACE,
        HOW_TO,
    ):
        assert not word.search(path.read_text()), path


def test_the_code_of_the_how_to_does_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded: list[dict[str, Any]] = []
    # what is shown here is the catalog; that record() records is tested elsewhere
    monkeypatch.setattr(prooftrail, "record", lambda **event: recorded.append(event))
    monkeypatch.setenv("PROOFTRAIL_DSN", "postgresql://127.0.0.1:1/never")
    place: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, HOW_TO.name, "exec"), place)
    assert [one["action"].name for one in recorded] == ["customer.pii.export"]
    assert place["EXPORT"] is recorded[0]["action"]
    assert place["known"].check("billing.plan.change") is None
    place["recorder"].close()
    assert "prooftrail catalog --import" in HOW_TO.read_text()
