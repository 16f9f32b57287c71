"""A report that a command made and signed, verified by the other command, offline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.reports import registry
from prooftrail.reports.verifying import enclosed
from prooftrail.signing.keys import SigningKeys
from tests import commands, pdfsig
from tests.pdfsig import needs_pdfsig
from tests.signing_rig import rigs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.signing_rig import Rig


@pytest.fixture
def rig(trail: object, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)  # type: ignore[arg-type]


def verify(*given: str) -> tuple[int, str]:
    """Verify as an auditor does: on a machine without the database."""
    env: dict[str, str | None] = {
        name: None for name in os.environ if name.startswith("PROOFTRAIL")
    }
    done = CliRunner().invoke(main, ["verify", *given], env=env)
    return done.exit_code, done.output


def signed(
    rig: Rig, tmp_path: Path, key: str, report: str = "integrity"
) -> tuple[Path, Path]:
    """Have the command make and sign a report; return it, and the certificate."""
    secret, pem, path = (tmp_path / one for one in ("key.pem", "c.pem", "r.pdf"))
    made = commands.run(rig.trail, "key", "report", str(secret), "--name", "Example")
    pem.write_text(made.stdout)
    given = ("report", report, "-o", str(path))
    done = commands.run(
        rig.trail, *given, PROOFTRAIL_KEY=key, PROOFTRAIL_REPORT_KEY=str(secret)
    )
    assert done.returncode == 0, done.stderr
    return path, pem


def token(rig: Rig) -> str:
    done = commands.run(rig.trail, "key", "create", "a", "--role", "auditor")
    return done.stdout.strip()


@needs_pdfsig
def test_pdfsig_accepts_what_the_command_signed(rig: Rig, tmp_path: Path) -> None:
    rig.seal(2)
    rig.signer(rig.anchor()).once()
    path, _ = signed(rig, tmp_path, token(rig))
    assert "Signature is Valid" in pdfsig.said(path)


def test_a_report_is_signed_and_verified_offline(rig: Rig, tmp_path: Path) -> None:
    other = rig.trail.stream("other")
    rig.seal(8)
    rig.seal(5, "other")
    rig.signer(rig.anchor()).once()
    path, pem = signed(rig, tmp_path, token(rig))
    keys = [
        ("--key", key.format())
        for origin in (rig.stream().origin, other.origin)
        for key in SigningKeys(rig.master, origin).verification_keys
    ]
    both = [one for key in keys for one in key]
    files = ("--report", str(path))
    code, output = verify(*files, "--certificate", str(pem), *both)
    assert code == 0, output
    assert output.splitlines()[-1] == "verified"
    for stream in (rig.stream(), other):
        assert f"of {stream.origin}, signed" in output
    assert verify(*files, *both)[0] == 2
    assert verify(*files, "--certificate", str(pem))[0] == 2
    assert verify(*files, "--certificate", str(pem), *keys[0])[0] == 2
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify(*files, "--certificate", str(pem), *both)[0] == 1


@pytest.mark.parametrize("name", ["integrity", *registry.MAKERS])
def test_every_report_encloses_checkpoint_and_keys(
    rig: Rig, tmp_path: Path, name: str
) -> None:
    """With or without rows: one of the log's keys is enough to verify by."""
    keys = SigningKeys(rig.master, rig.stream().origin).verification_keys
    stated = [one.format() for one in keys]
    rig.trail.superuser().execute("update prooftrail.stream set keys = %s", (stated,))
    rig.seal(2)
    rig.signer(rig.anchor()).once()
    path, pem = signed(rig, tmp_path, token(rig), name)
    files = enclosed(path.read_bytes())
    assert files["public-key.txt"].decode().split() == stated
    assert files["checkpoint.txt"]
    given = ("--certificate", str(pem), "--key", stated[0])
    code, told = verify("--report", str(path), *given)
    assert (code, told.splitlines()[-1]) == (0, "verified"), told


def test_a_report_that_is_not_signed_says_so(rig: Rig, tmp_path: Path) -> None:
    rig.seal(2)
    rig.signer(rig.anchor()).once()
    path, key = tmp_path / "r.pdf", token(rig)
    given = ("report", "integrity", "-o", str(path))
    done = commands.run(rig.trail, *given, PROOFTRAIL_KEY=key)
    assert done.returncode == 0, done.stderr
    assert "The report is not signed" in done.stderr
    code, output = verify("--report", str(path))
    assert (code, "no signature is in it" in output) == (2, True)
    other = tmp_path / "s.pdf"
    given = ("report", "integrity", "-o", str(other))
    done = commands.run(
        rig.trail, *given, PROOFTRAIL_KEY=key, PROOFTRAIL_REPORT_KEY="/nowhere"
    )
    assert done.returncode != 0
    assert "cannot be read" in done.stderr
    assert not other.exists()
