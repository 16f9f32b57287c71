"""The words of plain phrases, and the filters that they become.

Guarantees: every word that a phrase may have stands in these tables, and what it means
stands beside it; there is nothing else that a phrase is understood by.

A phrase names an act ("exported"), what it was done to ("customers"), or both; `PAIRS`
says which filters the two are together, `ALONE` which an act is by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _table(written: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Return a table by words: "looked at" is two of them."""
    return {
        tuple(words.split()): meaning
        for meaning, all_words in written.items()
        for words in all_words.split(", ")
    }


# What a phrase may begin with; whoever stands behind some of these is who did it.
OPENINGS: Final = _table(
    {
        "": "show, show me, list, find, give me, get, search for, display, who, "
        "whoever, which, what, how many, how often, please, is there, are there, was "
        "there, were there"
    }
)
ASKED_OF: Final = _table(
    {
        "": "what did, what has, what have, what does, what had, did, has, have, when "
        "did, how often did, show me what, show what, everything that"
    }
)
ANYBODY: Final = frozenset(
    {"anyone", "anybody", "somebody", "someone", "everyone", "everybody"}
)

ACTS: Final = _table(
    {
        "access": "access, accesses, accessed, accessing, saw, see, seen, touched, "
        "touch, looked at, look at, had access, got access",
        "view": "view, views, viewed, viewing, opened, open, read, reads, reading",
        "search": "search, searches, searched, searching, looked up, look up",
        "export": "export, exports, exported, exporting, download, downloads, "
        "downloaded, downloading, data export, data exports",
        "create": "create, creates, created, creation, creations, add, added, adding",
        "change": "change, changes, changed, changing, update, updates, updated, edit, "
        "edits, edited, modify, modified, modification, modifications, altered",
        "delete": "delete, deletes, deleted, deleting, deletion, deletions, remove, "
        "removed, removal, removals",
        "erase": "erase, erased, erasure, erasures",
        "unmask": "unmask, unmasked, unmasking, unmaskings, reveal, reveals, revealed",
        "share": "share, shares, shared, sharing",
        "grant": "grant, grants, granted, granting, assign, assigned, assignment, "
        "assignments",
        "revoke": "revoke, revokes, revoked, revocation, revocations",
        "disable": "disable, disabled, deactivated, deactivation, deactivations",
        "enable": "enable, enabled, activated, activation, activations",
        "unlock": "unlock, unlocks, unlocked",
        "lock": "lock, locks, locked, lockout, lockouts, locked out",
        "reset": "reset, resets, resetting",
        "login": "login, logins, logged in, log in, logging in, signed in, sign in, "
        "sign-in, sign-ins, login attempts, login attempt, sign-in attempts",
        "login_failure": "login failure, login failures",
        "logout": "logout, logouts, logged out, log out, signed out",
        "impersonate": "impersonate, impersonated, impersonation, impersonations, "
        "impersonating",
        "import": "import, imports, imported, importing",
        "deploy": "deploy, deploys, deployed, deployment, deployments",
        "run": "ran, run, runs",
        "verify": "verify, verified, verification, verifications",
        "archive": "archive, archived, archiving",
        "upload": "upload, uploads, uploaded, uploading",
        "access_grant": "access grant, access grants, grants of access",
        "access_request": "access request, access requests, subject access requests",
        "do": "do, does, done, did, happened, activity, activities, action, actions, "
        "everything, anything, event, events, entries, request, requests, attempts",
    }
)
OBJECTS: Final = _table(
    {
        "customer": "customer, customers, client, clients, customer data, customer "
        "records, customer record, customer information, customer details, customer "
        "pii, client data",
        "pii": "pii, personal data, personal information, personal details, personally "
        "identifiable information",
        "data": "data",
        "document": "document, documents, identity document, identity documents",
        "consent": "consent, consents",
        "kyc": "kyc, kyc status, risk rating, risk ratings",
        "user": "user, users, account, accounts, staff account, staff accounts, user "
        "account, user accounts",
        "role": "role, roles",
        "permission": "permission, permissions",
        "setting": "setting, settings, config, configuration, configurations",
        "apikey": "api key, api keys, apikey, apikeys, key, keys",
        "mfa": "mfa, 2fa, second factor, second factors",
        "password": "password, passwords",
        "job": "job, jobs",
        "release": "release, releases, version, versions",
        "trail": "trail, audit trail, audit log, log, logs",
        "retention": "retention",
        "capture": "capture",
        "bulk": "bulk, bulk records, in bulk",
    }
)
_VIEWS: Final = (
    "action:customer.pii.view,customer.pii.search,customer.pii.unmask,"
    "customer.pii.document_view"
)
_CUSTOMER: Final[Mapping[str, str]] = {
    "access": "pii:yes",
    "view": _VIEWS,
    "search": "action:customer.pii.search",
    "export": "action:customer.pii.export",
    "create": "action:customer.pii.create",
    "change": "action:customer.pii.update,customer.pii.consent_update,"
    "customer.pii.kyc_update",
    "delete": "action:customer.pii.delete,customer.pii.erase",
    "erase": "action:customer.pii.erase",
    "unmask": "action:customer.pii.unmask",
    "share": "action:customer.pii.share",
    "do": "pii:yes",
}
PAIRS: Final[Mapping[str, Mapping[str, str]]] = {
    "customer": _CUSTOMER,
    "pii": _CUSTOMER,
    "data": {
        "export": "action:*.export,data.export.*",
        "import": "action:data.import.complete",
    },
    "document": {
        "access": "action:customer.pii.document_*",
        "view": "action:customer.pii.document_view",
        "upload": "action:customer.pii.document_upload",
        "create": "action:customer.pii.document_upload",
    },
    "consent": {"change": "action:customer.pii.consent_update"},
    "kyc": {"change": "action:customer.pii.kyc_update"},
    "user": {
        "create": "action:admin.user.create",
        "change": "action:admin.user.update",
        "disable": "action:admin.user.disable",
        "delete": "action:admin.user.delete",
        "unlock": "action:admin.user.unlock",
        "lock": "action:auth.account.lock",
        "impersonate": "action:admin.impersonation.start",
    },
    "role": dict.fromkeys(
        ("change", "grant", "revoke", "create", "delete"), "action:admin.role.change"
    ),
    "permission": {
        "grant": "action:admin.permission.grant",
        "create": "action:admin.permission.grant",
        "revoke": "action:admin.permission.revoke",
        "delete": "action:admin.permission.revoke",
        "change": "action:admin.permission.*",
    },
    "setting": {"change": "action:admin.config.update"},
    "apikey": {
        "create": "action:admin.apikey.create",
        "revoke": "action:admin.apikey.revoke",
        "delete": "action:admin.apikey.revoke",
        "change": "action:admin.apikey.*",
    },
    "mfa": {
        "enable": "action:auth.mfa.enable",
        "create": "action:auth.mfa.enable",
        "disable": "action:auth.mfa.disable",
        "delete": "action:auth.mfa.disable",
        "change": "action:auth.mfa.*",
    },
    "password": {
        "change": "action:auth.password.change",
        "reset": "action:auth.password.reset",
    },
    "job": {"run": "action:system.job.run"},
    "release": {"deploy": "action:system.release.deploy"},
    "trail": {
        "access": "action:audit.log.*",
        "view": "action:audit.log.view",
        "search": "action:audit.log.view",
        "export": "action:audit.log.export",
        "verify": "action:audit.chain.verify",
        "archive": "action:audit.retention.archive",
    },
    "retention": {"change": "action:prooftrail.retention.set"},
    "capture": {"change": "action:audit.capture.change"},
    "bulk": {
        "change": "action:bulk.records.update",
        "delete": "action:bulk.records.delete",
    },
}
ALONE: Final[Mapping[str, str]] = {
    "login": "action:auth.login.*",
    "login_failure": "action:auth.login.failure",
    "logout": "action:auth.logout",
    "lock": "action:auth.account.lock",
    "impersonate": "action:admin.impersonation.start",
    "import": "action:data.import.complete",
    "deploy": "action:system.release.deploy",
    "verify": "action:audit.chain.verify",
    "unmask": "action:customer.pii.unmask",
    "erase": "action:customer.pii.erase",
    "export": "action:*.export,data.export.*",
    "access_grant": "action:admin.role.change,admin.permission.grant",
    "access_request": "action:customer.pii.access_request",
    "do": "",
}
# what an act is where the phrase names the id that it was done to
TO_ID: Final[Mapping[str, str]] = {
    "access": "",
    "view": "action:*view,*.search,*.unmask",
    "change": "action:*update,*.change",
    "create": "action:*.create",
    "delete": "action:*.delete,*.erase",
    "disable": "action:*.disable",
    "unlock": "action:*.unlock",
    "share": "action:*.share",
}
# what is done by somebody, and to nobody else
BY_ONESELF: Final = frozenset({"login", "login_failure", "logout"})
OBJECT_ALONE: Final[Mapping[str, str]] = {"pii": "pii:yes"}
# of what was denied no personal data was touched, unless its type says so
DENIED: Final[Mapping[tuple[str, str], str]] = {
    ("customer", "access"): "(pii:yes OR type:customer)",
}
LOGINS: Final[Mapping[str, str]] = {
    "failure": "action:auth.login.failure",
    "denied": "action:auth.login.failure",
    "success": "action:auth.login.success",
}

RESULTS: Final = _table(
    {
        "failure": "failed, failing, unsuccessful, failures, failure, fail",
        "denied": "denied, refused, rejected, forbidden, blocked, denials, denial, "
        "refusals",
        "success": "successful, succeeded, successfully",
    }
)
NOMINAL: Final = frozenset({"failures", "failure", "denials", "denial", "refusals"})

ROLES: Final[Mapping[str, str]] = {
    "admins": "admin",
    "administrators": "admin",
    "auditors": "auditor",
    "engineers": "engineer",
    "writers": "writer",
}
STAFF: Final = frozenset(
    {"user", "users", "staff", "people", "accounts", "account", "members", "employees"}
    | {"agents", "team", "person", "role"}
)
ARTICLES: Final = frozenset({"the", "a", "an", "any", "all", "every", "each", "some"})
# Words that say nothing of what is looked for.
EMPTY: Final = ARTICLES | {
    *("who", "that", "which", "was", "were", "is", "are", "been", "being", "be"),
    *("have", "has", "had", "there", "please", "their", "own"),
}
LINKS: Final = frozenset({"of", "to", "for", "on", "about", "with", "against", "into"})


def words() -> set[str]:
    """Return every word that a phrase may have, for suggestions."""
    tables = (*ACTS, *OBJECTS, *RESULTS, *OPENINGS)
    return {word for several in tables for word in several} | {*ROLES, *EMPTY, *LINKS}
