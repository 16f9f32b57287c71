"""Reading the log from a command: as the holder of the key in PROOFTRAIL_KEY.

Guarantees: the same key and the same row-level security as over HTTP, and the same
event in the trail for what was read, before it is printed.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Self

    from prooftrail.search.history import Asker
    from prooftrail.store.connect import Connection
    from prooftrail.store.readers import Holder

KEY = "PROOFTRAIL_KEY"
_NOT_GOOD = (
    f"the key in {KEY} is expired, revoked or may not read: prooftrail key list shows "
    "all keys"
)


class Reader:
    """Reads as one key.

    Raises:
        ConfigurationError: there is no key, or it opens nothing.
    """

    def __init__(self) -> None:
        from prooftrail.access import roles, tokens
        from prooftrail.capture.audit_logger import Recorder
        from prooftrail.errors import ConfigurationError
        from prooftrail.store import inbox
        from prooftrail.store.readers import Readers

        # what the pool remarks on lost connections, the command says in its own words
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        token = os.environ.get(KEY, "")
        if not tokens.is_token(token):
            raise ConfigurationError(
                f"reading takes an API key: set {KEY} to one (prooftrail key create "
                "NAME --role auditor makes one)"
            )
        with ExitStack() as stack:
            self._readers = stack.enter_context(closing(Readers(size=1)))
            holder = self._readers.holder(token)
            if holder is None or not roles.may(holder.role, "read"):
                raise ConfigurationError(_NOT_GOOD)
            self._recorder = stack.enter_context(
                closing(Recorder(inbox.open_writer, clock=clock, random=os.urandom))
            )
            self._stack = stack.pop_all()
        self._token = token
        self.holder: Holder = holder

    @property
    def streams(self) -> dict[str, int]:
        """The streams that the key may read."""
        return self.holder.streams

    @property
    def asker(self) -> Asker:
        """As whom other processes read."""
        from prooftrail.search.history import Asker

        return Asker(None, self._token)

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection that reads as the key, as of one moment."""
        return self._readers.reading(self._token)

    def check(self, name: str) -> None:
        """See whether the key still opens a stream.

        Raises:
            ConfigurationError: it does not.
        """
        from prooftrail.errors import ConfigurationError

        holder = self._readers.holder(self._token)
        if holder is None or name not in holder.streams:
            raise ConfigurationError(_NOT_GOOD)

    def record(
        self,
        action: str,
        names: Sequence[str],
        details: dict[str, Any],
        each: Mapping[str, Mapping[str, object]] | None = None,
        resource: Mapping[str, Any] | None = None,
    ) -> None:
        """Record what was read.

        Raises:
            ProoftrailError: it is not recorded: print nothing.
        """
        from prooftrail.cli import caller
        from prooftrail.search import viewing

        viewing.record(
            self._recorder,
            action=action,
            actor=self._actor,
            streams=names,
            details={**details, "caller": f"os:{caller.user()}"},
            each=each,
            resource=resource,
        )

    def tell(self, stream: str, event: dict[str, Any]) -> None:
        """Record what the key's holder does.

        Raises:
            ProoftrailError: it is not recorded.
        """
        from prooftrail.cli import caller

        details = {**event["details"], "caller": f"os:{caller.user()}"}
        told = {**event, "details": details, "actor": self._actor}
        self._recorder.record(stream=stream, **told)

    @property
    def _actor(self) -> dict[str, str]:
        return {
            "type": "service",
            "userId": f"key:{self.holder.key_id}",
            "role": self.holder.role,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def clock() -> int:
    """Return the present, microseconds since the epoch, UTC."""
    return time.time_ns() // 1000
