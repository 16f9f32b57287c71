"""What a signed report encloses, compared; and the command that does so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from prooftrail import bundles
from prooftrail.cli import main
from prooftrail.integrity.verdict import Verdict
from prooftrail.reports import signing
from tests.signed_report import (
    AT_US,
    ITEMS,
    LOG,
    check,
    files,
    flipped,
    own,
    plain,
    signed,
    told,
    unsigned,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prooftrail.bundles.checking import Checked
    from prooftrail.signing.report_key import ReportKey

__all__ = ["own", "plain", "signed"]  # fixtures


def enclosing(own: ReportKey, made: Mapping[str, bytes]) -> Checked:
    return check(signing.sign(unsigned(made), own, AT_US), own)


def test_files_that_run_json_does_not_name_are_found(own: ReportKey) -> None:
    made = files()
    pdf = unsigned(made, {**made, "rows.csv": b"other", "more": b""})
    found = check(signing.sign(pdf, own, AT_US), own)
    assert "'rows.csv' is not the file that run.json names" in told(found)
    assert "'more' is named by run.json and not enclosed" in told(found)
    pdf = unsigned({**made, "x": b"1"}, made)
    found = check(signing.sign(pdf, own, AT_US), own)
    assert "'x' is enclosed, and run.json names it not" in told(found)


def test_rows_and_proven_entries_are_the_same(own: ReportKey) -> None:
    made = files()
    made["rows.jsonl"] = b'{"seq":2}\n{"seq":4}\n{"n":5}\nx\n'
    found = enclosing(own, made)
    assert found.verdict is Verdict.TAMPERED
    assert "line 2: of no entry that is proven" in told(found)
    assert "line 3: of no entry" in told(found)
    assert "line 4: of no entry" in told(found)
    assert "2 entries are proven that no row is of" in told(found)
    made["rows.jsonl"] = b'{"seq":2,"action":"x"}\n{"seq":3}\n{"seq":11}\n'
    assert "line 1: it is not what the event says" in told(enclosing(own, made))


def test_an_edited_event_in_a_signed_report_is_found(own: ReportKey) -> None:
    edited = [*ITEMS]
    edited[3] = ITEMS[3]._replace(event=b'{"n":4}')
    found = enclosing(own, files(items=edited))
    assert found.verdict is Verdict.TAMPERED
    assert [one.seq for one in found.findings] == [3]


def test_a_report_with_less_enclosed_says_so(own: ReportKey) -> None:
    made = files()
    del made[bundles.TREE]
    assert "evidence.jsonl stands alone" in told(enclosing(own, made))
    del made[bundles.EVIDENCE]
    found = enclosing(own, made)
    assert (found.verdict, found.entries) == (Verdict.VERIFIED, 0)
    assert any("checkpoints alone" in one for one in found.notes)
    found = enclosing(own, {"rows.csv": b"x"})
    assert found.verdict is Verdict.VERIFIED
    assert any("no entry is proven by it" in one for one in found.notes)


def test_the_command_checks_reports(
    signed: bytes, own: ReportKey, tmp_path: Path
) -> None:
    pdf, pem = tmp_path / "a.pdf", tmp_path / "c.pem"
    pdf.write_bytes(signed)
    pem.write_bytes(own.certificate_pem())
    given = ["verify", "--report", str(pdf), "--key", LOG.signer_key.format()]
    done = CliRunner().invoke(main, [*given, "--certificate", str(pem)])
    assert done.exit_code == 0, done.output
    assert "a.pdf: 3 entries (seq 2 to 11) under the checkpoint over 20" in done.output
    assert done.output.splitlines()[-1] == "verified"
    assert CliRunner().invoke(main, given).exit_code == 2
    pdf.write_bytes(flipped(signed, 1_000, 0))
    done = CliRunner().invoke(main, [*given, "--certificate", str(pem), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.output)["verdict"] == "tampered"
    pem.write_bytes(b"x")
    done = CliRunner().invoke(main, [*given, "--certificate", str(pem)])
    assert (done.exit_code, "is no certificate" in done.output) == (2, True)
