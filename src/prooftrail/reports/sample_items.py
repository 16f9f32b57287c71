"""The items of a sample, a page each: who, what, by whose leave, what changed, leaf.

Guarantees: everything on a page is what the event says, as text; a personal value that
was marked is told by its class. What is longer than a page's lines is cut visibly, and
whole in the enclosed event.

Source: shared requirements R6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prooftrail.catalog import tell
from prooftrail.catalog.wording import mapping, word
from prooftrail.core import instants, multiproof
from prooftrail.errors import EventError
from prooftrail.grants import grant
from prooftrail.grants.segregation import FAILURES
from prooftrail.grants.types import TYPES
from prooftrail.reports.circumstances import counted
from prooftrail.reports.document import Column, Facts, Section, Table, Text
from prooftrail.reports.sample_rows import NOTHING, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.reports.sample_reading import Drawing
    from prooftrail.search.diffing import Side
    from prooftrail.search.facts import Fact
    from prooftrail.search.sampled import Drawn

_FACTS: Final = 16  # of a section that are shown
_CHANGES: Final = 30
_LONGEST: Final = 160  # characters of a fact


def sections(
    found: Sequence[Drawing], drawn: Drawn, sizes: Mapping[str, int]
) -> tuple[Section, ...]:
    """Return a section an item, each on a page of its own.

    Args:
        found: the items.
        drawn: the sample.
        sizes: of the checkpoints that are enclosed, by stream.
    """
    lines: dict[str, list[int]] = {}
    for one in found:
        lines.setdefault(one.stream, []).append(one.member.seq)
    for seqs in lines.values():
        seqs.sort()
    return tuple(
        Section(
            f"Item {n} of {len(found)}: entry {one.member.seq:,} of {one.stream}",
            tuple(
                _page(one, drawn, sizes, lines[one.stream].index(one.member.seq) + 1)
            ),
            page=True,
        )
        for n, one in enumerate(found, 1)
    )


def _page(
    one: Drawing, drawn: Drawn, sizes: Mapping[str, int], line: int
) -> Iterator[Facts | Table | Text]:
    from prooftrail.search import facts  # noqa: PLC0415

    item = one.item
    yield Text((f"{_time(one.member.time)}: {tell(item)}.",))
    yield Facts(tuple(_drawn(one, drawn)))
    said = {section.title: section for section in facts.sections(item)}
    for title in ("Who", "What", "Whose data"):
        if title in said:
            yield _facts(title, said[title].facts, said[title].more)
    allowed = (
        _facts("Authorisation", said["Authorisation"].facts)
        if ("Authorisation" in said)
        else Facts((("Stated", "nothing"),), "Authorisation")
    )
    yield allowed
    yield _told_behind(one)
    changes = tuple(_changes(item))
    if changes:
        columns = (
            Column("Field", "code", 1.2),
            Column("Before", share=2),
            Column("After", share=2),
        )
        yield Table(columns, changes, caption="Before and after")
    for title in ("Details", "Request"):
        if title in said:
            yield _facts(title, said[title].facts, said[title].more)
    yield Facts(tuple(_proof(one, sizes.get(one.stream, 0), len(sizes), line)), "Proof")


def _drawn(one: Drawing, drawn: Drawn) -> Iterator[tuple[str, str]]:
    size = drawn.population.size
    if one.draw.number:
        by = f" of {one.draw.stratum}" if one.draw.stratum else ""
        yield (
            "Drawn",
            (
                f"k = {one.draw.number:,}{by}; position {one.draw.position:,} of"
                f" 0 to {size - 1:,}"
            ),
        )
    else:
        yield (
            "Drawn",
            f"as all are; position {one.draw.position:,} of 0 to {size - 1:,}",
        )
    yield "Listed", f"line {one.draw.position + 1:,} of population.txt"
    yield "Event time", one.member.time
    yield "Recorded at", text(one.item.get("recordedAt"))
    yield "Result", text(one.item.get("result"))


def _facts(title: str, those: Sequence[Fact], more: int = 0) -> Facts:
    pairs = [
        (one.label, f"[protected: {one.hidden}]" if one.hidden else _cut(one.text))
        for one in those[:_FACTS]
    ]
    more += max(len(those) - _FACTS, 0)
    if more:
        pairs.append(("and", f"{more:,} more, which the enclosed event has"))
    return Facts(tuple(pairs), title)


def _told_behind(of: Drawing) -> Facts:
    pairs = [
        (
            told,
            (
                f"entry {one.get('seq', 0):,} of {one.get('stream')},"
                f" {_time(text(one.get('timestamp')))}: {tell(one)}{_approved(one)}"
            ),
        )
        for told, one in of.behind
    ]
    if of.item.get("action") in TYPES:
        pairs.append(("Approved beforehand", _segregated(of)))
    if not of.behind:
        nothing = "the trail has no approval or grant that this event names, and no"
        pairs.append(("In the trail", f"{nothing} grant to who acted, before it"))
    return Facts(tuple(pairs), "What is behind it")


def _segregated(of: Drawing) -> str:
    """Say whether a grant was approved as it should be, and what is not so."""
    found = grant.read(of.item, instants.microseconds(of.member.time))
    if not found.fails:
        return f"yes, by somebody else: {word(found.approver)}"
    return f"no: {'; '.join(FAILURES[one] for one in found.fails)}"


def _approved(item: Mapping[str, Any]) -> str:
    """Say by whom an event behind an item was approved itself, if it says so."""
    found = mapping(mapping(item.get("authorization")).get("approval"))
    if not found:
        return ""
    return f"; approved by {word(found.get('by')) or 'nobody named'}"


def _changes(item: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    from prooftrail.search import diffing  # noqa: PLC0415

    found = diffing.differences(item.get("changes"))
    for one in found[:_CHANGES]:
        yield one.field, _side(one.before), _side(one.after)
    if len(found) > _CHANGES:
        yield f"and {len(found) - _CHANGES} more", "in the enclosed event", ""


def _side(side: Side) -> str:
    if side.hidden is not None:
        return f"[protected: {side.hidden}]"
    if side.absent:
        return NOTHING
    return "nothing" if side.nothing else "".join(one.text for one in side.pieces)


def _proof(one: Drawing, size: int, logs: int, line: int) -> Iterator[tuple[str, str]]:
    seq = one.member.seq
    yield "Leaf", f"sha256:{one.member.leaf.hex()}"
    yield "Leaf before", text(one.item.get("previousChecksum"))
    if seq >= size:
        told = (
            "newer than the enclosed checkpoint: not proven yet"
            if size
            else ("no checkpoint of this stream is signed yet: not proven")
        )
        yield "Place in the tree", told
        return
    hashes = len(multiproof.needed([seq], size))
    yield (
        "Place in the tree",
        (
            f"leaf {seq:,} of 0 to {size - 1:,}; {counted(hashes, 'hash', 'hashes')}"
            " lead from it to the signed root"
        ),
    )
    of = f" of {one.stream}" if logs > 1 else ""
    yield (
        "Proof",
        (
            f"enclosed: the whole event is line {line:,} of evidence.jsonl{of}; with"
            " tree.jsonl it leads to the root in checkpoint.txt. prooftrail verify"
            " --report checks it, and prooftrail verify --evidence the files alone"
        ),
    )


def exceptions(
    found: Sequence[Drawing], drawn: Drawn, sizes: Mapping[str, int]
) -> Table:
    """Return what somebody should look at, of the items and of the draw itself."""
    rows: list[tuple[str, ...]] = []
    if drawn.before:
        newest = drawn.before[0]
        told = (
            f"{counted(len(drawn.before), 'draw')} of this population before this one;"
            f" the newest by {newest.by or 'nobody named'}, seed {newest.seed}, n"
            f" {newest.n}"
        )
        rows.append(("drawn before", told, newest.at, ""))
    for n, one in enumerate(found, 1):
        at = f"{one.stream} {one.member.seq:,}"
        rows += [
            (criterion, f"item {n}: {told}", one.member.time, at)
            for criterion, told in _odd(one, sizes.get(one.stream, 0))
        ]
    columns = (
        Column("Id", share=0.5),
        Column("Criterion", share=1),
        Column("What", share=3),
        Column("When", "time", 1.8),
        Column("Evidence", share=1),
        Column("Severity", share=0.8),
        Column("Status", share=0.7),
    )
    listed = ((f"S-{n}", *row, "medium", "open") for n, row in enumerate(rows, 1))
    return Table(columns, tuple(listed), "None.")


def _odd(one: Drawing, size: int) -> Iterator[tuple[str, str]]:
    """Yield what is odd about an item: a criterion, and what that is."""
    if "redacted" in one.item:
        yield "redacted", "what the event said is gone, its leaf is proven"
    if "unreadable" in one.item:
        yield "unreadable", "the event was altered where it is stored"
    if one.member.seq >= size:
        yield "not proven", "the enclosed checkpoint does not cover it yet"


def _time(text: str) -> str:
    try:
        return instants.text(instants.microseconds(text)).replace("T", " ")
    except EventError:
        return text


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,})"
