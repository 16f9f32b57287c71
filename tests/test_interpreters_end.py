"""Events recorded by functions of atexit, where Python 3.12 starts no thread."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.recording import waiting
from tests.spooling import NOWHERE, files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

# The other Pythons are made to refuse as that one does.
BEGINNING = """
import atexit, os, sys, threading, time, prooftrail
from prooftrail.errors import RecordError, UnavailableError

def refuse(thread):
    raise RuntimeError("can't create new thread at interpreter shutdown")

def some(name, policy):
    return prooftrail.submit(actor={"userId": name}, action="system.job.run",
                             result="success", policy=policy)

def at_the_end():
    if sys.version_info[:2] != (3, 12):
        threading.Thread.start = refuse
    last()

atexit.register(at_the_end)
"""
STARTING = BEGINNING.replace("threading.Thread.start = refuse", "pass")

WRITING = """
def last():
    for n in range(3):
        some("recorded", "closed").result(5)
    some("spool", "spool"), some("background", "background")
"""

# The writer's thread is there, its connection is not.
HANDED_OVER = """
def last():
    some("late", "closed")
some("early", "closed")
"""

SPOOLING = """
def last():
    assert some("spool", "spool").result(5)
    some("background", "background")
"""

# longer than a lost connection takes, and in the caller's thread
HANGING = """
def hang():
    time.sleep(1.2)
    raise UnavailableError("it hangs")
prooftrail.use(prooftrail.Recorder(hang, clock=lambda: time.time_ns() // 1000,
    random=os.urandom, patience=1.0,
    spool=prooftrail.capture.process.Spool(os.environ["PROOFTRAIL_SPOOL_DIR"],
        clock=lambda: time.time_ns() // 1000, random=os.urandom)))
def last():
    assert some("spool", "spool").result(5)
"""

FAILING = """
prooftrail.use(prooftrail.open_recorder(patience=0.5))
def last():
    try:
        some("closed", "closed").result(5)
    except RecordError as error:
        os.write(1, str(error).encode())
"""


def ends(
    program: str, beginning: str = BEGINNING, **env: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", beginning + program],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("beginning", [BEGINNING, STARTING])
@pytest.mark.parametrize(("program", "many"), [(WRITING, 5), (HANDED_OVER, 2)])
def test_what_is_recorded_at_the_end_is_there(
    trail: Trail, program: str, many: int, beginning: str
) -> None:
    done = ends(program, beginning, PROOFTRAIL_WRITER_DSN=trail.login_dsn("writer"))
    assert done.stderr == ""
    assert len(set(waiting(trail))) == many


@pytest.mark.parametrize("program", [SPOOLING, HANGING])
def test_without_a_database_it_is_spooled(tmp_path: Path, program: str) -> None:
    spool = tmp_path / "spool"
    done = ends(program, PROOFTRAIL_WRITER_DSN=NOWHERE, PROOFTRAIL_SPOOL_DIR=str(spool))
    assert [one for one in files(spool) if one.endswith(".spool")]
    assert "database is away" in done.stderr


def test_without_a_spool_the_caller_is_told() -> None:
    done = ends(FAILING, PROOFTRAIL_WRITER_DSN=NOWHERE)
    assert "not durable after 0.5 s" in done.stdout


@pytest.mark.parametrize("started", [0, 1])
def test_what_waits_as_the_end_begins_is_spooled(tmp_path: Path, started: int) -> None:
    """The thread has begun, the attempt to connect has not or has just."""
    wait = f"threading.Event().wait({started} / 100)\n"
    program = 'some("early", "spool")\ndef last(): pass\n' + wait
    for number in range(5):
        spool = tmp_path / str(number)
        ends(program, PROOFTRAIL_WRITER_DSN=NOWHERE, PROOFTRAIL_SPOOL_DIR=str(spool))
        assert [one for one in files(spool) if one.endswith(".spool")]
