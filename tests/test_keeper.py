from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from prooftrail import Personal
from prooftrail.core import protected
from prooftrail.core.protected import Envelope
from prooftrail.errors import ConfigurationError
from prooftrail.keep import fitting
from prooftrail.keep.keys import KeeperKeys
from prooftrail.signing.keys import MasterKey
from prooftrail.store import vault
from prooftrail.verification.report import Asked
from prooftrail.verification.run import Run
from tests.keeping_rig import Rig, insert, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from tests.trail import Trail

EMAIL = "dani.protected@company.example"
PHONE = "+41 44 668 18 00"


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Rig:
    made = Rig(trail, tmp_path / "keeper")
    assert made.keep().made
    return made


def event(**more: Any) -> dict[str, Any]:
    return {
        "actor": {"userId": "usr_1", "email": Personal(EMAIL, "contact.email")},
        "action": "customer.profile.update",
        "result": "success",
        "resource": {"type": "customer", "id": "cust_7"},
        "changes": [{"field": "phone", "after": Personal(PHONE, "contact.phone")}],
        **more,
    }


def test_a_value_goes_from_the_application_into_the_vault_and_is_found(
    rig: Rig,
) -> None:
    event_id = rig.record(**event())
    assert rig.seal().events == 1
    done = rig.keep()
    assert (done.envelopes, done.values, done.misfits) == (1, 2, {})
    assert rig.count("envelope") == 0
    assert rig.misfits() == []
    connection = rig.connection()
    digest = rig.keys.digest("contact.email", EMAIL.upper())
    assert vault.found(connection, digest) == [(1, UUID(event_id), "/actor/email")]
    held = vault.value(connection, "main", UUID(event_id), "/actor/email")
    assert held is not None
    assert held.wrapped is not None
    key = rig.keys.subject("usr_1", held.wrapped)
    salt, value, mask = key.open(
        held.sealed, held.stream_id, event_id, "/actor/email", "contact.email"
    )
    assert (value, mask) == (EMAIL, "d***@company.example")
    (sealed,) = rig.events("customer.profile.update")
    assert sealed["actor"]["email"]["$protected"]["commitment"] == (
        protected.commitment(event_id, "/actor/email", "contact.email", value, salt)
    )
    connection.close()


def test_no_value_stands_plain_in_any_table(rig: Rig) -> None:
    found = []
    for step in (lambda: rig.record(**event()), rig.seal, rig.keep):
        step()
        admin = rig.trail.superuser()
        for table in ("inbox", "log", "envelope", "vault", "exact", "subject_key"):
            rows = admin.execute(f"select t::text from prooftrail.{table} t").fetchall()
            found += [
                (table, needle)
                for (text,) in rows
                for needle in (EMAIL, PHONE)
                if needle in text or needle.encode().hex() in text
            ]
    assert found == []


def test_a_copied_commitment_is_stated_and_kept_out(rig: Rig) -> None:
    rig.record(**event())
    value, envelope = waiting(rig.trail)
    rig.record(**event(actor={"userId": "usr_2"}))
    other, own = waiting(rig.trail)
    insert(rig.trail, value, envelope)
    copied = {**other, "purpose": value["actor"]["email"]}
    insert(rig.trail, copied, own)
    rig.seal()
    assert rig.keep().misfits == {fitting.MISSING: 1}
    assert rig.misfits() == [(other["eventId"], fitting.MISSING)]
    assert rig.misfits() == [(other["eventId"], fitting.MISSING)]  # once
    assert Run(Asked(), dsn=rig.trail.dsn).run().findings == []


def test_swapped_commitments_are_stated(rig: Rig) -> None:
    changes = [
        {"field": "email", "after": Personal("a@b.example", "contact.email")},
        {"field": "email", "after": Personal("c@d.example", "contact.email")},
    ]
    rig.record(**event(actor={"userId": "u"}, changes=changes))
    value, envelope = waiting(rig.trail)
    one, two = value["changes"]
    one["after"], two["after"] = two["after"], one["after"]
    insert(rig.trail, value, envelope)
    rig.seal()
    assert rig.keep().values == 0
    assert rig.misfits() == [(value["eventId"], fitting.OTHER)]


def test_another_class_or_subject_than_the_envelopes_is_stated(rig: Rig) -> None:
    for name, text in (("class", "note"), ("subject", "cust_9")):
        rig.record(**event(actor={"userId": "u"}))
        value, envelope = waiting(rig.trail)
        value["changes"][0]["after"]["$protected"][name] = text
        insert(rig.trail, value, envelope)
        rig.seal()
    assert rig.keep().values == 0
    assert [reason for _, reason in rig.misfits()] == [fitting.OTHER] * 2


def test_an_envelope_of_another_event_opens_for_none_but_its_own(rig: Rig) -> None:
    rig.record(**event())
    value, _ = waiting(rig.trail)
    rig.record(**event())
    _, envelope = waiting(rig.trail)
    insert(rig.trail, value, envelope)
    rig.seal()
    rig.keep()
    assert rig.misfits() == [(value["eventId"], fitting.CLOSED)]


def test_a_value_without_a_place_is_stated_and_the_others_are_kept(rig: Rig) -> None:
    rig.record(**event())
    value, envelope = waiting(rig.trail)
    value["actor"]["email"] = None
    insert(rig.trail, value, envelope)
    rig.seal()
    assert rig.keep().values == 1
    assert rig.misfits() == [(value["eventId"], fitting.PLACELESS)]


def test_one_flipped_bit_in_any_part_of_an_envelope_is_stated_and_stops_nothing(
    rig: Rig,
) -> None:
    positions = (0, 1, 8, 9, 40, 41, 88, 89, 100, 101, 200, -17, -16, -1)
    with rig.recorder() as recorder:
        for _ in positions:
            recorder.record(event())
    rows = rig.trail.superuser().execute(
        "delete from prooftrail.inbox returning event, envelope"
    )
    bad: dict[str, str] = {}
    for at, (text, envelope) in zip(positions, rows.fetchall(), strict=True):
        broken = bytearray(envelope)
        broken[at] ^= 0x10
        value = json.loads(text)
        insert(rig.trail, value, bytes(broken))
        bad[value["eventId"]] = fitting.NO_KEY if at in (1, 8) else fitting.CLOSED
    good = rig.record(**event())
    rig.seal()
    done = rig.keep()
    assert (done.envelopes, done.values) == (len(positions) + 1, 2)
    assert dict(rig.misfits()) == bad
    assert good not in bad


@pytest.mark.parametrize("size", [0, 1, 8, 9, 88, 100, 101, 117, 372])
def test_a_truncated_envelope_is_stated(rig: Rig, size: int) -> None:
    rig.record(**event())
    value, envelope = waiting(rig.trail)
    insert(rig.trail, value, envelope[:size])
    rig.seal()
    rig.keep()
    assert rig.misfits() == [(value["eventId"], fitting.CLOSED)]


def test_an_envelope_for_a_destroyed_epoch_key_is_stated(rig: Rig) -> None:
    event_id = rig.record(**event())
    rig.seal()
    for path in (rig.directory / "epochs").iterdir():
        path.unlink()
    rig.keep()
    assert rig.misfits() == [(event_id, fitting.NO_KEY)]


def test_a_redacted_event_is_stated(rig: Rig, trail: Trail) -> None:
    rig.record(**event())
    value, envelope = waiting(trail)
    trail.superuser().execute(
        "insert into prooftrail.envelope values (1, %s, %s)",
        (value["eventId"], envelope),
    )
    rig.keep()
    assert rig.misfits() == [(value["eventId"], fitting.NO_EVENT)]


def test_a_damaged_key_of_one_subject_is_stated_and_stops_no_other(rig: Rig) -> None:
    rig.record(**event())
    rig.seal()
    rig.keep()
    rig.trail.superuser().execute(
        "update prooftrail.subject_key set wrapped = wrapped || '\\x00'::bytea"
        " where subject = 'usr_1'"
    )
    event_id = rig.record(**event())
    rig.seal()
    assert rig.keep().values == 1
    assert rig.misfits() == [(event_id, fitting.NO_SUBJECT)]


def test_another_master_key_is_refused_before_anything_is_taken_out(rig: Rig) -> None:
    rig.record(**event())
    rig.seal()
    other = KeeperKeys(MasterKey(b"x" * 32), random=os.urandom)
    with pytest.raises(ConfigurationError, match="not the one with which this vault"):
        rig.keep(keys=other)
    assert rig.count("envelope") == 1
    (rig.directory / "master.key").unlink()
    with pytest.raises(ConfigurationError, match="there is no master key"):
        Rig(rig.trail, rig.directory)
    assert not (rig.directory / "master.key").exists()


def test_a_plain_writers_protected_is_escaped_and_nothing_waits_for_the_keeper(
    rig: Rig,
) -> None:
    rig.record(**event())
    value, _ = waiting(rig.trail)
    insert(rig.trail, value, None)
    rig.seal()
    assert rig.keep().envelopes == 0
    (sealed,) = rig.events("customer.profile.update")
    assert "$$protected" in sealed["actor"]["email"]
    assert rig.misfits() == []


def test_two_keepers_keep_each_envelope_once(rig: Rig) -> None:
    with rig.recorder() as recorder:
        for _ in range(40):
            recorder.submit(event())
    rig.seal()
    with rig.keeper(rows=7) as one, rig.keeper(rows=7) as other:
        done = [keeper.turn().envelopes for _ in range(6) for keeper in (one, other)]
    assert sum(done) == 40
    assert rig.count("vault") == 80
    assert rig.misfits() == []


def test_ten_thousand_envelopes_are_kept(rig: Rig) -> None:
    with rig.recorder() as recorder:
        begun = time.perf_counter()
        futures = [recorder.submit(event()) for _ in range(10_000)]
        for future in futures:
            future.result(60)
        recorded = time.perf_counter() - begun
    rig.seal()
    begun = time.perf_counter()
    done = rig.keep()
    kept = time.perf_counter() - begun
    assert (done.envelopes, done.values, done.misfits) == (10_000, 20_000, {})
    print(f"\nrecorded {10_000 / recorded:,.0f}/s, kept {10_000 / kept:,.0f}/s")


def test_the_plaintext_of_an_envelope_is_not_seen_in_it(rig: Rig) -> None:
    rig.record(**event())
    _, envelope = waiting(rig.trail)
    assert EMAIL.encode() not in envelope
    assert len(Envelope.decode(envelope).ciphertext) % 256 == 16
