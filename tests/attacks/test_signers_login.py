"""A stolen login of the signer, without its key: what it can write, and what for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.merkle import node
from prooftrail.errors import SealError
from prooftrail.signing.keys import MasterKey
from tests.attacks.notes import notes, peaks, root, signed
from tests.attacks.rig import MAIN, NEWEST, SIZES, Attacked, event, summary

if TYPE_CHECKING:
    from collections.abc import Callable

THIEF = MasterKey(b"t" * 32)
INSERT = "insert into prooftrail.checkpoint values (%s, %s, %s, %s, %s)"


class Row(NamedTuple):
    size: int
    note: str
    peaks: bytes
    stream: int = 1


def insert(attacked: Attacked, row: Row) -> None:
    with psycopg.connect(attacked.trail.login_dsn("signer")) as thief:
        now_us = int(time.time() * 1e6)
        thief.execute(INSERT, (row.stream, row.size, now_us, row.note, row.peaks))


def stated(attacked: Attacked, size: int, root_hash: bytes) -> str:
    """Return a note as anybody can write it."""
    text = Checkpoint(attacked.streams["main"].origin, size, root_hash).text()
    return f"{text}\n\u2014 {attacked.streams['main'].origin} nobody\n"


def beyond_the_log(attacked: Attacked) -> Row:
    return Row(2**40, stated(attacked, 2**40, b"f" * 32), b"f" * 32)


def one_entry_too_many(attacked: Attacked) -> Row:
    size = MAIN + 1
    return Row(size, stated(attacked, size, b"f" * 32), peaks(attacked, size))


def another_root(attacked: Attacked) -> Row:
    return Row(MAIN, stated(attacked, MAIN, b"f" * 32), peaks(attacked, MAIN))


def a_signed_note_with_other_peaks(attacked: Attacked) -> Row:
    """What no check of signatures would keep out."""
    held = peaks(attacked, MAIN)
    return Row(MAIN, notes(attacked)[-1], held[:-1] + bytes([held[-1] ^ 1]))


def a_signed_note_of_another_size(attacked: Attacked) -> Row:
    return Row(MAIN, notes(attacked)[0], peaks(attacked, MAIN))


def a_signed_note_of_another_stream(attacked: Attacked) -> Row:
    size = SIZES[0]
    return Row(size, notes(attacked)[0], peaks(attacked, size), stream=2)


def peaks_that_fold_otherwise(attacked: Attacked) -> Row:
    """More hashes than size - 1 has one bits, and the root that they give."""
    first, second, third = (row.leaf for row in attacked.forger().rows()[:3])
    false = node(first, node(second, third))
    return Row(3, stated(attacked, 3, false), first + second)


def no_note(attacked: Attacked) -> Row:
    return Row(MAIN, "junk", peaks(attacked, MAIN))


def no_peaks(attacked: Attacked) -> Row:
    return Row(MAIN, notes(attacked)[-1], b"")


def peaks_without_end(attacked: Attacked) -> Row:
    return Row(MAIN, notes(attacked)[-1], b"f" * 32 * 1_000_000)


@pytest.mark.parametrize(
    "make",
    [
        beyond_the_log,
        one_entry_too_many,
        another_root,
        a_signed_note_with_other_peaks,
        a_signed_note_of_another_size,
        a_signed_note_of_another_stream,
        peaks_that_fold_otherwise,
        no_note,
        no_peaks,
        peaks_without_end,
    ],
)
def test_the_database_refuses_a_checkpoint_that_does_not_fit(
    attacked: Attacked, make: Callable[[Attacked], Row]
) -> None:
    row = make(attacked)
    begun = time.monotonic()
    with pytest.raises(
        psycopg.errors.IntegrityConstraintViolation, match="does not fit the log"
    ):
        insert(attacked, row)
    assert time.monotonic() - begun < 5
    assert attacked.seal(2_000, 3).events == 3
    assert attacked.verify(anchored=True).findings == []


def test_a_note_has_a_length(attacked: Attacked) -> None:
    note = stated(attacked, MAIN, root(attacked, MAIN)) + "x" * 16_384
    with pytest.raises(psycopg.errors.CheckViolation, match="note_at_most_16_kib"):
        insert(attacked, Row(MAIN, note, peaks(attacked, MAIN)))


@pytest.mark.parametrize("signature", ["nobody's", "another key's"])
@pytest.mark.parametrize("size", [1, 2, 100, NEWEST, MAIN])
def test_one_that_fits_holds_nothing_up_and_is_named(
    attacked: Attacked, size: int, signature: str
) -> None:
    true = root(attacked, size)
    note = stated(attacked, size, true)
    if signature == "another key's":
        note = signed(attacked, size, true, master=THIEF)
    with attacked.sealer() as sealer:
        sealer.drain()
        insert(attacked, Row(size, note, peaks(attacked, size)))
        attacked.insert(event(2_000))
        assert sealer.drain().events == 1
    assert attacked.seal(2_010, 3).events == 3
    attacked.sign()
    report = attacked.verify(anchored=True)
    seq = (
        None if signature == "nobody's" else size - 1
    )  # no note at all, or a false one
    assert summary(report) == [("main", "forged checkpoint", seq, None)]


def test_one_that_fits_hides_no_deletion_from_the_sealer(attacked: Attacked) -> None:
    fitting = stated(attacked, MAIN, root(attacked, MAIN))
    insert(attacked, Row(MAIN, fitting, peaks(attacked, MAIN)))
    attacked.unguard()
    attacked.forger().delete(150, NEWEST)
    attacked.forger().correct_head()
    attacked.rearm()
    with pytest.raises(SealError, match="entries are gone"):
        attacked.seal(2_000, 1)
