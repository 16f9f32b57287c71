"""`prooftrail init`: install the trail, make the signing key and the first stream.

Guarantees: may be repeated, and says so when nothing was to be done; a key file or a
file of logins is never written over; no secret is printed. Each step is complete in
itself: after a failure, run it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prooftrail.cli import places

if TYPE_CHECKING:
    from prooftrail.signing.keys import MasterKey
    from prooftrail.store.connect import Connection
    from prooftrail.store.install import Installed
    from prooftrail.store.streams import Stream

PRIVATE = 0o600
STREAM = "main"  # the first one's name where none is given


@click.command("init")
@click.option(
    "--prefix",
    help="Of the names of the roles, prooftrail by default; another one for a second "
    "trail in the same cluster.",
)
@click.option(
    "--app-role",
    "app_roles",
    multiple=True,
    metavar="NAME",
    help="An application's own login that is to write events. May be repeated.",
)
@places.key_file_option
@click.option(
    "--origin",
    "base",
    metavar="BASE",
    help="First part of the name under which checkpoints are signed, such as "
    "audit.example.com.",
)
@click.option(
    "--stream", "name", show_default="main", help="The first stream that is made."
)
@click.option(
    "--logins",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Set random passwords for the trail's logins, and write their DSNs there.",
)
def command(
    prefix: str | None,
    app_roles: tuple[str, ...],
    key_file: Path,
    base: str | None,
    name: str | None,
    logins: Path | None,
) -> None:
    """Install the trail in the database that PROOFTRAIL_DSN names.

    Makes roles, tables and rights, the signer's master key (if there is none) and the
    first stream. The login needs CREATEROLE, and CREATE on the database.
    """
    import time

    from prooftrail.core.origin import Origin
    from prooftrail.store import connect, install, streams
    from prooftrail.store.logins import may_record

    Origin(base or streams.BASE, bytes(16), 1)  # refuses an unusable one at once
    streams.check_name(name or STREAM)
    connection = connect.connect(None, autocommit=True)
    try:
        able = {role for role in app_roles if may_record(connection, role)}
        installed = install.install(
            connection,
            prefix=prefix,
            app_roles=app_roles,
            now_us=time.time_ns() // 1000,
        )
        done = _told(installed, able)
        if logins is not None:
            done += _make_logins(connection, installed.prefix, logins)
        done += _make_key_and_stream(connection, key_file, base, name)
    finally:
        connection.close()
    for line in done or ["Nothing was to be done: the trail is installed and complete"]:
        click.echo(f"{line}.")
    _tell_next(key_file, logins)


def _told(installed: Installed, able: set[str]) -> list[str]:
    version = f"{installed.version // 10_000}.{installed.version % 10_000}"
    done = []
    if installed.roles_made:
        done.append("Made the roles " + ", ".join(installed.roles_made))
    if installed.migrations_applied:
        steps = ", ".join(installed.migrations_applied)
        done.append(f"Applied {steps} (PostgreSQL {version})")
    if not installed.vacuumed:
        click.echo(
            "warning: the log was written anew, and this login may not vacuum it: "
            "until somebody does, searches are slow. As a superuser, or as the role "
            f"{installed.prefix}_owner: vacuum (analyze) prooftrail.log",
            err=True,
        )
    fresh = [role for role in installed.app_roles if role not in able]
    done += [f"{role} may now write events" for role in fresh]
    return done


def _make_logins(connection: Connection, prefix: str, path: Path) -> list[str]:
    import os
    import shlex

    from prooftrail.errors import ConfigurationError
    from prooftrail.signing.durable import create_file
    from prooftrail.store import logins

    passwords = logins.passwords(os.urandom)
    lines = []
    for login, password in passwords.items():
        dsn = logins.dsn(connection, prefix, login, password)
        lines.append(f"PROOFTRAIL_{login.upper()}_DSN={shlex.quote(dsn)}\n")
    try:
        create_file(path, "".join(lines).encode(), PRIVATE)
    except FileExistsError:
        click.echo(
            f"{path} is there already, so the logins keep their passwords; move it "
            "away to get new ones.",
            err=True,
        )
        return []
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Name a file in a directory "
            "that is there (--logins FILE)"
        ) from error
    try:
        logins.set_passwords(connection, prefix, passwords)
    except BaseException:
        path.unlink()  # its passwords are good for nothing
        raise
    return [f"Set passwords for {len(passwords)} logins and wrote their DSNs to {path}"]


def _make_key_and_stream(
    connection: Connection, key_file: Path, base: str | None, name: str | None
) -> list[str]:
    import os

    from prooftrail.cli.stream import registered
    from prooftrail.sign.registering import create_stream
    from prooftrail.signing.keys import create_master_key, load_master_key
    from prooftrail.store import streams

    there = registered()
    _tell_ignored(there, base, name)
    done = []
    if key_file.exists():
        master = load_master_key(key_file)
        _compare(there, master, key_file)
    elif any(stream.keys for stream in there):
        click.echo(
            f"There is no signing key at {key_file}: the streams here state keys "
            "already, so none is made. Run the signer where that key lies.",
            err=True,
        )
        return []
    else:
        if key_file == places.default_key_file():
            places.make_home()
        master = create_master_key(key_file, os.urandom)
        done.append(f"Made the signer's master key {key_file} (mode 0600)")
    if not there:
        made = create_stream(
            connection,
            name or STREAM,
            base=base or streams.BASE,
            master=master,
            random=os.urandom,
        )
        done.append(f"Created the stream {made.name!r}, origin {made.origin}")
    return done


def _tell_ignored(there: list[Stream], base: str | None, name: str | None) -> None:
    """Say so where --stream or --origin name something that is not made any more."""
    if not there or any(
        name in (None, stream.name) and base in (None, stream.base) for stream in there
    ):
        return
    origin = f" --origin {base}" if base else ""
    click.echo(
        "warning: --stream and --origin are for the first stream, and there is one "
        f"already, not so: prooftrail stream create {name or 'NAME'}{origin}",
        err=True,
    )


def _compare(there: list[Stream], master: MasterKey, key_file: Path) -> None:
    from prooftrail.errors import SignError
    from prooftrail.sign.opening import check_keys
    from prooftrail.signing.keys import SigningKeys

    for stream in there:
        try:
            check_keys(stream, SigningKeys(master, stream.origin))
        except SignError:
            click.echo(
                f"warning: {key_file} is not the key that the stream {stream.name!r} "
                "states: its signer needs the other one (--key-file)",
                err=True,
            )


def _tell_next(key_file: Path, logins: Path | None) -> None:
    import shlex

    click.echo("\nNext:")
    if logins is not None:
        file = shlex.quote(str(logins.absolute()))
        click.echo(f"  set -a; . {file}; set +a    each command as its own login")
    click.echo(
        f"  back up {key_file}: without it no checkpoint can be continued\n"
        "  prooftrail seal                   moves events from the inbox to the log\n"
        "  prooftrail sign --anchor DIR      signs; DIR where no database admin can "
        "write\n"
        "  prooftrail verify --anchor DIR    checks it all"
    )
