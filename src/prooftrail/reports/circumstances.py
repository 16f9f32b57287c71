"""Under which circumstances a report was made: what all reports say of themselves.

Guarantees: who, when and of which state of which database is stated in one way by all.
"""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import instants
from prooftrail.reports.document import Cover

if TYPE_CHECKING:
    from prooftrail.store.reporting import Source

NOT_STATED: Final = "not stated"

GLOSSARY: Final = {
    "Anchor": "A place outside the database's reach where checkpoints are kept.",
    "Checkpoint": "A signed statement of the log's size and root hash at a time.",
    "Entry": "An event as the log has it: numbered, hashed, and chained to the one"
    " before.",
    "Event": "Who did what to what, when, with which result, and on whose authority.",
    "Root": "The hash that all entries up to a size lead to (a Merkle tree, RFC 6962).",
    "Seq": "An entry's number in its stream: the first is 0, and none is left out.",
    "Stream": "A log of its own, with its own numbers, chain and keys.",
}


class Circumstances(NamedTuple):
    """Who made a report, of what, and when."""

    entity: str
    system: str
    environment: str
    classification: str
    report_id: str
    made_by: str  # id and role
    run_from: str  # the console, a command, the API; and by whom there
    started_us: int
    finished_us: int
    source: Source

    @property
    def at(self) -> str:
        """When it was finished."""
        return instants.text(self.finished_us)

    @property
    def told_source(self) -> str:
        """Field 2 of a run."""
        return (
            f"{self.system}; database {self.source.database}, PostgreSQL"
            f" {self.source.version}; {self.environment}"
        )

    @property
    def told_by(self) -> str:
        """Field 5 of a run."""
        return f"{self.made_by}, from {self.run_from}"

    @property
    def told_times(self) -> str:
        """Field 6 of a run."""
        return (
            f"started {instants.text(self.started_us)}, finished {self.at}; snapshot"
            f" {self.source.snapshot}, WAL position {self.source.lsn}"
        )

    @staticmethod
    def told_version(version: int) -> str:
        """Say by which code a report was made.

        Args:
            version: of the report's own code.
        """
        return f"version {version}, prooftrail {installed('prooftrail')}"

    def cover(self, title: str, question: str, period: str, version: int) -> Cover:
        """Return the cover of a report.

        Args:
            title: of the report.
            question: that it answers.
            period: as `spanned` says it.
            version: of the report's own code.
        """
        return Cover(
            title=title,
            question=question,
            entity=self.entity,
            system=self.system,
            environment=self.environment,
            period=period,
            report_id=self.report_id,
            version=self.told_version(version),
            classification=self.classification,
            generated_at=self.at,
            generated_by=self.told_by,
        )


def spanned(since_us: int | None, until_us: int | None) -> str:
    """Say a period; its end is not in it.

    >>> spanned(0, 86_400_000_000)
    '1970-01-01 to 1970-01-02, UTC, without the end'
    >>> spanned(None, None)
    'everything, from the first entry to the newest'
    """
    if since_us is None and until_us is None:
        return "everything, from the first entry to the newest"
    since = "the first entry" if since_us is None else _moment(since_us)
    until = "the newest entry" if until_us is None else _moment(until_us)
    return f"{since} to {until}, UTC, without the end"


def glossary(*names: str) -> tuple[tuple[str, str], ...]:
    """Return the terms that a report uses."""
    return tuple((name, GLOSSARY[name]) for name in sorted(names))


def sentence(told: str) -> str:
    """Return what a finding or an error says, as a sentence.

    >>> sentence("it is not there: is its share mounted?"), sentence("none")
    ('It is not there: is its share mounted?', 'None.')
    """
    return told[:1].upper() + told[1:] + ("" if told.endswith((".", "?", "!")) else ".")


def counted(n: int, one: str, several: str | None = None) -> str:
    """Say how many there are.

    >>> counted(1, "entry", "entries"), counted(1_200, "run")
    ('1 entry', '1,200 runs')
    """
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def second(us: int) -> str:
    """Return a time to the second, UTC, for a cell that may break between its parts.

    >>> second(1_500_000)
    '1970-01-01 00:00:01'
    """
    return instants.text(us)[:19].replace("T", " ")


def _moment(us: int) -> str:
    return instants.text(us).removesuffix("T00:00:00Z")
