"""Creating a stream whose entry 0 states the keys that will sign it.

Guarantees: the keys are derived from the master key for the very origin that the
stream gets, so that its signer finds them fitting.

Does not: write entry 0; the sealer does, from the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.core.entry import STREAM_ID_BYTES
from prooftrail.core.origin import Origin
from prooftrail.signing.keys import SigningKeys
from prooftrail.store import streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.signing.keys import MasterKey
    from prooftrail.store.connect import Connection
    from prooftrail.store.streams import Stream

INCARNATION = 1


def create_stream(
    connection: Connection,
    name: str,
    *,
    base: str,
    master: MasterKey | None,
    random: Callable[[int], bytes],
) -> Stream:
    """Register a stream with its public keys.

    Args:
        connection: the administrator's, in autocommit.
        name: the stream's.
        base: the first part of its origin.
        master: its signer's master key; None states no keys.
        random: gives n random bytes.

    Raises:
        FormatError: an unusable base.
        ConfigurationError: an unusable or taken name, no installation.
    """
    origin = Origin(base, random(STREAM_ID_BYTES), INCARNATION)
    keys = SigningKeys(master, origin.text()).verification_keys if master else ()
    return streams.create(
        connection,
        name,
        stream_id=origin.stream_id,
        base=base,
        keys=[key.format() for key in keys],
    )
