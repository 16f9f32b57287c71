"""Attack 7: events deleted or edited in the inbox, before they are sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from prooftrail.store import files
from tests.attacks.rig import event

if TYPE_CHECKING:
    from tests.attacks.rig import Attacked

STATEMENTS = {
    "delete": "delete from prooftrail.inbox",
    "update": "update prooftrail.inbox set event = '{}'",
    "update login": "update prooftrail.inbox set login = 'root'",
    "truncate": "truncate prooftrail.inbox",
    "insert login": "insert into prooftrail.inbox (event, login) values ('{}', 'root')",
    "insert time": "insert into prooftrail.inbox (event, received_at)"
    " values ('{}', now())",
    "lock": "select * from prooftrail.inbox for update",
    "drop": "drop table prooftrail.inbox",
    "alter": "alter table prooftrail.inbox alter column login drop default",
    "trigger": "create trigger x before insert on prooftrail.inbox"
    " for each row execute function prooftrail.refuse()",
    "rule": "create rule x as on insert to prooftrail.inbox do instead nothing",
}


@pytest.mark.parametrize("login", files.LOGINS)
def test_7_an_unsealed_event_cannot_be_touched(attacked: Attacked, login: str) -> None:
    attacked.insert(event(500))
    link = attacked.trail.login(login)
    for name, statement in STATEMENTS.items():
        if (login, name) == ("sealer", "delete"):
            continue  # sealing is this: it moves them
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            link.execute(statement)
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 1
    assert attacked.verify(anchored=True).verdict.exit_code == 0


def test_7_a_superuser_deletes_an_unsealed_event_and_nothing_tells(
    attacked: Attacked,
) -> None:
    attacked.insert(event(500), event(501))
    attacked.execute("delete from prooftrail.inbox where event like '%cust_501%'")
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 1
    # stated in docs/explanation/threat-model.md: a chain covers what was sealed
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
