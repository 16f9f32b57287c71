from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prooftrail.doctor import failed
from prooftrail.store import connect, install
from tests.doctoring import looked, only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def role(trail: Trail) -> Iterator[str]:
    """Give a login of its own, with no right anywhere."""
    name = f"login_of_{trail.database}"
    admin = trail.superuser()
    admin.execute(f"create role {name} login")
    yield name
    admin.execute(f"drop owned by {name}")
    admin.execute(f"drop role {name}")


def test_applications_that_write_are_listed_and_more_than_that_fails(
    trail: Trail, role: str
) -> None:
    link = connect.connect(None, dsn=trail.dsn, autocommit=True)
    install.grant_application(link, role)
    found = looked(trail)
    assert found["applications"][0].told.split(", ")[-1] == role
    assert not failed([check for checks in found.values() for check in checks])
    link.execute(f"grant select on prooftrail.inbox to {role}")
    link.close()
    check = only(trail, "grants")
    assert check.state == "fail"
    assert check.told == f"unexpected: grant to {role} on prooftrail.inbox: SELECT"


@pytest.mark.parametrize(
    ("give", "told"),
    [
        ("alter role {} superuser", "superuser: can switch every guard off"),
        ("grant prooftrail_owner to {}", "may act as the owner: can become the owner"),
        ("alter role {} bypassrls", "BYPASSRLS: can read past row security"),
        ("alter role {} replication", "REPLICATION: can copy the whole cluster"),
        ("grant pg_write_all_data to {}", "pg_write_all_data: can write every table"),
        ("grant pg_read_all_data to {}", "pg_read_all_data: can read every table"),
        ("grant pg_write_server_files to {}", "so make itself superuser"),
        ("alter database {db} owner to {}", "owner of the database: can drop"),
        (
            "grant prooftrail_sealer to {}",
            "may act as the trail's logins: can act",
        ),
    ],
)
def test_who_could_still_cheat_is_named_with_what_stands_against_it(
    trail: Trail, role: str, give: str, told: str
) -> None:
    admin = trail.superuser()
    admin.execute(give.format(role, db=trail.database))
    found = looked(trail)
    admin.execute(f"alter database {trail.database} owner to current_user")
    named = [check for check in found["could cheat"] if check.told.startswith(role)]
    assert [check.state for check in named] == ["note"]
    assert told in named[0].told
    assert named[0].remedy.startswith("against it: ")


def test_who_may_make_itself_the_owner_is_named(trail: Trail, role: str) -> None:
    admin = trail.superuser()
    if trail.cluster.version < 16:
        admin.execute(f"alter role {role} createrole")
        told = "CREATEROLE: can make itself the owner"
    else:
        admin.execute(
            f"grant prooftrail_owner to {role}"
            " with admin true, inherit false, set false"
        )
        told = "(as prooftrail_owner), may act as the owner"
    named = [one for one in looked(trail)["could cheat"] if role in one.told]
    assert told in named[0].told


def test_event_triggers_are_listed(trail: Trail) -> None:
    assert only(trail, "event triggers").told.startswith("none: ")
    admin = trail.superuser()
    admin.execute(
        "create function public.watch() returns event_trigger language plpgsql"
        " as 'begin end'"
    )
    admin.execute(
        "create event trigger watch_drops on sql_drop execute function public.watch()"
    )
    assert only(trail, "event triggers").told == "watch_drops"
