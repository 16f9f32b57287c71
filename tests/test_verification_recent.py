"""A look at a part that goes into the newest and nearest checkpoints alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.integrity.findings import Kind, Weight
from prooftrail.sign.anchor_reading import Damaged, read_anchor
from prooftrail.store import reading
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.signing_rig import Rig, rewrite, rigs, truncate, unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail

ENTRIES = 301  # entry 0 included
EVERY = 10  # entries a checkpoint


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        signer = made.signer(made.anchor())
        for _ in range(6):
            made.seal(50)
            signer.once()
        yield made


def recorded(rig: Rig, seq: int) -> int:
    row = rig.trail.superuser().execute(
        "select recorded_us from prooftrail.log where seq = %s", (seq,)
    )
    return int(row.fetchall()[0][0])


def kinds(rig: Rig, asked: Asked) -> set[Kind]:
    report = Run(asked, dsn=rig.trail.dsn).run()
    assert all(one.weight is not Weight.INCOMPLETE for one in report.findings)
    return {one.kind for one in report.findings if one.weight is Weight.FAILURE}


def newest(rig: Rig, recent: int | None = 1) -> Asked:
    return Asked(
        since_us=recorded(rig, 260),
        anchors=(rig.anchor().directory,),
        recent=recent,
    )


@pytest.mark.parametrize("recent", [1, 2, 100])
def test_a_sound_log_verifies_part_after_part(rig: Rig, recent: int) -> None:
    for start in range(0, ENTRIES, 40):
        stop = min(start + 40, ENTRIES)
        asked = Asked(
            since_us=recorded(rig, start),
            until_us=recorded(rig, stop - 1) + 1,
            recent=recent,
        )
        report = Run(asked, dsn=rig.trail.dsn).run()
        assert report.verdict.exit_code == 0, report.findings
        assert report.entries >= stop - start
    assert kinds(rig, newest(rig, recent)) == set()


def test_old_checkpoints_are_not_gone_into_but_by_a_look_at_all(rig: Rig) -> None:
    with unguarded(rig.trail) as superuser:
        superuser.execute(
            "update prooftrail.checkpoint set note = 'x' where size = 100"
        )
    assert kinds(rig, newest(rig, 2)) == set()
    assert kinds(rig, newest(rig, None)) == {Kind.FORGED}
    assert kinds(rig, Asked(recent=2)) == {Kind.FORGED}  # a whole run looks at all


def test_a_checkpoint_within_the_part_is_gone_into(rig: Rig) -> None:
    with unguarded(rig.trail) as superuser:
        superuser.execute(
            "update prooftrail.checkpoint set note = 'x' where size = 290"
        )
    assert kinds(rig, newest(rig, 100)) == {Kind.FORGED}


@pytest.mark.parametrize("start", [5, 150, 290])
def test_a_log_that_was_rewritten_is_found_wherever_that_began(
    rig: Rig, start: int
) -> None:
    rewrite(rig, start)
    assert Kind.REWRITTEN in kinds(rig, newest(rig))


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_log_that_was_cut_off_behind_the_anchor_is_found(rig: Rig, cut: int) -> None:
    asked = newest(rig)
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint")
    truncate(rig, cut)
    assert Kind.TRUNCATED in kinds(rig, asked)


def test_the_end_of_an_anchor_s_file_is_the_end_of_what_it_holds(rig: Rig) -> None:
    contents = read_anchor(rig.anchor().directory)
    assert contents is not None
    (log,) = contents.logs
    every = [one.note for one in log.records() if not isinstance(one, Damaged)]
    assert len(every) > 30
    for count in range(1, 60):
        end = list(log.records(count))
        assert not any(isinstance(one, Damaged) for one in end)
        notes = [one.note for one in end if not isinstance(one, Damaged)]
        assert len(notes) >= min(count, len(every))
        assert notes == every[-len(notes) :]


@pytest.mark.parametrize("recent", [None, 100])
def test_what_is_sealed_and_anchored_while_a_look_begins_is_not_missing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, recent: int | None
) -> None:
    """The anchor's newest checkpoint covers more than the run has seen."""
    signer = rig.signer(rig.anchor())
    real = reading.checkpoints if recent is None else reading.checkpoints_near
    asked = newest(rig, recent)

    def grows(*arguments: Any) -> Any:
        found = list(real(*arguments))
        rig.seal(20)
        signer.once()
        return found

    monkeypatch.setattr(reading, real.__name__, grows)
    assert kinds(rig, asked) == set()
