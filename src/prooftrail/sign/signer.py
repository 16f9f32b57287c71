"""The signer: signs checkpoints of what the log has become, and of nothing else.

Guarantees: each turn looks again at the last entry that was signed, recomputes every
leaf after it, and signs only what extends the signer's own state. A log that is
shorter, rewritten or does not chain is refused, by stream and seq; the others are
signed all the same, for as long as it takes, and the refused one is looked at and told
again every minute. A checkpoint is signed at every 1,000th entry, and 5 s after the
oldest unsigned one; when idle, a heartbeat states the same size anew every minute.
Effects come in this order: own state (fsynced), database, anchors; whatever a crash
left out is made up for.

A row of checkpoints that this signer's keys did not sign proves nothing, and whoever
has the signer's login could write one without any key: it is told and passed over,
since to stop for it would let him keep new entries unsigned and unanchored.

An anchor that fails never stops signing into the database: it is told, tried again,
and given what it missed. Does not: notice an anchor's share that hangs in place of
failing; mount it so that it fails (`soft`).

Source: design, "Checkpoints".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core import instants
from prooftrail.core.checkpoint import Checkpoint
from prooftrail.errors import ChainError, SignError
from prooftrail.sign import opening
from prooftrail.sign.book import Book, Known
from prooftrail.sign.feeds import Feeds
from prooftrail.sign.signed import Signed, SignedCheckpoint
from prooftrail.sign.standing import Standing, waited
from prooftrail.sign.state import SignerState
from prooftrail.sign.walk import Walk, entries, refusal
from prooftrail.store import checkpoints
from prooftrail.store import streams as registry

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence

    from prooftrail.sign.anchor import Anchor
    from prooftrail.sign.state import SignerStates
    from prooftrail.signing.keys import MasterKey
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

EVERY_ENTRIES = 1_000
EVERY_SECONDS = 5.0
HEARTBEAT_SECONDS = 60.0
AGAIN_US = 60 * instants.SECOND  # until a refused stream is looked at, and told, again
POLL = 0.5  # seconds between looks at a log that does not grow
GROUP = 10  # checkpoints that are made durable together while catching up
LOOKED = 100  # checkpoints that are looked through for the newest of one's own
TURN = 50_000  # entries of one stream in a turn, so that the others get theirs


def _ignore(_: Signed) -> None:
    """Tell nobody."""


class Signer:
    """One signer over one connection, for all streams of a database.

    Args:
        connect: opens a connection as the signer.
        keys: the master key.
        states: its own memory, held open by the caller.
        anchors: where checkpoints go besides.
        clock: microseconds since the epoch, UTC.
        every_entries: sizes that are multiples of it are signed.
        every_seconds: how long an entry stays unsigned at most.
        heartbeat_seconds: how long a log at rest stays without a new signature.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        keys: MasterKey,
        states: SignerStates,
        anchors: Sequence[Anchor] = (),
        clock: Callable[[], int],
        every_entries: int = EVERY_ENTRIES,
        every_seconds: float = EVERY_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._keys = keys
        self._states = states
        self._clock = clock
        self._every_entries = every_entries
        self._every_us = round(every_seconds * instants.SECOND)
        self._heartbeat_us = round(heartbeat_seconds * instants.SECOND)
        self._feeds = Feeds(anchors, self._every_us)
        self._books: dict[int, Book] = {}  # by stream number
        self._refused = Standing(AGAIN_US)
        self._warned = Standing(AGAIN_US)  # of rows that were passed over
        self._looked = False
        self._connection = connect()
        self._connection.autocommit = True

    def close(self) -> None:
        """Close the connection; the state stays with its owner."""
        self._connection.close()

    def run(self, stop: threading.Event, told: Callable[[Signed], None]) -> None:
        """Sign until `stop` is set, whatever is refused meanwhile.

        Args:
            stop: ends the loop after the present turn.
            told: called after each turn that has something to say.

        Raises:
            SignError: at the end, a log still does not fit.
            DatabaseError: try again with a new signer.
        """
        while not stop.is_set():
            done = self._turn(last=False)
            if done.checkpoints or done.warnings or done.refused:
                told(done)
            if not done.more:
                stop.wait(POLL)
        self._raise()

    def turn(self) -> Signed:
        """Look at every stream once, and sign what is due.

        Raises:
            SignError: a log does not fit; what could be signed was.
            DatabaseError: try again; the state is safe.
        """
        done = self._turn(last=False)
        self._raise()
        return done

    def once(self, told: Callable[[Signed], None] = _ignore) -> Signed:
        """Sign all that there is, due or not.

        Args:
            told: called with what was done, also before an error.

        Raises:
            SignError: a log does not fit; what could be signed was.
        """
        self._refused = Standing(AGAIN_US)  # all are looked at
        total = Signed(more=True)
        while total.more:
            total.add(self._turn(last=True))
        told(total)
        self._raise()
        return total

    def _raise(self) -> None:
        if texts := self._refused.texts():
            raise SignError("\n".join(texts))

    def _turn(self, *, last: bool) -> Signed:
        done, now_us = Signed(), self._clock()
        streams = {stream.number: stream for stream in registry.read(self._connection)}
        self._look_for_others(streams.values(), done)
        for number in sorted(streams.keys() | self._books.keys()):
            if self._refused.rests(number, now_us):
                continue
            try:
                self._sign_stream(number, streams.get(number), done, last=last)
            except SignError as error:
                self._doubt(number)
                self._refused.put(number, str(error), now_us)
                done.refused.append(str(error))
            except BaseException:
                self._doubt(number)
                raise
            else:
                self._refused.clear(number)
        return done

    def _doubt(self, number: int) -> None:
        """Take a stream up anew next time."""
        if number in self._books:
            self._books[number].doubted = True

    def _look_for_others(self, streams: Iterable[Stream], done: Signed) -> None:
        if not self._looked:
            self._looked = True
            ids = {(stream.stream_id, stream.incarnation) for stream in streams}
            done.warnings += opening.of_others(self._states, ids)

    def _sign_stream(
        self, number: int, stream: Stream | None, done: Signed, *, last: bool
    ) -> None:
        book = self._books.get(number)
        if book is not None and book.stream != stream:
            what = f"it was deleted or altered after {book.size} entries were signed"
            raise refusal(book.stream.name, what)
        if stream is None:
            return
        if book is None or book.doubted:
            book = opening.open_book(
                self._connection,
                stream,
                done,
                master=self._keys,
                states=self._states,
                feeds=self._feeds.each,
            )
            self._books[number] = book
        else:
            self._look_at_newest(book, done)
        self._extend(book, done, last=last)
        if book.newest:
            self._feed(book, [book.newest], done, last=last)

    def _look_at_newest(self, book: Book, done: Signed) -> None:
        """See whether the database still has the newest checkpoint, and no other."""
        found, passed = opening.own_newest(
            self._connection, book, least=book.size, limit=LOOKED
        )
        now_us, number = self._clock(), book.stream.number
        if passed and not self._warned.rests(number, now_us):
            told = opening.passed_over(book.stream.name, passed)
            self._warned.put(number, told, now_us)
            done.warnings.append(told)
        if found is None:
            if len(passed) < LOOKED:  # with as many in front of it, nobody knows
                book.newest = None  # it is signed again
            return
        if book.state is None or found.size > book.size:
            raise refusal(
                book.stream.name,
                f"the database has a checkpoint of {found.size} entries and this "
                f"signer signed {book.size}: another signer has the same keys; stop it",
            )
        if found.root != book.state.root:
            raise refusal(
                book.stream.name,
                f"the database has a checkpoint of {found.size} entries with another "
                "root than this signer signed: another signer has the same keys",
            )
        book.newest = book.newest or found

    def _extend(self, book: Book, done: Signed, *, last: bool) -> None:
        stream, signed = book.stream, book.size
        walk = Walk(stream.name, stream.stream_id, book.before.copy())
        start, first_us = walk.size, 0
        due: list[Walk] = []
        for row in entries(self._headers(stream), start, TURN):
            walk.add(row)
            if walk.size <= signed:
                if book.state and walk.size == signed:
                    opening.check_last(stream.name, walk, book.state)
                continue
            first_us = first_us or row.recorded_us
            if walk.size % self._every_entries == 0:
                due.append(walk.copy())
                first_us = 0
            if len(due) == GROUP:
                self._sign(book, due, done, last=last)
                due = []
        if book.state and walk.size < signed:
            opening.check_last(stream.name, walk, book.state)
        if walk.size - start == TURN:
            done.more = True
        elif self._is_due(book, walk, due, first_us, last=last):
            due.append(walk.copy())
        if due:
            self._sign(book, due, done, last=last)

    def _headers(
        self, stream: Stream
    ) -> Callable[[int, int], list[checkpoints.HeaderRow]]:
        return lambda seq, rows: checkpoints.headers(
            self._connection, stream.number, seq, rows
        )

    def _is_due(
        self, book: Book, walk: Walk, due: list[Walk], first_us: int, *, last: bool
    ) -> bool:
        """Say whether the end of the log is to be signed."""
        now_us = self._clock()
        signed = due[-1].size if due else book.size
        # the database may lack what the state has: a crash came in between
        lacking = book.state is not None and book.newest is None and not due
        if walk.size == signed:
            quiet = book.state is not None and waited(
                now_us, book.state.time_s * instants.SECOND, self._heartbeat_us
            )
            return lacking or (quiet and not due)
        if book.unsigned is None or book.unsigned[0] != signed:
            book.unsigned = (signed, now_us)
        seen = waited(now_us, book.unsigned[1], self._every_us)
        # an old entry that is seen only now: the signer was away
        old = now_us - first_us >= 2 * self._every_us
        return last or lacking or seen or old

    def _sign(self, book: Book, due: list[Walk], done: Signed, *, last: bool) -> None:
        """Sign where the walks stand: own state, then database, then anchors."""
        now_us = self._clock()
        time_s = now_us // instants.SECOND
        origin, name, before = book.keys.origin, book.stream.name, book.size
        fresh = []
        rows = []
        for walk in due:
            root = walk.whole().root()
            note = book.keys.sign_checkpoint(
                Checkpoint(origin, walk.size, root), time_s=time_s
            )
            fresh.append(Known(walk.size, root, time_s, note))
            peaks = b"".join(walk.tree.peaks)
            rows.append(checkpoints.CheckpointRow(walk.size, now_us, note, peaks))
        # the state of the last one covers all: nothing leaves that is beyond it
        newest = due[-1]
        state = SignerState(
            origin, newest.size, newest.leaf, tuple(newest.whole().peaks), time_s
        )
        self._states.save(book.origin, state)
        book.state, book.before, book.newest = state, newest.tree, None
        try:
            times = checkpoints.insert(self._connection, book.stream.number, rows)
        except ChainError as error:  # altered since it was read, a moment ago
            raise refusal(name, str(error)) from error
        book.newest = fresh[-1]
        done.checkpoints += [
            SignedCheckpoint(name, known.size, signed_us, known.size == before)
            for known, signed_us in zip(fresh, times, strict=True)
        ]
        self._feed(book, fresh, done, last=last)

    def _feed(
        self, book: Book, fresh: list[Known], done: Signed, *, last: bool
    ) -> None:
        self._feeds.put(self._connection, book, fresh, done, self._clock(), last=last)
