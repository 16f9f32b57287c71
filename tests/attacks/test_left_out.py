"""One stream that does not fit, and the others: it is left out, they go on.

Each test has one sealer for all of it, as the service has.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.errors import SealError
from prooftrail.seal import sealer as sealers
from prooftrail.seal.writing import Writing
from prooftrail.store import sealing, waiting
from tests.attacks.rig import MAIN, SIDE, Attacked, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.seal.sealed import Sealed


def rows_of(attacked: Attacked) -> dict[str, int]:
    rows = attacked.execute(
        "select stream, count(*) from prooftrail.inbox group by stream"
    )
    return dict(rows.fetchall())


def entries(attacked: Attacked, stream: str) -> int:
    return len(attacked.forger(stream).rows())


def truncate(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger("side").delete(SIDE - 3, SIDE)
    attacked.forger("side").correct_head()
    attacked.rearm()


def without_tail(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.forger("side").delete(SIDE)
    attacked.rearm()


def move_head_back(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.execute(
        "update prooftrail.head h set (seq, leaf, recorded_us) ="
        " (select seq, leaf, recorded_us from prooftrail.log l"
        " where l.stream = 2 and l.seq = 40) where h.stream = 2"
    )
    attacked.rearm()


def alter_registry(attacked: Attacked) -> None:
    attacked.execute(
        "update prooftrail.stream set stream_id = gen_random_uuid() where number = 2"
    )


def unregister(attacked: Attacked) -> None:
    attacked.execute(
        "set session_replication_role = replica;"
        " delete from prooftrail.stream where number = 2;"
        " set session_replication_role = origin"
    )


def claim_too_much(attacked: Attacked) -> None:
    attacked.unguard()
    attacked.execute(
        "insert into prooftrail.checkpoint values (2, 1099511627776, 0, 'x', '')"
    )
    attacked.rearm()


def delete_head(attacked: Attacked) -> None:
    attacked.execute("delete from prooftrail.head where stream = 2")


ATTACKS = [
    (truncate, "entries are gone"),
    (without_tail, "does not end with entry 61"),
    (move_head_back, "entry 41 lies beyond the head"),
    (alter_registry, "the registry was altered"),
    (claim_too_much, "entries are gone"),
    (delete_head, "its head is gone"),
]


@pytest.mark.parametrize(("attack", "told"), ATTACKS)
def test_a_stream_that_does_not_fit_waits_and_the_others_go_on(
    attacked: Attacked, attack: Callable[[Attacked], None], told: str
) -> None:
    with attacked.sealer(rows=7) as sealer:
        attacked.insert(event(3_000))
        attacked.insert(event(3_000), stream="side")
        sealer.drain()
        attack(attacked)
        before = entries(attacked, "side")
        # more than a batch of it comes first
        attacked.insert(*(event(4_000 + n) for n in range(30)), stream="side")
        attacked.insert(*(event(4_000 + n) for n in range(10)))
        done: list[Sealed] = []
        for _ in range(2):
            with pytest.raises(SealError, match=f"^stream 'side': .*{told}"):
                sealer.drain(done.append)
        assert [one.events for one in done] == [10, 0]
    assert entries(attacked, "main") == MAIN + 11
    assert entries(attacked, "side") == before
    assert rows_of(attacked) == {"side": 30}


def test_a_stream_that_lost_its_registration_is_left_out(attacked: Attacked) -> None:
    with attacked.sealer() as sealer:
        attacked.insert(event(3_000))
        sealer.drain()
        unregister(attacked)
        # nobody knows any more which rows are its own: none goes to quarantine
        attacked.insert(event(4_000), stream="side")
        attacked.insert(event(4_001))
        with pytest.raises(SealError, match="registry was altered"):
            sealer.drain()
    with (
        attacked.sealer() as fresh,
        pytest.raises(SealError, match=r"^stream number 2: it has a head"),
    ):
        fresh.drain()
    assert entries(attacked, "main") == MAIN + 2
    assert rows_of(attacked) == {"side": 1}


def test_a_registration_altered_before_entry_0_is_written(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = attacked.trail.stream("late")
    real = Writing.lead

    def lead(writing: Writing) -> object:
        found = real(writing)
        attacked.execute(
            "update prooftrail.stream set stream_id = gen_random_uuid()"
            " where number = %s",
            (late.number,),
        )
        return found

    monkeypatch.setattr(Writing, "lead", lead)
    attacked.insert(event(5_000))
    with (
        attacked.sealer() as sealer,
        pytest.raises(SealError, match=r"^stream 'late': the registry was altered"),
    ):
        sealer.drain()
    assert entries(attacked, "main") == MAIN + 1


@pytest.mark.parametrize("alter", [alter_registry, unregister])
@pytest.mark.parametrize("name", ["seal", "quarantine"])
def test_a_registry_altered_between_look_and_insert(
    attacked: Attacked,
    monkeypatch: pytest.MonkeyPatch,
    alter: Callable[[Attacked], None],
    name: str,
) -> None:
    real = getattr(sealing, name)

    def altered(*given: object) -> object:
        monkeypatch.setattr(sealing, name, real)
        alter(attacked)
        return real(*given)

    attacked.insert(event(5_000), event(5_001))
    attacked.insert(event(5_000), stream="side")
    if name == "quarantine":  # whose row holds the registry's in place from then on
        attacked.insert("no event", stream="side")
    count = rows_of(attacked)["side"]
    before = entries(attacked, "side")
    with attacked.sealer() as sealer:
        monkeypatch.setattr(sealing, name, altered)
        with pytest.raises(SealError, match=r"side.*registry was altered") as told:
            sealer.drain()
    assert "main" not in str(told.value)
    assert entries(attacked, "main") == MAIN + 2
    assert entries(attacked, "side") == before
    assert rows_of(attacked) == {"side": count}


def test_its_rows_are_neither_fetched_again_nor_in_the_way_of_late_ones(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(attacked)
    late = psycopg.connect(attacked.trail.login_dsn("writer"))
    late.execute(
        "insert into prooftrail.inbox (event)"
        " select jsonb_build_object('actor', '{\"userId\": \"late\"}'::jsonb,"
        " 'action', 'a.b', 'result', 'success')::text"
    )
    attacked.insert(*(event(4_000 + n) for n in range(50)), stream="side")
    fetched: list[str] = []
    real = waiting.fetch

    def fetch(*given: object, **named: object) -> list[waiting.InboxRow]:
        rows = real(*given, **named)  # type: ignore[arg-type]
        fetched.extend(row.stream for row in rows)
        return rows

    monkeypatch.setattr(waiting, "fetch", fetch)
    with attacked.sealer(rows=5) as sealer:
        assert sealer.turn().warnings
        for _ in range(3):
            sealer.turn()
        attacked.insert(event(5_000))
        assert sealer.turn().events == 1  # at once, with all of side's before it
        late.commit()
        late.close()
        with pytest.raises(SealError, match="side"):
            sealer.drain()
    assert set(fetched) == {"main"}
    assert rows_of(attacked) == {"side": 50}


def test_it_is_told_once_a_minute_and_sealed_again_once_it_fits(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = attacked.execute("select * from prooftrail.head where stream = 2").fetchone()
    assert kept is not None
    stop = threading.Event()
    told: list[Sealed] = []
    with attacked.sealer() as sealer:
        running = threading.Thread(target=sealer.run, args=(stop, told.append))
        running.start()
        try:
            move_head_back(attacked)
            for number in (5_000, 5_010, 5_020):
                attacked.insert(event(number), stream="side")
                attacked.insert(event(number))
                until(lambda: "main" not in rows_of(attacked))
            warned = [text for one in told for text in one.warnings]
            assert len(warned) == 1
            assert "stream 'side'" in warned[0]
            attacked.execute(
                "update prooftrail.head set (seq, leaf, recorded_us) = (%s, %s, %s)"
                " where stream = 2",
                kept[1:4],
            )
            monkeypatch.setattr(sealers, "LOOK_AGAIN", 0.1)
            until(lambda: not rows_of(attacked))
        finally:
            stop.set()
            running.join()
    assert entries(attacked, "side") == SIDE + 3
    report = attacked.verify(anchored=True)
    assert report.findings == []


def until(fulfilled: Callable[[], bool]) -> None:
    wait = threading.Event()
    for _ in range(200):
        if fulfilled():
            return
        wait.wait(0.05)
    raise AssertionError("not within 10 s")


def test_a_sealer_without_any_stream_that_fits_ends(attacked: Attacked) -> None:
    with attacked.sealer() as sealer:
        truncate(attacked)
        alter_main = "update prooftrail.stream set stream_id = gen_random_uuid()"
        attacked.execute(alter_main)
        with pytest.raises(SealError) as told:
            sealer.run(threading.Event(), lambda _: None)
    assert "stream 'main'" in str(told.value)
    assert "stream 'side'" in str(told.value)


def test_the_command_seals_the_others_and_names_it(
    attacked: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    truncate(attacked)
    attacked.insert(event(5_000), stream="side")
    attacked.insert(event(5_000), event(5_001))
    monkeypatch.setenv("PROOFTRAIL_DSN", attacked.trail.dsn)
    done = CliRunner().invoke(main, ["seal", "--once"])
    assert done.exit_code == 1
    assert "sealed 2 events" in done.stdout
    assert "stream 'side'" in done.stderr
    assert "stream 'main'" not in done.stderr
