"""Attack 11 on heartbeats: none is worth less because others say the same after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prooftrail.core.note import Signature, SignedNote
from prooftrail.integrity.findings import Kind, Weight
from prooftrail.sign.registering import create_stream
from prooftrail.store import connect
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.attacks import bound
from tests.attacks.notes import changed, flip
from tests.signing_rig import MASTER, Rig, origin, rigs, unguarded
from tests.trail import BASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.verification.report import Report
    from tests.trail import Trail

KEYED = "keyed"
COSIGNATURE = 1  # the second signature line


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    """Give a log of 4 entries that states its keys, with five heartbeats."""
    for made in rigs(trail, tmp_path):
        admin = connect.connect(None, dsn=trail.dsn, autocommit=True)
        trail.made[KEYED] = create_stream(
            admin, KEYED, base=BASE, master=MASTER, random=os.urandom
        )
        admin.close()
        bound.let_in(trail)
        made.seal(3, KEYED)
        signer = made.signer(made.anchor())
        signer.once()
        for _ in range(5):
            made.clock.move(60)
            signer.turn()
        assert made.sizes(KEYED) == [4] * 6
        yield made


def verify(rig: Rig, *, anchored: bool) -> Report:
    anchors = (rig.anchor().directory,) if anchored else ()
    wanted = Asked(anchors=anchors)
    report = Run(wanted, dsn=rig.trail.dsn).run()
    bound.check(rig.trail, wanted, report)
    return report


def failures(report: Report) -> list[Kind]:
    return [one.kind for one in report.findings if one.weight is Weight.FAILURE]


def test_11_heartbeats_as_they_were_written(rig: Rig) -> None:
    assert failures(verify(rig, anchored=True)) == []


@pytest.mark.parametrize("number", [0, 2, 5])
def test_11_a_heartbeat_in_the_database_changed(rig: Rig, number: int) -> None:
    text = rig.checkpoints(KEYED)[number][1]
    with unguarded(rig.trail) as superuser:
        superuser.execute(
            "update prooftrail.checkpoint set note = %s where note = %s",
            (changed(text, lambda note: flip(note, COSIGNATURE)), text),
        )
    assert failures(verify(rig, anchored=False)) == [Kind.FORGED]


@pytest.mark.parametrize("number", [0, 2, 5])
def test_11_a_heartbeat_in_the_database_dated_otherwise(rig: Rig, number: int) -> None:
    """Note and column alike, to a time between its neighbours."""
    text = rig.checkpoints(KEYED)[number][1]
    with unguarded(rig.trail) as superuser:
        superuser.execute(
            "update prooftrail.checkpoint set note = %s,"
            " signed_us = signed_us + 1000000 where note = %s",
            (changed(text, later), text),
        )
    assert failures(verify(rig, anchored=False)) == [Kind.FORGED]


@pytest.mark.parametrize("number", [0, 2, 5])
def test_11_a_heartbeat_at_the_anchor_changed(rig: Rig, number: int) -> None:
    path = rig.anchor().directory / origin(rig, KEYED).place() / "checkpoints"
    notes = [found.note.encode() for found in rig.anchored(rig.anchor(), KEYED)]
    notes[number] = changed(notes[number], later)
    path.write_text("".join(notes))
    assert failures(verify(rig, anchored=True)) == [Kind.FORGED]


def later(note: SignedNote) -> SignedNote:
    """State a second later: the time is the first 8 bytes of the cosignature."""
    lines = list(note.signatures)
    old = lines[COSIGNATURE]
    time_s = int.from_bytes(old.data[:8], "big") + 1
    data = time_s.to_bytes(8, "big") + old.data[8:]
    lines[COSIGNATURE] = Signature(old.name, old.key_id, data)
    return SignedNote(note.text, tuple(lines))
