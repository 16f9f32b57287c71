"""The command line: one module a command, loaded only when it is called.

Guarantees: an error that Prooftrail raises on purpose is one message on standard
error, without a traceback; commands exit 0 when they did what was asked, and with
the codes that their help states otherwise.
"""

from __future__ import annotations

import importlib

import click

from prooftrail.errors import ProoftrailError

# name: its line in the help. The module prooftrail.cli.<name> has it as `command`
# (`import` is a keyword: its module is `importing`).
COMMANDS = {
    "init": "Install the trail in a database.",
    "db": "An embedded PostgreSQL, to try everything at once.",
    "stream": "Create and list streams.",
    "record": "Record events: JSON lines on standard input.",
    "spool": "Look at what applications have spooled, and replay it.",
    "import": "Import CloudTrail files or JSON lines.",
    "seal": "Move events from the inbox to the log.",
    "sign": "Sign checkpoints of the log and anchor them.",
    "keep": "Open envelopes of personal values and keep these.",
    "serve": "Run the trail service: all duties, verification, HTTP.",
    "checkpoint": "Print the newest checkpoint.",
    "key": "Create, list and revoke API keys; make the key for reports.",
    "person": "Invite, list and disable people, who use the console.",
    "search": "Search the log.",
    "answer": "Answer what auditors ask.",
    "tail": "Print the newest entries, and follow the log.",
    "detect": "Look for guessing, sprays, mass access in history: 3 if found.",
    "alert": "Alerts, and what was done about each.",
    "report": "Make a report as PDF, with its evidence enclosed.",
    "verify": "Verify the log: 0 verified, 1 tampered, 2 could not verify.",
    "reveal": "Show one personal value, which is recorded.",
    "erase": "Destroy the key of a person's values.",
    "coverage": "List the routes of an application and what they record.",
    "catalog": "List the event types, and what each must say.",
    "retention": "How long entries are kept, and on which ground.",
    "doctor": "Look at the installation and say what to do.",
    "demo": "Show it all on a database of its own.",
}


class _Lazy(click.Group):
    """Loads a command's module when it is needed; help needs none."""

    # Each method has click's signature, needed or not.

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name = "importing" if cmd_name == "import" else cmd_name
        module = importlib.import_module(f"prooftrail.cli.{name}")
        command: click.Command = module.command
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ProoftrailError as error:
            from prooftrail.cli.telling import tell

            tell(f"prooftrail: {error}")
            ctx.exit(1)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="prooftrail")
def main() -> None:
    """An audit trail you can prove.

    Begin with: prooftrail demo. With a database of your own: set PROOFTRAIL_DSN, then
    prooftrail init.
    """
