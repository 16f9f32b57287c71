"""`prooftrail retention seal`: seal a month that ended, once it is verified.

Guarantees: the month is verified as `prooftrail verify --from --to` verifies it; that
it is sealed is told only once the event that says so is durable. Exit code 1 means
tampered and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prooftrail.cli import verify

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from prooftrail.retention.closing import Concluded, Seal
    from prooftrail.verification.report import Asked, Report


@click.command("seal")
@click.argument("month")
@click.option("--stream", "name", help="Only this stream.")
@verify.evidence
@click.pass_context
def command(
    context: click.Context,
    *,
    month: str,
    name: str | None,
    anchors: tuple[Path, ...],
    checkpoints: tuple[Path, ...],
    keys: tuple[str, ...],
    processes: int | None,
) -> None:
    """Seal a month that ended, once it is verified.

    MONTH is such as 2026-10: UTC, by recordedAt. Each stream's entries of it are
    verified as by prooftrail verify. Where they are verified, complete and under a
    signed checkpoint, audit.retention.archive is recorded in the stream, with their
    number, first and last seq, and that checkpoint. A month that was sealed is
    compared with what was recorded of it, and not sealed again. Nothing is archived,
    moved or dropped by it.

    Exits 0 where nothing is left to be sealed, 1 for tampered, 2 for could not verify
    or not sealed yet. Works as the verifier and the writer (PROOFTRAIL_VERIFIER_DSN
    and PROOFTRAIL_WRITER_DSN, or PROOFTRAIL_DSN).
    """
    import os
    import time

    from prooftrail.core import vkey
    from prooftrail.integrity.verdict import Verdict
    from prooftrail.retention import closing
    from prooftrail.verification.report import Asked

    if checkpoints and not keys:
        context.fail("--checkpoint needs --key: a file cannot vouch for itself")
    with verify.never_one(context):
        asked_for = closing.parse(month)
        closing.check_ended(asked_for, time.time_ns() // 1000)
        since_us, until_us = closing.bounds(asked_for)
        asked = Asked(
            () if name is None else (name,),
            since_us,
            until_us,
            anchors,
            checkpoints,
            tuple(vkey.parse_vkey(key) for key in keys),
            processes or os.cpu_count() or 1,
        )
        seals = _seals(asked_for, name)
        report = verify.run(asked)
        concluded = _concluded(asked_for, asked, report, seals)
    told = [(one.stream, one.event) for one in concluded if one.event is not None]
    recorded = not told or verify.attempt(
        "what came of it is unrecorded", lambda: verify.record(told)
    )
    if not recorded:
        concluded = [_unrecorded(one) for one in concluded]
    verify.attempt("the report could not be printed", lambda: _show(report, concluded))
    verdicts = {report.verdict, *(one.verdict for one in concluded)}
    for verdict in (Verdict.TAMPERED, Verdict.INCOMPLETE):
        if verdict in verdicts:
            context.exit(verdict.exit_code)


def _seals(month: date, name: str | None) -> dict[str, list[Seal]]:
    """Return by which events the month was sealed already, by stream.

    Raises:
        ConfigurationError: there is no such stream.
    """
    from contextlib import closing as closed

    from prooftrail.errors import ConfigurationError
    from prooftrail.retention import closing
    from prooftrail.store import connect, retention, streams

    with closed(connect.connect("verifier", autocommit=True)) as connection:
        found = {
            one.name: closing.read(retention.seals(connection, one.number, [month]))
            for one in streams.read(connection)
            if name in {None, one.name}
        }
    if not found:
        what = "no stream" if name is None else f"no stream {name[:80]!r}"
        raise ConfigurationError(f"there is {what}: prooftrail stream list shows them")
    return found


def _concluded(
    month: date, asked: Asked, report: Report, seals: dict[str, list[Seal]]
) -> list[Concluded]:
    from prooftrail.retention import closing

    concluded = []
    for stream in report.streams:
        own = report.of(stream.name)
        found = closing.Found(
            stream.name,
            month,
            stream.start,
            stream.stop,
            # headers are followed behind it only where there are any
            behind=stream.followed is not None and stream.followed[1] > stream.stop,
            signed=stream.signed,
            seals=seals.get(stream.name, ()),
            verdict=own.verdict,
            findings=len(own.findings) + own.more,
        )
        made = closing.conclude(found, actor=verify.actor(), anchors=asked.anchors)
        concluded.append(made)
    return concluded


def _unrecorded(one: Concluded) -> Concluded:
    """Return what is so where nothing could be recorded."""
    from prooftrail.integrity.verdict import Verdict

    if one.event is None or one.verdict is not Verdict.VERIFIED:
        return one
    told = "not sealed: the event that says so could not be recorded"
    return one._replace(verdict=Verdict.INCOMPLETE, told=told)


def _show(report: Report, concluded: list[Concluded]) -> None:
    from prooftrail.cli.telling import tell

    verify.show(report)
    for one in concluded:
        tell(f"{one.stream}: {one.told}", err=False)
