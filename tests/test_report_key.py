"""The key that signs reports: made once, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError
from prooftrail.signing import report_key
from tests.signed_report import key

if TYPE_CHECKING:
    from pathlib import Path


def test_the_command_makes_a_key(tmp_path: Path) -> None:
    path = tmp_path / "report.pem"
    given = ["key", "report", str(path), "--name", "Example GmbH"]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    made = report_key.load(path)
    assert done.output.encode() == made.certificate_pem()
    assert "PRIVATE" not in done.output
    assert path.stat().st_mode & 0o777 == 0o600
    done = CliRunner().invoke(main, given)
    assert (done.exit_code, "never overwritten" in done.output) == (1, True)


def test_the_same_secret_makes_the_same_key(tmp_path: Path) -> None:
    one, other = (key(tmp_path / f"{n}.pem") for n in range(2))
    assert one.certificate == other.certificate
    assert (tmp_path / "0.pem").read_bytes() == (tmp_path / "1.pem").read_bytes()
    assert "PRIVATE" not in repr(one)
    for name in ("", " ", "a" * 65, "a\nb"):
        with pytest.raises(ConfigurationError, match="1 to 64"):
            key(tmp_path / "x.pem", name=name)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        report_key.load(path)
    one, other = key(path), key(tmp_path / "b.pem", seed=5)
    text = path.read_bytes()
    for damaged in (b"x", text[:-30], text[:100], other.certificate_pem()):
        path.write_bytes(damaged)
        with pytest.raises(ConfigurationError, match="not a key for reports"):
            report_key.load(path)
    path.write_bytes(text.replace(one.certificate_pem(), other.certificate_pem()))
    with pytest.raises(ConfigurationError, match="not a key for reports"):
        report_key.load(path)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="has mode 0644"):
        report_key.load(path)
