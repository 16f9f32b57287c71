"""What a sample pack says of population and draw, before the items.

Guarantees: the algorithm stands in lines that can be followed by hand, with the first
draws worked out; every number is one of the population's.

Source: `spec/sampling.md`.
"""

from __future__ import annotations

import shlex
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from prooftrail.reports.document import (
    Bars,
    Code,
    Column,
    Facts,
    Section,
    Table,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prooftrail.reports.desk import Desk
    from prooftrail.reports.sample_reading import Facts as Found
    from prooftrail.search.draws import Earlier
    from prooftrail.search.sampled import Drawn

_WORKED: Final = 5  # draws that are worked out
_SPAN: Final = 2**256
_LISTED: Final = 20  # earlier draws
ALGORITHM: Final = (
    'for k = 1, 2, 3, ...: x = SHA-256(seed ":" k), a number of 256 bits',
    "if x >= 2^256 - (2^256 mod N): go on with the next k",
    "position = x mod N, counted from 0 in the listing",
    "if that line is drawn already: go on with the next k",
    "draw it; k is its draw number; end when n lines are drawn",
)


def sections(facts: Found) -> tuple[Section, ...]:
    """Return all of them."""
    drawn = facts.drawn
    return (
        _method(drawn),
        _population(facts),
        _by_month(drawn),
        _earlier(drawn),
    )


def chart(drawn: Drawn) -> Bars | None:
    """Return how many events each month has; None where there is one month."""
    found = months(drawn)
    if len(found) < 2:  # noqa: PLR2004  nothing to compare
        return None
    bars = tuple(list(found.items())[-12:])
    told = ", ".join(f"{month}: {n:,}" for month, n in bars)
    return Bars(bars, f"Events of the population by month: {told}.")


def months(drawn: Drawn) -> Mapping[str, int]:
    """Return how many members each month has, in order."""
    counts = Counter(one.month for one in drawn.population.members)
    return dict(sorted(counts.items()))


def is_limited(desk: Desk) -> bool:
    """Whether whoever makes the report may read a part of the time alone."""
    from prooftrail.store.keys import FIRST_US, LAST_US  # noqa: PLC0415  below

    return desk.holder.from_us > FIRST_US or desk.holder.to_us < LAST_US


def spans(drawn: Drawn) -> str:
    """Return the first and the last seq of each stream's members."""
    return "; ".join(
        f"{name}: {first:,} to {last:,}" for name, first, last, _ in _streams(drawn)
    )


def _streams(drawn: Drawn) -> Iterator[tuple[str, int, int, int]]:
    """Yield each stream's name, its first and last seq, and how many members."""
    found: dict[bytes, tuple[int, int, int]] = {}
    for one in drawn.population.members:  # ascending
        first, _, n = found.get(one.stream_id, (one.seq, 0, 0))
        found[one.stream_id] = first, one.seq, n + 1
    for stream_id, told in found.items():
        yield drawn.population.names[stream_id], *told


def _method(drawn: Drawn) -> Section:
    wanted, size = drawn.wanted, drawn.population.size
    facts = Facts(
        (
            ("Seed", wanted.seed),
            ("Asked for (n)", f"{wanted.n:,}"),
            ("Population (N)", f"{size:,}"),
            ("Drawn", f"{len(drawn.draws):,}"),
            ("By month", "yes, each month apart" if wanted.by_month else "no"),
        )
    )
    told = [
        (
            "N is the number of lines of population.txt, which is enclosed; line 1 is"
            " position 0. These five lines are all there is to it:"
        ),
    ]
    blocks: list[Facts | Text | Code | Table] = [
        facts,
        Text(tuple(told)),
        Code(tuple(f"{n}  {line}" for n, line in enumerate(ALGORITHM, 1))),
    ]
    if wanted.by_month:
        blocks.append(
            Text(
                (
                    (
                        "By month: the draw is made from each month's lines apart,"
                        f" with the seed “{wanted.seed}:<month>”; N and positions are"
                        " the month's own. By month says how many each month gets."
                    ),
                )
            )
        )
    elif len(drawn.draws) < size:
        blocks += [_worked(drawn), Code(_commands(drawn))]
    return Section("How the sample was drawn", tuple(blocks))


def _worked(drawn: Drawn) -> Table:
    """Return the first draws, worked out."""
    size, seed = drawn.population.size, drawn.wanted.seed
    limit = _SPAN - _SPAN % size
    rows = []
    seen: set[int] = set()
    for k in range(1, _WORKED + 1):
        if len(seen) == len(drawn.draws):
            break
        hashed = sha256(f"{seed}:{k}".encode()).hexdigest()
        value = int(hashed, 16)
        at = value % size
        came = "drawn"
        if value >= limit:
            came = "too large: go on"
        elif at in seen:
            came = "again: go on"
        else:
            seen.add(at)
        rows.append((f"{k}", hashed, f"{at:,}", came))
    columns = (
        Column("k", "number", 0.3),
        Column("SHA-256(seed:k)", "code", 3.4),
        Column("x mod N", "number", 0.8),
        Column("", share=0.9),
    )
    return Table(columns, tuple(rows), caption="The first numbers, worked out:")


def _commands(drawn: Drawn) -> tuple[str, ...]:
    """Return how to work out the first number on a terminal."""
    first = shlex.quote(f"{drawn.wanted.seed}:1")
    return (
        f"x=$(printf %s {first} | sha256sum | cut -c1-64 | tr a-f A-F); echo $x",
        f'echo "ibase=16; $x % {drawn.population.size:X}" | bc',
        "sha256sum population.txt",
    )


def _population(facts: Found) -> Section:
    drawn = facts.drawn
    pairs = [
        ("Query", drawn.query or "everything"),
        ("Events (N)", f"{drawn.population.size:,}"),
        ("Listing", f"population.txt, {len(drawn.population.listing):,} bytes"),
        ("SHA-256 of it", drawn.population.digest),
    ]
    rows = tuple(
        (
            name,
            f"{n:,}",
            f"{facts.counted.get(name, 0):,}",
            f"{first:,}",
            f"{last:,}",
        )
        for name, first, last, n in _streams(drawn)
    )
    columns = (
        Column("Stream", share=2),
        Column("Listed", "number"),
        Column("Counted by the index", "number", 1.3),
        Column("First seq", "number"),
        Column("Last seq", "number"),
    )
    index = sum(facts.counted.values())
    same = "as many as" if index == drawn.population.size else "NOT AS MANY AS"
    told = Text(
        (
            (
                f"{drawn.population.size:,} events were listed one by one, {same} the"
                f" index counts ({index:,}). Numbers between the first and the last seq"
                " that are not listed are of entries that do not answer the query;"
                " that the log itself lacks none is field 10 of “How this report came"
                " about”."
            ),
        )
    )
    listed = Table(columns, rows, "No event answers.", "By stream:")
    return Section("The population", (Facts(tuple(pairs)), listed, told))


def _by_month(drawn: Drawn) -> Section:
    found = months(drawn)
    members = drawn.population.members
    taken = Counter(members[one.position].month for one in drawn.draws)
    size = drawn.population.size
    apart = drawn.wanted.by_month
    rows = tuple(
        (
            month,
            f"{n:,}",
            f"{100 * n / size:.1f} %",
            f"{taken[month]:,}",
            f"{100 * taken[month] / len(drawn.draws):.1f} %",
        )
        for month, n in found.items()
    )
    columns = (
        Column("Month", "time"),
        Column("Population", "number"),
        Column("Share", "number"),
        Column("Drawn", "number"),
        Column("Share", "number"),
    )
    told = (
        "Each month got its share of the draws: whole parts first, then the largest"
        " remainders."
        if apart
        else "The draw was made from the whole population: how many each month has"
        " among the drawn is chance. --by-month draws from each apart."
    )
    return Section(
        "By month", (Table(columns, rows, "No event answers."), Text((told,)))
    )


def _earlier(drawn: Drawn) -> Section:
    blocks: list[Table | Text] = [
        _draws(
            drawn.before,
            "None: this is the first draw of this population that the trail knows.",
            "Of this population:",
        )
    ]
    if drawn.others:
        blocks.append(
            _draws(
                drawn.others,
                "None.",
                "Of the same query, when other events answered it:",
            )
        )
    blocks.append(
        Text(
            (
                (
                    "Each draw is an event of the trail. This finds all of this"
                    " population: action:prooftrail.sample.draw"
                    f" resource:{drawn.population.digest}"
                ),
            )
        )
    )
    return Section("Draws made before", tuple(blocks))


def _draws(found: Sequence[Earlier], without: str, caption: str) -> Table:
    more = len(found) - _LISTED
    columns = (
        Column("When", "time", 1.6),
        Column("By", share=1.6),
        Column("Seed", "code", 2),
        Column("n", "number", 0.5),
        Column("By month", share=0.7),
    )
    rows = tuple(
        (one.at, one.by, one.seed, one.n, "yes" if one.by_month else "no")
        for one in found[:_LISTED]
    )
    said = f"{caption} the newest {_LISTED} of {len(found):,}" if more > 0 else caption
    return Table(columns, rows, without, said)
