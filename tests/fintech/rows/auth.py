"""What the endpoints of `routes/auth.py` leave: see `table`."""

from __future__ import annotations

from tests.fintech.house import PASSWORD
from tests.fintech.table import BY_SELF, Told, row

ROWS = [
    row(
        "POST /auth/login",
        "success",
        200,
        None,
        Told(
            "auth.login.success",
            "staff {staff}",
            details={"mfa": "none"},
            evidence=BY_SELF,
            who="{staff}",
        ),
        body={"email": "{staff}@fintech.example", "password": PASSWORD},
    ),
    row(
        "POST /auth/login",
        "failure",
        401,
        None,
        Told(
            "auth.login.failure",
            "staff {staff}",
            details={"failures": 1, "reason": "bad_password"},
        ),
        body={"email": "{staff}@fintech.example", "password": "hunter2"},
    ),
    row(
        "POST /auth/login",
        "failure",
        401,
        None,
        Told(
            "auth.login.failure",
            "staff",
            details={"attempted_login": "$identity.login", "reason": "unknown_user"},
        ),
        body={"email": "nobody@x.example", "password": "hunter2"},
    ),
    row(
        "POST /auth/login",
        "success",
        200,
        None,
        Told(
            "auth.login.success",
            "staff {secured}",
            details={"mfa": "totp"},
            evidence=BY_SELF,
            who="{secured}",
        ),
        body={
            "email": "{secured}@fintech.example",
            "password": PASSWORD,
            "code": "{code}",
        },
    ),
    row(
        "POST /auth/login",
        "failure",
        401,
        None,
        Told(
            "auth.login.failure",
            "staff {secured}",
            details={"failures": 1, "reason": "mfa"},
        ),
        body={
            "email": "{secured}@fintech.example",
            "password": PASSWORD,
            "code": "000000",
        },
    ),
    row(
        "POST /auth/logout",
        "success",
        204,
        "{staff}",
        Told(
            "auth.logout", "staff {staff}", details={"reason": "user"}, evidence=BY_SELF
        ),
    ),
    row("POST /auth/logout", "denied", 401, None, Told("auth.logout", "staff")),
    row(
        "POST /auth/password",
        "success",
        204,
        "{staff}",
        Told(
            "auth.password.change",
            "staff {staff}",
            details={"sessions_ended": 0},
            evidence=BY_SELF,
        ),
        body={"old": PASSWORD, "new": "another"},
    ),
    row(
        "POST /auth/password",
        "failure",
        403,
        "{staff}",
        Told(
            "auth.password.change",
            "staff {staff}",
            details={"reason": "bad_password"},
            evidence=BY_SELF,
        ),
        body={"old": "hunter2", "new": "another"},
    ),
    row(
        "POST /auth/password",
        "denied",
        401,
        None,
        Told("auth.password.change", "staff"),
        body={"old": "hunter2", "new": "another"},
    ),
    row(
        "POST /auth/password/reset",
        "success",
        200,
        "admin",
        Told(
            "auth.password.reset",
            "staff {staff}",
            details={"reset_by": "admin", "sessions_ended": 1},
        ),
        body={"staff_id": "{staff}"},
    ),
    row(
        "POST /auth/password/reset",
        "failure",
        404,
        "admin",
        Told("auth.password.reset", "staff usr_none", details={"reset_by": "admin"}),
        body={"staff_id": "usr_none"},
    ),
    row(
        "POST /auth/password/reset",
        "denied",
        403,
        "support",
        Told("auth.password.reset", "staff"),
        body={"staff_id": "{staff}"},
    ),
    row(
        "POST /auth/mfa/enable",
        "success",
        200,
        "{staff}",
        Told(
            "auth.mfa.enable",
            "staff {staff}",
            details={"factor": "totp"},
            evidence=BY_SELF,
        ),
    ),
    row(
        "POST /auth/mfa/enable",
        "failure",
        409,
        "{secured}",
        Told(
            "auth.mfa.enable",
            "staff {secured}",
            details={"factor": "totp"},
            evidence=BY_SELF,
        ),
    ),
    row("POST /auth/mfa/enable", "denied", 401, None, Told("auth.mfa.enable", "staff")),
    row(
        "POST /auth/mfa/disable",
        "success",
        204,
        "{secured}",
        Told(
            "auth.mfa.disable",
            "staff {secured}",
            details={"factor": "totp"},
            evidence=BY_SELF,
        ),
        body={"code": "{code}"},
    ),
    row(
        "POST /auth/mfa/disable",
        "failure",
        403,
        "{secured}",
        Told(
            "auth.mfa.disable",
            "staff {secured}",
            details={"factor": "totp", "reason": "bad_code"},
            evidence=BY_SELF,
        ),
        body={"code": "000000"},
    ),
    row(
        "POST /auth/mfa/disable", "denied", 401, None, Told("auth.mfa.disable", "staff")
    ),
]
