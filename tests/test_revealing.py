from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from prooftrail import Personal
from prooftrail.core.protected import Item
from prooftrail.errors import RecordError, RevealError
from prooftrail.keep import revealing
from prooftrail.keep.keys import KeeperKeys
from prooftrail.signing.keys import MasterKey
from prooftrail.store import vault
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.keeping_rig import Rig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EMAIL = "dani.protected@company.example"
AUDITOR = {"type": "user", "userId": "auditor_1"}


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    made.keep()
    return made


def kept(rig: Rig, **more: Any) -> str:
    event: dict[str, Any] = {
        "actor": {"userId": "usr_1"},
        "action": "customer.profile.update",
        "result": "success",
        "resource": {"type": "customer", "id": "cust_7"},
        "details": {"mail": Personal(EMAIL, "contact.email")},
    }
    event_id = rig.record(**event | more)
    rig.seal()
    rig.keep()
    return event_id


def reveal(
    rig: Rig, event_id: str, pointer: str = "/details/mail", **more: Any
) -> revealing.Revealed:
    asked = revealing.Asked(
        "main", UUID(event_id), pointer, AUDITOR, more.pop("reason", "case 12")
    )
    with closing(rig.connection(autocommit=True)) as connection, rig.recorder() as own:
        return revealing.reveal(
            connection,
            more.pop("keys", rig.keys),
            asked,
            more.pop("record", own.record),
        )


def told(rig: Rig) -> list[Any]:
    rig.seal()
    return rig.events("prooftrail.reveal")


def test_a_value_is_shown_and_the_trail_says_to_whom_and_why(rig: Rig) -> None:
    event_id = kept(rig)
    found = reveal(rig, event_id)
    assert found == (EMAIL, "contact.email", "cust_7")
    (event,) = told(rig)
    assert event["actor"] == AUDITOR
    assert event["resource"] == {"type": "event", "id": event_id}
    assert event["details"] == {"pointer": "/details/mail", "class": "contact.email"}
    assert event["purpose"] == "case 12"
    assert event["subjects"] == ["cust_7"]
    assert EMAIL not in json.dumps(event)


def test_nothing_is_shown_that_is_not_recorded(rig: Rig) -> None:
    event_id = kept(rig)

    def fail(_: object) -> None:
        raise RecordError("away")

    with pytest.raises(RecordError):
        reveal(rig, event_id, record=fail)


def test_nothing_is_shown_without_a_reason(rig: Rig) -> None:
    with pytest.raises(RevealError, match="say why"):
        reveal(rig, kept(rig), reason="  ")


@pytest.mark.parametrize(
    ("attack", "message"),
    [
        ("update prooftrail.vault set sealed = sealed || 'x'", "does not open"),
        ("update prooftrail.vault set sealed = 'x'", "does not open"),
        ("update prooftrail.vault set class = 'note'", "does not open"),
        ("update prooftrail.vault set subject = 'cust_8'", "erased"),
        ("update prooftrail.subject_key set wrapped = 'x'", "does not open"),
        ("delete from prooftrail.vault", "no value is kept"),
    ],
)
def test_what_was_altered_in_the_vault_is_not_shown(
    rig: Rig, attack: str, message: str
) -> None:
    event_id = kept(rig)
    rig.trail.superuser().execute(attack)
    with pytest.raises(RevealError, match=message):
        reveal(rig, event_id)
    (event,) = told(rig)
    assert event["result"] == "failure"


def test_a_value_moved_to_another_place_or_event_does_not_open(rig: Rig) -> None:
    event_id, other = kept(rig), kept(rig, details={"mail": Personal("b", "note")})
    admin = rig.trail.superuser()
    admin.execute(
        "update prooftrail.vault v set sealed = w.sealed, class = w.class"
        " from prooftrail.vault w where v.event_id = %s and w.event_id = %s",
        (other, event_id),
    )
    with pytest.raises(RevealError, match="does not open"):
        reveal(rig, other)
    with pytest.raises(RevealError, match="no value is kept"):
        reveal(rig, event_id, "/actor/email")


def test_what_was_put_in_by_the_holder_of_all_keys_still_fails_its_commitment(
    rig: Rig,
) -> None:
    event_id = kept(rig)
    with closing(rig.connection(autocommit=True)) as connection:
        held = vault.value(connection, "main", UUID(event_id), "/details/mail")
    assert held is not None
    assert held.wrapped is not None
    key = rig.keys.subject("cust_7", held.wrapped)
    forged = Item(
        "/details/mail", "contact.email", "cust_7", bytes(32), "other@x.example", None
    )
    rig.trail.superuser().execute(
        "update prooftrail.vault set sealed = %s",
        (key.seal(forged, held.stream_id, event_id),),
    )
    with pytest.raises(RevealError, match="does not fit the commitment"):
        reveal(rig, event_id)


def test_another_key_file_opens_nothing(rig: Rig) -> None:
    event_id = kept(rig)
    other = KeeperKeys(MasterKey(b"x" * 32), random=os.urandom)
    with pytest.raises(RevealError, match="does not open"):
        reveal(rig, event_id, keys=other)


def test_an_erased_subject_is_gone_and_the_log_still_verifies(rig: Rig) -> None:
    erased, stays = kept(rig), kept(rig, resource={"type": "customer", "id": "cust_8"})
    with (
        closing(rig.connection(autocommit=True)) as connection,
        rig.recorder() as own,
    ):
        done = revealing.erase(
            connection,
            "cust_7",
            actor=AUDITOR,
            reason="request 3",
            record=own.record,
        )
        assert done == (1, 1, 1)
        with pytest.raises(RevealError, match="nothing is kept"):
            revealing.erase(
                connection,
                "cust_7",
                actor=AUDITOR,
                reason="again",
                record=own.record,
            )
    with pytest.raises(RevealError, match="erased with its subject"):
        reveal(rig, erased)
    assert reveal(rig, stays).value == EMAIL
    with closing(rig.connection(autocommit=True)) as connection:
        digest = rig.keys.digest("contact.email", EMAIL)
        assert vault.found(connection, digest) == [(1, UUID(stays), "/details/mail")]
    rig.seal()
    (event,) = rig.events("prooftrail.erase")
    assert event["resource"] == {"type": "subject", "id": "cust_7"}
    assert event["purpose"] == "request 3"
    report = Run(Asked(), dsn=rig.trail.dsn).run()
    assert report.findings == []


def test_nothing_is_erased_that_is_not_recorded(rig: Rig) -> None:
    event_id = kept(rig)

    def fail(_: object) -> None:
        raise RecordError("away")

    with (
        closing(rig.connection(autocommit=True)) as connection,
        pytest.raises(RecordError),
    ):
        revealing.erase(connection, "cust_7", actor=AUDITOR, reason="r", record=fail)
    assert reveal(rig, event_id).value == EMAIL


def run(rig: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PROOFTRAIL_")
    } | {
        "PROOFTRAIL_KEEPER_DSN": rig.trail.login_dsn("keeper"),
        "PROOFTRAIL_WRITER_DSN": rig.trail.login_dsn("writer"),
        "PROOFTRAIL_KEEPER_DIR": str(rig.directory),
        "PROOFTRAIL_EPOCH_KEYS": str(rig.published),
    }
    return subprocess.run(
        [sys.executable, "-m", "prooftrail", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_keep_reveal_and_erase(rig: Rig) -> None:
    event_id = rig.record(
        actor={"userId": "u", "name": Personal("Eve\x1b[2J", "person.name")},
        action="auth.logout",
        result="success",
    )
    rig.seal()
    done = run(rig, "keep", "--once")
    assert done.stdout == "kept 1 values of 1 envelopes\n"
    shown = run(rig, "reveal", event_id, "/actor/name", "--reason", "case 9")
    assert (shown.returncode, shown.stdout) == (0, "Eve\\x1b[2J\n")
    (event,) = told(rig)
    assert event["purpose"] == "case 9"
    assert run(rig, "erase", "u", "--reason", "asked for", "--yes").returncode == 0
    gone = run(rig, "reveal", event_id, "/actor/name", "--reason", "case 9")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "erased with its subject" in gone.stderr
    assert "Eve" not in gone.stderr
