"""The gate of this service: with its key, its connections, and the trail it tells.

Guarantees: what the gate tells is durable before it goes on, in each stream that it
concerns; what is nobody's, in `main`, or the first stream where there is no such. It
opens while the database is away, but for the first time: then the key is made, and only
the database knows that nobody's second factor is encrypted under another one.
"""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.access import access_key, passwords
from prooftrail.access.gate import Gate
from prooftrail.access.managing import Managing
from prooftrail.access.sessions import IDLE, LONGEST
from prooftrail.search import viewing
from prooftrail.store import connect, people
from prooftrail.store.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta
    from pathlib import Path

    from prooftrail.access.notices import Notice
    from prooftrail.capture.audit_logger import Recorder

HOME: Final = "main"


class People(NamedTuple):
    """Who lets people in, and who manages them."""

    gate: Gate
    managing: Managing


@contextmanager
def open_people(
    recorder: Recorder,
    *,
    key_file: Path,
    clock: Callable[[], int],
    random: Callable[[int], bytes],
    idle: timedelta = IDLE,
    longest: timedelta = LONGEST,
    memory: int = passwords.MEMORY_KIB,
) -> Iterator[People]:
    """Open the gate; close its connections at the end.

    Args:
        recorder: the writer login's.
        key_file: the service's access key; made where nobody was let in yet.
        clock: microseconds since the epoch, UTC.
        random: gives n random bytes.
        idle: after how long without use a session ends.
        longest: after how long it ends in any case.
        memory: KiB for one password.

    Raises:
        ConfigurationError: the access key is missing, damaged, or readable by others.
        DatabaseError: there is no access key, and the database is away or the login may
            not do this.
    """
    with closing(Access()) as store:
        home = _Home()

        def tell(notice: Notice) -> None:
            viewing.record(
                recorder,
                actor=notice.actor,
                streams=notice.streams or (home.name(),),
                details=notice.details,
                action=notice.action,
                each=notice.each,
                resource=notice.resource,
                result=notice.result,
            )

        gate = Gate(
            store,
            key=access_key.open_key(
                key_file,
                random=random,
                begun=lambda: _have_begun(store),
            ),
            hashes=passwords.Passwords(random, memory=memory),
            tell=tell,
            clock=clock,
            random=random,
            idle=idle,
            longest=longest,
        )
        yield People(gate, Managing(store, tell=tell, clock=clock, random=random))


def _have_begun(store: Access) -> bool:
    with store.transaction() as link:
        return bool(people.find(link))


class _Home:
    """The stream of what is nobody's; looked up when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._name: str | None = None

    def name(self) -> str:
        """Return its name.

        Raises:
            DatabaseError: the database is away.
        """
        with self._lock:
            if self._name is None:
                # not of the pool, which those who wait for this may hold to the last
                with closing(connect.connect("access", autocommit=True)) as link:
                    names = list(people.streams(link))
                if not names:
                    return HOME
                self._name = HOME if HOME in names else names[0]
            return self._name
