"""``prooftrail tail``: the newest entries of a stream, and those that come.

Guarantees: entries come in order of seq, none left out and none twice, over restarts
of the sealer and of the database alike. That somebody reads is recorded before the
first, and how many he got after the last; whoever goes on, about every five minutes
too: as views, and as an export (`audit.log.export`) where whole events are taken away
and nobody waits for more. When the key opens nothing any more, following ends and says
so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from prooftrail.cli.reader import Reader
    from prooftrail.search.lists import Followed
    from prooftrail.store.question import Question

BATCH = 500
PAUSE = 0.25  # seconds between looks
GOOD = 5.0  # seconds for which a key is believed where nothing comes
RECORDED = 300.0  # seconds after which what was shown is recorded, while it goes on
LAST = 20  # entries where nobody says from which seq


@click.command("tail")
@click.argument("query", nargs=-1)
@click.option("--stream", metavar="NAME", help="Needed where the key has several.")
@click.option(
    "--after-seq",
    type=click.IntRange(-1),
    help="Begin behind this seq (-1: with the first entry).",
)
@click.option(
    "-n",
    "last",
    type=click.IntRange(0, 10_000),
    default=LAST,
    show_default=True,
    help="Without --after-seq, so many entries back.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is sealed.")
@click.option("--jsonl", is_flag=True, help="Whole events, a JSON object a line.")
def command(
    *,
    query: tuple[str, ...],
    stream: str | None,
    after_seq: int | None,
    last: int,
    follow: bool,
    jsonl: bool,
) -> None:
    """Print the newest entries of a stream in order of seq.

    Only those that answer QUERY, if there is one ('result:denied -role:admin'); -n
    counts all of them.

    Reads as the API key in PROOFTRAIL_KEY, by the reader (PROOFTRAIL_READER_DSN, or
    PROOFTRAIL_DSN); that somebody reads is recorded when he begins, and how many
    entries he got at the end: as audit.log.view, as audit.log.export where --jsonl
    ends with what is there.
    """
    from prooftrail.cli.querying import asking
    from prooftrail.cli.reader import Reader

    with Reader() as reader:
        given = [("q", " ".join(query))] if query else []
        asked = asking(given, reader.streams)
        name = _named(reader, stream, asked.question)
        seq = _before(reader, name, last) if after_seq is None else after_seq
        filters = {"filters": asked.told} if asked.told else {}
        read = _Read(reader, name, taken=jsonl and not follow)
        read.record({**filters, "afterSeq": seq, "follow": follow})
        _tail(read, seq, asked.question, follow=follow, jsonl=jsonl)


class _Read:
    """What is told of a read.

    Args:
        reader: that reads.
        name: of the stream.
        taken: whether whole events are taken away, and nobody waits for more.
    """

    def __init__(self, reader: Reader, name: str, *, taken: bool) -> None:
        self.reader = reader
        self.name = name
        self._action = "audit.log.export" if taken else "audit.log.view"
        self._more = {"format": "jsonl"} if taken else {}

    def record(self, details: dict[str, object]) -> None:
        self.reader.record(self._action, (self.name,), {**details, **self._more})


def _tail(
    read: _Read,
    seq: int,
    question: Question,
    *,
    follow: bool,
    jsonl: bool,
) -> None:
    import time

    from prooftrail.cli.telling import tell
    from prooftrail.errors import RecordError, UnavailableError
    from prooftrail.search import items, printing

    reader, name = read.reader, read.name
    until = None if follow else _end(reader, name)
    rows, good, recorded = 0, time.monotonic() + GOOD, time.monotonic() + RECORDED
    try:
        while until is None or seq < until:
            try:
                found = _after(reader, name, seq, question)
                if follow and not found.items and time.monotonic() > good:
                    reader.check(name)
                    good = time.monotonic() + GOOD
                if rows and time.monotonic() > recorded:
                    read.record({"rows": rows, "afterSeq": seq})
                    rows, recorded = 0, time.monotonic() + RECORDED
            except (UnavailableError, RecordError) as error:
                if not follow:
                    raise
                tell(f"waiting: {error}")
                time.sleep(1)
                continue
            for one in found.items:
                if until is None or one["seq"] <= until:
                    rows += 1
                    click.echo(items.encode(one) if jsonl else printing.line(one))
            if found.after_seq == seq:
                if not follow:
                    return
                time.sleep(PAUSE)
            seq = found.after_seq
    finally:
        read.record({"rows": rows, "afterSeq": seq})


def _after(reader: Reader, name: str, seq: int, question: Question) -> Followed:
    from prooftrail.search import lists

    with reader.reading() as connection:
        return lists.after(
            connection,
            question,
            stream=reader.streams[name],
            seq=seq,
            limit=BATCH,
            streams=reader.streams,
        )


def _end(reader: Reader, name: str) -> int:
    from prooftrail.store import searching

    with reader.reading() as connection:
        return searching.newest(connection, reader.streams[name])


def _before(reader: Reader, name: str, last: int) -> int:
    return max(_end(reader, name) - last, -1)


def _named(reader: Reader, stream: str | None, question: Question) -> str:
    numbers = question.streams
    names = [
        name
        for name, number in reader.streams.items()
        if numbers is None or number in numbers
    ]
    if stream is None and len(names) == 1:
        return names[0]
    if stream is None or stream not in names:
        shown = ", ".join(names[:20]) or "none"
        raise click.UsageError(f"name one of this key's streams by --stream: {shown}")
    return stream
