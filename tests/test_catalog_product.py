"""What the product itself records says what its types ask for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from prooftrail.catalog import find, missing, registry, tell
from prooftrail.integrity.findings import Kind, failure
from prooftrail.service import telling
from tests.commands import run
from tests.sealing import event, insert, seal

if TYPE_CHECKING:
    from tests.trail import Trail


def done(trail: Trail, *arguments: str, **env: str) -> str:
    ended = run(trail, *arguments, **env)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def recorded(trail: Trail) -> list[dict[str, Any]]:
    rows = trail.superuser().execute("select event from prooftrail.inbox order by id")
    return [json.loads(row[0]) for row in rows]


def test_events_of_the_commands_lack_nothing(trail: Trail) -> None:
    insert(trail, event())
    seal(trail)
    token = done(trail, "key", "create", "a test", "--role", "auditor").strip()
    done(trail, "search", "--count", PROOFTRAIL_KEY=token)
    done(trail, "search", PROOFTRAIL_KEY=token)
    done(trail, "search", "--format", "jsonl", PROOFTRAIL_KEY=token)
    done(trail, "tail", PROOFTRAIL_KEY=token)
    done(trail, "verify")
    done(trail, "key", "revoke", "1")
    done(trail, "retention", "set", "--framework", "SOC2")
    found = recorded(trail)
    assert {one["action"] for one in found} == {
        "admin.apikey.create",
        "admin.apikey.revoke",
        "audit.chain.verify",
        "audit.log.export",
        "audit.log.view",
        "prooftrail.retention.set",
    }
    for one in found:
        assert missing(one) == [], one
        assert find(one["action"]) in {
            *registry.BUILT_IN.values(),
            *registry.PRODUCT.values(),
        }
        assert one["action"] not in tell(one)
    told = [tell(one).partition(" ")[2] for one in found]
    assert told[0] == "issued api key a test for auditor"
    assert "looked into the trail (2 events)" in told
    assert "exported 2 events of the trail as jsonl" in told
    assert "verified the trail: verified" in told


def test_the_event_of_a_finding_lacks_nothing() -> None:
    details = telling._plain(failure(Kind.EDITED, "main", 7, "edited"))
    one = {
        "actor": telling.ACTOR,
        "action": telling.FINDING,
        "result": "failure",
        "details": details,
    }
    assert missing(one) == []
    assert tell(one) == "prooftrail-serve found the log edited in main at entry 7"
