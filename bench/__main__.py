"""``make bench``: run everything on a fresh server and print one table."""

from __future__ import annotations

import argparse
import os
import platform
from typing import TYPE_CHECKING

from bench.spine import Bench
from prooftrail import embedded

if TYPE_CHECKING:
    from bench.spine import Figure

SETTINGS = {
    "shared_buffers": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "off",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    with embedded.temporary(binaries, settings=SETTINGS) as server:
        print(
            f"PostgreSQL {server.version}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, fsync on, {asked.entries:,} entries\n"
        )
        figures = Bench(server.url, asked.entries).run()
    _print(figures)


def _print(figures: list[Figure]) -> None:
    rates = {figure.name: figure.rate for figure in figures}
    bases = {
        "bare INSERT": rates["bare INSERT, a commit each"],
        "bare COPY": rates["bare COPY"],
    }
    print("| what | a second | ratio | note |")
    print("|---|---:|---:|---|")
    for name, found, beside, note in figures:
        ratio = f"{found / bases[beside]:.2f} x {beside}" if beside else ""
        print(f"| {name} | {found:,.0f} | {ratio} | {note} |")


if __name__ == "__main__":
    main()
