"""What administrators do to accounts, rights, settings and keys: `admin.*`.

Guarantees: all are closed: without a durable record, no success.

Source: PCI DSS 4, 10.2.1.2 and 10.2.1.5; SOC 2, CC6.2, CC6.3, CC8.1.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import AFTER, BEFORE, FIELDS_CHANGED, REASON, TICKET
from prooftrail.catalog.event_type import Detail, EventType, ocsf

_ACCOUNTS = ("PCI DSS 10.2.1.2", "PCI DSS 10.2.1.5", "SOC 2 CC6.2")
_RIGHTS = ("PCI DSS 10.2.1.2", "PCI DSS 10.2.1.5", "SOC 2 CC6.3")
_WHOM = "{resource|an account}"
_PERMISSION = Detail("permission", "text", "which one")

USER_CREATE: Final = EventType(
    name="admin.user.create",
    meaning="Staff account created",
    sentence="{actor} created {resource|an account}[ as {role}]",
    attempt="create an account[ as {role}]",
    required=(Detail("role", "text", "its first role"),),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3001, 1, 3007, 1),
)
USER_UPDATE: Final = EventType(
    name="admin.user.update",
    meaning="Staff account attributes changed",
    sentence=f"{{actor}} changed {{fields_changed|attributes}} of {_WHOM}",
    attempt=f"change {{fields_changed|attributes}} of {_WHOM}",
    required=(FIELDS_CHANGED,),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3004, 3, 3007, 2),
)
USER_DISABLE: Final = EventType(
    name="admin.user.disable",
    meaning="Staff account disabled",
    sentence=f"{{actor}} disabled {_WHOM}[: {{reason}}]",
    attempt=f"disable {_WHOM}",
    required=(REASON,),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3001, 5, 3007, 5),
)
USER_DELETE: Final = EventType(
    name="admin.user.delete",
    meaning="Staff account removed",
    sentence=f"{{actor}} removed {_WHOM}[: {{reason}}]",
    attempt=f"remove {_WHOM}",
    optional=(REASON,),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3001, 6, 3007, 3),
)
USER_UNLOCK: Final = EventType(
    name="admin.user.unlock",
    meaning="Locked account released",
    sentence=f"{{actor}} released {_WHOM}[: {{reason}}]",
    attempt=f"release {_WHOM}",
    optional=(REASON,),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3001, 12, 3007, 7),
)
ROLE_CHANGE: Final = EventType(
    name="admin.role.change",
    meaning="Role assigned or removed, before/after",
    sentence=(
        f"{{actor}} changed the role of {_WHOM}[ from {{old_role}} to {{new_role}}]"
    ),
    attempt=f"change the role of {_WHOM}[ to {{new_role}}]",
    required=(
        Detail("old_role", "value", "the role before", ("/changes/0/before",)),
        Detail("new_role", "value", "the role after", ("/changes/0/after",)),
    ),
    optional=(TICKET,),
    policy="closed",
    controls=_RIGHTS,
    ocsf=ocsf(3005, 1, 3007, 16),
)
PERMISSION_GRANT: Final = EventType(
    name="admin.permission.grant",
    meaning="Direct permission granted",
    sentence=(
        f"{{actor}} granted {{permission|a permission}} to {_WHOM}[ until {{until}}]"
    ),
    attempt=f"grant {{permission|a permission}} to {_WHOM}",
    required=(_PERMISSION,),
    optional=(Detail("until", "time", "when it ends by itself"), TICKET),
    policy="closed",
    controls=_RIGHTS,
    ocsf=ocsf(3005, 1, 3007, 14),
)
PERMISSION_REVOKE: Final = EventType(
    name="admin.permission.revoke",
    meaning="Direct permission revoked",
    sentence=f"{{actor}} took {{permission|a permission}} from {_WHOM}",
    attempt=f"take {{permission|a permission}} from {_WHOM}",
    required=(_PERMISSION,),
    optional=(REASON, TICKET),
    policy="closed",
    controls=_RIGHTS,
    ocsf=ocsf(3005, 2, 3007, 15),
)
CONFIG_UPDATE: Final = EventType(
    name="admin.config.update",
    meaning="Security/business setting changed, before/after",
    sentence="{actor} changed {setting|a setting}[ from {before} to {after}]",
    attempt="change {setting|a setting}",
    required=(
        Detail("setting", "text", "which one", ("/changes/0/field",)),
        BEFORE,
        AFTER,
    ),
    optional=(TICKET,),
    policy="closed",
    controls=("PCI DSS 10.2.1.2", "SOC 2 CC7.1", "SOC 2 CC8.1"),
    ocsf=ocsf(3004, 3),
)
APIKEY_CREATE: Final = EventType(
    name="admin.apikey.create",
    meaning="API key issued (hash and scopes only)",
    sentence="{actor} issued {resource|an API key}[ for {scopes}]",
    attempt="issue an API key[ for {scopes}]",
    required=(Detail("scopes", "list", "what it opens", ("/details/role",)),),
    optional=(Detail("until", "time", "when it ends by itself"),),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3004, 1, 3007, 18),
)
APIKEY_REVOKE: Final = EventType(
    name="admin.apikey.revoke",
    meaning="API key revoked",
    sentence="{actor} revoked {resource|an API key}[: {reason}]",
    attempt="revoke {resource|an API key}",
    optional=(REASON,),
    policy="closed",
    controls=_ACCOUNTS,
    ocsf=ocsf(3004, 4, 3007, 19),
)
IMPERSONATION_START: Final = EventType(
    name="admin.impersonation.start",
    meaning="Admin begins acting as another user",
    sentence="{actor} began to act as {impersonated|another user}[: {reason}]",
    attempt="act as {impersonated|another user}",
    required=(
        Detail(
            "impersonated",
            "text",
            "as whom, by id",
            ("/resource/id", "/actor/onBehalfOf/userId"),
        ),
        REASON,
    ),
    optional=(Detail("until", "time", "when it ends by itself"), TICKET),
    policy="closed",
    controls=("PCI DSS 10.2.1.2", "PCI DSS 8.2.2", "SOC 2 CC6.3"),
    ocsf=ocsf(3002, 7),
)
