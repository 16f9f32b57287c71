"""``prooftrail report``: what goes into an auditor's binder.

Guarantees: as of `reporting`: a report is recorded in the trail before its file is
there, and a file appears whole or not at all.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prooftrail.cli.verify import evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prooftrail.cli.reader import Reader
    from prooftrail.reports.desk import Desk, Maker
    from prooftrail.reports.enclosing import Draft

Command = TypeVar("Command", bound="Callable[..., object]")

NOT_STATED = "not stated"


def stated(command: Command) -> Command:
    """Add what every report is told: period, streams, file, and what it is of."""
    for option in (
        click.option(
            "--classification", default="Confidential", show_default=True, help="Of it."
        ),
        click.option(
            "--environment",
            envvar="PROOFTRAIL_ENVIRONMENT",
            default=NOT_STATED,
            help="Such as PRODUCTION (PROOFTRAIL_ENVIRONMENT).",
        ),
        click.option(
            "--system",
            envvar="PROOFTRAIL_SYSTEM",
            default=NOT_STATED,
            help="Which system it is of (PROOFTRAIL_SYSTEM).",
        ),
        click.option(
            "--entity",
            envvar="PROOFTRAIL_ENTITY",
            default=NOT_STATED,
            help="Whose system it is (PROOFTRAIL_ENTITY).",
        ),
        click.option(
            "-o",
            "--output",
            required=True,
            type=click.Path(path_type=Path, dir_okay=False),
            help="A PDF (further volumes get a number), or .html: a page, not signed.",
        ),
        click.option("--stream", multiple=True, metavar="NAME", help="Only of this."),
        click.option("--during", metavar="PERIOD", help="2026-Q1, last-month ..."),
        click.option("--to", "until", metavar="TIME", help="Before: a day, or a time."),
        click.option("--from", "since", metavar="TIME", help="From: a day, or a time."),
    ):
        command = option(command)
    return command


def _verifying(command: Command) -> Command:
    """Add what every report is told, and what its log is verified against."""
    unverified = click.option(
        "--unverified", is_flag=True, help="Do not verify the log; the report says so."
    )
    return stated(evidence(unverified(command)))


class _Reports(click.Group):
    """The Integrity report, and those that `reports.registry` lists."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from prooftrail.reports.registry import MAKERS

        return [*super().list_commands(ctx), *MAKERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from prooftrail.reports.registry import MAKERS

        maker = MAKERS.get(cmd_name)
        return super().get_command(ctx, cmd_name) if maker is None else _of(maker)


@click.group("report", cls=_Reports)
def command() -> None:
    """Make a report as PDF, with its rows and its evidence enclosed.

    Reads as the API key in PROOFTRAIL_KEY, by the reader (PROOFTRAIL_READER_DSN, or
    PROOFTRAIL_DSN); what it read is recorded in the trail before the file is there.
    """


@command.command("integrity")
@stated
@evidence
def integrity(*, stream: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401
    """Was anything altered or deleted, and how is that known?

    The range is verified anew, as prooftrail verify does it, and that is recorded as
    audit.chain.verify; --from and --to are times of recording. Needs the verifier, too
    (PROOFTRAIL_VERIFIER_DSN, or PROOFTRAIL_DSN), and a key that may verify. The report
    is made whatever was found.

    Exits 0 for a log that was verified, 1 for one that was altered, 2 for one that
    could not be verified.
    """
    from dataclasses import replace

    from prooftrail.cli import verify
    from prooftrail.cli.reporting import base, desk, verified, write
    from prooftrail.errors import ConfigurationError
    from prooftrail.reports import integrity_making

    context = click.get_current_context()
    code = verify.INCOMPLETE
    with verify.never_one(context), desk(stream, given) as (reader, made):
        question = made.asked.question
        wanted = replace(
            base(given), since_us=question.from_us, until_us=question.to_us
        )
        if wanted.is_empty:
            raise ConfigurationError("no time lies between --from and --to: swap them")
        draft, code = integrity_making.make(made, wanted, verified)
        write(reader, made, draft, given["output"])
    context.exit(code)


@command.command("sign-off")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--as",
    "part",
    required=True,
    type=click.Choice(("reviewer", "management", "auditor")),
    help="In which part.",
)
@click.option("--name", required=True, help="Who signs: name and title.")
@click.option("--conclusion", required=True, help="It is recorded.")
@click.option("--comments", help="They are recorded, too.")
@click.option("--stream", default="main", show_default=True, help="Where.")
def sign_off(
    *,
    file: Path,
    part: str,
    name: str,
    conclusion: str,
    comments: str | None,
    stream: str,
) -> None:
    """Record that somebody has reviewed, acknowledged or examined a report.

    The event, prooftrail.report.sign, names the report and the SHA-256 of FILE: it is
    of this file and no other. Who may read the stream may sign.
    """
    from prooftrail.cli.reader import Reader
    from prooftrail.reports import signing_off

    pdf = file.read_bytes()
    event = signing_off.event(pdf, part, name, conclusion, comments)
    with Reader() as reader:
        reader.check(stream)
        reader.tell(stream, event)
    told = event["details"]
    click.echo(f"Signed off by {told['name']} as {part}: {event['resource']['id']},")
    click.echo(f"SHA-256 {told['sha256']}.")


@command.command("sample")
@click.option("--q", "query", default="", metavar="QUERY", help="Whose answers.")
@click.option("--seed", required=True, help="The auditor's own words.")
@click.option("-n", "n", required=True, type=int, help="How many, 1 to 1,000.")
@click.option("--by-month", is_flag=True, help="From each month apart, by its share.")
@_verifying
def sample(
    *,
    query: str,
    seed: str,
    n: int,
    by_month: bool,
    stream: tuple[str, ...],
    unverified: bool,
    **given: Any,  # noqa: ANN401  the options of every report
) -> None:
    """Which entries were drawn, from which population, and can I check it?

    The population is every event that answers QUERY, at most 1,000,000; its listing is
    enclosed. The seed decides what is drawn, the same on any machine; let the auditor
    name it. Each item has a page, its event and its proof. The draw itself is recorded,
    as prooftrail.sample.draw, before the file is there.

    What was recorded from the period's beginning on is verified for the report, and the
    exit code is that of the verification, as with the other reports.
    """

    def draw(reader: Reader, made: Desk) -> Draft:
        from prooftrail.reports import sample as pack
        from prooftrail.search import draws, sampled

        draft, drawn = pack.make(made, sampled.wanted(seed, n, by_month=by_month))
        names = list(made.chosen.values())
        reader.record(draws.DRAW, names, *sampled.record(drawn, made.asked, names))
        return draft

    _make(stream, given, query, draw, unverified=unverified)


def _of(maker: Maker) -> click.Command:
    """Return the command of a report that is made of what is read alone."""
    from prooftrail.reports.registry import OPTIONS

    own = OPTIONS.get(maker.NAME, {})

    def make(*, stream: tuple[str, ...], unverified: bool, **given: Any) -> None:  # noqa: ANN401
        def draft(_: Reader, made: Desk) -> Draft:
            return maker.make(made)

        options = {name: given[name] for name in own if given[name] is not None}
        _make(stream, given, maker.QUERY, draft, options, unverified=unverified)

    command: Callable[..., object] = make
    for name, told in own.items():
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, metavar="TEXT", help=told)(command)
    told = f"{maker.SUMMARY}\n\n{_VERIFIES}"
    return click.command(maker.NAME, help=told)(_verifying(command))


def _make(
    stream: Sequence[str],
    given: Mapping[str, Any],
    query: str,
    make: Callable[[Reader, Desk], Draft],
    options: Mapping[str, str] = MappingProxyType({}),
    *,
    unverified: bool,
) -> None:
    """Make a report, verify its log, write it, and exit as verification does."""
    from prooftrail.cli import verify
    from prooftrail.cli.reporting import base, desk, verified, write
    from prooftrail.reports import chain

    context = click.get_current_context()
    code = verify.INCOMPLETE
    with (
        verify.never_one(context),
        desk(stream, given, query, options) as (reader, made),
    ):
        draft = make(reader, made)
        if unverified:
            draft, code = chain.unverified(draft, chain.ASKED)[0], 0
        else:
            draft, code = chain.verified(made, draft, base(given), verified)
        write(reader, made, draft, given["output"])
    context.exit(code)


_VERIFIES = """What was recorded from the period's beginning on is verified for the
report, as prooftrail verify does it (by the verifier: PROOFTRAIL_VERIFIER_DSN, or
PROOFTRAIL_DSN), and page one says what came of that.

Exits 0 for a log that was verified, 1 for one that was altered, 2 for one that could
not be verified; the report is made in each case."""
