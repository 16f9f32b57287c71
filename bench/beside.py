"""``python -m bench.beside``: pages and figures beside a scan, and django-auditlog.

django-auditlog's table has as many rows, made from the same events: its own columns
and indexes, by its own migrations. It is asked by Django, as its users ask it, as a
superuser whom no row-level security limits; what it does not know (failed logins,
personal data) is not asked of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import django
import psycopg
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from bench.console import STREAMS, filled
from bench.searching import LIMIT, TOKENS
from bench.writing import now_us
from prooftrail.search import lists, summary
from prooftrail.search.language import understand
from prooftrail.search.parameters import Paging
from prooftrail.store import asking, searching
from prooftrail.store.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.store.connect import Connection

NO_INDEX = (
    "set local enable_indexscan = off; set local enable_indexonlyscan = off;"
    " set local enable_bitmapscan = off; set local enable_seqscan = on;"
    " set local enable_hashjoin = on"
)
USERS = """
insert into auth_user (id, password, is_superuser, username, first_name, last_name,
                       email, is_staff, is_active, date_joined)
select n, '', false, 'usr_' || n, '', '', 'p' || n || '@example.com', true, true, now()
  from generate_series(1, 2000) n
"""
KINDS = """
insert into django_content_type (id, app_label, model)
values (101, 'shop', 'customer'), (102, 'shop', 'invoice'), (103, 'shop', 'user')
"""
ROWS = """
insert into auditlog_logentry (
         content_type_id, object_pk, object_id, object_repr, action, changes_text,
         changes, actor_id, cid, remote_addr, timestamp, actor_email)
select case l.resource_type when 'customer' then 101 when 'invoice' then 102
                            else 103 end,
       k.pk, nullif(regexp_replace(k.pk, '\\D', '', 'g'), '')::bigint, k.pk,
       case when l.action like '%.delete' then 2
            when l.action ~ '(update|change|logout|success|failure)$' then 1
            when l.action like '%.run' then 0
            else 3 end,
       '', '{"email": ["a@example.com", "b@example.com"]}',
       substr(l.actor, 5)::integer, left(l.event_id::text, 16), l.ip,
       to_timestamp(l.occurred_us / 1000000.0),
       'p' || substr(l.actor, 5) || '@example.com'
  from prooftrail.log l
 cross join lateral (select coalesce(l.resource_id, l.actor) as pk) k
 where l.continues is null and l.actor like 'usr\\_%'
"""


class Asked(NamedTuple):
    """A question, and the same one of django-auditlog."""

    text: str
    filters: dict[str, Any] | None  # None: it does not know
    without: bool = False


ASKED = (
    Asked("", {}),
    Asked(
        "during:2026-Q1",
        {
            "timestamp__gte": "2026-01-01T00:00:00Z",
            "timestamp__lt": "2026-04-01T00:00:00Z",
        },
    ),
    Asked("actor:usr_123", {"actor_id": 123}),
    Asked("resource:cust_456", {"object_pk": "cust_456", "content_type_id": 101}),
    Asked("type:invoice", {"content_type_id": 102}),
    Asked("action:admin.user.delete", {"action": 2}),
    Asked("-actor:usr_1", {"actor_id": 1}, without=True),
    Asked("pii:yes", None),
    Asked("action:auth.login.failure", None),
    Asked("role:admin or result:denied", None),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.beside")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--pg", type=int, help="major version, such as 15")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dsn", help="a log that `bench.searching.fill` made before")
    asked = parser.parse_args()
    with filled(asked.dsn, asked.pg, asked.entries) as (url, version):
        rows = beside(url)
        print(
            f"PostgreSQL {version}, Python {platform.python_version()}, "
            f"Django {django.get_version()}, {rows:,} rows of django-auditlog, "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
        )
        compare(url, asked.rounds)


def beside(url: str) -> int:
    """Have django-auditlog's table hold the same events; return how many."""
    given = conninfo_to_dict(url)
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "auditlog",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": given["dbname"],
                "USER": given.get("user"),
                "PASSWORD": given.get("password", ""),
                "HOST": given.get("host"),
                "PORT": given.get("port", ""),
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  once it is set up

    with psycopg.connect(url, autocommit=True) as admin:
        there = admin.execute("select to_regclass('auditlog_logentry')").fetchone()
        if there is None or there[0] is None:
            call_command("migrate", verbosity=0)
            for statement in (USERS, KINDS, ROWS):
                admin.execute(statement)
            admin.execute("vacuum analyze auditlog_logentry")
        row = admin.execute("select count(*) from auditlog_logentry").fetchone()
    return int(row[0]) if row else 0


def compare(url: str, rounds: int) -> None:
    """Measure everything in turn, and print the table."""
    readers = Readers(url, size=1)
    print(
        "| query | events | page | figures | sequential scan | x page | x figures "
        "| auditlog: page | x | figures | x |"
    )
    print("|" + "---|" + "---:|" * 10)
    for asked in ASKED:
        question = understand(asked.text, streams=STREAMS, now_us=now_us()).question

        def page(reader: Connection, question: Any = question) -> object:
            return lists.page(reader, question, Paging(LIMIT, None), STREAMS)

        def figures(reader: Connection, question: Any = question) -> summary.Summary:
            return summary.summarize(reader, question)

        def scan(reader: Connection, question: Any = question) -> object:
            begun = searching.begin(reader, question, workers=2)
            reader.execute(NO_INDEX)
            bound = asking.Values()
            statement = asking.sql.SQL(
                "select count(*) from prooftrail.log l where l.continues is null and {}"
            ).format(asking.entry(begun, bound))
            return reader.execute(statement, bound, prepare=False).fetchone()

        with reading(readers) as reader:
            total = figures(reader).total
        paged, counted, scanned = (
            took(rounds, reads(readers, one)) for one in (page, figures, scan)
        )
        told = "| | | | |"
        if asked.filters is not None:
            theirs, facets = (
                took(rounds, one) for one in (pages_of(asked), facets_of(asked))
            )
            told = (
                f"| {theirs:,.1f} | {theirs / paged:,.1f} "
                f"| {facets:,.0f} | {facets / counted:,.1f} |"
            )
        print(
            f"| `{asked.text}` | {total:,} | {paged:,.1f} | {counted:,.0f} "
            f"| {scanned:,.0f} | {scanned / paged:,.0f} | {scanned / counted:,.1f} "
            f"{told}",
            flush=True,
        )
    readers.close()


@contextmanager
def reading(readers: Readers) -> Iterator[Connection]:
    with readers.reading(TOKENS["all"]) as reader:
        # a scan of a large log takes longer than a reader is given
        reader.execute("set local statement_timeout = 0")
        yield reader


def reads(
    readers: Readers, ask: Callable[[Connection], object]
) -> Callable[[], object]:
    def act() -> object:
        with reading(readers) as reader:
            return ask(reader)

    return act


def took(rounds: int, act: Callable[[], object]) -> float:
    """Return the median in milliseconds, after one that fills the caches."""
    act()
    found = []
    for _ in range(rounds):
        begun = time.perf_counter()
        act()
        found.append(1_000 * (time.perf_counter() - begun))
    return median(found)


def _entries(asked: Asked) -> Any:
    from auditlog.models import LogEntry  # noqa: PLC0415  once it is set up

    entries = LogEntry.objects.order_by("-timestamp")
    filters = asked.filters or {}
    return entries.exclude(**filters) if asked.without else entries.filter(**filters)


def pages_of(asked: Asked) -> Callable[[], object]:
    return lambda: list(_entries(asked)[:LIMIT])


def facets_of(asked: Asked) -> Callable[[], object]:
    """Return what counts by hour, action, actor and kind: four questions of Django."""
    from django.db.models import Count  # noqa: PLC0415  once it is set up
    from django.db.models.functions import TruncHour  # noqa: PLC0415

    def act() -> object:
        entries = _entries(asked).order_by()
        hours = entries.annotate(hour=TruncHour("timestamp")).values("hour", "action")
        found = [list(hours.annotate(n=Count("id")))]
        for column in ("action", "actor_email", "content_type"):
            counted = entries.values(column).annotate(n=Count("id")).order_by("-n")
            found.append(list(counted[:10]))
        return found

    return act


if __name__ == "__main__":
    main()
