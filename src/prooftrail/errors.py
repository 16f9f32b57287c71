"""Every error of Prooftrail, in one hierarchy.

Each message says what happened and what to do. A finding about data (an edited
entry, a gap) is never an exception: it is a returned value of `integrity`.
"""

from __future__ import annotations


class ProoftrailError(Exception):
    """Base of all: catch it to catch everything Prooftrail raises on purpose."""


class EventError(ProoftrailError):
    """An event cannot be recorded; the message names the field and the remedy."""


class CanonicalError(EventError):
    """Text is not JSON that RFC 8785 can spell (duplicate key, U+0000, depth, ...)."""


class FormatError(ProoftrailError):
    """Bytes do not have the shape that `spec/` gives them (header, note, key)."""


class ConfigurationError(ProoftrailError):
    """A setting is missing or wrong; the message names it."""


class DatabaseError(ProoftrailError):
    """The database cannot be reached or refused; the message says what to check."""


class UnavailableError(DatabaseError):
    """The database is away or cannot work at present; says which: try again."""


class PoisonError(DatabaseError):
    """The values of a row do not fit the table; the sealer quarantines that row."""


class ChainError(DatabaseError):
    """The database's own fences refused entries or a checkpoint that do not fit."""


class RecordError(ProoftrailError):
    """An event is not known to be durable: record it again, its id makes it safe."""


class BusyError(ProoftrailError):
    """There is more to do than is taken on: come again later; nothing was begun."""


class SealError(ProoftrailError):
    """The sealer stopped before it sealed over something that does not fit."""


class SignError(ProoftrailError):
    """The signer refuses to sign a log that does not extend what it signed before."""


class RevealError(ProoftrailError):
    """A personal value cannot be shown or erased; says why, and shows nothing of it."""


class EmbeddedError(ProoftrailError):
    """The embedded PostgreSQL cannot be found, started or stopped."""


class ImportFileError(ProoftrailError):
    """A file that is to be imported cannot be read; names file and position."""


class AnchorError(ProoftrailError):
    """An anchor cannot be read or written; the message names it and what to check."""


class EvidenceError(ProoftrailError):
    """Evidence, or a report, cannot be read or written; the message names it."""


class EndedError(ProoftrailError):
    """A key or a session opens nothing any more: it ended while it was used."""


class QuestionError(ProoftrailError):
    """A search cannot be understood; the message names the parameter and the remedy."""


class HiddenError(QuestionError):
    """What was asked for is not there, or not for the asker: the words are the same.

    Args:
        message: what to do.
        what: kind of thing it would be; never which one.
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


class QueryError(QuestionError):
    """A query cannot be understood at one place; says what stands there, and a remedy.

    Args:
        message: what happened, and what to write.
        at: where it is, in characters from 0.
        length: of what is meant, in characters.
    """

    def __init__(self, message: str, at: int, length: int) -> None:
        super().__init__(f"{message} (at character {at + 1})")
        self.at = at
        self.length = length


class DemoError(ProoftrailError):
    """A step of the demonstration did not end as it must; the message names it."""


class ReportError(ProoftrailError):
    """A report cannot be made, or read; the message says why, and what to do."""
