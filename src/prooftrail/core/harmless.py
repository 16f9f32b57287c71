"""Text from a database or an event, for a terminal.

Guarantees: a line does to a terminal nothing but show its text: what moves the cursor,
or turns the direction of writing, to hide what is said, is spelled out.
"""

from __future__ import annotations


def harmless(text: str) -> str:
    r"""Return a line that can be printed, whoever wrote what is in it.

    >>> print(harmless("main\x1b[2J"))
    main\x1b[2J
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode()
        for one in text
    )
