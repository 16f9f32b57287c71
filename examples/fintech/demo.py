"""``python -m examples.fintech.demo``: ninety days of a company, proven, then attacked.

Guarantees: every event came by a real request, or job, of the example application; the
log is compared with what was planned, event by kind, actor and customer; it ends with
1 where anything differs, or any step ends otherwise than it must.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from examples.fintech.traffic import compare
from examples.fintech.traffic.company import Place, simulate
from examples.fintech.traffic.nights import Home
from examples.fintech.traffic.plan import DAYS
from prooftrail.demo import stage
from prooftrail.demo.show import say
from prooftrail.errors import DemoError, ProoftrailError

if TYPE_CHECKING:
    from examples.fintech.traffic.truth import Truth
    from prooftrail.demo.show import Show

KEY = ("key", "create", "auditor", "--role", "auditor", "--expires", "12h")
QUESTION = ("--role", "admin", "--action", "customer.pii.*", "--result", "success")


@dataclass
class NinetyDays:
    """The filling: what people did, day by day, each sealed, kept and signed.

    Args:
        seed: of all chance.
        days: how many, the last one yesterday.
        truth_file: where to write what was done; None for nowhere.
    """

    seed: int
    days: int = DAYS
    truth_file: Path | None = None

    def __call__(self, show: Show) -> None:
        """Let them work; compare the log with it; ask it something."""
        today = datetime.fromtimestamp(time.time(), UTC).date()
        home = Home(show.key_file, show.signer, show.anchor, show.home / "keeper")
        with show.step(f"{self.days} days at a fintech: real requests to 34 endpoints"):
            truth = simulate(
                Place(show.url, show.url, home),
                seed=self.seed,
                begin=today - timedelta(days=self.days),
                days=self.days,
                told=_progress,
            )
            _tell(truth)
            if self.truth_file is not None:
                self.truth_file.write_text(json.dumps(truth.as_json(), indent=1))
                say(f"what was done, from the plan alone: {self.truth_file}")
        with show.step("Compare the log with what was done"):
            wrong = compare.differences(show.url, truth)
            for line in wrong:
                say(line)
            if wrong:
                raise DemoError("the log differs from what was done: see above")
            say(
                f"each of {len(truth.events)} kinds of event, {len(truth.actors)} "
                f"actors, {len(truth.seen)} customers: as often as it was done"
            )
        with show.step("Ask it: which personal data did administrators touch?"):
            token = show.command(*KEY, quiet=True)
            show.settings["PROOFTRAIL_KEY"] = token.strip()
            show.command("search", *QUESTION, "--limit", "5")
            show.command("search", *QUESTION, "--count")
        show.seal_and_sign()


def _tell(truth: Truth) -> None:
    say(
        f"{truth.events.total():,} events by {len(truth.actors)} actors; each day "
        "sealed, its personal values kept encrypted, signed and anchored"
    )
    if truth.anomalies:
        kinds = ", ".join(sorted({one.kind for one in truth.anomalies}))
        say(f"among them {len(truth.anomalies)} that a detection must find: {kinds}")


def _progress(done: int, days: int) -> None:
    if sys.stderr.isatty():
        end = "\r" if done < days else "\r\033[K"
        print(f"    day {done} of {days}", end=end, file=sys.stderr, flush=True)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m examples.fintech.demo")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    parser.add_argument("--days", type=int, default=DAYS, help="how many (90)")
    parser.add_argument("--truth", type=Path, help="where to write what was done")
    parser.add_argument(
        "--keep", action="store_true", help="keep the database running afterwards"
    )
    asked = parser.parse_args()
    try:
        stage.run(NinetyDays(asked.seed, asked.days, asked.truth), keep=asked.keep)
    except ProoftrailError as error:
        click.secho(f"{error}", fg="red", err=True)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
