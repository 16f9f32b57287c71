"""Connections and open files: as many as fit, and the log stays readable."""

from __future__ import annotations

import io
import logging
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.service import descriptors, logs
from prooftrail.service.descriptors import RESERVE
from tests.serving_rig import Serving
from tests.trail import now_us
from tests.watching_rig import until

if TYPE_CHECKING:
    from tests.trail import Trail

INFINITE = resource.RLIM_INFINITY
UNIT = Path(__file__).parents[1] / "docs" / "how-to" / "run-the-service.md"


@pytest.mark.parametrize(
    ("soft", "hard", "fits", "raised"),
    [
        (1_024, 524_288, 2_000, 2_000 + RESERVE),
        (1_024, INFINITE, 2_000, 2_000 + RESERVE),
        (1_024, 1_500, 1_500 - RESERVE, 1_500),
        (1_024, 1_024, 1_024 - RESERVE, 1_024),
        (256, 256, 64, 256),
        (65_536, 65_536, 2_000, 65_536),
        (INFINITE, INFINITE, 2_000, INFINITE),
    ],
)
def test_the_limit_is_raised_and_no_more_are_held_than_fit(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, fits: int, raised: int
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, made: limits.append(made))
    assert descriptors.fitting(2_000) == fits
    assert limits[-1] == (raised, hard)


def test_a_limit_that_cannot_be_raised_is_kept_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_024, 65_536))
    monkeypatch.setattr(resource, "setrlimit", refuses)
    assert descriptors.fitting(2_000) == 1_024 - RESERVE


def test_the_service_raises_its_own_limit_or_says_what_it_holds(trail: Trail) -> None:
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, usual[1]))
    try:
        service = Serving(trail, "--only=api")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    with service:
        until(lambda: service.said("running"), "running")
        limits = Path(f"/proc/{service.process.pid}/limits").read_text()
        (line,) = [one for one in limits.splitlines() if "open files" in one]
        held = [
            one["connections"]
            for one in service.lines
            if "fewer connections" in one["message"]
        ]
        files = int(line.split()[3])
        assert files >= (held[0] if held else 2_000) + RESERVE
        assert service.stop() == 0


def test_the_unit_allows_for_the_connections_that_are_the_default() -> None:
    (line,) = [
        one for one in UNIT.read_text().splitlines() if one.startswith("LimitNOFILE=")
    ]
    assert int(line.partition("=")[2]) >= 2_000 + RESERVE


def test_what_a_library_repeats_is_written_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = io.StringIO()
    log = logs.open_log(text, clock=now_us)
    logs.adopt(log, "tests.repeating")
    library = logging.getLogger("tests.repeating")
    for _ in range(500):
        library.error("socket.accept() out of system resource")
    library.error("something else")
    written = text.getvalue()
    assert written.count("out of system resource") == 1
    assert written.count("something else") == 1
    monkeypatch.setattr(logs, "QUIET", 0.0)
    library.error("socket.accept() out of system resource")
    assert '"leftOut": 499' in text.getvalue()
