"""A test's own trail: a cloned database, its logins, and a superuser to attack it."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from prooftrail.store import connect, files, install, logins, streams

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = "prooftrail_template"
PASSWORD = "only-for-tests"
BASE = "test.example"


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class Cluster:
    url: str
    version: int
    bin_dir: Path
    shared_dir: Path

    def dsn(self, database: str, user: str | None = None) -> str:
        """Return a DSN of a database, as the superuser or as another login."""
        parts = urlsplit(self.url)
        netloc = parts.netloc
        if user is not None:
            netloc = f"{quote(user)}:{PASSWORD}@{netloc.rpartition('@')[2]}"
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))

    def admin(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.dsn("postgres"), autocommit=True)

    def make_template(self) -> None:
        lock = self.shared_dir / f"template{self.version}.lock"
        with lock.open("w") as held, self.admin() as admin:
            fcntl.flock(held, fcntl.LOCK_EX)
            there = admin.execute(
                "select 1 from pg_database where datname = %s and datistemplate",
                (TEMPLATE,),
            ).fetchone()
            if there is not None:
                return
            admin.execute(f"create database {TEMPLATE}")
            own = connect.connect(None, dsn=self.dsn(TEMPLATE), autocommit=True)
            made = install.install(own, now_us=now_us())
            logins.set_passwords(
                own, made.prefix, dict.fromkeys(files.LOGINS, PASSWORD)
            )
            own.close()
            admin.execute(f"alter database {TEMPLATE} is_template true")

    def clone(self, name: str, directory: Path) -> Trail:
        lock = self.shared_dir / f"template{self.version}.lock"
        with lock.open("w") as held, self.admin() as admin:
            fcntl.flock(held, fcntl.LOCK_EX)
            admin.execute(f"create database {name} template {TEMPLATE}")
        made = Trail(self, name, directory)
        made.stream("main")
        return made

    def drop(self, name: str) -> None:
        """Drop a database, which everybody must have left (within five seconds)."""
        with self.admin() as admin:
            left = admin.execute(
                "select usename, application_name, state, query from pg_stat_activity"
                " where datname = %s",
                (name,),
            ).fetchall()
            try:
                admin.execute(f"drop database if exists {name}")
            except psycopg.errors.ObjectInUse:
                admin.execute(f"drop database {name} with (force)")
                raise AssertionError(f"connections were left open: {left}") from None


@dataclass
class Trail:
    cluster: Cluster
    database: str
    directory: Path
    made: dict[str, streams.Stream] = field(default_factory=dict)
    _open: list[psycopg.Connection[Any]] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        """The superuser's DSN."""
        return self.cluster.dsn(self.database)

    @property
    def env(self) -> dict[str, str]:
        """An environment for commands: the administrator's DSN alone."""
        return {**os.environ, "PROOFTRAIL_DSN": self.dsn}

    def superuser(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a plain superuser connection, in autocommit: the attacker."""
        return self._keep(psycopg.connect(self.dsn, autocommit=True))

    def login(self, login: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection of the real login of that name, in autocommit."""
        dsn = self.cluster.dsn(self.database, f"prooftrail_{login}")
        return self._keep(psycopg.connect(dsn, autocommit=True))

    def login_dsn(self, login: str) -> str:
        return self.cluster.dsn(self.database, f"prooftrail_{login}")

    def stream(self, name: str) -> streams.Stream:
        admin = connect.connect(None, dsn=self.dsn, autocommit=True)
        try:
            made = streams.create(admin, name, stream_id=os.urandom(16), base=BASE)
        finally:
            admin.close()
        self.made[name] = made
        return made

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def _keep(
        self, connection: psycopg.Connection[tuple[Any, ...]]
    ) -> psycopg.Connection[tuple[Any, ...]]:
        self._open.append(connection)
        return connection
