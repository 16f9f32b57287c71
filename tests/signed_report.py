"""Signed reports of a small log, and what checking says of them."""

from __future__ import annotations

import json
from hashlib import sha256
from random import Random  # noqa: TID251  seeded: the same bits are flipped again
from typing import TYPE_CHECKING

import pytest

from prooftrail import bundles
from prooftrail.core import evidence, multiproof
from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.origin import Origin
from prooftrail.reports import signing, verifying
from prooftrail.reports.typesetting import Attachment, set_one, shown
from prooftrail.signing import report_key
from prooftrail.signing.keys import MasterKey, SigningKeys
from tests.reported import report
from tests.signing_rig import mth
from tests.test_evidence import chain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prooftrail.bundles.checking import Checked
    from prooftrail.core.evidence import Item
    from prooftrail.signing.report_key import ReportKey

AT_US = 1_780_000_000_000_000
STREAM_ID = bytes(range(16))
LOG = SigningKeys(MasterKey(b"r" * 32), Origin("test.example", STREAM_ID, 1).text())
ITEMS = chain(20)
SEQS = [2, 3, 11]


def pseudo(seed: int) -> Random:
    return Random(seed)


def key(path: Path, seed: int = 1, name: str = "Example") -> ReportKey:
    return report_key.create(path, name, pseudo(seed).randbytes, AT_US)


def files(
    seqs: Sequence[int] = SEQS, items: Sequence[Item] = ITEMS
) -> dict[str, bytes]:
    """Evidence of entries, and the rows of them."""
    leaves = [item.header.leaf() for item in ITEMS]
    nodes = multiproof.build(
        seqs,
        len(leaves),
        lambda level, at: mth(leaves[at << level : (at + 1) << level]),
    )
    note = LOG.sign_checkpoint(
        Checkpoint(LOG.origin, len(leaves), mth(leaves)), time_s=AT_US // 1_000_000
    )
    rows = "".join(json.dumps({"seq": seq, "n": seq}) + "\n" for seq in seqs)
    return {
        "rows.csv": b"seq\r\n" + b"".join(b"%d\r\n" % seq for seq in seqs),
        "rows.jsonl": rows.encode(),
        bundles.EVIDENCE: b"".join(evidence.encode_item(items[seq]) for seq in seqs),
        bundles.TREE: b"".join(map(evidence.encode_node, nodes)),
        bundles.CHECKPOINT: note.encode(),
        bundles.PUBLIC_KEY: "".join(
            f"{one.format()}\n" for one in LOG.verification_keys
        ).encode(),
    }


def unsigned(
    enclosed: Mapping[str, bytes], named: Mapping[str, bytes] | None = None
) -> bytes:
    run = {
        "files": {
            name: sha256(data).hexdigest()
            for name, data in (enclosed if named is None else named).items()
        }
    }
    every = {**enclosed, "run.json": json.dumps(run).encode()}
    return set_one(
        shown(report()),
        [Attachment(name, data, "text/plain", name) for name, data in every.items()],
        AT_US,
    )


def check(pdf: bytes, own: ReportKey | None) -> Checked:
    given = None if own is None else own.certificate
    return verifying.check("a.pdf", pdf, [LOG.signer_key], given)


def told(found: Checked) -> str:
    return "; ".join(one.told for one in found.findings)


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> ReportKey:
    return key(tmp_path_factory.mktemp("key") / "report.pem")


@pytest.fixture(scope="session")
def plain() -> bytes:
    return unsigned(files())


@pytest.fixture(scope="session")
def signed(plain: bytes, own: ReportKey) -> bytes:
    return signing.sign(plain, own, AT_US)


def flipped(pdf: bytes, at: int, bit: int) -> bytes:
    data = bytearray(pdf)
    data[at] ^= 1 << bit
    return bytes(data)
