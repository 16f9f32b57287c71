"""Which event types grant access: here, and nowhere else.

Guarantees: a grant gives an account, a key or a person something it may do that it
might not do before; a success of one of `TYPES` is one. A change of role is, whichever
role comes after: nothing says which of two roles may do more.

Does not: name what takes access away (`admin.permission.revoke`, `admin.apikey.revoke`,
`admin.user.disable`), what uses it (`admin.impersonation.start`, a login, break-glass),
or what opens an account that had its rights all the time (`admin.user.unlock`).
"""

from __future__ import annotations

from typing import Final

TYPES: Final = (
    "admin.apikey.create",  # the trail's own keys, too
    "admin.permission.grant",
    "admin.role.change",
    "admin.user.create",  # with its first role
    "prooftrail.person.invite",  # to the trail's console, in a role
)
