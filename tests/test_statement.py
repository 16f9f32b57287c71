"""Trail statements: shaped like events, and like nothing an application can state."""

from __future__ import annotations

import pytest

from prooftrail.core import catalog, events, instants, jcs, projection, statement
from prooftrail.errors import EventError

NOW = instants.microseconds("2026-02-17T14:23:01.445Z")
EVENT_ID = "019c6c0e-5f45-7000-8000-000000000000"
ALL = (
    statement.STREAM_CREATE,
    statement.QUARANTINE,
    statement.CLAIM,
    statement.CLOCK,
)


def test_entry_0_states_format_origin_name_and_keys() -> None:
    details = statement.stream_create("audit.example.com/s/1", "main", ["key"])
    made = statement.statement(
        statement.STREAM_CREATE,
        stream="main",
        details=details,
        event_id=EVENT_ID,
        at_us=NOW,
    )
    assert jcs.canonical(made) == (
        b'{"action":"trail.stream.create","actor":{"type":"system","userId":"prooftrail'
        b'.sealer"},"details":{"format":"prooftrail/v1","keys":["key"],"name":"main",'
        b'"origin":"audit.example.com/s/1"},"eventId":"019c6c0e-5f45-7000-8000-00000000'
        b'0000","resource":{"id":"main","type":"stream"},"result":"success",'
        b'"timestamp":"2026-02-17T14:23:01.445Z"}'
    )


@pytest.mark.parametrize("action", ALL)
def test_a_statement_projects_and_is_refused_as_an_event(action: str) -> None:
    made = statement.statement(
        action,
        stream="main",
        details={"a": 1},
        event_id=EVENT_ID,
        at_us=NOW,
        duty="signer",
    )
    data = jcs.canonical(made)
    found, touched = projection.read(data)
    assert found == projection.project(events.decode(data))
    assert (found.actor, found.action) == ("prooftrail.signer", action)
    assert (found.resource_type, found.resource_id) == ("stream", "main")
    assert (found.occurred_us, found.pii, touched) == (NOW, False, [])
    assert catalog.is_trail(action)
    with pytest.raises(EventError, match="the trail's own"):
        events.check(data, made, now_us=NOW)
