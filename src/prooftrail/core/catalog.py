"""The catalog: which event types there are.

Guarantees: the 47 built-in names, and the families that lie outside them and pass a
strict catalog all the same. An application adds its own names. `trail.` belongs to
the trail itself and is never accepted from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from prooftrail.errors import EventError

TRAIL = "trail."

BUILT_IN = frozenset(
    f"{group}.{name}"
    for group, names in {
        "auth": "login.success login.failure logout password.change password.reset "
        "mfa.enable mfa.disable account.lock",
        "customer.pii": "view search export create update delete unmask share erase "
        "access_request consent_update kyc_update document_upload document_view",
        "admin": "user.create user.update user.disable user.delete user.unlock "
        "role.change permission.grant permission.revoke config.update apikey.create "
        "apikey.revoke impersonation.start",
        "data": "export.create export.download import.complete",
        "bulk": "records.update records.delete",
        "system": "access.denied job.run release.deploy",
        "audit": "log.view log.export chain.verify retention.archive capture.change",
    }.items()
    for name in names.split()
)

# Written by the product and its importers; they need no declaration.
FAMILIES = ("prooftrail.", "aws.", "http.", "sshd.")


def is_trail(action: str) -> bool:
    """Return whether an action claims to be one of the trail's own statements.

    In any case of letters: a projection folds them, so `Trail.x` would look the same.
    """
    return action[: len(TRAIL)].lower() == TRAIL


def refuse_trail(action: str) -> None:
    """Accept any name but the trail's own.

    Raises:
        EventError: `trail.*`.
    """
    if is_trail(action):
        raise EventError(
            f"action {action!r}: names beginning with {TRAIL!r} are the trail's "
            "own statements; choose another name"
        )


@dataclass(frozen=True)
class Catalog:
    """The event types that an installation knows.

    Args:
        declared: the application's own names, beside the 47.
        strict: whether an unknown name is refused (else it is accepted as it is).
    """

    declared: frozenset[str] = frozenset()
    strict: bool = False

    def check(self, action: str) -> None:
        """Accept a known action.

        Raises:
            EventError: `trail.*`, or unknown under a strict catalog.
        """
        refuse_trail(action)
        if not self.strict or action in BUILT_IN or action in self.declared:
            return
        if action.startswith(FAMILIES):
            return
        near = get_close_matches(action, sorted(BUILT_IN | self.declared), n=1)
        hint = f"did you mean {near[0]!r}? Otherwise " if near else ""
        raise EventError(
            f"action {action!r} is not in the catalog: {hint}declare it, "
            "or turn the strict catalog off"
        )


OPEN = Catalog()
