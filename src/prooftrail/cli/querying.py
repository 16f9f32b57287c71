"""A query on the command line: understood, told back, or pointed at where it is not.

Guarantees: what was understood is told on standard error before anything is printed,
so that a relative time or an abbreviation never stands unseen behind an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prooftrail.search.parameters import Filters

_WIDEST = 100  # characters of a query that are shown with a mark under it


def asking(given: Iterable[tuple[str, str]], streams: Mapping[str, int]) -> Filters:
    """Understand names and values of filters, a query `q` among them.

    Raises:
        QuestionError: they are not understood; where in a query is shown.
    """
    from prooftrail.cli.reader import clock
    from prooftrail.cli.telling import tell
    from prooftrail.errors import QueryError
    from prooftrail.search import parameters

    given = list(given)
    try:
        asked = parameters.filters(given, streams, now_us=clock())
    except QueryError as error:
        tell(pointed(dict(given)["q"], error.at, error.length))
        raise
    if asked.query is not None:
        tell(asked.query or "(everything)")
    return asked


def pointed(query: str, at: int, length: int) -> str:
    """Return a query, and under it a mark at the characters that are meant.

    >>> print(pointed("rol:admin", 0, 3))
      rol:admin
      ^^^
    """
    begin = max(0, at - _WIDEST // 2)
    shown = query[begin : begin + _WIDEST]
    marks = "^" * max(1, min(length, len(shown) - (at - begin)))
    return f"  {shown}\n  {' ' * (at - begin)}{marks}"
