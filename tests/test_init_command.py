"""`prooftrail init` as an administrator runs it, with and without superuser rights."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psycopg
import pytest
from click.testing import CliRunner, Result

from prooftrail.cli import main
from prooftrail.signing.keys import SigningKeys, load_master_key
from prooftrail.store import files
from tests.trail import PASSWORD, Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = "Nothing was to be done"


class Place:
    """A database without a trail, an administrator for it, and his files."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self.cluster = cluster
        self.directory = directory
        self.database = f"init_{os.getpid()}_{directory.name.replace('-', '_')}"[:60]
        self.prefix = "p" + self.database[-38:]
        self.dsn = cluster.dsn(self.database)
        self.key_file = directory / "signing.key"
        self.made = [self.prefix + "_" + login for login in (*files.LOGINS, "owner")]
        with cluster.admin() as root:
            root.execute(f"create database {self.database}")

    def role(self, name: str, rights: str = "") -> str:
        """Create a login of the tests' password."""
        made = f"{name}_{self.database}"[:60]
        with self.cluster.admin() as root:
            root.execute(f"create role {made} login {rights} password '{PASSWORD}'")
        self.made.append(made)
        return made

    def run(self, *given: str, **env: str | None) -> Result:
        return CliRunner().invoke(
            main,
            list(given),
            env={
                **{f"PROOFTRAIL_{login.upper()}_DSN": None for login in files.LOGINS},
                "PROOFTRAIL_DSN": self.dsn,
                "PROOFTRAIL_KEY_FILE": str(self.key_file),
                **env,
            },
        )

    def init(self, *given: str) -> Result:
        return self.run("init", "--prefix", self.prefix, *given)

    def superuser(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.cluster.dsn(self.database), autocommit=True)

    def close(self) -> None:
        self.cluster.drop(self.database)
        with self.cluster.admin() as root:
            for role in self.made:
                root.execute(f"drop role if exists {role}")


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    made = Place(cluster, tmp_path)
    yield made
    made.close()


def test_init_makes_roles_key_and_first_stream(place: Place) -> None:
    done = place.init("--origin", "audit.example.com/eu", "--stream", "eu")
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(place.key_file.stat().st_mode) == 0o600
    with place.superuser() as superuser:
        row = superuser.execute(
            "select name, base, stream_id, keys from prooftrail.stream"
        ).fetchone()
    assert row is not None
    name, base, stream_id, stated = row
    assert (name, base) == ("eu", "audit.example.com/eu")
    keys = SigningKeys(load_master_key(place.key_file), f"{base}/{stream_id.hex}/1")
    assert stated == [key.format() for key in keys.verification_keys]
    assert f"{place.prefix}_sealer" in done.output
    assert "prooftrail seal" in done.output
    assert place.key_file.read_text().strip() not in done.output


def test_a_second_run_has_nothing_to_do(place: Place) -> None:
    app = place.role("app")
    logins = str(place.directory / "logins.env")
    place.init("--app-role", app, "--logins", logins)
    key = place.key_file.read_bytes()
    held = (place.directory / "logins.env").read_text()
    again = place.init("--app-role", app)
    assert again.exit_code == 0
    assert NOTHING in again.output
    again = place.run("init", "--logins", logins)
    assert "is there already" in again.output
    assert NOTHING in again.output
    assert place.key_file.read_bytes() == key
    assert (place.directory / "logins.env").read_text() == held
    with psycopg.connect(dsns(place.directory / "logins.env")["sealer"]):
        pass


def test_another_prefix_than_the_installed_one_is_refused(place: Place) -> None:
    place.init()
    done = place.run("init", "--prefix", "other")
    assert done.exit_code == 1
    assert "leave --prefix out" in done.output
    assert place.run("init").exit_code == 0


def test_a_first_stream_that_is_not_made_any_more_is_told(place: Place) -> None:
    place.init("--origin", "audit.example.com")
    for given in (["--origin", "audit.example.com"], ["--stream", "main"], []):
        again = place.run("init", *given)
        assert "warning" not in again.output
    for given, told in (
        (["--stream", "eu"], "prooftrail stream create eu\n"),
        (["--origin", "x.example"], "prooftrail stream create NAME --origin x.example"),
    ):
        again = place.run("init", *given)
        assert again.exit_code == 0
        assert told in again.stderr
        assert NOTHING in again.stdout


def test_an_unusable_origin_is_refused_before_anything_is_done(place: Place) -> None:
    done = place.init("--origin", "no spaces")
    assert done.exit_code == 1
    assert "origin base" in done.output
    assert not place.key_file.exists()
    assert place.init().exit_code == 0


def test_an_application_may_write_events_and_nothing_else(place: Place) -> None:
    app = place.role("app", "noinherit")
    done = place.init("--app-role", app)
    assert f"{app} may now write events" in done.output
    dsn = place.cluster.dsn(place.database, app)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("insert into prooftrail.inbox (event) values ('{}')")
        for refused in (
            "select * from prooftrail.inbox",
            "select * from prooftrail.log",
            "delete from prooftrail.inbox",
            "insert into prooftrail.inbox (event, login) values ('{}', 'x')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(refused)


def test_an_application_without_a_login_is_told(place: Place) -> None:
    done = place.init("--app-role", "nobody_of_that_name")
    assert done.exit_code == 1
    assert "create the application's login first" in done.output


def dsns(path: Path) -> dict[str, str]:
    found = {}
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        login = name.removeprefix("PROOFTRAIL_").removesuffix("_DSN").lower()
        found[login] = value.strip("'")
    return found


def test_logins_are_real_and_each_its_own(place: Place) -> None:
    path = place.directory / "it's logins.env"
    done = place.init("--logins", str(path))
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = dsns(path)
    assert set(found) == set(files.LOGINS)
    passwords = set()
    for login, dsn in found.items():
        with psycopg.connect(dsn) as connection:
            row = connection.execute("select session_user, current_user").fetchone()
            assert row == (f"{place.prefix}_{login}",) * 2
            password = unquote(connection.info.password)
        passwords.add(password)
        assert password not in done.output
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn.replace(password, "wrong"))
    assert len(passwords) == len(files.LOGINS)


def test_commands_work_as_the_logins_of_the_file(place: Place) -> None:
    path = place.directory / "logins.env"
    place.init("--logins", str(path))
    env: dict[str, str | None] = {
        f"PROOFTRAIL_{login.upper()}_DSN": dsn for login, dsn in dsns(path).items()
    }
    env |= {
        "PROOFTRAIL_DSN": None,
        "PROOFTRAIL_STATE_DIR": str(place.directory / "states"),
    }
    for command in (["seal", "--once"], ["sign", "--once"], ["stream", "list"]):
        done = place.run(*command, **env)
        assert done.exit_code == 0, done.output
    note = place.run("checkpoint", **env)
    assert note.stdout.startswith("prooftrail.internal/")


def test_a_failed_password_leaves_no_file_of_logins(place: Place) -> None:
    place.init()
    with place.superuser() as superuser:
        superuser.execute(f"alter role {place.prefix}_owner rename to {place.prefix}_o")
        superuser.execute(
            f"alter role {place.prefix}_keeper rename to {place.prefix}_k"
        )
    place.made += [f"{place.prefix}_o", f"{place.prefix}_k"]
    done = place.run("init", "--logins", str(place.directory / "logins.env"))
    assert done.exit_code == 1
    assert not (place.directory / "logins.env").exists()


def test_a_file_that_cannot_be_written_is_told(place: Place) -> None:
    done = place.init("--logins", str(place.directory / "no" / "logins.env"))
    assert done.exit_code == 1
    assert "cannot be written" in done.output


def test_no_key_is_made_where_the_streams_have_another(place: Place) -> None:
    place.init()
    place.key_file.rename(place.directory / "elsewhere.key")
    done = place.run("init")
    assert done.exit_code == 0
    assert "no signing key" in done.output
    assert not place.key_file.exists()
    place.key_file.write_text("b" * 42 + "A=\n")
    place.key_file.chmod(0o600)
    done = place.run("init")
    assert "is not the key that the stream 'main' states" in done.output


def test_a_plain_createrole_login_installs_all_of_it(place: Place) -> None:
    admin = place.role("admin", "createrole")
    with place.cluster.admin() as root:
        root.execute(f"grant create on database {place.database} to {admin}")
    place.dsn = place.cluster.dsn(place.database, admin)
    app = place.role("app")
    path = place.directory / "logins.env"
    done = place.init("--app-role", app, "--logins", str(path))
    assert done.exit_code == 0, done.output
    assert NOTHING in place.init("--app-role", app).output
    for dsn in dsns(path).values():
        with psycopg.connect(dsn):
            pass
    states = str(place.directory / "states")
    for command in (
        ["stream", "create", "second"],
        ["seal", "--once"],
        ["sign", "--once", "--state-dir", states],
        ["stream", "list"],
        ["checkpoint", "--stream", "second", "--key"],
    ):
        done = place.run(*command)
        assert done.exit_code == 0, (command, done.output)


def test_without_a_database_the_next_step_is_told() -> None:
    done = CliRunner().invoke(main, ["init"], env={"PROOFTRAIL_DSN": None})
    assert done.exit_code == 1
    assert "prooftrail db start --env" in done.output
