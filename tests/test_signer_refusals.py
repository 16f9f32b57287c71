"""What the signer refuses, and the sealer beside it: logs that were cut or rewritten.

Each attack is a superuser's, with triggers off and all hashes right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prooftrail.core.entry import Header
from prooftrail.core.merkle import Range
from prooftrail.errors import SealError, SignError
from prooftrail.sign.state import SignerState, SignerStates, read_state
from prooftrail.sign.walk import Walk
from prooftrail.store.checkpoints import HeaderRow
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
    from collections.abc import Iterator
    from pathlib import Path

    from tests.trail import Trail


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    """Give a log of 61 entries, signed to its end."""
    for made in rigs(trail, tmp_path):
        made.seal(60)
        made.signer().once()
        assert made.sizes()[-1] == 61
        yield made


def refused(rig: Rig, match: str) -> None:
    """Both a signer that runs and one that starts refuse, and sign nothing."""
    before = rig.sizes()
    with pytest.raises(SignError, match=match) as caught:
        rig.signer().once()
    assert "prooftrail verify --anchor DIR" in str(caught.value)
    assert rig.sizes() == before


def test_a_log_without_its_newest_forty_is_not_signed(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    truncate(rig, 40)
    with pytest.raises(SignError, match=r"'main'.*61 entries were .*entry 60 is gone"):
        running.turn()
    refused(rig, "61 entries were signed")


def test_entries_grown_over_deleted_ones_are_not_signed(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    truncate(rig, 40)
    rig.trail.superuser().execute(
        "alter table prooftrail.checkpoint disable trigger all"
    )
    rig.trail.superuser().execute("delete from prooftrail.checkpoint where size > 21")
    rig.seal(100)  # the sealer is deceived: no checkpoint is left that says more
    with pytest.raises(SignError, match="entry 60 is not the one that was signed"):
        running.turn()
    rig.close()
    with pytest.raises(SignError, match="entry 60 is not the one that was signed"):
        rig.signer().once()
    assert rig.sizes()[-1] == 20


def test_a_log_rewritten_from_an_early_entry_is_not_signed(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    rewrite(rig, 7)
    with pytest.raises(SignError, match="entry 60 is not the one that was signed"):
        running.turn()
    refused(rig, "entry 60 is not the one that was signed")


def test_the_last_entry_is_looked_at_even_when_idle(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    rewrite(rig, 60)
    with pytest.raises(SignError, match="entry 60 is not the one that was signed"):
        running.turn()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("body = sha256(body)", "entry 64 has a leaf that is not the hash"),
        ("leaf = sha256(leaf)", "entry 64 has a leaf that is not the hash"),
        ("body = body || '\\x00'", "entry 64 has a leaf that is not the hash"),
        ("kind = 1 - kind", "entry 64 has a leaf that is not the hash"),
        ("recorded_us = recorded_us - 1", "entry 64 has a leaf that is not the hash"),
        ("seq = 1000", "entry 64 is missing"),
        ("stream_id = gen_random_uuid()", "entry 64 has a leaf that is not the hash"),
    ],
)
def test_an_unsigned_entry_that_does_not_chain_is_not_signed(
    rig: Rig, change: str, told: str
) -> None:
    rig.seal(8)
    with unguarded(rig.trail) as superuser:
        for (name,) in superuser.execute(
            "select conname from pg_constraint where contype = 'c'"
            " and conrelid = 'prooftrail.log'::regclass"
        ).fetchall():
            superuser.execute(f"alter table prooftrail.log drop constraint {name}")
        superuser.execute(f"update prooftrail.log set {change} where seq = 64")
    refused(rig, told)


def test_an_entry_that_is_there_twice_is_not_signed(rig: Rig) -> None:
    rig.seal(8)
    with unguarded(rig.trail) as superuser:
        superuser.execute("alter table prooftrail.log disable trigger all")
        superuser.execute(
            "insert into prooftrail.log select stream, seq, recorded_us + 1, kind,"
            " stream_id, prev, body, sha256('\\x000100'::bytea || uuid_send(stream_id)"
            " || prev || int8send(seq) || int8send(recorded_us + 1) || body), salt,"
            " event, event_id, occurred_us, actor, role, action, resource_type,"
            " resource_id, result, ip, pii, continues, authority from prooftrail.log"
            " where seq = 64"
        )
    refused(rig, "entry 64 is there twice")


def test_another_root_of_the_same_size_is_not_signed(rig: Rig) -> None:
    rig.close()
    stream = origin(rig)
    held = read_state(rig.directory / "states", stream)
    assert held is not None
    forget(rig)
    tree = Range()
    for _ in range(61):
        tree.append(b"x" * 32)
    with SignerStates.open(rig.directory / "states") as states:
        states.save(
            stream,
            SignerState(held.origin, 61, held.last_leaf, tuple(tree.peaks), 0),
        )
    refused(rig, "not those that were signed")


def test_a_deleted_stream_is_noticed(rig: Rig) -> None:
    running = rig.signer()
    running.once()
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.log")
        superuser.execute("delete from prooftrail.checkpoint")
        superuser.execute("delete from prooftrail.head")
        superuser.execute("delete from prooftrail.stream")
    with pytest.raises(SignError, match=r"'main'.*deleted.*61 entries"):
        running.turn()
    done = rig.signer().once()
    assert "stream that this database does not have" in done.warnings[0]


def test_other_streams_are_signed_beside_a_refused_one(rig: Rig) -> None:
    rig.trail.stream("second")
    rig.seal(4, "second")
    truncate(rig, 3)
    with pytest.raises(SignError, match="'main'"):
        rig.signer().once()
    assert rig.sizes("second") == [5]


# The signer's own state is lost.


def test_a_lost_state_is_recovered_from_the_newest_checkpoint(rig: Rig) -> None:
    rig.seal(5)
    forget(rig)
    anchor = rig.anchor()
    rig.signer(anchor).once()
    assert rig.sizes()[-2:] == [61, 66]
    forget(rig)
    rig.signer(anchor).once()
    state = read_state(rig.directory / "states", origin(rig))
    assert state is not None
    assert state.size == 66
    rig.check(anchor)


def test_a_lost_state_is_recovered_from_an_anchor_alone(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    forget(rig)
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint")
    rig.signer(anchor).once()
    assert rig.sizes() == [61]
    rig.check(anchor)


def test_a_lost_state_is_not_recovered_over_a_rewritten_log(rig: Rig) -> None:
    forget(rig)
    rewrite(rig, 7)
    refused(rig, "the checkpoint of 61 entries in the database has another root")


def test_a_lost_state_is_not_recovered_over_a_truncated_log(rig: Rig) -> None:
    forget(rig)
    truncate(rig, 40)
    refused(rig, "the database has a checkpoint of 61 entries and the log has 21")


def test_the_newest_of_all_checkpoints_counts_when_the_state_is_lost(rig: Rig) -> None:
    anchor = rig.anchor()
    rig.signer(anchor).once()
    forget(rig)
    truncate(rig, 40)
    with unguarded(rig.trail) as superuser:
        superuser.execute("delete from prooftrail.checkpoint where size > 21")
    before = rig.sizes()
    with pytest.raises(SignError, match=r"anchor .* has a checkpoint of 61 entries"):
        rig.signer(anchor).once()
    assert rig.sizes() == before


def test_a_lost_state_needs_the_anchors_that_were_named(rig: Rig) -> None:
    anchor = rig.anchor()
    forget(rig)
    anchor.directory.rmdir()
    with pytest.raises(SignError, match=r"state is lost.*mount it"):
        rig.signer(anchor).once()


def test_a_damaged_state_is_not_taken_for_a_lost_one(rig: Rig) -> None:
    (path,) = rig.state_files()
    path.write_text(path.read_text().replace('"size": 61', '"size": 60'))
    with pytest.raises(SignError, match="damaged"):
        rig.signer().once()


# The sealer buries no evidence.


def test_the_sealer_seals_nothing_over_a_truncated_log(rig: Rig) -> None:
    truncate(rig, 40)
    with pytest.raises(SealError, match=r"61 entries, the log has 21.*verify"):
        rig.seal(1)
    assert len(rig.leaves()) == 21


def test_the_sealer_seals_nothing_over_a_rewritten_log(rig: Rig) -> None:
    rewrite(rig, 7)
    with pytest.raises(SealError, match=r"entry 60 is not the one.*rewritten"):
        rig.seal(1)
    assert len(rig.leaves()) == 61


def test_the_sealer_goes_on_over_a_log_that_extends_its_checkpoint(rig: Rig) -> None:
    rig.seal(5)
    assert len(rig.leaves()) == 66


def test_a_walk_refuses_a_step_back_in_time() -> None:
    walk = Walk("main", bytes(16), Range(1, [bytes(32)]))
    row = HeaderRow(1, 1_000_000, 0, bytes(16), bytes(32), bytes(32), b"")

    def hashed(row: HeaderRow) -> HeaderRow:
        header = Header(
            row.kind, row.stream_id, row.prev, row.seq, row.recorded_us, row.body
        )
        return row._replace(leaf=header.leaf())

    first = hashed(row)
    walk.add(first)
    with pytest.raises(SignError, match="entry 2 was recorded at 1970-01-01T00:00:00Z"):
        walk.add(hashed(row._replace(seq=2, prev=first.leaf, recorded_us=0)))
    with pytest.raises(SignError, match="entry 2 does not link"):
        walk.add(hashed(row._replace(seq=2)))
    with pytest.raises(SignError, match="entry 2 states the id of another stream"):
        walk.add(hashed(row._replace(seq=2, prev=first.leaf, stream_id=b"o" * 16)))
