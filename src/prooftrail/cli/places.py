"""Where the duties' files lie unless a command or the environment says otherwise.

Guarantees: root's files lie in /var/lib/prooftrail, a user's in the platform's place
for his data; neither is made before something is written there. The embedded
PostgreSQL uses the same place by other names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., object]")


def home() -> Path:
    """Return the place of this user's data."""
    if os.geteuid() == 0:
        return Path("/var/lib/prooftrail")
    import platformdirs

    return Path(platformdirs.user_data_dir("prooftrail", appauthor=False))


def make_home() -> None:
    """Make the default place; for root, one that the embedded server can enter."""
    made = home()
    made.parent.mkdir(parents=True, exist_ok=True)
    if not made.exists():
        made.mkdir(0o700)
        if os.geteuid() == 0:
            made.chmod(0o711)


def default_key_file() -> Path:
    """Return the signer's master key file."""
    return home() / "signing.key"


def default_state_dir() -> Path:
    """Return the signer's state directory."""
    return home() / "signer"


def default_keeper_dir() -> Path:
    """Return the directory of the keeper's keys."""
    return home() / "keeper"


def default_access_key() -> Path:
    """Return the file of the console's own key."""
    return home() / "access.key"


def default_epoch_keys() -> Path:
    """Return the file in which public epoch keys are published."""
    return home() / "epoch-keys.json"


def keeper_dir_option(command: Command) -> Command:
    """Add --keeper-dir."""
    return click.option(
        "--keeper-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="PROOFTRAIL_KEEPER_DIR",
        default=default_keeper_dir,
        show_default="PROOFTRAIL_KEEPER_DIR, or in the place of this user's data",
        help="The keeper's keys; nobody else may read them.",
    )(command)


def epoch_keys_option(command: Command) -> Command:
    """Add --epoch-keys."""
    return click.option(
        "--epoch-keys",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="PROOFTRAIL_EPOCH_KEYS",
        default=default_epoch_keys,
        show_default="PROOFTRAIL_EPOCH_KEYS, or in the place of this user's data",
        help="Where the public epoch keys are written, for applications to read.",
    )(command)


def access_key_option(command: Command) -> Command:
    """Add --access-key."""
    return click.option(
        "--access-key",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="PROOFTRAIL_ACCESS_KEY",
        default=default_access_key,
        show_default="PROOFTRAIL_ACCESS_KEY, or in the place of this user's data",
        help="The console's own key, under which second factors are kept; made where "
        "nobody was let in yet. Nobody else may read it.",
    )(command)


def key_file_option(command: Command) -> Command:
    """Add --key-file."""
    return click.option(
        "--key-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="PROOFTRAIL_KEY_FILE",
        default=default_key_file,
        show_default="PROOFTRAIL_KEY_FILE, or in the place of this user's data",
        help="The signer's master key.",
    )(command)


def state_dir_option(command: Command) -> Command:
    """Add --state-dir."""
    return click.option(
        "--state-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="PROOFTRAIL_STATE_DIR",
        default=default_state_dir,
        show_default="PROOFTRAIL_STATE_DIR, or in the place of this user's data",
        help="What the signer itself remembers; it belongs where the database's "
        "administrators cannot reach it.",
    )(command)
