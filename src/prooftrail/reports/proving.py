"""The proof that a report's rows are of entries of the signed log, enclosed with them.

Guarantees: each volume encloses the headers of the entries that its rows are of, the
nodes that these lack to reach the root of the enclosed checkpoint, and the keys that
the log states. Of an event nothing is enclosed, unless the draft is of whole events
(`Draft.whole`): these stand as the log has them, marked personal values as commitments.
Each event is hashed again here, each
leaf is made of its header again, and the report's record of its run says how many led
to the signed root, how many did not, and which nothing proves yet. One pass over the
leaves of each stream for all volumes; memory grows with the rows alone.

A report is proven where its rows have the columns `stream` (its name) and `seq`, no
entry twice in a volume. Does not: check who signed the checkpoint; whoever opens the
report does, by a key from elsewhere (`verifying`).

Source: `spec/evidence.md`.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from prooftrail import bundles
from prooftrail.bundles import making, naming
from prooftrail.core import checkpoint, evidence, multiproof, note
from prooftrail.errors import (
    ConfigurationError,
    DatabaseError,
    FormatError,
    UnavailableError,
)
from prooftrail.reports.circumstances import counted, sentence
from prooftrail.reports.document import ROWS
from prooftrail.reports.running import keyring
from prooftrail.reports.typesetting import Attachment
from prooftrail.store import connect, proving, reading, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prooftrail.bundles.naming import Names
    from prooftrail.core.checkpoint import Checkpoint
    from prooftrail.core.multiproof import Node
    from prooftrail.reports.enclosing import Draft
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

STREAM: Final = "stream"
SEQ: Final = "seq"


class _Log(NamedTuple):
    """A stream, and what was signed of it."""

    stream: Stream
    stated: Checkpoint
    names: Names
    whole: bool  # whether events are enclosed


class _Entries(NamedTuple):
    """Entries of one stream that rows of one volume are of."""

    seqs: list[int]  # that are there, ascending
    leaves: list[bytes]  # made of their headers again
    lines: bytes  # of evidence.jsonl


class _Found(NamedTuple):
    """What came of one stream."""

    told: str
    whole: str  # that no leaf is missing, if that is so; else empty
    wrong: str  # why not all of it is proven; else empty
    files: list[list[Attachment]]  # of each volume


def _login() -> Connection:
    return connect.connect("verifier", autocommit=True)


def proven(
    draft: Draft, login: Callable[[], Connection] = _login, most: int = ROWS
) -> Draft:
    """Return a draft with the proof of its rows, as far as there is one.

    Args:
        draft: encloses the newest checkpoint of each stream, if there is one.
        login: opens the verifier's connection.
        most: rows of a volume.

    Raises:
        UnavailableError: the database is away.
    """
    if not {STREAM, SEQ} <= set(draft.data.columns):
        return draft
    notes = {one.name: one.content for one in draft.enclosed}.get(bundles.CHECKPOINT)
    if notes is None:
        return _without(draft, "no checkpoint was signed yet")
    try:
        link = login()
    except UnavailableError:
        raise
    except (ConfigurationError, DatabaseError):
        told = "there is no login of the verifier here, which alone reads leaves"
        return _without(draft, f"{told} (PROOFTRAIL_VERIFIER_DSN)")
    with closing(link), reading.snapshot(link):
        try:
            logs = list(_logs(link, notes, whole=draft.whole))
        except FormatError as error:
            told = f"the newest checkpoint is none ({error}): run prooftrail verify"
            return _without(draft, told)
        wanted = _wanted(draft, most)
        found = [_prove(link, one, wanted) for one in logs]
    unsigned = sum(
        len(seqs)
        for volume in wanted
        for name, seqs in volume.items()
        if name not in {one.stream.name for one in logs}
    )
    return _with(draft, logs, found, unsigned)


def _logs(link: Connection, notes: bytes, *, whole: bool) -> Iterator[_Log]:
    """Yield the streams of which a checkpoint is enclosed."""
    there = {one.origin: one for one in streams.read(link)}
    texts = [text for _, text in naming.notes(notes)]
    for text in texts:
        stated = checkpoint.parse_checkpoint(note.parse_note(text).text)
        several = len(texts) > 1
        names = naming.among_several(stated.origin) if several else naming.ALONE
        if stated.origin in there:
            yield _Log(there[stated.origin], stated, names, whole)


def _wanted(draft: Draft, most: int) -> list[dict[str, list[int]]]:
    """Return which seqs the rows of each volume are of, by the stream's name."""
    name, seq = (draft.data.columns.index(one) for one in (STREAM, SEQ))
    found = []
    for begin in range(0, max(len(draft.data.rows), 1), most):
        seqs: dict[str, set[int]] = {}
        for row in draft.data.rows[begin : begin + most]:
            seqs.setdefault(str(row[name]), set()).add(int(str(row[seq])))
        found.append({one: sorted(those) for one, those in seqs.items()})
    return found


def _prove(
    link: Connection, log: _Log, wanted: Sequence[dict[str, list[int]]]
) -> _Found:
    """Gather what proves the rows of one stream, of each volume."""
    stream, stated, names, whole = log
    asked = [volume.get(stream.name) for volume in wanted]
    signed = [[seq for seq in seqs or () if seq < stated.size] for seqs in asked]
    newer = sum(len(seqs or ()) for seqs in asked) - sum(map(len, signed))
    tally = _Tally()
    try:
        entries = [_read(link, stream, seqs, tally, whole=whole) for seqs in signed]
        proofs = [one.seqs for one in entries if one.seqs]
        every: list[list[Node]] = []
        fits = True
        if proofs:
            every, fits = making.trace(link, stream, proofs, stated)
    except FormatError as error:
        nothing = f"{stream.name}: nothing could be traced ({error})"
        return _Found(nothing, "", nothing, [[] for _ in wanted])
    left = iter(every)
    nodes: list[list[Node]] = [next(left) if one.seqs else [] for one in entries]
    for one, those in zip(entries, nodes, strict=True):
        fits = fits and _leads(one, those, stated)
    wrong = [*tally.wrong(), *([] if fits else ["they do NOT lead to the signed root"])]
    traced = (
        f"{stream.name}: the entries of {counted(tally.read, 'row')} were hashed again"
        f" (body of salt and event, leaf of header) and {'' if fits else 'NOT '}traced"
        f" to the checkpoint of {counted(stated.size, 'entry', 'entries')}"
    )
    told = [traced, *wrong]
    if tally.gone:
        told.append(f"of {tally.gone:,} the event is gone, and the leaf alone traced")
    if newer:
        told.append(f"{counted(newer, 'row')} newer than it and NOT proven")
    files = [
        [] if seqs is None else list(_files(names, one, those))
        for seqs, one, those in zip(asked, entries, nodes, strict=True)
    ]
    return _Found(
        "; ".join(told),
        _complete(stream.name, stated.size) if proofs and fits else "",
        f"{stream.name}: {', '.join(wrong)}" if wrong else "",
        files,
    )


def _complete(name: str, size: int) -> str:
    return (
        f"{name}: leaves 0 to {size - 1:,} were read, none is missing, and they lead to"
        " the signed root"
    )


class _Tally:
    """Counts entries that were read."""

    def __init__(self) -> None:
        self.read = 0
        self.gone = 0  # whose event is gone: redacted
        self.edited = 0  # whose event is not what the header commits to
        self.missing = 0

    def wrong(self) -> Iterator[str]:
        """Yield what is not as it was signed."""
        if self.edited:
            yield f"{counted(self.edited, 'event')} NOT what was hashed"
        if self.missing:
            yield f"{counted(self.missing, 'entry', 'entries')} NOT there any more"


def _read(
    link: Connection, stream: Stream, seqs: Sequence[int], tally: _Tally, *, whole: bool
) -> _Entries:
    """Read entries, and hash them again."""
    found, leaves, lines = [], [], []
    for item in proving.items(link, stream.number, seqs):
        found.append(item.header.seq)
        leaves.append(item.header.leaf())
        tally.gone += item.fits is None
        tally.edited += item.fits is False
        shown = item if whole else item._replace(salt=None, event=None)
        lines.append(evidence.encode_item(shown))
    tally.read += len(found)
    tally.missing += len(set(seqs) - set(found))
    return _Entries(list(dict.fromkeys(found)), leaves, b"".join(lines))


def _leads(entries: _Entries, nodes: Sequence[Node], stated: Checkpoint) -> bool:
    if not entries.seqs:
        return True
    if len(entries.leaves) != len(entries.seqs):
        return False  # one stands twice
    proof = list(zip(entries.seqs, entries.leaves, strict=True))
    return multiproof.root(proof, stated.size, nodes) == stated.root


def _files(
    names: Names, entries: _Entries, nodes: Sequence[Node]
) -> Iterator[Attachment]:
    yield Attachment(
        names.evidence,
        entries.lines,
        "application/jsonl",
        "The entries of the rows: headers, and events where they are enclosed.",
    )
    yield Attachment(
        names.tree,
        b"".join(map(evidence.encode_node, nodes)),
        "application/jsonl",
        "What these entries lack to reach the checkpoint's root.",
    )


def _with(
    draft: Draft, logs: Sequence[_Log], found: Sequence[_Found], unsigned: int
) -> Draft:
    """Return the draft with what was found, and with what has to be said of it."""
    keys = [key for log in logs for key in log.stream.keys]
    others = [one for one in draft.enclosed if one.name != bundles.PUBLIC_KEY]
    told = [one.told for one in found]
    if unsigned:
        told.append(f"{counted(unsigned, 'row')} of streams that nobody signed yet")
    report = draft.report
    if wrong := [one.wrong for one in found if one.wrong]:
        sentence = (
            f"The log was altered. {'; '.join(wrong)}. prooftrail verify says where."
        )
        report = replace(
            report,
            answer=replace(
                report.answer,
                tone="attention",
                sentences=(sentence, *report.answer.sentences),
            ),
        )
    run = report.run
    sequence = "; ".join(filter(None, [run.sequence, *(one.whole for one in found)]))
    report = replace(
        report, run=replace(run, accuracy="; ".join(told), sequence=sequence)
    )
    return draft._replace(
        report=report,
        enclosed=[
            *others,
            keyring(keys),
        ],
        evidence=[
            [file for one in several for file in one]
            for several in zip(*(one.files for one in found), strict=True)
        ],
        logs={log.stream.name: log.stated.origin for log in logs},
    )


def _without(draft: Draft, why: str) -> Draft:
    """Return the draft with the reason why nothing proves its rows."""
    told = f"no row's entry is proven by what is enclosed: {why}"
    run = draft.report.run
    return draft._replace(
        report=replace(
            draft.report,
            run=replace(
                run,
                accuracy=told,
                completeness=f"{run.completeness}; {told}",
                limitations=(*run.limitations, sentence(told)),
            ),
        )
    )
