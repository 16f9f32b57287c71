"""Cases of whole logs: which keys count, and lines of keys that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making.logs import Log, genuine
from making.primitives import COSIGNER, ED25519, ORIGIN, SIGNER, STRANGER, Key
from making.tampering import INCOMPLETE, Case, altered, case

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = Key(ED25519, f"{ORIGIN[:-1]}2")


def given(title: str, log: Log, *keys: Key, **more: Any) -> dict[str, Any]:
    """Make a case in which the caller names keys."""
    failures = more.pop("failures", ())
    return case(title, log, *failures, **more) | {"keys": [key.vkey for key in keys]}


def trusted() -> Iterator[Case]:
    """Yield what follows from keys that the caller names, or an anchor has."""
    title = "The signer's key named by the caller"
    yield "verified-given-key", given(title, genuine(), SIGNER)
    title = "Both keys named, and none at the anchor"
    log = altered(lambda log: log.anchors[0].update(keys=""))
    yield "verified-given-keys", given(title, log, SIGNER, COSIGNER)
    title = "Only another log's key named: nothing counts, and nothing is vouched for"
    none: dict[str, Any] = {"anchored": None, "verdict": INCOMPLETE}
    yield "incomplete-given-key-other", given(title, genuine(), OTHER, **none)
    title = "A key of the log that signed none of it"
    found = [("forged checkpoint", seq) for seq in (2, 2, 7, 7)]
    yield (
        "forged-given-key",
        given(title, genuine(), STRANGER, failures=found, anchored=None),
    )
    log = altered(lambda log: (log.anchors.clear(), log.checkpoints.clear()))
    title = "The signer's key named, and nothing that it signed"
    yield "incomplete-given-key-alone", given(title, log, SIGNER, **none)
    title = "Another log's key named besides: the database does not have that log"
    yield (
        "incomplete-given-key-besides",
        given(title, genuine(), SIGNER, OTHER, verdict=INCOMPLETE),
    )
    log = altered(lambda log: _add_line(log, "no key\n"))
    title = "A line of the anchor's keys that is none"
    yield "incomplete-keys-line", case(title, log, verdict=INCOMPLETE)
    title = "The same where the caller names the key"
    yield "verified-keys-line", given(title, log, SIGNER)
    log = altered(lambda log: _add_line(log, f"{SIGNER.vkey[:20]}!torn\n"))
    title = "A line of the anchor's keys that was cut off"
    yield "verified-torn-keys", case(title, log)


def _add_line(log: Log, line: str) -> None:
    log.anchors[0]["keys"] += line
