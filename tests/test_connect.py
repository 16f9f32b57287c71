"""DSNs that were mistyped: no command shows anything of the password in them."""

from __future__ import annotations

import json
import traceback
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.errors import ConfigurationError, UnavailableError
from prooftrail.store import connect, inbox

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

SECRETS = ("s3", "cret")
UNREADABLE = [
    "postgres//adm:s3cret@db/app",
    " postgresql://adm:s3cret@db/app",
    "postgresql://adm:s3 cret@db/app",
    "postgresql://adm:s3%cret@db/app",
    "postgresql://adm:s3@cret@db/app",
    "postgresql://adm:s3/cret@db/app",
    "postgresql://adm:12/cret@db/app",
    "postgresql://adm:s3cret@[::1/app",
    "adm:s3cret@db/app",
    "host=127.0.0.1 password=s3 cret",
    "host=127.0.0.1 passwd=s3cret",
    "dbname=postgresql://adm:s3cret@127.0.0.1:1/app",
]
READABLE = [  # and nobody answers there
    "postgresql://adm:s3cret@127.0.0.1:1/app",
    "postgresql://adm:s3%40cret@127.0.0.1:1/app",
    "postgresql://adm:s3#?cret@127.0.0.1:1/app",
    "postgresql://adm:s3cret@127.0.0.1:99999/app",
    "postgresql://adm:s3cret@127.0.0.1:1/app?sslmode=odd",
    "host=127.0.0.1 port=1 user=adm password=s3cret",
    "host='/no such/directory' user=adm password=s3cret",
    "host=@abstract user=adm password=s3cret",
]
COMMANDS = [
    ["verify"],
    ["verify", "--json"],
    ["seal", "--once"],
    ["doctor"],
    ["init"],
    ["checkpoint"],
    ["stream", "list"],
]


def hides(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


@pytest.mark.parametrize("variable", ["PROOFTRAIL_DSN", "PROOFTRAIL_WRITER_DSN"])
@pytest.mark.parametrize("dsn", UNREADABLE)
def test_a_dsn_that_cannot_be_read_is_named_and_not_shown(
    dsn: str, variable: str
) -> None:
    env = {variable: dsn}
    with pytest.raises(ConfigurationError) as raised:
        connect.connect("writer", env=env)
    assert f"{variable} is no connection URL" in str(raised.value)
    # as a log would have it, causes and all
    told = traceback.TracebackException.from_exception(raised.value)
    hides("".join(told.format_exception_only()))
    assert told.__cause__ is None
    assert told.__suppress_context__
    with pytest.raises(ConfigurationError, match=f"^{variable} is no connection URL"):
        inbox.open_writer(env=env)


@pytest.mark.parametrize("dsn", READABLE)
def test_a_server_that_does_not_answer_is_named_without_the_password(dsn: str) -> None:
    with pytest.raises(UnavailableError) as raised:
        connect.connect("sealer", dsn=dsn)
    hides(str(raised.value))
    hides(str(raised.value.__cause__))


@pytest.mark.parametrize("dsn", UNREADABLE)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_shows_a_mistyped_dsn(
    arguments: list[str], dsn: str, tmp_path: Path
) -> None:
    env = {"PROOFTRAIL_DSN": dsn, "HOME": str(tmp_path)}
    done = CliRunner().invoke(main, arguments, env=env)
    assert done.exit_code == (2 if arguments[0] in {"verify", "doctor"} else 1)
    assert "is no connection URL" in done.output
    hides(done.output)
    if "--json" in arguments:
        assert json.loads(done.stdout)["verdict"] == "could not verify"


@pytest.mark.parametrize("login", ["verifier", "reader", "sealer", None])
def test_no_statement_of_ours_is_compiled(trail: Trail, login: str | None) -> None:
    name = trail.database
    trail.superuser().execute(f"alter database {name} set jit = on")
    with closing(connect.connect(login, dsn=trail.dsn)) as connection:
        row = connection.execute("select current_setting('jit')").fetchone()
    assert row == ("off",)
