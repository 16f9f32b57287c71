"""Sealing a month: what is told of one that ended and was verified, and what is not.

Guarantees: pure. A month is sealed only as the whole of what was recorded in it: all of
it verified, an entry that was recorded later stands behind it (`recordedAt` never
decreases, so nothing can come in any more), and a checkpoint that fits, signed by a key
that counts, covers its last entry. A month that was sealed is compared with what its
seal states, and never sealed again.

Does not: verify, read or record (`cli.closing` and `service.closing` do); hold entries
back from anybody, or anybody from them: a seal is an event, and the chain is what
keeps them. Whoever may record can state a seal: one that does not agree with the log is
told with its seq, and the event there names its login.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prooftrail.core import entry, instants
from prooftrail.errors import ConfigurationError
from prooftrail.integrity.verdict import Verdict
from prooftrail.store.retention import after, period

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from prooftrail.capture.stating import Fields
    from prooftrail.integrity.tree import Claim
    from prooftrail.store.retention import StoredSeal

ACTION = "audit.retention.archive"
OPERATION = "sealed"
RESOURCE = "period"
MOST = 24  # months that ended last, of which the service seals what it finds unsealed

_YEAR = 12  # months
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


class Seal(NamedTuple):
    """What an event states of a month that was sealed."""

    seq: int  # of the event
    recorded_us: int  # likewise
    period: str
    entries: int
    first: int  # seq
    last: int


class Found(NamedTuple):
    """What was found of a stream's entries of one month."""

    stream: str
    month: date  # its first day
    first: int  # the first seq
    stop: int  # one past the last
    behind: bool  # whether an entry that was recorded after the month stands there
    signed: Claim | None  # the largest checkpoint that fits and that counts
    seals: Sequence[Seal]  # of this stream, of any month
    verdict: Verdict = Verdict.VERIFIED
    findings: int = 0

    @property
    def entries(self) -> int:
        """How many there are; those that continue an event count as well."""
        return self.stop - self.first


class Concluded(NamedTuple):
    """What comes of it for one stream."""

    stream: str
    verdict: Verdict
    told: str
    event: Fields | None = None  # to be recorded in that stream


class _Stated(msgspec.Struct):
    operation: str
    period: str
    record_count: int
    first_seq: int
    last_seq: int


class _Event(msgspec.Struct):
    details: _Stated


_DECODER = msgspec.json.Decoder(_Event)


def parse(text: str) -> date:
    """Read a month: 2026-10.

    Raises:
        ConfigurationError: it is none.

    >>> parse("2026-10")
    datetime.date(2026, 10, 1)
    """
    found = _MONTH.fullmatch(text)
    year = int(found[1]) if found else 0
    if found is None or not year:
        raise ConfigurationError(
            f"{text[:40]!r} is no month: write year and month, such as 2026-10"
        )
    return date(year, int(found[2]), 1)


def check_ended(month: date, now_us: int) -> None:
    """See that a month has ended (UTC).

    Raises:
        ConfigurationError: it has not.
    """
    if month >= running(now_us):
        raise ConfigurationError(
            f"{period(month)} has not ended yet (UTC): only what nothing can come into "
            "any more can be sealed. Run it again after that month"
        )


def running(now_us: int) -> date:
    """Return the first day of the present month (UTC)."""
    return date.fromisoformat(instants.text(now_us)[:10]).replace(day=1)


def since(now_us: int) -> date:
    """Return the first of the months that the service looks at."""
    now = running(now_us)
    year, month = divmod(now.year * _YEAR + now.month - 1 - MOST, _YEAR)
    return date(max(year, 1), month + 1, 1)


def bounds(month: date) -> tuple[int, int]:
    """Return since when and before when a month's entries are recorded."""
    begun, ended = (
        instants.microseconds(f"{day.isoformat()}T00:00:00Z")
        for day in (month, after(month))
    )
    return begun, ended


def read(stored: Iterable[StoredSeal]) -> list[Seal]:
    """Return the seals among the events that could be some."""
    found = []
    for seq, recorded_us, event in stored:
        try:
            stated = _DECODER.decode(event).details
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # an application's own, of another form
        if stated.operation == OPERATION:
            found.append(
                Seal(
                    seq,
                    recorded_us,
                    stated.period,
                    stated.record_count,
                    stated.first_seq,
                    stated.last_seq,
                )
            )
    return found


def conclude(
    found: Found, *, actor: Mapping[str, Any], anchors: Collection[Path] = ()
) -> Concluded:
    """Return what is to be told of a stream's month, and what is to be recorded.

    Args:
        found: what was found of it.
        actor: who seals.
        anchors: what it was compared with.
    """
    verdict, told, more = _judge(found)
    if more is None:
        return Concluded(found.stream, verdict, told)
    name = period(found.month)
    seqs = {"first_seq": found.first, "last_seq": found.stop - 1}
    event: Fields = {
        "action": ACTION,
        "actor": actor,
        "resource": {"type": RESOURCE, "id": name},
        "result": "success" if verdict is Verdict.VERIFIED else "failure",
        "details": {
            "operation": OPERATION,
            "period": name,
            "record_count": found.entries,
            **(seqs if found.entries else {}),
            **more,
            "anchors": len(anchors),
        },
    }
    return Concluded(found.stream, verdict, told, event)


def _judge(found: Found) -> tuple[Verdict, str, dict[str, object] | None]:
    """Return verdict, text, and what an event adds; None where there is no event."""
    name = period(found.month)
    if found.verdict is Verdict.TAMPERED:
        more = {"verdict": found.verdict.value, "findings": found.findings}
        return found.verdict, f"TAMPERED: {name} is not sealed", more
    if found.verdict is Verdict.INCOMPLETE:
        return found.verdict, f"could not verify: {name} is not sealed", None
    kept = [seal for seal in found.seals if seal.period == name]
    if kept:
        return _compare(found, kept)
    if not found.entries:
        told = f"{name} has no entries: nothing is to be sealed"
        return Verdict.VERIFIED, told, None
    return _seal(found)


def _compare(
    found: Found, kept: Sequence[Seal]
) -> tuple[Verdict, str, dict[str, object] | None]:
    """Compare a month with its seals."""
    name = period(found.month)
    there = (found.entries, found.first, found.stop - 1) if found.entries else None
    for seal in kept:
        if (seal.entries, seal.first, seal.last) == there:
            continue
        told = (
            f"TAMPERED: {name} was sealed at {instants.text(seal.recorded_us)} with "
            f"{_entries(seal.entries, seal.first, seal.last)}, and there "
            f"{_are(found)} now: look at entry {seal.seq}, and at who recorded it"
        )
        more: dict[str, object] = {
            "verdict": Verdict.TAMPERED.value,
            "sealed_by_seq": seal.seq,
            "sealed_record_count": seal.entries,
        }
        return Verdict.TAMPERED, told, more
    at = instants.text(kept[0].recorded_us)
    told = f"{name} was sealed already at {at}, {_of(found)}"
    return Verdict.VERIFIED, told, None


def _seal(found: Found) -> tuple[Verdict, str, dict[str, object] | None]:
    """Seal a month, if it is complete and signed."""
    name, signed = period(found.month), found.signed
    if not found.behind:
        told = (
            f"{name} is not sealed: nothing was recorded after it, so that nothing "
            "shows that it is complete. Any later event does (prooftrail verify leaves "
            "one): run this again once there is one"
        )
        return Verdict.INCOMPLETE, told, None
    if signed is None or signed.size < found.stop:
        told = (
            f"{name} is not sealed: no checkpoint covers its last entry, "
            f"{found.stop - 1}, that a known key signed. Run prooftrail sign, then "
            "this again; with --key or --anchor where entry 0 states no key"
        )
        return Verdict.INCOMPLETE, told, None
    told = (
        f"{name} is sealed, {_of(found)}, under the checkpoint over "
        f"{signed.size:,} entries"
    )
    more: dict[str, object] = {
        "checkpoint_size": signed.size,
        "checkpoint_root": entry.checksum(signed.root),
    }
    return Verdict.VERIFIED, told, more


def _of(found: Found) -> str:
    return _entries(found.entries, found.first, found.stop - 1)


def _are(found: Found) -> str:
    return f"are {_of(found)}" if found.entries else "is none"


def _entries(count: int, first: int, last: int) -> str:
    return f"{count:,} entries (seq {first} to {last})"
