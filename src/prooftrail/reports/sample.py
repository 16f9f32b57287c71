"""The Population and Sample Pack: what was drawn, from what, and was anything left out?

Guarantees: population and items are read as of one moment; the sample follows from the
listing that is enclosed, the seed and the number alone, and anybody can draw it again.
Each item has a page, and its whole event, as the log has it, stands among the enclosed
evidence: personal values that were marked stand in it as commitments. The report says
which draw of this population it is, as far as whoever makes it may see.

Does not: record the draw (whoever has it made does, before the file is there).

Source: shared requirements R6; `spec/sampling.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports import running
from prooftrail.reports import sample_items as its
from prooftrail.reports import sample_rows as listed
from prooftrail.reports import sample_sections as parts
from prooftrail.reports.circumstances import counted, glossary, spanned
from prooftrail.reports.document import Answer, Report, Run, Table
from prooftrail.reports.enclosing import Data, Draft
from prooftrail.reports.typesetting import Attachment

if TYPE_CHECKING:
    from prooftrail.reports.desk import Desk
    from prooftrail.reports.sample_reading import Facts
    from prooftrail.search.sampled import Drawn, Wanted
    from prooftrail.store.reporting import Source

NAME: Final = "sample"
SUMMARY: Final = "Which entries were drawn, from which population, and can I check it?"
TITLE: Final = "Population and Sample Pack"
VERSION: Final = 1
LISTING: Final = "population.txt"
_CONTROLS: Final = (
    (
        "AU-C 530.08, ISA 530.8",
        "each item of the population can be selected",
        "How the sample was drawn",
    ),
    (
        "PCAOB AS 2315.24",
        "all items have an opportunity to be selected",
        "How the sample was drawn; By month",
    ),
    (
        "AT-C 205.36",
        "what the entity produces is complete and accurate",
        "The population; How this report came about",
    ),
    ("SOC 2 CC6.2, CC6.3", "access is authorised before it is given", "Items"),
)
_TERMS: Final = ("Checkpoint", "Entry", "Event", "Root", "Seq", "Stream")
_OWN_TERMS: Final = (
    ("Leaf", "The hash of an entry's header; the tree is built of leaves."),
    ("Population", "All events that answer the query, as of one moment."),
    ("Seed", "The auditor's own words, which decide what is drawn."),
)


def make(desk: Desk, wanted: Wanted) -> tuple[Draft, Drawn]:
    """Return the report, and what was drawn: that has to be recorded.

    Raises:
        QuestionError: the population is too large.
        ProoftrailError: something that it shows cannot be read.
    """
    from prooftrail.reports import sample_reading  # noqa: PLC0415  below: store, search
    from prooftrail.search import lists, sampled  # noqa: PLC0415
    from prooftrail.store import reporting, showing  # noqa: PLC0415

    asked = desk.asked.question
    period = asked._replace(terms=(), conditions=())
    with desk.reading() as connection:
        source = reporting.source(connection)
        drawn = sampled.draw(
            connection, asked, wanted, sampled.query(desk.asked), desk.streams
        )
        signed = showing.checkpoints(connection, list(desk.chosen))
        facts = sample_reading.Facts(
            drawn,
            lists.counts(connection, asked, desk.streams),
            sum(lists.counts(connection, period, desk.streams).values()),
            sample_reading.read(connection, drawn, desk.streams),
            signed,
        )
    return draft(desk, facts, source), drawn


def draft(desk: Desk, facts: Facts, source: Source) -> Draft:
    """Return the report of what was read."""
    made = desk.circumstances(source)
    drawn, asked = facts.drawn, desk.asked.question
    sizes = {
        desk.chosen.get(one.stream, ""): one.size for one in facts.signed
    }  # of checkpoints, by stream
    pages = its.sections(facts.drawings, drawn, sizes)
    report = Report(
        cover=made.cover(TITLE, SUMMARY, spanned(asked.from_us, asked.to_us), VERSION),
        answer=_answer(drawn),
        chart=parts.chart(drawn),
        controls=_CONTROLS,
        scope=(
            (
                f"Streams: {', '.join(sorted(desk.chosen.values())) or 'none'}. The"
                " population is every event that answers:"
                f" {drawn.query or 'everything'}. Times are the events' own, UTC. An"
                " entry that continues an event is none of its own."
            ),
            (
                "Enclosed are the listing of the whole population, and of the items"
                " the events as the log has them, with what proves them. Personal"
                " values that were marked stand in an event as commitments, never as"
                " values; ids are pseudonyms."
            ),
            (
                "Not in scope: what no application recorded. What an event says is what"
                " its writer stated."
            ),
        ),
        method=(
            (
                "All events that answer are listed, a line each, by stream and number."
                " The SHA-256 of that listing is what the population is known by. The"
                " seed and the number of lines decide which lines are drawn."
            ),
            (
                "That a draw was made is an event in the trail, durable before this"
                " file was there: who, of which population, by which seed. Whoever"
                " draws until one fits is seen there."
            ),
        ),
        sections=(*parts.sections(facts), *pages),
        exceptions=its.exceptions(facts.drawings, drawn, sizes),
        run=_run(desk, facts, source),
        glossary=tuple(sorted((*glossary(*_TERMS), *_OWN_TERMS))),
        listing=Table(
            listed.COLUMNS,
            tuple(listed.printed(one) for one in facts.drawings),
            "Nothing was drawn.",
            "In the order of draws. Position is the line of population.txt, from 0.",
            "Draws",
        ),
    )
    return Draft(
        report,
        Data(listed.DATA, [listed.row(one) for one in facts.drawings]),
        {
            "report": NAME,
            "filters": desk.asked.told,
            "query": drawn.query,
            "population": {"n": drawn.population.size, "digest": _digest(drawn)},
            "seed": drawn.wanted.seed,
            "n": drawn.wanted.n,
            "byMonth": drawn.wanted.by_month,
            "draw": drawn.number,
        },
        made.finished_us,
        _enclosed(facts),
        whole=True,
    )


def _enclosed(facts: Facts) -> list[Attachment]:
    listing = Attachment(
        LISTING,
        facts.drawn.population.listing,
        "text/plain",
        "The population, a line an entry; its SHA-256 is the population's digest.",
    )
    return [listing, *running.enclosed(facts.signed)]


def _digest(drawn: Drawn) -> str:
    return drawn.population.digest


def _answer(drawn: Drawn) -> Answer:
    size, n = drawn.population.size, len(drawn.draws)
    entries = counted(size, "event")
    told = [
        (
            "The population is every event that answers"
            f" “{drawn.query or 'everything'}”: {entries}, known by {_digest(drawn)}."
        ),
    ]
    if not size:
        headline = "Nothing was drawn: no event answers the query."
        told.append("Whether recording ever stopped is shown by the Integrity report.")
    elif n == size:
        headline = f"The sample is the whole population, {entries}."
        told.append("As many as there are were asked for, so nothing was left to draw.")
    else:
        headline = f"{n:,} of {entries} were drawn."
        apart = ", from each month apart," if drawn.wanted.by_month else ""
        told.append(
            f"The seed “{drawn.wanted.seed}” decided which{apart} and nothing else did:"
            " whoever has the listing and the seed draws the same ones."
        )
    if drawn.before:
        told.append(
            f"{counted(len(drawn.before), 'draw')} of this population"
            f" {'was' if len(drawn.before) == 1 else 'were'} made before this one."
        )
    elif size:
        told.append("No draw of this population was made before this one.")
    if drawn.others:
        told.append(
            f"The same query was drawn from {counted(len(drawn.others), 'time')} when"
            " other events answered it."
        )
    figures = (
        (f"{size:,}", "events in the population"),
        (f"{n:,}", "drawn"),
        (f"{drawn.number:,}", "draw of this population"),
        (f"{len(parts.months(drawn)):,}", "months"),
    )
    return Answer(
        headline, "attention" if drawn.before else "fact", tuple(told), figures
    )


def _run(desk: Desk, facts: Facts, source: Source) -> Run:
    made = desk.circumstances(source)
    drawn = facts.drawn
    size, n = drawn.population.size, len(drawn.draws)
    index = sum(facts.counted.values())
    same = "as many as" if index == size else "NOT AS MANY AS"
    actors = {one.actor for one in facts.drawings}
    limitations = [
        running.RECORDED_ALONE,
        (
            "Draws of the last moments, that were not sealed yet, are not counted among"
            " those made before."
        ),
        (
            "That the seed was named by the auditor, after the population was fixed, is"
            " his to say."
        ),
    ]
    if drawn.more:
        limitations.append(
            "Only the newest 1,000 draws were looked at for those made before."
        )
    if parts.is_limited(desk):
        limitations.append(
            "Who made this report may read a part of the time alone: draws that were"
            " made outside of it are not counted."
        )
    return Run(
        report=f"{NAME}, {made.told_version(VERSION)}",
        source=made.told_source,
        filters=running.filters(desk),
        query=drawn.query or "everything",
        run_by=made.told_by,
        times=made.told_times,
        population=f"{counted(facts.period, 'event')} in the period",
        filtered=f"{counted(size, 'event')} answer the query; drawn: {n:,}",
        printed=f"{counted(n, 'item')} printed = rows.csv = rows.jsonl; together"
        f" {counted(len(actors - {''}), 'actor')}",
        sequence=parts.spans(drawn) or "no event",
        completeness=f"{size:,} events listed one by one, {same} the index counts"
        f" ({index:,})",
        accuracy="no entry was hashed again for this report",
        integrity=running.unverified(desk, facts.signed),
        files="",  # said when they are there
        limitations=tuple(limitations),
    )
