"""A test's database as Django's default one, with the shop's tables in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import django
import psycopg
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.utils import ConnectionHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail

if not settings.configured:
    settings.configure(USE_TZ=True, INSTALLED_APPS=[])
    django.setup()

TABLES = """
create table customer (
  id text primary key, email text, name text, plan text not null,
  balance numeric(12, 2) not null, password text not null, seen int not null
);
create table address (
  id serial primary key, city text not null,
  customer_id text not null references customer deferrable initially deferred
);
create table tag (name text primary key);
create table customer_tag (
  id serial primary key,
  customer_id text references customer, tag_id text references tag
);
create table member (id uuid primary key, email text unique, plan text not null);
create table member_friend (
  id serial primary key, from_member_id uuid references member,
  to_member_id uuid references member, unique (from_member_id, to_member_id)
);
create table seat (
  id serial primary key, hall text, number int not null,
  member_id uuid references member deferrable initially deferred,
  constraint seat_once unique (hall, number)
);
create table note (id text primary key, owner text not null, text text not null);
create table article (id int primary key, title text);
grant all on all tables in schema public to prooftrail_writer;
grant all on all sequences in schema public to prooftrail_writer;
"""


@contextmanager
def database(trail: Trail) -> Iterator[Any]:
    """Give the connection."""
    trail.superuser().execute(TABLES)
    dsn = trail.login_dsn("writer")
    given = psycopg.conninfo.conninfo_to_dict(dsn)
    handler = ConnectionHandler(
        {
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": given["dbname"],
                "USER": given["user"],
                "PASSWORD": urlsplit(dsn).password,
                "HOST": given.get("host"),
                "PORT": given.get("port", ""),
            }
        }
    )
    own = handler["default"]
    connections["default"] = own
    apps.set_installed_apps(["tests.django_app"])  # whatever the process has
    try:
        yield own
    finally:
        apps.unset_installed_apps()
        del connections["default"]
        own.close()
