"""The reports that are made of what is read alone: a module each.

The Integrity report is not among them: it verifies the log besides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prooftrail.reports import failed_auth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prooftrail.reports.desk import Maker

MAKERS: Final[Mapping[str, Maker]] = {failed_auth.NAME: failed_auth}
