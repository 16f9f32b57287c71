"""The signer on a real log: when it signs, what it signs, and that it catches up."""

from __future__ import annotations

import os
import random  # noqa: TID251  seeded
import threading
from typing import TYPE_CHECKING

import pytest

from prooftrail.core.note import parse_note, verify_note
from prooftrail.core.origin import Origin
from prooftrail.errors import SignError
from prooftrail.signing.keys import MasterKey, SigningKeys, check_ed25519
from prooftrail.store import connect, streams
from prooftrail.store.keeping import keep
from tests.signing_rig import MASTER, Rig, forget, rigs
from tests.trail import BASE, Trail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prooftrail.sign.signed import Signed


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def time_of(rig: Rig, text: str) -> int | None:
    keys = SigningKeys(MASTER, rig.stream().origin)
    check = verify_note(
        parse_note(text.encode()), keys.verification_keys, check_ed25519
    )
    return check.time_s


def test_every_thousandth_entry_is_signed_while_catching_up(rig: Rig) -> None:
    rig.every_entries = 1_000
    rig.seal(2_600)  # and entry 0
    signer = rig.signer()
    done = signer.turn()
    assert [made.size for made in done.checkpoints] == [1_000, 2_000]
    assert signer.once().checkpoints[0].size == 2_601
    assert rig.sizes() == [1_000, 2_000, 2_601]
    rig.check()


def test_an_entry_is_unsigned_for_five_seconds_at_most(rig: Rig) -> None:
    signer = rig.signer()
    rig.seal(3)
    assert signer.turn().checkpoints == []
    rig.clock.move(4.9)
    rig.seal(2)
    assert signer.turn().checkpoints == []
    rig.clock.move(0.1)
    assert [made.size for made in signer.turn().checkpoints] == [6]
    assert signer.turn().checkpoints == []
    rig.clock.move(30)
    rig.seal(1)
    assert signer.turn().checkpoints == []
    rig.clock.move(5)
    assert [made.size for made in signer.turn().checkpoints] == [7]
    rig.check()


def test_an_entry_from_before_the_start_is_signed_at_once(rig: Rig) -> None:
    rig.seal(3)
    rig.clock.move(3_600 + 30)
    assert [made.size for made in rig.signer().turn().checkpoints] == [4]


def test_a_log_at_rest_gets_a_heartbeat_every_minute(rig: Rig) -> None:
    rig.seal(3)
    signer = rig.signer()
    signer.once()
    rig.clock.move(59)
    assert signer.turn().checkpoints == []
    rig.clock.move(1)
    (made,) = signer.turn().checkpoints
    assert (made.size, made.heartbeat) == (4, True)
    first, second = (note for _, note, _ in rig.checkpoints())
    assert first.split("\n")[:5] == second.split("\n")[:5]  # text and plain signature
    assert (time_of(rig, second) or 0) - (time_of(rig, first) or 0) == 60
    rig.clock.move(60)
    again = rig.signer().turn()  # a restart goes on in the same rhythm
    assert [made.size for made in again.checkpoints] == [4]
    rig.check()


def test_a_clock_set_back_does_not_silence_the_signer(rig: Rig) -> None:
    rig.seal(3)
    signer = rig.signer()
    signer.once()
    rig.clock.move(-3_600)
    assert [made.heartbeat for made in signer.turn().checkpoints] == [True]
    assert signer.turn().checkpoints == []
    rig.seal(1)
    rig.clock.move(-10)
    signer.turn()
    rig.clock.move(5)
    signer.turn()
    assert rig.sizes()[-1] == 5
    rig.check()


def test_two_checkpoints_of_one_size_and_time_are_both_kept(rig: Rig) -> None:
    rig.seal(3)
    rig.signer().once()
    forget(rig)
    rig.trail.superuser().execute(
        "alter table prooftrail.checkpoint disable trigger all"
    )
    rig.trail.superuser().execute(
        "update prooftrail.checkpoint set signed_us = signed_us + 60000000"
    )
    rig.clock.move(60)
    rig.signer().once()
    assert rig.sizes() == [4, 4]


def test_an_empty_stream_is_not_signed(rig: Rig) -> None:
    signer = rig.signer(rig.anchor())
    rig.clock.move(3_600)
    assert signer.once().checkpoints == []
    assert rig.sizes() == []


def test_signed_roots_are_the_tree_hashes_of_rfc_6962(rig: Rig) -> None:
    seeded = random.Random(6962)
    rig.every_entries = 7
    anchor = rig.anchor()
    signer = rig.signer(anchor)
    for _ in range(12):
        rig.seal(seeded.randint(1, 60))
        rig.clock.move(seeded.choice([0, 3, 6]))
        if seeded.random() < 0.3:
            signer = rig.signer(anchor)
        signer.turn()
    signer.once()
    assert len(set(rig.sizes())) > 40
    rig.check(anchor)


def test_each_stream_is_signed_with_keys_of_its_own(rig: Rig) -> None:
    rig.trail.stream("second")
    rig.seal(12)
    rig.seal(25, "second")
    anchor = rig.anchor()
    done = rig.signer(anchor).once()
    assert {(made.stream, made.size) for made in done.checkpoints} == {
        ("main", 10),
        ("main", 13),
        ("second", 10),
        ("second", 20),
        ("second", 26),
    }
    rig.check(anchor)
    rig.check(anchor, stream="second")


def test_a_stream_made_meanwhile_is_taken_up(rig: Rig) -> None:
    rig.seal(2)
    signer = rig.signer()
    signer.once()
    rig.trail.stream("later")
    rig.seal(2, "later")
    signer.once()
    assert rig.sizes("later") == [3]


def test_other_keys_than_entry_0_states_are_refused(rig: Rig) -> None:
    stream_id = os.urandom(16)
    keys = SigningKeys(MASTER, Origin(BASE, stream_id, 1).text()).verification_keys
    admin = connect.connect(None, dsn=rig.trail.dsn, autocommit=True)
    rig.trail.made["keyed"] = streams.create(
        admin,
        "keyed",
        stream_id=stream_id,
        base=BASE,
        keys=[key.format() for key in keys],
    )
    admin.close()
    rig.seal(3, "keyed")
    with pytest.raises(SignError, match=r"'keyed'.*--key-file"):
        rig.signer(master=MasterKey(b"o" * 32)).once()
    assert rig.sizes("keyed") == []
    assert rig.sizes() == [1]  # the other stream is signed all the same
    forget(rig)
    with pytest.raises(SignError, match=r"'main'.*not signed with this signer's keys"):
        rig.signer().once()
    assert rig.sizes("keyed") == [4]


def test_a_stream_without_keys_is_signed_with_a_warning(rig: Rig) -> None:
    rig.seal(1)
    done = rig.signer().once()
    assert len(done.checkpoints) == 1
    assert any("states no key" in told for told in done.warnings)


def test_a_state_directory_belongs_to_one_signer(rig: Rig) -> None:
    rig.beside()
    with pytest.raises(SignError, match="another signer"):
        rig.beside()


def test_two_signers_with_the_same_keys_are_noticed(rig: Rig) -> None:
    rig.seal(3)
    first, second = rig.beside(), rig.beside(states="others")
    first.once()
    second.once()
    rig.seal(3)
    second.once()
    with pytest.raises(SignError, match="another signer has the same keys"):
        first.once()
    rig.check()


def test_the_loop_signs_until_it_is_stopped(rig: Rig) -> None:
    rig.seal(12)
    signer = rig.signer()
    stop = threading.Event()
    told: list[Signed] = []

    def stopping(done: Signed) -> None:
        told.append(done)
        stop.set()

    keep(lambda: signer, stop, stopping, pytest.fail)
    assert [made.size for made in told[0].checkpoints] == [10]


def test_the_loop_waits_for_a_database_that_is_away(rig: Rig) -> None:
    rig.seal(12)
    signer = rig.signer()
    rig.trail.superuser().execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'prooftrail signer'"
        " and datname = current_database()"
    )
    stop = threading.Event()
    told: list[Signed] = []
    warned: list[str] = []
    signers = iter([signer])

    def stopping(done: Signed) -> None:
        told.append(done)
        stop.set()

    keep(lambda: next(signers, None) or rig.signer(), stop, stopping, warned.append)
    assert "the database ended the connection" in warned[0]
    assert [made.size for made in told[0].checkpoints] == [10]
