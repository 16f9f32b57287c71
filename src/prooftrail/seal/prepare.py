"""From an inbox row to what will be sealed: pure, a row at a time.

Guarantees: `prepare` returns either an event that can be sealed, with its canonical
bytes and projections, or the reason why not; it never raises for bad data. It fills in
what plain SQL writers leave out (eventId, timestamp), keeps `trail.*` and ``$`` keys
for the trail (a `$protected` passes beside an envelope only), and adds `$source` from
columns that the writer cannot set.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.core import catalog, events, ids, instants, jcs, normal, projection
from prooftrail.errors import CanonicalError, EventError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.core.jcs import Value
    from prooftrail.store.waiting import InboxRow

SOURCE_KEY = "$source"

NOT_JSON = "not JSON that can be sealed"
NOT_EVENT = "not an event"
TOO_LONG = "too long"
TAKEN = "its eventId is taken by other bytes"
NO_STREAM = "unknown stream"
POISON = "the database refused its values"


class Ready(NamedTuple):
    """An event that can be sealed."""

    row: InboxRow
    stated: bytes  # canonical bytes as the application stated it
    sealed: bytes  # the same with `$source`: the event bytes
    projection: projection.Projection
    subjects: list[str]
    claim: bool  # whether its action claimed to be the trail's


class Refused(NamedTuple):
    """A row that goes to quarantine."""

    row: InboxRow
    reason: str  # one of the texts above: it is stated in the log, without any value
    told: str  # the whole message, for the quarantine table only


def prepare(
    row: InboxRow, *, now_us: int, random: Callable[[int], bytes]
) -> Ready | Refused:
    """Prepare one row.

    Args:
        row: as fetched.
        now_us: the time that its entry will have, microseconds.
        random: gives n random bytes.
    """
    if row.event is None:
        told = f"the event is longer than {jcs.MAX_BYTES} bytes"
        return Refused(row, TOO_LONG, told)
    try:
        value, stated = jcs.read(row.event.encode())
        if not isinstance(value, dict):
            return Refused(row, NOT_EVENT, "an event is a JSON object")
        value, changed, claim = _complete(value, stated, row, random)
        if changed:
            stated = jcs.canonical(value)
        event = events.check(stated, value, now_us=now_us)
        sealed = _with_source(value, stated, row)
    except CanonicalError as error:
        return Refused(row, NOT_JSON, str(error))
    except EventError as error:
        return Refused(row, NOT_EVENT, str(error))
    return Ready(
        row,
        stated,
        sealed,
        projection.project(event),
        projection.subjects(event),
        claim,
    )


def stated_bytes(sealed: bytes) -> bytes:
    """Return the bytes that the application stated, from the event bytes."""
    value = jcs.parse(sealed)
    if isinstance(value, dict):
        value.pop(SOURCE_KEY, None)
    return jcs.canonical(value)


def _with_source(value: dict[str, Value], stated: bytes, row: InboxRow) -> bytes:
    """Return the event bytes: what was stated, and where it came from."""
    received = instants.text(row.received_us)
    if stated.startswith(b'{"$'):
        source: dict[str, Value] = {
            "channel": row.channel,
            "login": row.login,
            "receivedAt": received,
        }
        return jcs.canonical({**value, SOURCE_KEY: source})
    # every other key sorts behind `$source`: no need to spell the event again
    begin = _source(row.channel, row.login)
    sealed = b'%b"%b"},%b' % (begin, received.encode(), stated[1:])
    if len(sealed) > jcs.MAX_BYTES:
        raise CanonicalError(
            f"the event has {len(sealed)} bytes with its source; at most "
            f"{jcs.MAX_BYTES} are sealed"
        )
    return sealed


@lru_cache(maxsize=1024)
def _source(channel: str, login: str) -> bytes:
    """Return the beginning of sealed bytes, up to the time of receipt."""
    spelled = jcs.spell({"channel": channel, "login": login})
    return b'{"$source":%b,"receivedAt":' % spelled[:-1]


def _complete(
    value: dict[str, Value],
    stated: bytes,
    row: InboxRow,
    random: Callable[[int], bytes],
) -> tuple[dict[str, Value], bool, bool]:
    changed = claim = False
    if b"$" in stated and b'"$' in stated:  # the first alone is a fast search
        escaped = normal.escape(value, enveloped=row.envelope is not None)
        if isinstance(escaped, dict) and escaped != value:
            value, changed = escaped, True
    action = value.get("action")
    if isinstance(action, str) and catalog.is_trail(action):
        value["action"] = f"${action}"
        changed = claim = True
    given = value.get("eventId")
    if given is None:
        value["eventId"] = ids.uuid7(row.received_us, random(8))
        changed = True
    elif isinstance(given, str) and given != (lower := ids.check(given)):
        value["eventId"] = lower
        changed = True
    at = value.get("timestamp")
    if at is None:
        value["timestamp"] = instants.text(row.received_us)
        changed = True
    elif isinstance(at, str) and at != (strict := instants.convert(at)):
        value["timestamp"] = strict
        changed = True
    return value, changed, claim
