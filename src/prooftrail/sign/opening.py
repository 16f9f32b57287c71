"""Taking up a log: the signer's own state, the database's checkpoints, the anchors'.

Guarantees: a log is taken up at the newest checkpoint that any of the three knows and
this signer's own keys signed, and only if the log reproduces it, leaf by leaf, from
the signer's own state on (or from entry 0, where that is lost). With no checkpoint
anywhere it begins at 0. Whatever does not fit is refused, and nothing is signed. Rows
that these keys did not sign say nothing, and are told; only where neither state nor
entry 0 says whose the log is do they stop a signer, which may have the wrong key.

Does not: take a database's word for a root: without a state, every leaf is read again.

Source: design, "Checkpoints".
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from prooftrail.core.merkle import Range
from prooftrail.core.origin import Origin, parse_place
from prooftrail.errors import AnchorError, FormatError, SignError
from prooftrail.sign.book import Book, Known, read_note
from prooftrail.sign.state import SignerState
from prooftrail.sign.walk import Walk, entries, refusal
from prooftrail.signing.keys import MasterKey, SigningKeys
from prooftrail.store import checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prooftrail.sign.feed import Feed
    from prooftrail.sign.signed import Signed
    from prooftrail.sign.state import SignerStates
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream


def open_book(
    connection: Connection,
    stream: Stream,
    done: Signed,
    *,
    master: MasterKey,
    states: SignerStates,
    feeds: Sequence[Feed],
) -> Book:
    """Take up a stream's log; add what the operator should know to `done`.

    Raises:
        SignError: the keys are others, or log, state and checkpoints do not fit.
        DatabaseError: try again.
    """
    origin = _origin(stream)
    keys = SigningKeys(master, origin.text())
    done.warnings += check_keys(stream, keys)
    state = states.load(origin)
    book = Book(stream, origin, keys, state, Range(), None)
    stored, passed = own_newest(connection, book, least=book.size)
    if passed:
        told = passed_over(stream.name, passed)
        if state is None and stored is None and not stream.keys:
            raise SignError(f"{told}. This signer may have the wrong key (--key-file)")
        done.warnings.append(told)
    known = [("the database", stored)] if stored else []
    for feed in feeds:
        try:
            there = feed.newest(origin, keys)
        except AnchorError as error:
            if state is None and stored is not None:
                raise refusal(
                    stream.name,
                    "the signer's own state is lost, and the anchor that could tell "
                    f"what was signed cannot be read ({error})",
                ) from error
            done.unanchored = True
            done.warnings.append(str(error))
        else:
            if there:
                known.append((f"anchor {feed.anchor.directory}", there))
    if state:
        book.before = before_last(connection, stream, state)
    _follow(connection, book, states, known)
    if stored and stored.size == book.size:
        book.newest = stored
    return book


def _origin(stream: Stream) -> Origin:
    try:
        return Origin(stream.base, stream.stream_id, stream.incarnation)
    except FormatError as error:
        raise refusal(stream.name, f"the registry was altered: {error}") from error


def check_keys(stream: Stream, keys: SigningKeys) -> list[str]:
    """Compare the keys that entry 0 states with those that the master key gives.

    Returns:
        A warning where entry 0 states none.

    Raises:
        SignError: it states others.
    """
    ours = [key.format() for key in keys.verification_keys]
    if not stream.keys:
        told = (
            f"stream {stream.name!r}: its entry 0 states no key, so only those who "
            f"were told the key can check its checkpoints. Keep: {' '.join(ours)}"
        )
        return [told]
    if not set(ours) <= set(stream.keys):
        raise SignError(
            f"stream {stream.name!r}: its keys are {' '.join(stream.keys)}, and this "
            f"master key gives {' '.join(ours)}: nothing is signed. Use the key file "
            "that the stream was created with (--key-file)"
        )
    return []


def own_newest(
    connection: Connection, book: Book, *, least: int, limit: int | None = None
) -> tuple[Known | None, list[int]]:
    """Return the newest checkpoint in the database that these keys signed.

    Args:
        connection: the signer's.
        book: of the log; its newest is known without checking signatures again.
        least: the smallest size that is wanted.
        limit: how many rows are looked at, at most; None: all.

    Returns:
        The checkpoint, if there is one, and the sizes of the rows passed over.
    """
    passed: list[int] = []
    rows = checkpoints.newest_first(connection, book.stream.number, least)
    for row in islice(rows, limit):
        if book.newest and (row.size, row.note) == (book.size, book.newest.note):
            return book.newest, passed
        known = read_note(row.note, book.keys)
        if known is not None and known.size == row.size:
            return known, passed
        passed.append(row.size)
    return None, passed


def passed_over(name: str, sizes: Sequence[int]) -> str:
    """Return what to tell of rows that the signer's keys did not sign."""
    many = len(sizes) > 1
    return (
        f"stream {name!r}: {len(sizes)} checkpoint{'s' if many else ''} in the "
        f"database (the largest of {sizes[0]} entries) {'are' if many else 'is'} not "
        "signed with this signer's keys: altered, or written by somebody with its "
        "login. Run prooftrail verify --anchor DIR"
    )


def before_last(connection: Connection, stream: Stream, state: SignerState) -> Range:
    """Return the compact range of the first size - 1 leaves of what was signed.

    The state knows the range of all; the last of its subtrees is read again.

    Raises:
        SignError: the log does not have these leaves.
    """
    span = state.size & -state.size  # leaves under the last subtree
    walk = Walk(
        stream.name,
        stream.stream_id,
        Range(state.size - span, state.peaks[:-1]),
    )
    for row in _rows(connection, stream, state.size - span, span):
        walk.add(row)
    check_last(stream.name, walk, state)
    if tuple(walk.whole().peaks) != state.peaks:
        raise refusal(
            stream.name,
            f"entries {state.size - span} to {state.size - 1} are not those that were "
            "signed: the log was rewritten",
        )
    return walk.tree


def check_last(name: str, walk: Walk, state: SignerState) -> None:
    """Make sure that the walk has come to the last entry that was signed.

    Raises:
        SignError: the log ends before it, or has another entry there.
    """
    if walk.size < state.size:
        raise refusal(
            name,
            f"{state.size} entries were signed, and entry {state.size - 1} is gone: "
            "the newest were deleted",
        )
    if walk.leaf != state.last_leaf:
        raise refusal(
            name,
            f"entry {state.size - 1} is not the one that was signed: the log was "
            "rewritten",
        )


def root_of(connection: Connection, book: Book, size: int) -> bytes:
    """Return the root of the first entries, of a size below what is signed.

    A checkpoint of this size that these keys signed tells it; otherwise all leaves
    are read, and must lead to what is signed.

    Raises:
        SignError: they do not.
    """
    stream = book.stream
    for stored in checkpoints.of_size(connection, stream.number, size):
        known = read_note(stored.note, book.keys)
        if known and known.size == size:
            return known.root
    walk = Walk(stream.name, stream.stream_id, Range())
    root = b""
    for row in _rows(connection, stream, 0, book.size):
        walk.add(row)
        if walk.size == size:
            root = walk.whole().root()
    if book.state is None or walk.whole().root() != book.state.root:
        raise refusal(
            stream.name,
            f"the first {book.size} entries are not those that were signed: the log "
            "was rewritten",
        )
    return root


def of_others(states: SignerStates, ids: set[tuple[bytes, int]]) -> list[str]:
    """Warn of logs that the state directory knows and the database has not."""
    warnings = []
    for path in sorted(states.directory.glob("*.json")):
        try:
            found = parse_place(path.stem)
        except FormatError:
            continue
        if found not in ids:
            warnings.append(
                f"{path} is the state of a stream that this database does not have: if "
                "it was deleted there, its anchor proves what it held; otherwise give "
                "each database's signer a state directory of its own"
            )
    return warnings


def _follow(
    connection: Connection,
    book: Book,
    states: SignerStates,
    known: Iterable[tuple[str, Known]],
) -> None:
    """Go from the state to the newest checkpoint known, over the log's own leaves."""
    ahead = [(where, found) for where, found in known if found.size >= book.size]
    if not ahead:
        return
    stream, last = book.stream, max(found.size for _, found in ahead)
    walk = Walk(stream.name, stream.stream_id, book.before.copy())
    for row in _rows(connection, stream, walk.size, last - walk.size):
        walk.add(row)
        if book.state and walk.size == book.size:
            check_last(stream.name, walk, book.state)
        for where, found in ahead:
            if found.size == walk.size and found.root != walk.whole().root():
                raise refusal(
                    stream.name,
                    f"the checkpoint of {found.size} entries in {where} has another "
                    "root than the log gives: the log was rewritten",
                )
    if walk.size < last:
        where = next(where for where, found in ahead if found.size == last)
        raise refusal(
            stream.name,
            f"{where} has a checkpoint of {last} entries and the log has {walk.size}: "
            "the newest were deleted",
        )
    if last > book.size:
        times = [found.time_s or 0 for _, found in ahead if found.size == last]
        state = SignerState(
            book.keys.origin, last, walk.leaf, tuple(walk.whole().peaks), max(times)
        )
        states.save(book.origin, state)
        book.state, book.before = state, walk.tree


def _rows(
    connection: Connection, stream: Stream, seq: int, limit: int
) -> Iterable[checkpoints.HeaderRow]:
    return entries(
        lambda at, rows: checkpoints.headers(connection, stream.number, at, rows),
        seq,
        limit,
    )
