"""A log with a real sealer and signer, a clock that tests move, and attacks on it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from prooftrail.core import entry
from prooftrail.core.checkpoint import parse_checkpoint
from prooftrail.core.merkle import Range, split
from prooftrail.core.note import NoteVerdict, parse_note, verify_note
from prooftrail.core.origin import Origin
from prooftrail.seal.sealer import Sealer
from prooftrail.sign.anchor import Anchor
from prooftrail.sign.anchor_reading import AnchoredNote, read_anchor
from prooftrail.sign.signer import Signer
from prooftrail.sign.state import SignerStates
from prooftrail.signing.keys import MasterKey, SigningKeys, check_ed25519
from prooftrail.store import connect
from tests.trail import Trail, now_us

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from prooftrail.seal.sealed import Sealed
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

MASTER = MasterKey(b"m" * 32)

INSERT = """
insert into prooftrail.inbox (stream, event)
select %s, jsonb_build_object(
  'eventId', gen_random_uuid(), 'actor', jsonb_build_object('userId', 'usr_' || n),
  'action', 'customer.update', 'result', 'success',
  'resource', jsonb_build_object('type', 'customer', 'id', n::text))::text
  from generate_series(1, %s) n
"""


class Clock:
    """Starts an hour ago, so that no entry is old, and stands until it is moved."""

    def __init__(self) -> None:
        self.now_us = now_us() - 3_600_000_000

    def __call__(self) -> int:
        return self.now_us

    def move(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)


@dataclass
class Rig:
    trail: Trail
    directory: Path
    clock: Clock = field(default_factory=Clock)
    every_entries: int = 10
    master: MasterKey = MASTER
    _open: list[AbstractContextManager[object]] = field(default_factory=list)

    def connect(self) -> Connection:
        return connect.connect("signer", dsn=self.trail.dsn)

    def anchor(self, name: str = "anchor") -> Anchor:
        made = self.directory / name
        made.mkdir(exist_ok=True)
        return Anchor(made)

    def signer(
        self,
        *anchors: Anchor,
        states: str = "states",
        master: MasterKey | None = None,
    ) -> Signer:
        """Return a signer, as after a restart: whoever was before is gone."""
        self.close()
        return self.beside(*anchors, states=states, master=master)

    def beside(
        self,
        *anchors: Anchor,
        states: str = "states",
        master: MasterKey | None = None,
    ) -> Signer:
        """Return a signer that runs beside the others."""
        held = SignerStates.open(self.directory / states)
        self._open.append(held)
        signer = Signer(
            self.connect,
            keys=master or self.master,
            states=held,
            anchors=anchors,
            clock=self.clock,
            every_entries=self.every_entries,
        )
        self._open.append(_Closing(signer))
        return signer

    def close(self) -> None:
        while self._open:
            self._open.pop().__exit__(None, None, None)

    def seal(self, events: int, stream: str = "main") -> Sealed:
        """Record and seal so many events; the clock is the real one."""
        self.trail.superuser().execute(INSERT, (stream, events))
        sealer = Sealer(
            lambda: connect.connect("sealer", dsn=self.trail.dsn),
            clock=now_us,
            random=os.urandom,
        )
        try:
            return sealer.drain()
        finally:
            sealer.close()

    def sizes(self, stream: str = "main") -> list[int]:
        """Return the sizes of all checkpoints in the database, in order."""
        return [size for size, _, _ in self.checkpoints(stream)]

    def checkpoints(self, stream: str = "main") -> list[tuple[int, str, bytes]]:
        return (
            self.trail.superuser()
            .execute(
                "select size, note, peaks from prooftrail.checkpoint"
                " where stream = %s order by size, signed_us",
                (self.stream(stream).number,),
            )
            .fetchall()
        )

    def stream(self, name: str = "main") -> Stream:
        return self.trail.made[name]

    def leaves(self, stream: str = "main") -> list[bytes]:
        rows = self.trail.superuser().execute(
            "select leaf from prooftrail.log where stream = %s order by seq",
            (self.stream(stream).number,),
        )
        return [row[0] for row in rows]

    def anchored(self, anchor: Anchor, stream: str = "main") -> list[AnchoredNote]:
        """Return what an anchor holds of a stream; it must all read well."""
        contents = read_anchor(anchor.directory)
        assert contents is not None
        log = contents.log(self.stream(stream).stream_id, 1)
        found = []
        for record in log.records() if log else ():
            assert isinstance(record, AnchoredNote)
            found.append(record)
        return found

    def state_files(self) -> list[Path]:
        return list((self.directory / "states").glob("*.json"))

    def check(self, *anchors: Anchor, stream: str = "main") -> None:
        """Check all checkpoints against the log, by other code than the signer's."""
        keys = SigningKeys(self.master, self.stream(stream).origin)
        leaves = self.leaves(stream)
        notes = []
        for size, text, peaks in self.checkpoints(stream):
            assert _signed(text, keys) == (size, mth(leaves[:size]))
            before = Range(size - 1, split(peaks))
            before.append(leaves[size - 1])
            assert before.root() == mth(leaves[:size])
            notes.append(text)
        for anchor in anchors:
            held = self.anchored(anchor, stream)
            sizes = [found.checkpoint.size for found in held]
            assert sizes == sorted(sizes)
            for found in held:
                size = found.checkpoint.size
                assert _signed(found.note.encode(), keys) == (size, mth(leaves[:size]))
            assert held[-1].note.encode() == notes[-1]


@dataclass
class _Closing:
    signer: Signer

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, *_: object) -> None:
        self.signer.close()


def _signed(text: str, keys: SigningKeys) -> tuple[int, bytes]:
    note = parse_note(text.encode())
    check = verify_note(note, keys.verification_keys, check_ed25519)
    assert check.verdict is NoteVerdict.VALID
    assert len(check.valid) == 2
    stated = parse_checkpoint(note.text)
    assert stated.origin == keys.origin
    return stated.size, stated.root


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash, as RFC 6962 section 2.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + mth(leaves[:half]) + mth(leaves[half:])).digest()


@contextmanager
def unguarded(trail: Trail) -> Iterator[Any]:
    """Switch all triggers of the log off, as a superuser, and on again, at once.

    One transaction: a sealer at work beside it must not write an entry unguarded.
    Heads, whole tables, then their parts, as the sealer locks them: else the two could
    wait for each other.
    """
    superuser = trail.superuser()
    with superuser.transaction():
        superuser.execute("select from prooftrail.head for update")
        tables = ["prooftrail.log", "prooftrail.checkpoint"] + [
            f"{schema}.{name}"
            for schema, name in superuser.execute(
                "select n.nspname, c.relname from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname = 'prooftrail_part' and c.relname like 'log%'"
                " and c.relkind = 'r'"
            )
        ]
        for table in tables:
            superuser.execute(f"alter table {table} disable trigger all")
        yield superuser
        for table in tables:
            for (name,) in superuser.execute(
                "select tgname from pg_trigger"
                " where tgrelid = %s::regclass and not tgisinternal",
                (table,),
            ).fetchall():
                superuser.execute(f"alter table {table} enable always trigger {name}")


def truncate(
    rig: Rig, entries: int, stream: str = "main", *, checkpoints: bool = False
) -> None:
    """Delete the newest entries and correct the head, as a superuser, at once.

    Args:
        rig: whose trail.
        entries: how many.
        stream: of which stream.
        checkpoints: whether to delete all checkpoints, too.
    """
    number = rig.stream(stream).number
    with unguarded(rig.trail) as superuser:
        if checkpoints:
            superuser.execute("delete from prooftrail.checkpoint")
        superuser.execute(
            "delete from prooftrail.log where stream = %s and seq >"
            " (select seq from prooftrail.head where stream = %s) - %s",
            (number, number, entries),
        )
        correct_head(superuser, number)


def correct_head(superuser: Any, number: int) -> None:
    superuser.execute(
        "update prooftrail.head h set (seq, leaf, recorded_us) = (select seq, leaf,"
        " recorded_us from prooftrail.log where stream = h.stream order by seq desc"
        " limit 1) where stream = %s",
        (number,),
    )


def rewrite(rig: Rig, start: int, stream: str = "main") -> None:
    """Give an entry another body and chain everything after it anew."""
    made = rig.stream(stream)
    with unguarded(rig.trail) as superuser:
        rows = superuser.execute(
            "select seq, recorded_us, kind, prev, body, event from prooftrail.log"
            " where stream = %s and seq >= %s order by seq",
            (made.number, start),
        ).fetchall()
        prev = rows[0][3]
        salt = b"another salt!!!!"
        for seq, recorded_us, kind, _, _, event in rows:
            body = entry.body(salt, event)
            leaf = entry.Header(
                kind, made.stream_id, prev, seq, recorded_us, body
            ).leaf()
            superuser.execute(
                "update prooftrail.log set prev = %s, body = %s, leaf = %s, salt = %s"
                " where stream = %s and seq = %s",
                (prev, body, leaf, salt, made.number, seq),
            )
            prev = leaf
        correct_head(superuser, made.number)


def forget(rig: Rig) -> None:
    """Lose the signer's own state."""
    for path in rig.state_files():
        path.unlink()


def origin(rig: Rig, stream: str = "main") -> Origin:
    made = rig.stream(stream)
    return Origin(made.base, made.stream_id, made.incarnation)


def rigs(trail: Trail, directory: Path) -> Iterator[Rig]:
    rig = Rig(trail, directory)
    yield rig
    rig.close()
