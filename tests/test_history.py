"""History by several processes: what one look at all of it finds, or a clear error."""

from __future__ import annotations

import itertools
import os
from random import Random  # noqa: TID251  seeded: a run can be repeated
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.detections import STANDARD, detect, families
from prooftrail.errors import DatabaseError
from prooftrail.search import history
from prooftrail.store import detecting, searching
from prooftrail.store.detecting import Share
from tests.sealing import event, insert, seal
from tests.searched import asker
from tests.signing_rig import unguarded
from tests.test_detections_naively import LEFT, PAUSES, RULES, made

if TYPE_CHECKING:
    from prooftrail.detections import Hit, Rule, Seen
    from tests.trail import Trail

LOGINS, OTHERS = families.split(RULES)
TOKENS = itertools.count()
PEOPLE = [f"usr_{number}" for number in range(12)]


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.sampled_from(PAUSES), max_size=120),
    st.integers(1, 4),
)
def test_parts_find_what_the_whole_does(seed: int, pauses: list[int], of: int) -> None:
    random, at, events = Random(seed), 0, []
    for pause in pauses:
        at += pause
        events.append(made(random, at))
    parts = detect(events, LOGINS, LEFT)
    for number in range(of):
        share = [one for one in events if _share(one, of) == number]
        parts += detect(share, OTHERS, LEFT)
    assert sorted(parts, key=_order) == detect(events, RULES, LEFT)


def test_a_rule_is_of_one_kind() -> None:
    assert sorted([*LOGINS, *OTHERS]) == sorted(RULES)
    assert {"guessing", "repeated-lockouts"} <= {one.id for one in LOGINS}
    assert {"mass-access", "leavers-use"} <= {one.id for one in OTHERS}


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shares_are_all_that_there_is_and_none_twice(trail: Trail, of: int) -> None:
    traffic(trail)
    whole = read(trail, OTHERS, Share(0, 1))
    assert len(whole) > 50
    shares = [read(trail, OTHERS, Share(number, of)) for number in range(of)]
    assert sorted(one.seq for share in shares for one in share) == sorted(
        one.seq for one in whole
    )
    people = [{one.actor or one.ip for one in share} - {None} for share in shares]
    for at, mine in enumerate(people):
        assert mine
        assert not any(mine & others for others in people[at + 1 :])


def test_what_no_rule_asked_for_is_not_read(trail: Trail) -> None:
    traffic(trail)
    logins = {one.action for one in read(trail, LOGINS)}
    assert logins
    assert all(".login." in one or one.endswith(".account.lock") for one in logins)
    others = {one.action for one in read(trail, OTHERS)}
    assert "customer.pii.view" in others


def test_processes_find_what_one_does(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic(trail)
    alone, together = look(trail, monkeypatch)
    assert alone == together
    assert {"guessing", "mass-access", "denial-probing"} <= {one.rule for one in alone}


def test_what_a_process_cannot_read_is_told(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(trail, event(action="admin.permission.grant", actor={"userId": "usr_1"}))
    seal(trail)
    with unguarded(trail) as admin:
        admin.execute("alter table prooftrail.log drop constraint body_is_hash")
        admin.execute("update prooftrail.log set event = 'no event' where seq = 1")
    with pytest.raises(DatabaseError, match=r"entry 1 .*altered"):
        look(trail, monkeypatch)


def test_a_process_that_is_ended_is_told(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic(trail)
    monkeypatch.setattr(history, "_look_as", ended)
    with pytest.raises(DatabaseError, match="Is there memory for it"):
        look(trail, monkeypatch)


def ended(*_: object) -> None:
    os._exit(9)


def look(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Hit], list[Hit]]:
    """Return the hits that one process finds, and those that several do."""
    token = f"of history {next(TOKENS)}"
    monkeypatch.setattr(history, "LONG", 0)
    with asker(trail, token) as readers, readers.reading(token) as reader:
        last = searching.ends(reader)[1]
        past = history.Past(1, last, None, None, STANDARD, {})
        who = history.Asker(trail.login_dsn("reader"), token)
        together = history.look_together(reader, past, who)
        return history.look(reader, past), together


def traffic(trail: Trail) -> None:
    """Fill a log with what rules of both kinds find, of several people."""
    texts: list[dict[str, Any]] = []
    for number in range(30):
        at = f"2026-02-01T00:00:{number:02}Z"
        texts.append(
            event(
                action="auth.login.failure",
                result="failure",
                timestamp=at,
                resource={"type": "account", "id": "ada"},
                actor={"userId": "ada", "ipAddress": "203.0.113.9"},
            )
        )
        for who in PEOPLE:
            one = event(
                action="customer.pii.view",
                timestamp=at,
                actor={"userId": who},
                resource={"type": "customer", "id": f"cust_{number}"},
            )
            texts.append(one)
            texts.append(
                event(
                    action="admin.config.update",
                    result="denied",
                    timestamp=at,
                    actor={"userId": who},
                )
            )
    insert(trail, *texts)
    seal(trail)


def read(trail: Trail, rules: list[Rule], share: Share = detecting.ALL) -> list[Seen]:
    token = f"of history {next(TOKENS)}"
    with asker(trail, token) as readers, readers.reading(token) as reader:
        last = searching.ends(reader)[1]
        return list(detecting.events(reader, 1, last, rules=rules, share=share))


def _share(one: Seen, of: int) -> int:
    return crc32((one.actor or one.ip or "").encode()) % of


def _order(hit: Hit) -> tuple[object, ...]:
    return hit.first, hit.rule, hit.key
