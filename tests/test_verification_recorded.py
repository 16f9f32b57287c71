"""The event of a verification tells each stream of that stream alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.integrity import segment
from prooftrail.verification import recording
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.sealing import event, insert, seal
from tests.signing_rig import unguarded

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.trail import Trail

OTHER = "acme-secret"


def told(trail: Trail, *anchors: Path) -> dict[str, dict[str, Any]]:
    """Verify all; return the details of what is recorded of it, by stream."""
    asked = Asked(anchors=anchors)
    report = Run(asked, dsn=trail.login_dsn("verifier")).run()
    found = recording.events(asked, report, actor={"type": "system"})
    return {stream: dict(fields["details"] or {}) for stream, fields in found}


def test_what_stands_in_quarantine_is_in_no_stream_s_event(trail: Trail) -> None:
    trail.stream(OTHER)
    insert(trail, event())
    insert(trail, event(), "not json", stream=OTHER)
    seal(trail)
    main, other = (told(trail)[name] for name in ("main", OTHER))
    assert (main["findings"], other["findings"]) == (0, 0)
    assert main["verdict"] == other["verdict"] == "verified"


def test_failures_beyond_those_listed_are_counted_in_their_own_stream(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "MAX_KEPT", 1)
    trail.stream(OTHER)
    insert(trail, event())
    insert(trail, *(event() for _ in range(4)), stream=OTHER)
    seal(trail)
    with unguarded(trail) as superuser:
        superuser.execute(
            "update prooftrail.log set actor = 'x' where seq > 0 and stream = %s",
            (trail.made[OTHER].number,),
        )
    found = told(trail)
    assert (found["main"]["findings"], found["main"]["verdict"]) == (0, "verified")
    assert (found[OTHER]["findings"], found[OTHER]["verdict"]) == (4, "tampered")


def test_an_anchor_is_counted_and_its_place_not_told(
    trail: Trail, tmp_path: Path
) -> None:
    insert(trail, event())
    seal(trail)
    found = told(trail, tmp_path / "none-there")
    assert found["main"]["anchors"] == 1
    assert found["main"]["verdict"] == "could not verify"
    assert found["main"]["findings"] == 1  # of no stream, and none is verified
    assert str(tmp_path) not in str(found)
