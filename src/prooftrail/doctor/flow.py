"""Checks of the events on their way: inbox, snapshots, quarantine, checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.doctor.check import Check
from prooftrail.store import files, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection

_SECOND = 1_000_000
UNSEALED_WARN_US = 5 * _SECOND
UNSEALED_FAIL_US = 60 * _SECOND
HELD_SECONDS = 300  # a snapshot older than this is told
HELD_TRANSACTIONS = 1_000_000  # or one that so many transactions passed by
UNSIGNED_US = 180 * _SECOND  # the signer's heartbeat comes every 60 s
_REASONS = 5  # told at most


def inbox(link: Connection, prefix: str) -> Iterator[Check]:
    """Tell the age of the oldest unsealed event, and who may slow the sealer down."""
    count, age_us = survey.waiting(link)
    if age_us <= UNSEALED_WARN_US:
        yield Check("inbox", "ok", f"{count:,} waiting, none longer than 5 s")
    else:
        told = f"{count:,} waiting, the oldest for {_span(age_us)}"
        held = survey.holders(link, seconds=5, transactions=10_000)
        if held:
            told += "; old snapshots slow the sealer down:\n" + _held(held)
        yield Check(
            "inbox",
            "fail" if age_us > UNSEALED_FAIL_US else "warn",
            told,
            "see that the sealer runs (prooftrail seal) and what it last said; events "
            "wait safely, but one who owns the database could still delete them unseen",
        )
    sealer = files.role_name(prefix, "sealer")
    for login in survey.logins(link, prefix):
        if login.role == sealer and not login.temporary:
            yield Check(
                "temporary tables",
                "fail",
                f"{sealer} may not make temporary tables here: it cannot seal",
                f"grant temporary on database ... to {sealer}",
            )


def snapshots(link: Connection) -> Iterator[Check]:
    """Tell who keeps vacuum from cleaning the inbox."""
    held = survey.holders(link, seconds=HELD_SECONDS, transactions=HELD_TRANSACTIONS)
    if not held:
        yield Check("snapshots", "ok", "nobody holds an old one")
        return
    yield Check(
        "snapshots",
        "warn",
        "rows deleted from the inbox cannot be vacuumed, held by\n" + _held(held),
        "end the transaction (pg_terminate_backend, rollback prepared), drop the slot "
        "(pg_drop_replication_slot), or set hot_standby_feedback = off on the standby",
    )


def quarantine(link: Connection) -> Iterator[Check]:
    """Tell what could not be sealed, and why."""
    rows = survey.quarantined(link)
    if not rows:
        yield Check("quarantine", "ok", "empty")
        return
    total = sum(row.rows for row in rows)
    lines = [f"{row.rows:,} in {row.stream}: {row.reason}" for row in rows[:_REASONS]]
    if len(rows) > _REASONS:
        lines.append(f"and {len(rows) - _REASONS} other reasons")
    yield Check(
        "quarantine",
        "warn",
        "\n".join([f"{total:,} rows could not be sealed", *lines]),
        "correct what writes them; prooftrail.quarantine has the rows as they came, "
        "docs/how-to/put-back-quarantined-events.md says how they get into the log",
    )


def adrift(link: Connection) -> Iterator[Check]:
    """Tell which entries claim to continue an event, so that no list shows them."""
    rows = survey.adrift(link)
    if not rows:
        yield Check("adrift", "ok", "every entry that continues an event has one")
        return
    shown = [f"{row.stream} seq {row.seq}" for row in rows]
    yield Check(
        "adrift",
        "warn",
        f"{rows[0].entries:,} entries say that they continue an event which is not "
        "there, or is another one; searches pass them over:\n" + "\n".join(shown),
        "read them (prooftrail tail --after-seq, one less) and ask whoever wrote them: "
        "$source says which login",
    )


def checkpoints(link: Connection, now_us: int) -> Iterator[Check]:
    """Tell how much of each stream is signed, and when it last was."""
    rows = survey.checkpoints(link)
    if not rows:
        yield Check(
            "checkpoints", "warn", "there is no stream", "prooftrail stream create main"
        )
    for row in rows:
        yield _signed(row, now_us)


def _signed(row: survey.Signed, now_us: int) -> Check:
    sign = "see that the signer runs (prooftrail sign) and what it last said"
    if row.entries is None:
        return Check(
            "checkpoints",
            "fail",
            f"{row.stream}: its head row is gone",
            "run prooftrail verify --anchor DIR: somebody altered the database",
        )
    if row.size is None or row.signed_us is None:
        if row.entries == 0:
            return Check("checkpoints", "ok", f"{row.stream}: nothing to sign yet")
        told = f"{row.stream}: {row.entries:,} entries, none signed"
        return Check("checkpoints", "warn", told, sign)
    if row.size > row.entries:
        return Check(
            "checkpoints",
            "fail",
            f"{row.stream}: {row.size:,} entries are signed, {row.entries:,} there",
            "run prooftrail verify --anchor DIR: entries are gone",
        )
    age_us = now_us - row.signed_us
    told = (
        f"{row.stream}: {row.size:,} of {row.entries:,} entries signed, "
        f"{_span(max(age_us, 0))} ago"
    )
    if age_us > UNSIGNED_US:
        return Check("checkpoints", "warn", told, sign)
    return Check("checkpoints", "ok", told)


def _held(holders: list[survey.Holder]) -> str:
    return "\n".join(
        f"{one.kind}: {one.who}, "
        + (f"for {_span(one.seconds * _SECOND)}, " if one.seconds is not None else "")
        + f"{one.transactions:,} transactions ago"
        for one in holders
    )


def _span(us: int) -> str:
    seconds = us / _SECOND
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
