"""What an error of the driver says of the server, in words, and what to do about it.

Guarantees: the server's own sentence is repeated only for those states in which it is
made of names, limits and files; never its DETAIL, its CONTEXT or a statement, where
rows and values stand. What has no SQLSTATE and none of the sentences with which a
server turns a connection away is told as a server that does not answer.

A connection that is refused brings no SQLSTATE (libpq keeps it to itself): it is known
by the server's English sentences. In another language it is told as not answering,
with that sentence.

Source: PostgreSQL's documentation, appendix A (error codes).
"""

from __future__ import annotations

import re

import psycopg

_UNKNOWN = (
    "the database does not answer",
    "Check that it runs and that the DSN is right, then try again",
)
_FULL = (
    "the database server's disk is full",
    "Make room there; what was not confirmed was not written, so try again",
)
_MEMORY = (
    "the database server is out of memory",
    "Give it more, or run less beside it, then try again",
)
_CONNECTIONS = (
    "the database takes no more connections",
    "Close some, or raise max_connections or the login's limit, then try again",
)
_SPENT = (
    "the database server has used up what it may",
    "Its message names what: disk, memory or connections. Make room, then try again",
)
_CANCELED = (
    "the database canceled the statement",
    "Try again; if it happens again, see this login's timeouts, and who cancels",
)
_ENDED = (
    "the database ended the connection (it shuts down, or somebody ended it)",
    "Try again once it runs",
)
_CRASHED = (
    "the database ended all connections after a crash",
    "Look into the server's log, then try again",
)
_NOT_NOW = (
    "the database takes no connections at present (it starts, stops or recovers)",
    "Wait a moment, then try again",
)
_DROPPED = ("the database was dropped", "Check the DSN, or restore the database")
_IDLE = (
    "the database ended the connection, which was idle for too long",
    "Try again; see idle_session_timeout and idle_in_transaction_session_timeout",
)
_PASSWORD = (
    "the database refuses the password",
    "Set the right one in the DSN, then try again",
)
_LOGIN = (
    "the database does not let this login in",
    "Check the user's name in the DSN, and the server's pg_hba.conf, then try again",
)
_REFUSED = (
    "the database refuses the connection",
    "Do what it says, then try again",
)
_MISSING = (
    "there is no such database",
    "Check the database's name in the DSN, or create it",
)
_COLLIDED = ("the transaction collided with another one", "Try again")
_LOCKED = (
    "a lock was not to be had in time",
    "Try again; pg_locks and pg_stat_activity say who holds it",
)
_IN_USE = (
    "what the statement needs is in use, or not in the state for it",
    "Try again; pg_stat_activity says who is at work",
)
_FILES = (
    "the database server cannot read or write its files",
    "Look into its log and at its disk before anything else",
)

# By SQLSTATE, and by class. Their sentences name settings, files and roles.
_STATES = {
    "53100": _FULL,
    "53200": _MEMORY,
    "53300": _CONNECTIONS,
    "55P03": _LOCKED,
    "57014": _CANCELED,
    "57P01": _ENDED,
    "57P02": _CRASHED,
    "57P03": _NOT_NOW,
    "57P04": _DROPPED,
    "57P05": _IDLE,
    # not in class 57, and they end the connection all the same
    "25P03": _IDLE,
    "25P04": _ENDED,
    "28P01": _PASSWORD,
    "3D000": _MISSING,
}
_CLASSES = {
    "08": _UNKNOWN,
    "28": _LOGIN,
    "40": _COLLIDED,
    "53": _SPENT,
    "55": _IN_USE,
    "57": _ENDED,
    "58": _FILES,
}

# What stands behind FATAL where a connection is refused.
_SENTENCES = (
    (re.compile(r"password authentication failed|empty password"), _PASSWORD),
    (re.compile(r"too many (clients|connections)|connection slots are"), _CONNECTIONS),
    (re.compile(r"database \".*\" does not exist|no such database"), _MISSING),
    (re.compile(r"database \".*\" is not currently accepting"), _NOT_NOW),
    (re.compile(r"the database system is |not yet accepting connections"), _NOT_NOW),
    (re.compile(r"terminating connection due to administrator command"), _ENDED),
    (re.compile(r"No space left on device"), _FULL),
    (re.compile(r"out of memory"), _MEMORY),
    (re.compile(r"role \".*\" |pg_hba\.conf|authentication failed"), _LOGIN),
    (re.compile(r"permission denied for database|no such user"), _LOGIN),
    (re.compile(""), _REFUSED),
)
_TOO_MUCH = "54"  # the class of what is too long or too complex, now and later
# libpq's own, while it connects
_LACKS_ONE = "no password supplied"
_FATAL = re.compile(r"\bFATAL: +(.*)")


def is_outage(error: psycopg.Error) -> bool:
    """Say whether the server is away or cannot work: no statement was refused."""
    if isinstance(error, psycopg.InterfaceError):
        return True
    state = error.sqlstate or ""
    if state.startswith(_TOO_MUCH):
        return False
    return isinstance(error, psycopg.OperationalError) or state in _STATES


def told(error: psycopg.Error) -> str:
    """Say what happened and what to do.

    Args:
        error: an outage.
    """
    state = error.sqlstate
    said = first_line(error)
    if state is None:
        what, remedy = _unnamed(said)
    elif found := _STATES.get(state) or _CLASSES.get(state[:2]):
        what, remedy = found
    else:  # its sentence may quote anything: a foreign server's, a procedure's
        return (
            f"the database refused, with SQLSTATE {state}. Look into the server's log, "
            "then try again"
        )
    return f"{what}: {said}. {remedy}"


def first_line(error: psycopg.Error) -> str:
    """Return what stands before DETAIL, HINT and the statement."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _unnamed(said: str) -> tuple[str, str]:
    if _LACKS_ONE in said:
        return _PASSWORD
    if sentence := _FATAL.search(said):
        for pattern, found in _SENTENCES:
            if pattern.search(sentence[1]):
                return found
    return _UNKNOWN
