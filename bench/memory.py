"""The memory of a command and all its children: proportional set size, sampled."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run(
    command: Sequence[str], env: Mapping[str, str], every: float | None = 0.1
) -> tuple[int, str, float, float]:
    """Run a command; return exit code, output, seconds, and its peak in MB.

    Args:
        command: with its arguments.
        env: of it.
        every: so many seconds its memory is looked at, which costs time; None: never.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        if every is not None:
            peak = max(peak, sum(_pss(pid) for pid in _tree(process.pid)))
        with suppress(subprocess.TimeoutExpired):
            process.wait(every)
    seconds = time.perf_counter() - begun
    assert process.stdout is not None
    told = process.stdout.read().decode()
    process.stdout.close()
    return process.returncode, told, seconds, peak / 1024


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for file in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in file.read_text().split()]
            except OSError:
                continue
    return found


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
