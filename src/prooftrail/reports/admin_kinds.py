"""Which events are actions of administration, and of which kind each is.

Guarantees: each event that answers `QUERY` is of one kind. Breaking the glass comes
before what was done by it: such an event is of that kind, whatever its action.

Source: PCI DSS 4, 10.2.1.2, 10.2.1.5 to 10.2.1.7; the catalog says what each type is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prooftrail.core import projection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.store.question import Answer

ACCOUNTS: Final = "accounts"
RIGHTS: Final = "rights"
KEYS: Final = "API keys"
CONFIGURATION: Final = "configuration"
LOGGING: Final = "logging"
IMPERSONATION: Final = "impersonation"
GLASS: Final = "break-glass"
OTHER: Final = "other administration"

# Beginnings of actions; the first that fits says it.
_KINDS: Final = (
    ("admin.user.", ACCOUNTS),
    ("prooftrail.person.", ACCOUNTS),
    ("admin.role.", RIGHTS),
    ("admin.permission.", RIGHTS),
    ("admin.apikey.", KEYS),
    ("admin.config.", CONFIGURATION),
    ("system.release.deploy", CONFIGURATION),
    ("audit.capture.change", LOGGING),
    ("audit.retention.archive", LOGGING),
    ("prooftrail.erase", LOGGING),
    ("prooftrail.retention.set", LOGGING),
    ("admin.impersonation.", IMPERSONATION),
    ("admin.", OTHER),
)
# In which order they are told, and what each has.
MEANINGS: Final[Mapping[str, str]] = {
    ACCOUNTS: "staff accounts, and people of the trail's own console",
    RIGHTS: "roles changed; permissions granted and revoked",
    KEYS: "API keys issued and revoked",
    CONFIGURATION: "settings changed; releases that went live",
    LOGGING: "capture started, stopped or changed; retention; erasure",
    IMPERSONATION: "acting as another user",
    GLASS: "anything that was allowed by breaking the glass alone",
    OTHER: "administration of other types, which the application declared",
}
QUERY: Final = (
    "(action:admin.*,audit.capture.change,audit.retention.archive,prooftrail.erase,"
    "prooftrail.person.*,prooftrail.retention.set,system.release.deploy"
    " OR authorization:break-glass)"
)
# What changes nothing, whoever did it: a process captures, a month is sealed.
ROUTINE: Final = frozenset({"change: started", "change: stopped", "operation: sealed"})
CHANGES: Final = frozenset({CONFIGURATION, LOGGING})


def of(item: Mapping[str, Any], answer: Answer) -> str:
    """Return of which kind an event is, as it is shown.

    Args:
        item: the event.
        answer: on whose authority it was done.
    """
    if answer == "break-glass":
        return GLASS
    action = projection.fold(str(item.get("action")))
    for beginning, kind in _KINDS:
        if action.startswith(beginning):
            return kind
    return OTHER
