"""Duties that cannot be started: nobody has to start the service again for them."""

from __future__ import annotations

import errno
import io
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.service import logs
from prooftrail.service.duties import Duty, Supervisor
from prooftrail.service.health import Health
from tests.trail import now_us
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

SEAL = Duty("seal", "sealer", ("seal", "--help"), ("seal", "--help"))
SIGN = Duty("sign", "signer", ("sign", "--help"), ("sign", "--help"))


class Machine:
    """Lets no sealer be started while `lacks` names why."""

    def __init__(self) -> None:
        self.lacks: Exception | None = None
        self.started: list[str] = []
        self._real = subprocess.Popen

    def popen(self, command: list[str], **options: Any) -> subprocess.Popen[str]:
        name = command[-2]
        if self.lacks is not None and name == "seal":
            raise self.lacks
        self.started.append(name)
        return self._real(command, **options)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(subprocess, "Popen", made.popen)
    return made


@contextmanager
def supervised(*duties: Duty) -> Iterator[tuple[Supervisor, Health, io.StringIO]]:
    health, text = Health(), io.StringIO()
    log = logs.open_log(text, clock=now_us)
    yield Supervisor(duties, health, log, first_pause=0.05), health, text


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "Too many open files"),
        (OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)), "Resource temporarily"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "Cannot allocate memory"),
        (RuntimeError("nobody foresaw this"), "nobody foresaw this"),
    ],
)
def test_a_duty_that_cannot_be_started_is_told_and_tried_until_it_can(
    machine: Machine, lacks: Exception, told: str
) -> None:
    machine.lacks = lacks
    with supervised(SEAL) as (supervisor, health, text):
        supervisor.start()
        until(lambda: health.duties["seal"].restarts > 1, "tried again")
        assert told in str(health.duties["seal"].told)
        assert not health.duties["seal"].up
        assert told in text.getvalue()
        machine.lacks = None
        until(lambda: "seal" in machine.started, "started")
        assert supervisor.stop(20)


def test_a_duty_that_cannot_be_finished_keeps_no_other_from_it(
    machine: Machine,
) -> None:
    with supervised(SEAL, SIGN) as (supervisor, _, text):
        supervisor.start()
        until(lambda: {*machine.started} == {"seal", "sign"}, "started")
        machine.lacks = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        before = len(machine.started)
        assert not supervisor.stop(20)
        assert "sign" in machine.started[before:]
        assert "a duty could not finish" in text.getvalue()
        assert "Too many open files" in text.getvalue()
