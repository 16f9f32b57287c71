"""Who called a command, as far as the operating system knows."""

from __future__ import annotations


def user() -> str:
    """Return the login name, or the number of a user without one (a container's)."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid-{os.getuid()}"
