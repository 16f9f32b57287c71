"""The reports that are made of what is read alone: a module each.

The Integrity report is not among them: it verifies the log besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports import admin_actions, failed_auth, pii_access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.reports.desk import Maker

MAKERS: Final[Mapping[str, Maker]] = {
    one.NAME: one for one in (pii_access, failed_auth, admin_actions)
}
# What some take besides what all do: names, and what each is.
OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    pii_access.NAME: pii_access.OPTIONS,
    admin_actions.NAME: admin_actions.OPTIONS,
}
