"""One stream that does not fit, or a row that nobody signed, never stops the signer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.errors import SealError, SignError
from prooftrail.sign import signer as signing
from prooftrail.signing.keys import MasterKey
from prooftrail.store import checkpoints
from prooftrail.store.keeping import keep
from tests.signing_rig import (
    Rig,
    forget,
    origin,
    rewrite,
    rigs,
    truncate,
    unguarded,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prooftrail.sign.signed import Signed
    from tests.trail import Trail

# A superuser can insert it, without any key.
FALSE = (
    "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
    " select 1, %s, 9000000000000000 + n, %s, '' from generate_series(1, %s) n"
)


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    """Give two logs of 21 entries, signed to their ends."""
    for made in rigs(trail, tmp_path):
        trail.stream("second")
        made.seal(20)
        made.seal(20, "second")
        made.signer().once()
        yield made


def alter_registration(rig: Rig, base: str) -> None:
    rig.trail.superuser().execute(
        "update prooftrail.stream set base = %s where name = 'main'", (base,)
    )


def run_turns(
    rig: Rig, before: list[Callable[[], object]]
) -> tuple[list[Signed], str | None]:
    """Run the service as `prooftrail sign` does; do something before each turn.

    Returns:
        What each turn told, and with what error the service ended.
    """
    signer = rig.signer()
    stop = threading.Event()
    told: list[Signed] = []
    whole = signer._turn  # the turns themselves are counted
    steps = iter(before)

    def turn(*, last: bool) -> Signed:
        if (step := next(steps, None)) is None:
            stop.set()
        else:
            step()
        done = whole(last=last)
        done.warnings.append("a turn")  # so that each is told
        return done

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(signer, "_turn", turn)
        patched.setattr(signing, "POLL", 0)
        try:
            keep(lambda: signer, stop, told.append, pytest.fail)
        except SignError as error:
            return told, str(error)
    return told, None


def test_the_service_goes_on_with_the_streams_that_fit(rig: Rig) -> None:
    truncate(rig, 5)

    def grow() -> None:
        with pytest.raises(SealError):  # of the other stream; this one is sealed
            rig.seal(1, "second")
        rig.clock.move(5)

    told, error = run_turns(rig, [int, grow, grow, grow])
    assert rig.sizes("second") == [10, 20, 21, 23]
    assert rig.sizes() == [10, 20, 21]
    assert error is not None
    assert "'main': 21 entries were signed, and entry 20 is gone" in error
    assert [len(done.refused) for done in told] == [1, 0, 0, 0, 0]


def test_a_refusal_is_told_every_minute(rig: Rig) -> None:
    truncate(rig, 5)
    waits = [lambda: rig.clock.move(20)] * 7
    told, _ = run_turns(rig, [int, *waits])
    assert [len(done.refused) for done in told] == [1, 0, 0, 1, 0, 0, 1, 0, 0]


def test_a_stream_that_is_well_again_is_signed_again(rig: Rig) -> None:
    base = origin(rig).base

    def restore() -> None:
        alter_registration(rig, base)
        rig.clock.move(60)

    told, error = run_turns(
        rig, [int, lambda: alter_registration(rig, "false.example"), restore]
    )
    assert [len(done.refused) for done in told] == [0, 1, 0, 0]
    assert "'main': it was deleted or altered after 21 entries" in told[1].refused[0]
    assert error is None
    assert rig.sizes() == [10, 20, 21, 21]
    rig.check()


def test_a_registration_that_is_none_stops_its_stream_alone(rig: Rig) -> None:
    alter_registration(rig, "no\x1b[2J base")
    rig.seal(1, "second")
    told, error = run_turns(rig, [int, lambda: rig.clock.move(5)])
    assert [len(done.refused) for done in told] == [1, 0, 0]
    assert error is not None
    assert "'main': the registry was altered: origin base 'no\\x1b[2J base'" in error
    assert rig.sizes("second")[-1] == 22


def test_once_signs_the_other_streams_to_their_ends(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "TURN", 25)
    rig.seal(35, "second")
    truncate(rig, 5)
    with pytest.raises(SignError, match="'main'"):
        rig.signer().once()
    assert rig.sizes("second")[-1] == 56
    rig.check(stream="second")


def test_a_log_altered_while_it_is_signed_stops_its_stream_alone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoints.insert

    def altered(*given: Any) -> list[int]:
        monkeypatch.setattr(checkpoints, "insert", real)
        rewrite(rig, 22)
        return real(*given)

    rig.seal(3)
    rig.seal(3, "second")
    monkeypatch.setattr(checkpoints, "insert", altered)
    with pytest.raises(SignError, match=r"'main': .*does not fit the log"):
        rig.signer().once()
    assert rig.sizes()[-1] == 21
    assert rig.sizes("second")[-1] == 24


# Rows that the signer's keys did not sign.


@pytest.mark.parametrize(
    ("size", "note", "rows", "told"),
    [
        (2**40, "junk", 1, 2),
        (2**40, "own", 1, 2),
        (21, "junk", 3, 1),  # until there is a larger one
        (2**63 - 1, "junk", 150, 2),
    ],
)
def test_rows_that_nobody_signed_do_not_stop_the_signer(
    rig: Rig, size: int, note: str, rows: int, told: int
) -> None:
    anchor = rig.anchor()
    running = rig.signer(anchor)
    running.once()
    rig.seal(3)
    text = rig.checkpoints()[-1][1] if note == "own" else note
    with unguarded(rig.trail) as superuser:
        superuser.execute(FALSE, (size, text, rows))
    warned = []
    for _ in range(5):
        rig.clock.move(20)
        warned += running.turn().warnings
    assert len(warned) == told  # once a minute
    assert "not signed with this signer's keys" in warned[0]
    rig.clock.move(60)
    rig.signer(anchor).turn()  # after a restart
    sizes = [found.checkpoint.size for found in rig.anchored(anchor)]
    assert sizes == [10, 20, 21, 24, 24, 24]


def test_without_a_state_the_newest_of_ones_own_counts(rig: Rig) -> None:
    with unguarded(rig.trail) as superuser:
        superuser.execute(FALSE, (2**40, "junk", 250))
    truncate(rig, 5)
    forget(rig)
    with pytest.raises(SignError, match="a checkpoint of 21 entries and the log has"):
        rig.signer().once()
    assert [size for size in rig.sizes() if size < 1_000] == [10, 20, 21]


def test_an_altered_checkpoint_is_told_and_signed_again(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    with unguarded(rig.trail) as superuser:
        superuser.execute(
            "update prooftrail.checkpoint set note = replace(note, '21', '20')"
            " where stream = 1 and size = 21"
        )
    (told,) = running.turn().warnings
    assert "the largest of 21 entries" in told
    assert rig.sizes() == [10, 20, 21, 21]
    assert running.turn().checkpoints == []


def test_a_key_that_nobody_stated_is_not_taken_up_over_anothers(rig: Rig) -> None:
    before = rig.sizes()
    other = rig.signer(master=MasterKey(b"o" * 32), states="others")
    with pytest.raises(SignError, match=r"may have the wrong key \(--key-file\)"):
        other.once()
    assert rig.sizes() == before
