"""What a recorder counts, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from prooftrail.capture import process
from prooftrail.errors import RecordError
from prooftrail.integrations.prometheus import collector
from tests.recording import event, recorder
from tests.spooling import away, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail


def scraped(registry: CollectorRegistry) -> dict[str, float]:
    text = generate_latest(registry).decode()
    pairs = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_what_is_recorded_is_counted(trail: Trail) -> None:
    registry = CollectorRegistry()
    with recorder(trail) as made:
        registry.register(collector(made))
        made.record(event())
        assert scraped(registry)["prooftrail_capture_recorded_total"] == 1


def test_what_is_spooled_and_what_failed_are_counted(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    with opened(away, tmp_path / "spool", patience=0.3) as made:
        registry.register(collector(made))
        made.record(event(), policy="spool")
        with pytest.raises(RecordError):
            made.record(event())
        found = scraped(registry)
    assert found == {
        "prooftrail_capture_recorded_total": 0,
        "prooftrail_capture_spooled_total": 1,
        "prooftrail_capture_replayed_total": 0,
        "prooftrail_capture_lost_total": 0,
        "prooftrail_capture_failed_total": 1,
        "prooftrail_capture_waiting_in_spool": 1,
    }


def test_registering_makes_no_recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process._default, "recorder", None)
    CollectorRegistry(auto_describe=True).register(collector())
    assert process._default.recorder is None
