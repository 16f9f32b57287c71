"""Attacks 4 and 6 under a sealer that runs: what it has looked at once tells nothing.

A sealer's memory of a checkpoint must not outlast the log that it was compared with:
each test has one sealer from before the attack to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.errors import SealError
from tests.attacks.rig import MAIN, MIDDLE, NEWEST, Attacked, event

if TYPE_CHECKING:
    from collections.abc import Callable


def truncate(attacked: Attacked) -> None:
    attacked.forger().delete(NEWEST - 10, MAIN)


def rewrite(attacked: Attacked) -> None:
    def innocent(value: Any) -> None:
        value["actor"]["userId"] = "usr_framed"

    attacked.forger().rewrite(MIDDLE, innocent)


@pytest.mark.parametrize(
    ("attack", "told"),
    [(truncate, "entries are gone"), (rewrite, "the log was rewritten")],
)
def test_46_a_running_sealer_buries_nothing(
    attacked: Attacked, attack: Callable[[Attacked], None], told: str
) -> None:
    with attacked.sealer() as sealer:
        attacked.insert(event(3_000))
        assert sealer.drain().events == 1  # it has looked at the newest checkpoint
        attacked.unguard()
        attack(attacked)
        attacked.forger().correct_head()
        attacked.rearm()
        left = len(attacked.forger().rows())
        attacked.insert(event(3_001))
        for _ in range(2):
            with pytest.raises(SealError, match=f"stream 'main': .*{told}"):
                sealer.drain()
        assert len(attacked.forger().rows()) == left
    waiting = attacked.execute("select count(*) from prooftrail.inbox").fetchone()
    assert waiting == (1,)


def test_46_a_last_entry_replaced_under_its_checkpoint(attacked: Attacked) -> None:
    with attacked.sealer() as sealer:
        attacked.insert(event(3_000))
        assert sealer.drain().events == 1
        attacked.disarm()
        # neither head nor newest entry move, only the leaf that was signed last
        attacked.execute(
            "update prooftrail.log set leaf = sha256('') where stream = 1 and seq = %s",
            (NEWEST,),
        )
        attacked.rearm()
        attacked.insert(event(3_001))
        with pytest.raises(SealError, match="the log was rewritten"):
            sealer.drain()
