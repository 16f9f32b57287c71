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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from prooftrail.demo import attacks
from prooftrail.errors import DemoError
from prooftrail.store import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "prooftrail")
INDENT = "    "


@dataclass
class Show:
    """One demonstration.

    Args:
        url: of the database, as its superuser.
        home: a directory of its own, for key, state and anchor.
        filling: records what is then verified and attacked; seals and signs it.
        settings: variables for the commands, besides.
    """

    url: str
    home: Path
    filling: Callable[[Show], None]
    settings: dict[str, str] = field(default_factory=dict)
    _number: int = 0

    @property
    def anchor(self) -> Path:
        """Where checkpoints leave the database."""
        return self.home / "anchor"

    @property
    def key_file(self) -> Path:
        """The signer's master key."""
        return self.home / "signing.key"

    @property
    def signer(self) -> Path:
        """The signer's state."""
        return self.home / "signer"

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
            "PROOFTRAIL_KEY_FILE": str(self.key_file),
            "PROOFTRAIL_STATE_DIR": str(self.signer),
            **self.settings,
        }

    def run(self) -> None:
        """Run all steps.

        Raises:
            DemoError: names the step that ended otherwise.
        """
        self.anchor.mkdir(exist_ok=True)
        with self.step("Install the trail, and make the signing key"):
            self.command("init", "--origin", "demo.example")
        self.filling(self)
        with self.step("Verify"):
            self._verify(0, "verified")
        kept, self.url = self.url, attacks.copied(self.url)
        try:
            with connect.connect(None, dsn=self.url, autocommit=True) as superuser:
                self._edit(superuser)
                self._truncate(superuser)
        finally:
            self.url = kept

    def seal_and_sign(self) -> None:
        """Run sealer and signer once, as a step."""
        with self.step("Seal it into the chain; sign it and anchor it elsewhere"):
            self.command("seal", "--once")
            self.command("sign", "--once", "--anchor", str(self.anchor))

    def _edit(self, superuser: connect.Connection) -> None:
        seq, event = attacks.victim(superuser)
        with self.step(f"In a copy, a superuser changes who did it, in entry {seq}"):
            say(f"first try: {attacks.refused(superuser, seq)}")
            attacks.disarm(superuser)
            attacks.edit(superuser, seq, attacks.blamed_on_another(event))
            say("second try: triggers disabled, the check dropped, entry edited")
            told = self._verify(1, f"seq {seq}")
            if f"first at seq {seq}" not in told:
                raise DemoError(f"verification did not name entry {seq}")
            attacks.edit(superuser, seq, event)
            say("(put back, for the next attack)")

    def _truncate(self, superuser: connect.Connection) -> None:
        title = f"He deletes the newest {attacks.GONE} entries and corrects the rest"
        with self.step(title):
            left = attacks.truncate(superuser)
            say(f"{left:,} entries left; head, rollup and checkpoints made to fit")
            say("the database alone cannot know, and says so:")
            self._verify(0, "self-attested from 0", anchored=False)
            say("what left the database can:")
            self._verify(1, "truncated")

    def _verify(self, code: int, must_say: str, *, anchored: bool = True) -> str:
        anchor = ("--anchor", str(self.anchor)) if anchored else ()
        told = self.command("verify", "--unrecorded", *anchor, code=code)
        if must_say not in told:
            raise DemoError(f"prooftrail verify did not say {must_say!r}")
        return told

    def command(
        self,
        name: str,
        *arguments: str,
        given: str | None = None,
        shown: str | None = None,
        quiet: bool = False,
        code: int = 0,
    ) -> str:
        """Run a command of Prooftrail's own; print it and what it prints.

        Args:
            name: of the command.
            arguments: its words.
            given: its standard input.
            shown: what is printed in place of the words.
            quiet: whether not to print what it prints: a secret.
            code: that it must end with.

        Returns:
            What it printed.

        Raises:
            DemoError: it ended with another.
        """
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
        told = "" if quiet else done.stdout
        if done.returncode != code:
            told += done.stderr
        for line in told.splitlines():
            say(line.replace(str(self.home), "…"))
        if done.returncode != code:
            raise DemoError(
                f"prooftrail {name} ended with {done.returncode}, expected {code}"
            )
        return done.stdout

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print a step's title, and at its end how long it took."""
        self._number += 1
        begun = time.monotonic()
        click.secho(f"\n{self._number}  {title}", fg="cyan", bold=True)
        yield
        click.secho(f"{INDENT}{time.monotonic() - begun:.1f} s", dim=True)


def say(text: str) -> None:
    """Print a line of a step."""
    click.echo(f"{INDENT}{text}")
