"""The demonstration, step by step: each step is a real command or a real attack.

Guarantees: the database is its own (embedded, in a directory of its own) and is
removed at the end unless it is kept; what is printed is what the commands print; the
demonstration fails when any of them ends otherwise than it says.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from prooftrail.demo import attacks
from prooftrail.errors import DemoError
from prooftrail.store import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "prooftrail")
INDENT = "    "


@dataclass
class Show:
    """One demonstration.

    Args:
        url: of the database, as its superuser.
        home: a directory of its own, for key, state and anchor.
        events: the scenario, JSON lines.
        imports: CloudTrail files to import besides.
    """

    url: str
    home: Path
    events: str
    imports: Sequence[Path] = ()
    _number: int = 0

    @property
    def anchor(self) -> Path:
        """Where checkpoints leave the database."""
        return self.home / "anchor"

    def environment(self) -> dict[str, str]:
        """Return the settings under which every command runs."""
        kept = {
            key: item
            for key, item in os.environ.items()
            if not key.startswith("PROOFTRAIL_")
        }
        return {
            **kept,
            "PROOFTRAIL_DSN": self.url,
            "PROOFTRAIL_KEY_FILE": str(self.home / "signing.key"),
            "PROOFTRAIL_STATE_DIR": str(self.home / "signer"),
        }

    def run(self) -> None:
        """Run all steps.

        Raises:
            DemoError: names the step that ended otherwise.
        """
        self.anchor.mkdir(exist_ok=True)
        with self._step("Install the trail, and make the signing key"):
            self._command("init", "--origin", "demo.example")
        with self._step("Record a day at a small lender"):
            self._command("record", given=self.events)
            if self.imports:
                files = [str(path) for path in self.imports]
                self._command("import", "cloudtrail", *files, shown="cloudtrail FILES")
        with self._step("Seal it into the chain; sign it and anchor it elsewhere"):
            self._command("seal", "--once")
            self._command("sign", "--once", "--anchor", str(self.anchor))
        with self._step("Verify"):
            self._verify(0, "verified")
        with connect.connect(None, dsn=self.url, autocommit=True) as superuser:
            self._edit(superuser)
            self._truncate(superuser)

    def _edit(self, superuser: connect.Connection) -> None:
        seq, event = attacks.victim(superuser)
        with self._step(f"A superuser changes who did it, in entry {seq}"):
            _say(f"first try: {attacks.refused(superuser, seq)}")
            attacks.disarm(superuser)
            altered = event.replace(b"usr_dani", b"usr_omar")
            if altered == event:
                altered = event.replace(b'"result":"success"', b'"result":"failure"')
            attacks.edit(superuser, seq, altered)
            _say("second try: triggers disabled, the check dropped, entry edited")
            told = self._verify(1, f"seq {seq}")
            if f"first at seq {seq}" not in told:
                raise DemoError(f"verification did not name entry {seq}")
            attacks.edit(superuser, seq, event)
            _say("(put back, for the next attack)")

    def _truncate(self, superuser: connect.Connection) -> None:
        title = f"He deletes the newest {attacks.GONE} entries and corrects the rest"
        with self._step(title):
            left = attacks.truncate(superuser)
            _say(f"{left:,} entries left; head, rollup and checkpoints made to fit")
            _say("the database alone cannot know, and says so:")
            self._verify(0, "self-attested from 0", anchored=False)
            _say("what left the database can:")
            self._verify(1, "truncated")

    def _verify(self, code: int, must_say: str, *, anchored: bool = True) -> str:
        anchor = ("--anchor", str(self.anchor)) if anchored else ()
        told = self._command("verify", "--unrecorded", *anchor, code=code)
        if must_say not in told:
            raise DemoError(f"prooftrail verify did not say {must_say!r}")
        return told

    def _command(
        self,
        name: str,
        *arguments: str,
        given: str | None = None,
        shown: str | None = None,
        code: int = 0,
    ) -> str:
        words = shown if shown is not None else " ".join(arguments)
        words = words.replace(str(self.home), "…").replace(" --unrecorded", "")
        words = words.replace("--unrecorded", "").strip()
        click.secho(f"{INDENT}$ prooftrail {name} {words}".rstrip(), bold=True)
        done = subprocess.run(  # noqa: S603  our own program
            [*PROGRAM, name, *arguments],
            input=given,
            capture_output=True,
            text=True,
            env=self.environment(),
            check=False,
        )
        told = done.stdout + ("" if done.returncode == code else done.stderr)
        for line in told.splitlines():
            _say(line.replace(str(self.home), "…"))
        if done.returncode != code:
            raise DemoError(
                f"prooftrail {name} ended with {done.returncode}, expected {code}"
            )
        return done.stdout

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._number += 1
        begun = time.monotonic()
        click.secho(f"\n{self._number}  {title}", fg="cyan", bold=True)
        yield
        click.secho(f"{INDENT}{time.monotonic() - begun:.1f} s", dim=True)


def _say(text: str) -> None:
    click.echo(f"{INDENT}{text}")
