"""Anchors that fail and come back, and crashes between any two of the signer's effects.

After each, everything verifies and no checkpoint signs what is not there.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from prooftrail.errors import AnchorError, SignError, UnavailableError
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.state import SignerStates
from prooftrail.signing.keys import MasterKey
from prooftrail.store import checkpoints
from tests.signing_rig import Rig, forget, origin, rewrite, rigs, unguarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.trail import Trail


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        made.seal(24)
        yield made


def test_every_checkpoint_goes_to_every_anchor(rig: Rig) -> None:
    first, second = rig.anchor("one"), rig.anchor("two")
    signer = rig.signer(first, second)
    signer.once()
    rig.clock.move(60)
    signer.turn()
    for anchor in (first, second):
        sizes = [found.checkpoint.size for found in rig.anchored(anchor)]
        assert sizes == [10, 20, 25, 25]
    rig.check(first, second)


def test_a_missing_anchor_does_not_stop_signing_and_gets_what_it_missed(
    rig: Rig,
) -> None:
    anchor, other = rig.anchor(), rig.anchor("other")
    signer = rig.signer(anchor, other)
    signer.once()
    away = anchor.directory.rename(rig.directory / "away")
    rig.seal(30)
    done = signer.once()
    assert rig.sizes()[-1] == 55
    assert "does not exist" in done.warnings[0]
    rig.clock.move(4)
    assert signer.turn().warnings == []  # tried again every 5 s
    rig.clock.move(1)
    assert len(signer.turn().warnings) == 1
    away.rename(anchor.directory)
    rig.clock.move(5)
    done = signer.turn()
    assert done.warnings == []
    assert [found.checkpoint.size for found in rig.anchored(anchor)] == [
        *(10, 20, 25),
        *(30, 40, 50, 55),
    ]
    rig.check(anchor, other)


def test_an_anchor_missing_at_the_start_is_told_and_fed_later(rig: Rig) -> None:
    rig.signer().once()
    anchor = Anchor(rig.directory / "later")
    rig.seal(10)
    signer = rig.signer(anchor)
    assert any("does not exist" in told for told in signer.once().warnings)
    rig.anchor("later")
    rig.clock.move(5)
    signer.turn()
    sizes = [found.checkpoint.size for found in rig.anchored(anchor)]
    assert sizes == [10, 20, 25, 30, 35]
    rig.check(anchor)


def test_an_anchor_emptied_under_the_signer_is_taken_for_unmounted(rig: Rig) -> None:
    anchor = rig.anchor()
    signer = rig.signer(anchor)
    signer.once()
    away = anchor.directory.rename(rig.directory / "away")
    anchor.directory.mkdir()  # the mount point under the share
    rig.seal(10)
    assert "is mounted" in signer.once().warnings[0]
    assert list(anchor.directory.iterdir()) == []
    anchor.directory.rmdir()
    away.rename(anchor.directory)
    signer.once()
    rig.check(anchor)


def test_an_anchor_ahead_of_the_log_is_not_added_to(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    rig.close()
    ahead = anchor.directory.rename(rig.directory / "ahead")
    forget(rig)
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint")
        superuser.execute("delete from prooftrail.log where seq > 11")
    held = (ahead / origin(rig).place() / "checkpoints").read_bytes()
    with pytest.raises(SignError, match="has a checkpoint of 25 entries"):
        rig.signer(Anchor(ahead)).once()
    # away at the start, back later
    anchor.directory.mkdir()
    late = Anchor(rig.directory / "late")
    signer = rig.signer(late)
    signer.once()
    assert rig.sizes()[-1] == 12
    ahead.rename(late.directory)
    with pytest.raises(SignError, match=r"anchor .*/late holds .* 25 entries"):
        signer.once()
    path = late.directory / origin(rig).place() / "checkpoints"
    assert path.read_bytes() == held


def test_an_anchor_of_a_rewritten_log_is_not_added_to(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    away = anchor.directory.rename(rig.directory / "away")
    forget(rig)
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint")
    rewrite(rig, 3)
    rig.seal(10)
    signer = rig.signer(anchor)
    rig.every_entries = 1_000
    signer.once()
    assert rig.sizes()[-1] == 35
    held = (away / origin(rig).place() / "checkpoints").read_bytes()
    away.rename(anchor.directory)
    with pytest.raises(SignError, match="another root of the first 25 entries"):
        signer.once()
    path = anchor.directory / origin(rig).place() / "checkpoints"
    assert path.read_bytes() == held


def test_an_anchor_with_other_keys_is_not_added_to(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor, master=MasterKey(b"o" * 32)).once()
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint")
    with pytest.raises(SignError, match="keys did not sign"):
        rig.signer(anchor, states="others").once()
    assert rig.sizes() == []


def test_a_smaller_checkpoint_in_an_anchor_must_be_one_of_this_log(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint where size = 25")
    rig.signer().once()
    rig.seal(7)
    rig.signer().once()
    with unguarded(rig.trail) as superuser:  # its root must come from the leaves
        superuser.execute("delete from prooftrail.checkpoint where size = 25")
    rig.signer(anchor).once()
    rig.check(anchor)


def test_checkpoints_lost_in_the_database_are_signed_again(rig: Rig) -> None:
    anchor = rig.anchor()
    signer = rig.signer(anchor)
    signer.once()
    for again in (signer, None):
        with unguarded(rig.trail) as superuser:
            superuser.execute("delete from prooftrail.checkpoint where size > 10")
        rig.clock.move(1)
        (again or rig.signer(anchor)).turn()
        assert rig.sizes() == [10, 25]
        rig.check(anchor)


# Crashes: the first time, the step raises before or after its effect.


def crash_state(
    monkeypatch: pytest.MonkeyPatch, when: str, raised: type[BaseException]
) -> None:
    whole = SignerStates.save

    def save(self: SignerStates, *given: object) -> None:
        if when == "after":
            whole(self, *given)  # type: ignore[arg-type]
        raise raised

    monkeypatch.setattr(SignerStates, "save", save)


def crash_database(
    monkeypatch: pytest.MonkeyPatch, when: str, raised: type[BaseException]
) -> None:
    whole = checkpoints.insert

    def insert(*given: object) -> list[int]:
        if when == "after":
            whole(*given)  # type: ignore[arg-type]
        raise raised

    monkeypatch.setattr(checkpoints, "insert", insert)


def crash_anchor(
    monkeypatch: pytest.MonkeyPatch, when: str, raised: type[BaseException]
) -> None:
    whole = Anchor.append_all

    def append_all(self: Anchor, *given: object) -> None:
        if when == "after":
            whole(self, *given)  # type: ignore[arg-type]
        raise raised

    monkeypatch.setattr(Anchor, "append_all", append_all)


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("crash", [crash_state, crash_database, crash_anchor])
@pytest.mark.parametrize("grown", [0, 3, 20])
def test_a_crash_between_any_two_effects_is_made_up_for(
    rig: Rig,
    crash: Callable[[pytest.MonkeyPatch, str, type[BaseException]], None],
    when: str,
    grown: int,
) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    rig.seal(13)
    with pytest.MonkeyPatch.context() as patched:
        crash(patched, when, KilledError)
        with pytest.raises(KilledError):
            rig.signer(anchor).once()
    if grown:
        rig.seal(grown)
    rig.clock.move(1)
    rig.signer(anchor).once()
    assert rig.sizes()[-1] == 38 + grown
    rig.check(anchor)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("crash", "raised"),
    [(crash_database, UnavailableError), (crash_anchor, AnchorError)],
)
def test_a_signer_that_survives_a_failed_effect_makes_up_for_it(
    rig: Rig,
    crash: Callable[[pytest.MonkeyPatch, str, type[BaseException]], None],
    raised: type[BaseException],
    when: str,
) -> None:
    anchor = rig.anchor()
    signer = rig.signer(anchor)
    signer.once()
    rig.seal(13)
    with pytest.MonkeyPatch.context() as patched:
        crash(patched, when, raised)
        if raised is AnchorError:
            assert signer.once().warnings
        else:
            with pytest.raises(raised):
                signer.once()
    rig.clock.move(5)
    signer.once()
    assert rig.sizes()[-1] == 38
    rig.check(anchor)


def test_a_torn_anchor_is_closed_and_continued(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    path = anchor.directory / origin(rig).place() / "checkpoints"
    path.write_bytes(path.read_bytes()[:-30])
    rig.seal(13)
    signer = rig.signer(anchor)
    signer.once()
    assert rig.sizes()[-1] == 38
    with path.open("rb") as file:
        assert b"!torn\n" in file.read()
    shutil.rmtree(anchor.directory)
    rig.anchor()
    rig.signer(anchor).once()
    rig.check(anchor)
