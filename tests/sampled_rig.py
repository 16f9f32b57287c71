"""Grants of a quarter, signed, and packs of samples of them."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from tests.commands import run
from tests.sealing import event, insert, seal
from tests.signing_rig import rigs
from tests.test_reading_commands import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.signing_rig import Rig
    from tests.trail import Trail

EVIL = '#panic("x") $a$ =cmd|x \u202e\x1b[31m <label>'
SEED = "2026-Q1, Ada & Co."
QUERY = "action:admin.*"


def granting(n: int, **changes: Any) -> dict[str, Any]:
    """A role given to somebody, approved beforehand."""
    return event(
        timestamp=f"2026-0{1 + n % 3}-{1 + n % 28:02}T09:00:00.{n:03}Z",
        actor={"userId": f"usr_admin{n % 3}", "role": "admin", "name": EVIL},
        action="admin.role.change",
        resource={"type": "user", "id": f"usr_{n}"},
        changes=[
            {"field": "role", "before": "viewer", "after": "editor"},
            {"field": "limit", "before": None, "after": n},
        ],
        authorization={
            "decision": "allowed",
            "basis": "role",
            "name": "admin",
            "approval": {
                "id": f"apr_{n}",
                "by": "usr_chief",
                "at": f"2026-0{1 + n % 3}-{1 + n % 28:02}T08:00:00Z",
                "ticket": f"SEC-{n}",
            },
        },
        **changes,
    )


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        approvals = [
            event(
                timestamp="2025-12-31T08:00:00Z",
                action="access.request.approve",
                actor={"userId": "usr_chief"},
                resource={"type": "approval", "id": f"apr_{n}"},
            )
            for n in range(0, 40, 2)
        ]
        insert(trail, *approvals, *(granting(n) for n in range(40)))
        insert(trail, *(event(timestamp="2026-02-03T00:00:00Z") for _ in range(20)))
        seal(trail)
        made.signer(made.anchor()).once()
        made.close()
        yield made


def made(
    rig: Rig,
    path: Path,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    code: int = 0,
) -> tuple[str, list[dict[str, Any]], dict[str, bytes]]:
    """Draw; return the text, the rows and what is enclosed."""
    token = key(rig.trail, "--role", "auditor")
    given = ("report", "sample", "-o", str(path), *arguments)
    done = run(rig.trail, *given, PROOFTRAIL_KEY=token, **(env or {}))
    assert done.returncode == code, done.stderr
    told = pypdf.PdfReader(path)
    text = " ".join(" ".join(page.extract_text() for page in told.pages).split())
    files = {name: one[0] for name, one in told.attachments.items()}
    lines = files["rows.jsonl"].decode().split("\n")
    return text, [json.loads(line) for line in lines if line], files


def quarter(*arguments: str) -> tuple[str, ...]:
    return ("--q", QUERY, "--seed", SEED, "--during", "2026-Q1", *arguments)


def by_hand(seed: str, size: int, count: int) -> list[tuple[int, int]]:
    """Draw as spec/sampling.md says, by nothing of ours."""
    chosen: list[tuple[int, int]] = []
    k = 0
    while len(chosen) < min(count, size):
        k += 1
        x = int.from_bytes(sha256(f"{seed}:{k}".encode()).digest(), "big")
        if x < 2**256 - 2**256 % size and x % size not in [at for _, at in chosen]:
            chosen.append((k, x % size))
    return chosen


def events(trail: Trail) -> list[dict[str, Any]]:
    rows = trail.superuser().execute("select event from prooftrail.inbox").fetchall()
    return [json.loads(row[0]) for row in rows]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
