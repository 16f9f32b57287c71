"""The keeper: opens envelopes, compares them with their events, keeps the values.

Guarantees: an envelope is deleted in the transaction that keeps its values and hands
over what did not fit, so that whoever kills it loses nothing and nothing is kept or
told twice. No envelope, whatever its bytes, stops it. A key file that is not the one
with which this vault was begun does: nothing is taken out then.

Does not: write to the log (the sealer states what did not fit), nor show a value
(`revealing` does).

Source: design, "Personal values"; docs/adr/0014.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prooftrail.errors import ConfigurationError, FormatError, UnavailableError
from prooftrail.keep import fitting
from prooftrail.keep.opening import Opener
from prooftrail.store import vault

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from prooftrail.core.protected import Item
    from prooftrail.keep.epoch_files import EpochFiles
    from prooftrail.keep.keys import KeeperKeys, SubjectKey
    from prooftrail.keep.publishing import Publishing
    from prooftrail.store.connect import Connection
    from prooftrail.store.vault import Enveloped

ROWS = 100  # envelopes a turn at most: a writer may send 1 MiB in each
POLL = 0.2  # seconds between looks where nothing waits
UPKEEP = 30.0  # seconds between looks at epochs and the published file
PROBE: Final = ""  # nobody's id: its key tells whether the key file is the right one


@dataclass
class Kept:
    """What a turn did."""

    envelopes: int = 0
    values: int = 0
    misfits: dict[str, int] = field(default_factory=dict)  # by reason
    made: bool = False  # epoch keys, or the published file
    destroyed: int = 0  # epoch keys

    @property
    def any(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.envelopes or self.made or self.destroyed)

    def add(self, other: Kept) -> None:
        """Sum up."""
        self.envelopes += other.envelopes
        self.values += other.values
        for reason, count in other.misfits.items():
            self.misfits[reason] = self.misfits.get(reason, 0) + count
        self.made = self.made or other.made
        self.destroyed += other.destroyed


class Keeper:
    """One keeper over one connection.

    Args:
        connect: opens a connection as the keeper, not in autocommit.
        keys: of the keeper's master key.
        epochs: the private keys.
        publishing: writes the public ones.
        clock: microseconds since the epoch, UTC.
        rows: envelopes a turn at most.

    Raises:
        ConfigurationError: the keys are not those of this vault.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        keys: KeeperKeys,
        epochs: EpochFiles,
        publishing: Publishing,
        clock: Callable[[], int],
        rows: int = ROWS,
    ) -> None:
        self._keys = keys
        self._epochs = epochs
        self._publishing = publishing
        self._clock = clock
        self._rows = rows
        self._due = 0.0
        self._openers: dict[bytes, Opener] = {}
        self._connection = connect()
        try:
            check_keys(self._connection, keys)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def run(self, stop: threading.Event, told: Callable[[Kept], None]) -> None:
        """Keep until `stop` is set.

        Args:
            stop: ends it after the present turn.
            told: called after each turn that has something to say.

        Raises:
            ConfigurationError: a key file is damaged.
            UnavailableError: try again with a new keeper.
        """
        while not stop.is_set():
            done = self.turn()
            if done.any:
                told(done)
            if not done.envelopes:
                stop.wait(POLL)

    def drain(self) -> Kept:
        """Keep until no envelope waits."""
        total = Kept()
        self._due = 0.0
        while True:
            done = self.turn()
            total.add(done)
            if not done.envelopes:
                return total

    def turn(self) -> Kept:
        """Look after the epochs where it is time, then open what waits."""
        done = Kept()
        try:
            if time.monotonic() >= self._due:
                self._look_after(done)
                self._due = time.monotonic() + UPKEEP
            found = vault.enveloped(self._connection, self._rows)
            if found and vault.take(self._connection, found):
                self._keep(found, done)
                self._connection.commit()
            else:
                self._connection.rollback()
        except BaseException:
            _give_up(self._connection)
            raise
        return done

    def _look_after(self, done: Kept) -> None:
        now_us = self._clock()
        made = self._epochs.make(now_us)
        gone = self._epochs.destroy(
            now_us, lambda key_id: vault.awaits(self._connection, key_id)
        )
        done.destroyed = len(gone)
        epochs = self._epochs.all()
        published = self._publishing.publish(
            vault.streams(self._connection), [epoch.key for epoch in epochs], now_us
        )
        done.made = made or published
        known = self._openers
        self._openers = {
            one.key.key_id: known.get(one.key.key_id) or Opener(one.private)
            for one in epochs
        }

    def _keep(self, found: Sequence[Enveloped], done: Kept) -> None:
        fitted = [(one, fitting.fit(one, self._openers)) for one in found]
        subjects = {
            subject_of(item, one.event_id)
            for one, held in fitted
            for item in held.items
        }
        keys = self._subject_keys(sorted(subjects))
        values, misfits = [], []
        for one, (items, misfit) in fitted:
            reason = misfit
            for item in items:
                subject = subject_of(item, one.event_id)
                key = keys.get(subject)
                if key is None:
                    reason = fitting.NO_SUBJECT
                else:
                    values.append(self._sealed(one, item, subject, key))
            if reason is not None:
                misfits.append(vault.Misfit(one.stream, one.event_id, reason))
                done.misfits[reason] = done.misfits.get(reason, 0) + 1
        if values:
            vault.add_values(self._connection, values)
        if misfits:
            vault.add_mismatches(self._connection, misfits)
        done.envelopes = len(found)
        done.values = len(values)

    def _sealed(
        self, one: Enveloped, item: Item, subject: str, key: SubjectKey
    ) -> vault.Sealed:
        return vault.Sealed(
            one.stream,
            one.event_id,
            item.pointer,
            item.cls,
            subject,
            key.seal(item, one.stream_id.bytes, str(one.event_id)),
            self._keys.digest(item.cls, item.value),
        )

    def _subject_keys(self, subjects: Sequence[str]) -> dict[str, SubjectKey]:
        """Return the subjects' keys, new ones made; without those that are damaged."""
        if not subjects:
            return {}
        there = vault.subject_keys(self._connection, subjects)
        new = [subject for subject in subjects if subject not in there]
        if new:
            made = {subject: self._keys.new_subject(subject) for subject in new}
            vault.add_subject_keys(self._connection, made)
            there = vault.subject_keys(self._connection, subjects)
        keys = {}
        for subject, wrapped in there.items():
            try:
                keys[subject] = self._keys.subject(subject, wrapped)
            except FormatError:
                continue  # a misfit, told event by event
        return keys


def subject_of(item: Item, event_id: UUID) -> str:
    """Return whose key a value is kept under: its event's own where it is nobody's."""
    return item.subject if item.subject is not None else f"event:{event_id}"


def check_keys(connection: Connection, keys: KeeperKeys) -> None:
    """Make sure that these are the keys with which this vault was begun.

    Raises:
        ConfigurationError: they are not.
    """
    wrapped = vault.subject_keys(connection, [PROBE]).get(PROBE)
    if wrapped is None:
        vault.add_subject_keys(connection, {PROBE: keys.new_subject(PROBE)})
        wrapped = vault.subject_keys(connection, [PROBE])[PROBE]
    connection.commit()
    try:
        keys.subject(PROBE, wrapped)
    except FormatError as error:
        raise ConfigurationError(
            "the keeper's key file is not the one with which this vault was begun: "
            "restore that one; with another, no value that is kept could be opened"
        ) from error


def _give_up(connection: Connection) -> None:
    try:
        connection.rollback()
    except Exception as error:  # the driver's: the connection is lost
        raise UnavailableError("the connection was lost in a turn") from error
