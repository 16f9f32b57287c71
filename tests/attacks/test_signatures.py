"""Attack 11: signatures stripped, changed and swapped; keys that nobody knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from prooftrail.core.checkpoint import parse_checkpoint
from prooftrail.core.note import SignedNote, parse_note
from prooftrail.core.vkey import parse_vkey
from prooftrail.integrity.findings import Kind
from prooftrail.signing.keys import MasterKey
from tests.attacks.notes import (
    changed,
    flip,
    notes,
    peaks,
    place,
    root,
    signed,
    strip,
    swap,
    write,
)
from tests.attacks.rig import (
    MAIN,
    NEWEST,
    SIZES,
    Attacked,
    hidden,
    kinds,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

THIEF = MasterKey(b"t" * 32)


def test_the_anchor_is_read_as_written(attacked: Attacked) -> None:
    found = [parse_checkpoint(parse_note(text).text).size for text in notes(attacked)]
    assert tuple(found) == SIZES


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("change", [strip, flip])
def test_11_a_signature_in_the_database_stripped_or_changed(
    attacked: Attacked, change: Callable[[SignedNote, int], SignedNote], index: int
) -> None:
    attacked.unguard()
    row = attacked.execute(
        "select note from prooftrail.checkpoint where stream = 1 and size = 150"
    ).fetchone()
    assert row is not None
    attacked.execute(
        "update prooftrail.checkpoint set note = %s where stream = 1 and size = 150",
        (changed(row[0], lambda note: change(note, index)),),
    )
    for anchored in (False, True):
        report = attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert summary(report) == [("main", "forged checkpoint", 149, None)]


def test_11_a_signature_in_the_anchor_stripped(attacked: Attacked) -> None:
    texts = notes(attacked)
    write(attacked, *texts[:-1], changed(texts[-1], lambda note: strip(note, 0)))
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "forged checkpoint", NEWEST, None)]
    # without its timed signature it is what a crash leaves, and the other one counts
    write(attacked, *texts[:-1], changed(texts[-1], lambda note: strip(note, 1)))
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [one.kind for one in report.findings] == [Kind.NOTE]
    # without any it is no checkpoint
    bare = parse_note(texts[-1]).text + "\n"
    write(attacked, *texts[:-1], bare)
    assert attacked.verify(anchored=True).streams[0].anchored is not None
    write(attacked, *texts[:2], bare, *texts[2:])
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert kinds(report) == {"forged checkpoint"}


@pytest.mark.parametrize("index", [0, 1])
def test_11_a_signature_in_the_anchor_changed(attacked: Attacked, index: int) -> None:
    texts = notes(attacked)
    texts[2] = changed(texts[2], lambda note: flip(note, index))
    write(attacked, *texts)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "forged checkpoint", SIZES[2] - 1, None)]


def test_11_signatures_swapped(attacked: Attacked) -> None:
    texts = notes(attacked)
    one, other = parse_note(texts[2]), parse_note(texts[3])
    texts[2], texts[3] = swap(one, other).encode(), swap(other, one).encode()
    write(attacked, *texts)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert summary(report) == [
        ("main", "forged checkpoint", SIZES[2] - 1, None),
        ("main", "forged checkpoint", SIZES[3] - 1, None),
    ]


def test_11_a_checkpoint_signed_by_an_unknown_key(attacked: Attacked) -> None:
    false = signed(attacked, MAIN, root(attacked, MAIN), master=THIEF)
    attacked.execute(
        "insert into prooftrail.checkpoint values (1, %s, %s, %s, %s)",
        (MAIN, int(time.time() * 1e6), false, peaks(attacked, MAIN)),
    )
    write(attacked, *notes(attacked), false)
    for anchored in (False, True):
        report = attacked.verify(anchored=anchored)
        assert report.verdict.exit_code == 1
        assert set(summary(report)) == {("main", "forged checkpoint", NEWEST, None)}


def test_11_a_key_embedded_in_the_evidence_itself(attacked: Attacked) -> None:
    """Whoever rewrites the log puts his own keys into entry 0, registry and notes."""
    keys = attacked.keys(master=THIEF)
    theirs = [key.format() for key in keys.verification_keys]
    attacked.unguard()
    forger = attacked.forger()
    forger.rewrite(0, lambda value: value["details"].update(keys=theirs))
    attacked.cover_tracks()
    attacked.execute(
        "update prooftrail.stream set keys = %s where number = 1", (theirs,)
    )
    false = signed(attacked, MAIN, root(attacked, MAIN), master=THIEF)
    attacked.execute(
        "insert into prooftrail.checkpoint values (1, %s, %s, %s, %s)",
        (MAIN, int(time.time()) * 1_000_000, false, peaks(attacked, MAIN)),
    )
    hidden(attacked)  # it fits itself
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert ("main", "rewritten", 0, 49) in summary(report)
    # the key that somebody kept elsewhere tells without the anchor
    true = tuple(attacked.keys().verification_keys)
    report = attacked.verify(keys=true)
    assert report.verdict.exit_code == 1
    assert summary(report) == [("main", "forged checkpoint", NEWEST, None)]
    # nor does their key count where it was added to the anchor
    kept = (place(attacked) / "keys").read_text()
    (place(attacked) / "keys").write_text(kept + "\n".join(theirs) + "\n")
    write(attacked, *notes(attacked), false)
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert {"forked", "rewritten"} & kinds(report)
    report = attacked.verify(anchored=True, keys=true)
    assert ("main", "rewritten", 0, 49) in summary(report)


def test_11_a_key_added_to_the_anchor(attacked: Attacked) -> None:
    theirs = attacked.keys(master=THIEF).verification_keys
    path = place(attacked) / "keys"
    path.write_text(path.read_text() + theirs[0].format() + "\n")
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 1
    assert kinds(report) == {"forged checkpoint"}
    # for whoever brings the key, the anchor's own say nothing
    keys = [parse_vkey(key) for key in attacked.streams["main"].keys]
    keys += [parse_vkey(key) for key in attacked.streams["side"].keys]
    assert attacked.verify(anchored=True, keys=tuple(keys)).findings == []
