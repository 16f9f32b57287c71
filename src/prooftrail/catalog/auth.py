"""Logging in, and what one logs in with: `auth.*`.

Source: PCI DSS 4, 10.2.1.4 and 10.2.1.5; SOC 2, CC6.1, CC6.2, CC6.6.
"""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import REASON
from prooftrail.catalog.event_type import Detail, EventType, ocsf

_CREDENTIALS = ("PCI DSS 10.2.1.5", "SOC 2 CC6.1", "SOC 2 CC6.2")
_FACTOR = Detail("factor", "text", "which second factor: totp, webauthn, ...")

LOGIN_SUCCESS: Final = EventType(
    name="auth.login.success",
    meaning="Credentials (and MFA) accepted, session opened",
    sentence="{actor} logged in[ (second factor: {mfa})][ from {address}]",
    attempt="log in",
    required=(Detail("mfa", "text", "which second factor was asked for, or none"),),
    optional=(Detail("new_device", "value", "whether it was not seen before"),),
    controls=("SOC 2 CC6.1", "SOC 2 CC6.6"),
    ocsf=ocsf(3002, 1),
)
LOGIN_FAILURE: Final = EventType(
    name="auth.login.failure",
    meaning="Login refused; reason=bad_password/unknown_user/mfa/locked",
    sentence="{actor} could not log in[ to {resource}]: {reason|no reason is stated}",
    attempt="log in",
    required=(
        Detail(
            "reason", "text", "bad_password, unknown_user, mfa or locked", always=True
        ),
    ),
    optional=(
        Detail("attempted_login", "value", "the name that was typed, protected"),
        Detail("failures", "count", "how many in a row"),
    ),
    controls=("PCI DSS 10.2.1.4", "SOC 2 CC6.1", "SOC 2 CC7.2"),
    ocsf=ocsf(3002, 1),
    expected=("failure",),
)
LOGOUT: Final = EventType(
    name="auth.logout",
    meaning="Session ended (user, expiry or forced)",
    sentence="the session of {actor} ended[ ({reason})]",
    attempt="log out",
    required=(Detail("reason", "text", "user, expiry or forced"),),
    controls=("SOC 2 CC6.1",),
    ocsf=ocsf(3002, 2),
)
PASSWORD_CHANGE: Final = EventType(
    name="auth.password.change",
    meaning="User changed own password",
    sentence="{actor} changed their own password",
    attempt="change their own password",
    optional=(Detail("sessions_ended", "count", "other sessions that it ended"),),
    controls=_CREDENTIALS,
    ocsf=ocsf(3001, 3, 3007, 8),
)
PASSWORD_RESET: Final = EventType(
    name="auth.password.reset",
    meaning="Password reset by link or admin",
    sentence="{actor} reset the password of {resource|an account}[ by {reset_by}]",
    attempt="reset the password of {resource|an account}",
    required=(Detail("reset_by", "text", "link or admin"),),
    optional=(Detail("sessions_ended", "count", "sessions that it ended"),),
    controls=_CREDENTIALS,
    ocsf=ocsf(3001, 4, 3007, 9),
)
MFA_ENABLE: Final = EventType(
    name="auth.mfa.enable",
    meaning="MFA factor added",
    sentence="{actor} added a second factor[: {factor}]",
    attempt="add a second factor[: {factor}]",
    required=(_FACTOR,),
    controls=_CREDENTIALS,
    ocsf=ocsf(3001, 10, 3007, 12),
)
MFA_DISABLE: Final = EventType(
    name="auth.mfa.disable",
    meaning="MFA factor removed",
    sentence="{actor} removed a second factor[: {factor}]",
    attempt="remove a second factor[: {factor}]",
    required=(_FACTOR,),
    optional=(REASON,),
    controls=_CREDENTIALS,
    ocsf=ocsf(3001, 11, 3007, 13),
)
ACCOUNT_LOCK: Final = EventType(
    name="auth.account.lock",
    meaning="Account locked after failures or risk rule",
    sentence="{actor} locked {resource|an account}[: {reason}][ until {until}]",
    attempt="lock {resource|an account}",
    required=(Detail("reason", "text", "the failures, or the rule"),),
    optional=(
        Detail("failures", "count", "how many in a row"),
        Detail("until", "time", "when it is released by itself"),
    ),
    controls=("PCI DSS 8.3.4", "PCI DSS 10.2.1.5", "SOC 2 CC6.1", "SOC 2 CC7.2"),
    ocsf=ocsf(3001, 9, 3007, 6),
)
