"""What importers yield: an event with its place, or what is wrong there.

Guarantees: every record of a file yields exactly one `Imported`, in the file's order,
so that an import can say "2,899 of 2,900; x.json, record 17: no eventTime". Lines of a
system's log are no records: `sshd` says what becomes of each. A finding about data is a
`Problem`, never an exception: only a file that cannot be opened, or is of another kind
altogether, raises `ImportFileError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from prooftrail.core import normal
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from prooftrail.core.jcs import Value


class Problem(NamedTuple):
    """Why a record is no event, in words for the person who imports."""

    reason: str


class Imported(NamedTuple):
    """One record of a file."""

    file: str  # the path as it was given
    unit: Literal["record", "line"]
    number: int  # from 1
    outcome: dict[str, Value] | Problem

    @property
    def where(self) -> str:
        """Return the place in words.

        >>> Imported("x.json", "record", 17, Problem("no eventTime")).where
        'x.json, record 17'
        """
        return f"{self.file}, {self.unit} {self.number}"


def checked(event: dict[str, Any]) -> dict[str, Value] | Problem:
    """Return the event, or why it has no normal form (nested too deeply)."""
    try:
        normal.plain(event)
    except EventError as error:
        return Problem(str(error))
    return event
