"""``prooftrail person``: invite, list and disable people, who use the console.

Guarantees: an invitation's link is shown once, on standard output and nowhere else, and
kept as a digest; inviting and disabling stand in the trail, in one transaction with
what they do, and no e-mail address does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from prooftrail.cli import granting
from prooftrail.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from prooftrail.access.notices import Notice
    from prooftrail.store.connect import Connection
    from prooftrail.store.people import Grant

Made = TypeVar("Made")

ROLES = ("auditor", "security", "privacy_officer", "admin")
AUDITOR = "90d"  # how long an auditor's access lasts unless it is said
URL = "http://127.0.0.1:8400"


@click.group("person")
def command() -> None:
    """People: who may use the console, and what they see there."""


@command.command("invite")
@click.argument("email")
@click.option(
    "--role", required=True, type=click.Choice(ROLES), help="What the person may do."
)
@click.option("--name", help="As the console greets; by default what stands before @.")
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="NAME",
    help="Limit to this stream; may be repeated. Without it, all streams.",
)
@click.option("--from", "since", metavar="TIME", help="Event times that may be seen.")
@click.option("--to", "until", metavar="TIME", help="Event times before this.")
@click.option(
    "--access",
    metavar="SPAN",
    help=f"How long the person has access: 12h, 90d. An auditor has {AUDITOR} unless "
    "this says otherwise; others, until they are disabled.",
)
@click.option(
    "--expires",
    default="3d",
    show_default=True,
    metavar="SPAN",
    help="For how long the link is good.",
)
@click.option(
    "--url",
    default=URL,
    show_default=True,
    envvar="PROOFTRAIL_URL",
    show_envvar=True,
    help="Where the console is reached, for the link.",
)
def invite(  # noqa: PLR0917
    email: str,
    role: str,
    name: str | None,
    streams: tuple[str, ...],
    since: str | None,
    until: str | None,
    access: str | None,
    expires: str,
    url: str,
) -> None:
    """Invite the person with this EMAIL address.

    Prints a link, once: it is kept nowhere. Whoever opens it chooses a password and
    sets up an authenticator app; give it to nobody else. An auditor reads and
    verifies; security does that, reveals personal values and sees metrics; a privacy
    officer reads and reveals; an admin does all of it, and invites people.

    Somebody who lost password or app is invited again: accepting ends the old ones,
    and all sessions. Works as the administrator (PROOFTRAIL_DSN).
    """
    import os
    from contextlib import closing
    from typing import cast

    from prooftrail.access import notices, tokens
    from prooftrail.access.managing import addressed
    from prooftrail.search import values
    from prooftrail.store import connect, keys, people

    now = granting.now()
    lasts = access or (AUDITOR if role == "auditor" else None)
    grant = addressed(
        people.Grant(
            email,
            name or email.partition("@")[0],
            cast("people.Role", role),
            streams or None,
            keys.FIRST_US if since is None else values.instant("--from", since),
            keys.LAST_US if until is None else values.instant("--to", until),
            None if lasts is None else now + granting.span("--access", lasts),
        )
    )
    token = tokens.make(os.urandom, tokens.INVITATION)
    good = granting.span("--expires", expires)
    with (
        closing(connect.connect(None, autocommit=True)) as connection,
        keys.told(connection, _recording(notices.invited)) as note,
    ):
        with keys.owning(connection):
            made = people.invite(
                connection,
                grant,
                token_hash=tokens.digest(token),
                now=now,
                expires_at=now + good,
            )
        note(made)
    tell(f"Invited {grant.email}: {grant.role}, {_limits(grant)}. The link is good")
    tell(f"until {made.expires_at:%Y-%m-%d %H:%M} UTC, once, and shown once:")
    click.echo(f"{url.rstrip('/')}/invitation?token={token}")


@command.command("list")
def listed() -> None:
    """List all people, and invitations that are open.

    Works as the administrator (PROOFTRAIL_DSN).
    """
    from contextlib import closing

    from rich.console import Console
    from rich.table import Table

    from prooftrail.store import connect, keys, people

    now = granting.now()
    with (
        closing(connect.connect(None, autocommit=True)) as connection,
        keys.owning(connection),
    ):
        found = people.find(connection)
        invited = people.invitations(connection, now)
    if not (found or invited):
        click.echo("There is nobody: prooftrail person invite EMAIL --role admin")
        return
    table = Table("person", "name", "e-mail", "role", "sees", "state", box=None)
    for one in found:
        _add(table, str(one.id), one.grant, one.state(now))
    for open_ in invited:
        _add(table, "", open_.grant, f"invited until {open_.expires_at:%Y-%m-%d}")
    Console(markup=False, highlight=False).print(table)


@command.command("disable")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
def disable(number: int) -> None:
    """Let the person of this NUMBER in no more; sessions end at once.

    Inviting the same address again lets the person in again, as the same one. Works as
    the administrator (PROOFTRAIL_DSN).
    """
    from contextlib import closing

    from prooftrail.access import notices
    from prooftrail.errors import ConfigurationError
    from prooftrail.store import connect, keys, people

    with (
        closing(connect.connect(None, autocommit=True)) as connection,
        keys.told(connection, _recording(notices.disabled)) as note,
    ):
        with keys.owning(connection):
            done = people.disable(connection, number, granting.now())
        if done is None:
            raise ConfigurationError(
                f"there is no person {number}: prooftrail person list shows them"
            )
        note(done)
    tell(f"Person {done.id}, {done.grant.name}, is let in no more.", err=False)


def _add(table: Table, number: str, grant: Grant, state: str) -> None:
    from prooftrail.core.harmless import harmless

    table.add_row(
        number,
        harmless(grant.name),
        harmless(grant.email),
        grant.role,
        _limits(grant),
        state,
    )


def _limits(grant: Grant) -> str:
    from prooftrail.access.visiting import sees

    told = sees(grant.streams, grant.from_us, grant.to_us)
    if grant.until is not None:
        told += f", until {grant.until:%Y-%m-%d}"
    return told


def _recording(
    notice: Callable[[Made, dict[str, str], list[str]], Notice],
) -> Callable[[Connection, Made], None]:
    """Return what records, in its own transaction, that something was done.

    In each stream that it concerns, and there nothing of another stream.
    """
    import os
    import time

    from prooftrail.capture.audit_logger import STREAM, Recorder
    from prooftrail.cli import caller
    from prooftrail.cli.stream import registered
    from prooftrail.store import inbox

    recorder = Recorder(
        inbox.open_writer, clock=lambda: time.time_ns() // 1000, random=os.urandom
    )

    def told(connection: Connection, made: Made) -> None:
        actor = {"type": "user", "userId": f"os:{caller.user()}"}
        every = [stream.name for stream in registered()]
        one = notice(made, actor, every)
        event_id = recorder.new_id()
        for name in one.streams or [STREAM]:
            recorder.record(
                event_id=event_id,
                action=one.action,
                actor=one.actor,
                resource=one.resource,
                details={**one.details, **((one.each or {}).get(name) or {})},
                result=one.result,
                stream=name,
                connection=connection,
            )

    return told
