"""Attack 10: two sealers; one killed between any two steps; a restored backup."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from prooftrail.errors import ProoftrailError
from tests.attacks.rig import (
    MAIN,
    NEWEST,
    Attacked,
    clone,
    drop,
    event,
    hidden,
    summary,
)

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg.abc import RV, PQGen


def sealed_ids(attacked: Attacked) -> Counter[str]:
    rows = attacked.execute(
        "select event from prooftrail.log where stream = 1 and kind = 0"
    )
    return Counter(json.loads(row[0])["eventId"] for row in rows.fetchall())


def test_10_two_sealers_at_once(attacked: Attacked) -> None:
    before = sealed_ids(attacked)
    stop = threading.Event()
    errors: list[BaseException] = []

    def seal() -> None:
        try:
            with attacked.sealer(rows=7) as sealer:
                while not stop.is_set():
                    sealer.turn()
                sealer.drain()
        except BaseException as error:  # noqa: BLE001  told by the test itself
            errors.append(error)

    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for one in sealers:
        one.start()
    for number in range(1_000, 1_300, 10):
        attacked.insert(*(event(number + step) for step in range(10)))
        attacked.insert(event(number), stream="side")
    stop.set()
    for one in sealers:
        one.join()
    assert errors == []
    added = sealed_ids(attacked) - before
    assert set(added.values()) == {1}
    assert len(added) == 300
    assert attacked.verify(anchored=True).findings == []


class Dying(psycopg.Connection[Any]):
    """A connection that dies at the n-th time that it waits for the server."""

    left: int | None = None  # waits until death; None: immortal
    after = False  # whether the server still gets the last message

    def wait(self, gen: PQGen[RV], *args: Any, **named: Any) -> RV:
        if Dying.left is not None:
            Dying.left -= 1
            if Dying.left <= 0:
                if Dying.after and Dying.left == 0:
                    super().wait(gen, *args, **named)
                self.pgconn.finish()
                raise psycopg.OperationalError("killed by the test")
        return super().wait(gen, *args, **named)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_10_a_sealer_killed_between_any_two_steps(
    attacked: Attacked,
    after: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = sealed_ids(attacked)
    monkeypatch.setattr(psycopg, "connect", Dying.connect)
    monkeypatch.setattr(Dying, "after", after)
    first = 1_000
    for step in itertools.count(1):
        # two batches, an envelope-less duplicate, one that no entry can hold
        events = [event(first + n) for n in range(5)]
        attacked.insert(*events, events[0], '{"not": "an event"}')
        attacked.insert(event(first), stream="side")
        first += 10
        monkeypatch.setattr(Dying, "left", None)
        survived = False
        with attacked.sealer(rows=3) as sealer:
            monkeypatch.setattr(Dying, "left", step)
            try:
                sealer.drain()
                survived = True
            except ProoftrailError:
                pass
            monkeypatch.setattr(Dying, "left", None)
        with attacked.sealer() as fresh:
            fresh.drain()
        added = sealed_ids(attacked) - known
        assert added == Counter({one["eventId"]: 1 for one in events})
        known += added
        if survived:
            break
    assert step > 15
    kept = attacked.execute("select count(*) from prooftrail.quarantine").fetchone()
    assert kept == (step,)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [one.kind.value for one in report.findings] == ["quarantined"]


def test_10_a_restored_backup_that_goes_on(
    prepared: Attacked, attacked: Attacked, tmp_path: Path
) -> None:
    place = tmp_path / "backup"
    place.mkdir()
    backup = clone(prepared, place)
    try:
        attacked.seal(2_000, 40)
        attacked.sign()  # the anchor has seen more than the backup
        backup.anchor = attacked.anchor
        # the backup by itself is whole
        assert backup.verify().findings == []
        report = backup.verify(anchored=True)
        assert report.verdict.exit_code == 1
        last = NEWEST + 40
        assert summary(report) == [("main", "truncated", MAIN, last)]
        # it goes on with other events
        backup.seal(3_000, 60)
        assert backup.verify().verdict.exit_code == 0
        for _ in range(2):
            report = backup.verify(anchored=True)
            assert report.verdict.exit_code == 1
            assert summary(report) == [("main", "rewritten", MAIN, last)]
            backup.seal(4_000, 10)
        backup.unguard()
        backup.execute("delete from prooftrail.checkpoint")
        hidden(backup)
        # and the signer, which remembers, signs nothing of it
        with pytest.raises(ProoftrailError, match="rewritten"):
            backup.sign(states=attacked.states)
        # the original is as it was
        assert attacked.verify(anchored=True).findings == []
    finally:
        drop(backup)
