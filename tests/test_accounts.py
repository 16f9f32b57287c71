"""Accounts: known by what they do and by what is done to them; used by successes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.core import instants
from prooftrail.errors import DatabaseError, QuestionError
from prooftrail.store import accounts, searching
from prooftrail.store.question import Question
from tests.sealing import event, insert, seal
from tests.searched import ALL_TIME, BEGIN, DAY, asker
from tests.signing_rig import unguarded

if TYPE_CHECKING:
    from prooftrail.store.accounts import Account
    from tests.trail import Trail

TOKEN = "of a test"


def done(
    day: int, who: str, action: str = "auth.login.success", **more: Any
) -> dict[str, Any]:
    return event(
        timestamp=instants.text(BEGIN + day * DAY),
        actor={"userId": who},
        action=action,
        **{"result": "success", **more},
    )


def read(trail: Trail, period: tuple[int, int] = ALL_TIME) -> dict[str, Account]:
    with (
        asker(trail, f"{TOKEN} {period}", period=period) as readers,
        readers.reading(f"{TOKEN} {period}") as reader,
    ):
        return {one.id: one for one in accounts.read(reader, [1])}


def staff(who: str) -> dict[str, Any]:
    return {"resource": {"type": "staff", "id": who}}


@pytest.fixture
def filled(trail: Trail) -> Trail:
    insert(
        trail,
        done(0, "root", "admin.user.create", **staff("never")),
        done(0, "root", "admin.user.create", **staff("often")),
        done(1, "often"),
        done(9, "often"),
        done(30, "often", result="denied"),  # no use of it
        done(2, "left"),
        done(3, "root", "admin.user.disable", **staff("left")),
        done(2, "back"),
        done(3, "root", "admin.user.disable", **staff("back")),
        done(4, "back"),
        done(5, "tried", result="failure"),
        done(6, "root", "admin.user.create", result="denied", **staff("nobody")),
        event(
            timestamp=instants.text(BEGIN + DAY),
            actor={"type": "service", "userId": "svc"},
            action="auth.login.success",
            result="success",
        ),
    )
    seal(trail)
    return trail


def test_accounts_are_those_that_acted_or_were_made(filled: Trail) -> None:
    found = read(filled)
    assert set(found) == {"root", "never", "often", "left", "back", "tried"}
    at = BEGIN + 8 * DAY
    assert {who: one.state(at) for who, one in found.items()} == {
        "root": "dormant",
        "never": "dormant",
        "often": "active",
        "left": "disabled",
        "back": "dormant",
        "tried": "dormant",
    }
    assert found["often"].used_us == BEGIN + 9 * DAY
    assert found["often"].made_us == BEGIN
    assert found["never"].used_us is None
    assert found["never"].unused_us == BEGIN
    assert found["left"].ended_us == BEGIN + 3 * DAY
    assert next(iter(found)) == "never"  # unused for longest


def test_a_period_has_its_own_accounts(filled: Trail) -> None:
    found = read(filled, (BEGIN + 4 * DAY, BEGIN + 10 * DAY))
    assert set(found) == {"root", "often", "back", "tried"}
    assert found["often"].made_us is None


def test_too_many_are_refused(filled: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST", 3)
    with pytest.raises(QuestionError, match="more than 3 accounts"):
        read(filled)


@pytest.mark.parametrize(
    "bytes_", [b"no json", b"\xff\xfe", b'{"actor": {"type": "\\u0000"}}']
)
def test_bytes_that_are_no_event_are_told_as_an_altered_log(
    filled: Trail, bytes_: bytes
) -> None:
    """By whoever dropped every guard: what he wrote is quoted to nobody."""
    with unguarded(filled) as admin:
        admin.execute("alter table prooftrail.log drop constraint body_is_hash")
        admin.execute(
            "update prooftrail.log set event = %s, result = 'success'"
            " where seq = (select max(seq) from prooftrail.log where kind = 0)",
            (bytes_,),
        )
    with asker(filled, TOKEN, period=ALL_TIME) as readers:
        with (
            pytest.raises(DatabaseError, match="the log was altered") as raised,
            readers.reading(TOKEN) as reader,
        ):
            accounts.read(reader, [1])
        assert "no json" not in str(raised.value)
        with readers.reading(TOKEN) as reader:  # the pool's connection is whole
            assert searching.count(reader, Question(), searching.ends(reader))
