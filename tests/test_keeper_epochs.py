from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from prooftrail.capture.published import PublishedFile
from prooftrail.errors import ConfigurationError
from prooftrail.keep.epoch_files import EpochFiles
from tests.keeping_rig import DAY, Rig
from tests.test_keeper import event
from tests.trail import now_us

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    assert made.keep().made
    return made


def test_epoch_keys_are_made_ahead_published_and_destroyed_when_drained(
    trail: Trail, tmp_path: Path
) -> None:
    present = [now_us()]
    rig = Rig(trail, tmp_path / "keeper", clock=lambda: present[0])
    rig.keep()
    published = PublishedFile(rig.published)()
    assert published is not None
    assert published.streams == {"main": trail.made["main"].stream_id}
    assert len(published.keys) == 15
    today = published.current(present[0])
    assert today is not None
    assert published.current(present[0] + 14 * DAY) is not None
    assert published.current(present[0] + 15 * DAY) is None
    modes = {
        path.stat().st_mode & 0o777 for path in (tmp_path / "keeper/epochs").iterdir()
    }
    assert modes == {0o600}
    assert (tmp_path / "keeper/master.key").stat().st_mode & 0o777 == 0o600
    assert rig.published.stat().st_mode & 0o777 == 0o644
    assert not re.search("private|secret", rig.published.read_text())

    rig.record(**event())  # stays in the inbox: its epoch is not drained
    present[0] += 8 * DAY
    assert rig.keep().destroyed == 0
    rig.seal()
    done = rig.keep()
    assert (done.values, done.misfits) == (2, {})
    assert rig.keep().destroyed == 1
    keys = EpochFiles(tmp_path / "keeper/epochs", random=os.urandom).all()
    assert today.key_id not in {epoch.key.key_id for epoch in keys}
    again = PublishedFile(rig.published)()
    assert again is not None
    assert today not in again.keys
    assert again.current(present[0] + 14 * DAY) is not None


def test_an_epoch_key_that_others_can_read_or_that_is_another_is_refused(
    rig: Rig,
) -> None:
    one, two = sorted((rig.directory / "epochs").iterdir())[:2]
    one.chmod(0o644)
    with pytest.raises(ConfigurationError, match="0644"):
        rig.keep()
    one.chmod(0o600)
    one.write_bytes(two.read_bytes())
    with pytest.raises(ConfigurationError, match="not the epoch key"):
        rig.keep()


def test_the_keeper_reads_no_event_that_has_nothing_in_its_keeping(rig: Rig) -> None:
    event_id = rig.record(actor={"userId": "u"}, action="auth.logout", result="success")
    rig.seal()
    link = rig.trail.login("keeper")
    assert link.execute(
        "select prooftrail.held(1::smallint, %s)", (event_id,)
    ).fetchone() == (None,)
    for statement in (
        "select event from prooftrail.log",
        "select event from prooftrail.inbox",
        "delete from prooftrail.vault",
        "update prooftrail.vault set sealed = ''",
        "select * from prooftrail.mismatch",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute(statement)
