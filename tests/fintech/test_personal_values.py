"""Personal values of customers: protected wherever they are told of, and revealed."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from examples.fintech import db
from examples.fintech.models import Customer
from sqlalchemy import update

import prooftrail
from prooftrail import open_envelopes
from prooftrail.capture.process import open_recorder
from prooftrail.capture.published import VARIABLE
from prooftrail.keep import fitting, revealing
from tests.fintech.furniture import furnish
from tests.fintech.house import opened
from tests.keeping_rig import Rig, insert, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fintech.house import House
    from tests.trail import Trail

NEW = ("ada.after@mail.example", "Ada Nova-Protected", "1 Hidden Lane, Flat 77")
TYPED = "correct horse in the wrong field"


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    made.keep()
    return made


@pytest.fixture
def home(rig: Rig) -> Iterator[House]:
    """The application, with the keeper's keys."""
    envelopes = open_envelopes(str(rig.published), missing="refuse")
    with opened(rig.trail, envelopes=envelopes) as made:
        for role in ("support", "compliance", "admin", "ops"):
            made.hire(role, role)
        yield made


def changed(rig: Rig, home: House, action: str) -> dict[str, Any]:
    """Seal and keep what there is; return the one event of an action."""
    home.recorder.drain()
    rig.seal()
    rig.keep()
    (event,) = rig.events(action)
    found: dict[str, Any] = event
    return found


def shown(rig: Rig, event: dict[str, Any], pointer: str) -> Any:
    """Reveal a value, and see that this left an event."""
    before = len(rig.events("prooftrail.reveal"))
    asked = revealing.Asked(
        "main",
        UUID(event["eventId"]),
        pointer,
        {"type": "user", "userId": "auditor_1"},
        "case 12",
    )
    with closing(rig.connection(autocommit=True)) as connection, rig.recorder() as own:
        found = revealing.reveal(connection, rig.keys, asked, own.record)
    rig.seal()
    told = rig.events("prooftrail.reveal")
    assert len(told) == before + 1
    assert told[-1]["resource"] == {"type": "event", "id": event["eventId"]}
    return found.value


def whole(trail: Trail, *, table: str | None = None) -> str:
    """Return a dump of the trail's schemas: inbox, log, envelopes, vault.

    Args:
        trail: whose.
        table: one alone, of the schema `prooftrail`.
    """
    what = "--schema=prooftrail*" if table is None else f"--table=prooftrail.{table}"
    made = subprocess.run(
        [str(trail.cluster.bin_dir / "pg_dump"), what, "--inserts", trail.dsn],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ},
    )
    return made.stdout


def holds(text: str, value: str) -> bool:
    """Whether a dump holds a value, as text or as the bytes of a bytea."""
    return value in text or value.encode().hex() in text


def test_an_update_holds_before_and_after_protected_and_a_reveal_returns_both(
    rig: Rig, home: House
) -> None:
    names = furnish(home)
    customer, old = names["customer"], f"ada{names['n']}@mail.example"
    body = dict(zip(("email", "name", "address"), NEW, strict=True))
    answer = home.send("PUT", f"/customers/{customer}", "support", body)
    assert answer.status_code == 200
    home.recorder.drain()
    inbox = whole(rig.trail)
    event = changed(rig, home, "customer.pii.update")
    fields = [one["field"] for one in event["changes"]]
    assert sorted(fields) == ["address", "email", "name"]
    for one in event["changes"]:
        for side in ("before", "after"):
            inner = one[side]["$protected"]
            assert inner["subject"] == customer
            assert inner["commitment"].startswith("sha256:")
    email = fields.index("email")
    assert shown(rig, event, f"/changes/{email}/before") == old
    assert shown(rig, event, f"/changes/{email}/after") == NEW[0]
    assert rig.misfits() == []
    for dump in (inbox, whole(rig.trail)):
        for value in (old, names["name"], *NEW):
            assert not holds(dump, value)


def test_a_bulk_update_holds_before_and_after_protected(rig: Rig, home: House) -> None:
    names = [furnish(home) for _ in range(2)]
    ids = [one["customer"] for one in names]
    with (
        db.sessions()() as session,
        prooftrail.event(
            "customer.pii.update", resource=("customer", None), actor="usr_1"
        ),
    ):
        session.execute(
            update(Customer).where(Customer.id.in_(ids)).values(address=NEW[2])
        )
        session.commit()
    event = changed(rig, home, "customer.pii.update")
    assert sorted(event["subjects"]) == sorted(ids)
    assert len(event["changes"]) == 2
    seen = set()
    for number, one in enumerate(event["changes"]):
        whose = one["before"]["$protected"]["subject"]
        assert one["field"] == f"customer[{whose}].address"
        assert one["after"]["$protected"]["subject"] == whose
        seen.add(shown(rig, event, f"/changes/{number}/before"))
        assert shown(rig, event, f"/changes/{number}/after") == NEW[2]
    assert seen == {f"{one['n']} Main Street" for one in names}
    assert not holds(whole(rig.trail), NEW[2])


def test_what_is_swapped_or_copied_on_the_way_is_stated(rig: Rig, home: House) -> None:
    made = []
    for _ in range(2):
        names = furnish(home)
        home.recorder.drain()
        rig.seal()
        path = f"/customers/{names['customer']}"
        assert home.send("PUT", path, "support", {"email": NEW[0]}).status_code == 200
        home.recorder.drain()
        made.append(waiting(rig.trail))
    (first, of_first), (second, of_second) = made
    copied = first["changes"][0]["before"]
    (change,) = first["changes"]
    change["before"], change["after"] = change["after"], change["before"]
    second["changes"][0]["before"] = copied  # another customer's
    insert(rig.trail, first, of_first)
    insert(rig.trail, second, of_second)
    rig.seal()
    rig.keep()
    assert sorted(rig.misfits()) == sorted(
        [(first["eventId"], fitting.OTHER), (second["eventId"], fitting.OTHER)]
    )


def test_a_name_that_was_typed_at_the_login_is_protected(rig: Rig, home: House) -> None:
    body = {"email": TYPED, "password": "hunter2"}
    assert home.send("POST", "/auth/login", None, body).status_code == 401
    event = changed(rig, home, "auth.login.failure")
    inner = event["details"]["attempted_login"]["$protected"]
    assert inner["class"] == "identity.login"
    assert not holds(whole(rig.trail), TYPED)
    assert shown(rig, event, "/details/attempted_login") == TYPED


def test_the_process_s_own_recorder_takes_the_keys_that_the_environment_names(
    rig: Rig, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(rig.published))
    own = open_recorder(rig.trail.login_dsn("writer"))
    prooftrail.use(own)
    try:
        names = furnish(home)
        path = f"/customers/{names['customer']}"
        body = {"email": NEW[0]}
        assert home.send("PUT", path, "support", body).status_code == 200
        own.drain()
    finally:
        prooftrail.use(home.recorder)
        own.close()
    event = changed(rig, home, "customer.pii.update")
    assert shown(rig, event, "/changes/0/after") == NEW[0]
