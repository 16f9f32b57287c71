"""The reports that are made of what is read alone: a module each.

The Integrity report is not among them: it verifies the log besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports import admin_actions, failed_auth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.reports.desk import Maker

MAKERS: Final[Mapping[str, Maker]] = {
    one.NAME: one for one in (failed_auth, admin_actions)
}
# What some take besides what all do: names, and what each is.
OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    admin_actions.NAME: admin_actions.OPTIONS
}
