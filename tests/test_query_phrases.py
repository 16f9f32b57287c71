"""Plain phrases: the filters that they must become, and those that are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prooftrail.catalog import all_types
from prooftrail.catalog.registry import PRODUCT
from prooftrail.core import instants
from prooftrail.errors import HiddenError, QueryError
from prooftrail.search.language import parse, understand, vocabulary
from prooftrail.search.language.moments import VOCABULARY
from prooftrail.search.language.syntax import Both, Either, Filter, Node, Query
from prooftrail.search.values import glob
from prooftrail.store.question import Exactly, Pattern, Span

NOW = instants.microseconds("2026-11-27T21:30:00Z")  # a Friday
STREAMS = {"main": 1}
VIEWS = (
    "action:customer.pii.view,customer.pii.search,customer.pii.unmask,"
    "customer.pii.document_view"
)
CHANGES = (
    "action:customer.pii.update,customer.pii.consent_update,customer.pii.kyc_update"
)

PHRASES = {
    # personal data, and whose
    "PII access by admin users in Q1": "pii:yes role:admin during:2026-Q1",
    "show me all PII access by admin users in Q1": (
        "pii:yes role:admin during:2026-Q1"
    ),
    "Who accessed PII in the last 90 days?": "pii:yes during:2026-08-30..2026-11-27",
    "who saw customer cust_456": "pii:yes resource:cust_456",
    "who saw cust_456's data?": "pii:yes resource:cust_456",
    "who saw cust_456\u2019s record": "pii:yes resource:cust_456",
    "who viewed the data of cust_456": f"{VIEWS} resource:cust_456",
    "who touched the personal data of customers cust_1 and cust_2": (
        "pii:yes resource:cust_1,cust_2"
    ),
    "who had access to customer data in the first quarter of 2026": (
        "pii:yes during:2026-Q1"
    ),
    "personal data by engineers": "pii:yes role:engineer",
    "denied access to customers in March 2026": (
        "(pii:yes OR type:customer) result:denied during:2026-03"
    ),
    "denied PII access": "pii:yes result:denied",
    "who exported customers last month": "action:customer.pii.export during:2026-10",
    "exports of customer data by support staff in February": (
        "action:customer.pii.export role:support during:2026-02"
    ),
    "exports of cust_456's data by admins since 2026-01-15": (
        "action:customer.pii.export role:admin resource:cust_456 during:2026-01-15.."
    ),
    "which admins exported customers in 2025": (
        "action:customer.pii.export role:admin during:2025"
    ),
    "did anyone export customers last week": (
        "action:customer.pii.export during:2026-11-16..2026-11-22"
    ),
    "who tried to export customers yesterday": (
        "action:customer.pii.export -result:success during:2026-11-26"
    ),
    "who viewed or exported customers between March and May 2026": (
        f"{VIEWS},customer.pii.export during:2026-03..2026-05"
    ),
    "has anyone unmasked customers this month": (
        "action:customer.pii.unmask during:2026-11"
    ),
    "who changed customer cust_9": f"{CHANGES} resource:cust_9",
    "who shared data of cust_456": "action:customer.pii.share resource:cust_456",
    "erasures this year": "action:customer.pii.erase during:2026",
    "customer deletions in 2026-Q2": (
        "action:customer.pii.delete,customer.pii.erase during:2026-Q2"
    ),
    "consent changes for cust_456": (
        "action:customer.pii.consent_update resource:cust_456"
    ),
    "identity documents uploaded on 14 March 2026": (
        "action:customer.pii.document_upload during:2026-03-14"
    ),
    "subject access requests in 2026": (
        "action:customer.pii.access_request during:2026"
    ),
    # logging in
    "failed logins from 203.0.113.42 yesterday": (
        "action:auth.login.failure ip:203.0.113.42 during:2026-11-26"
    ),
    "login failures": "action:auth.login.failure",
    "how many failed login attempts in the last 24 hours": (
        "action:auth.login.failure during:2026-11-26T21:30:00Z..2026-11-27T21:30:00Z"
    ),
    "successful logins from 10.0.0.0/8 between 2026-03-01 and 2026-03-14": (
        "action:auth.login.success ip:10.0.0.0/8 during:2026-03-01..2026-03-14"
    ),
    "which users logged in today": "action:auth.login.* during:2026-11-27",
    "when did usr_7 log in": "action:auth.login.* actor:usr_7",
    "who logged out on Nov 3": "action:auth.logout during:2026-11-03",
    "account lockouts on 2026-11-20": "action:auth.account.lock during:2026-11-20",
    "password resets last year": "action:auth.password.reset during:2025",
    "password changes this week": (
        "action:auth.password.change during:2026-11-23..2026-11-29"
    ),
    "who disabled MFA": "action:auth.mfa.disable",
    # what somebody did
    "what did usr_7 do last week": "actor:usr_7 during:2026-11-16..2026-11-22",
    "what has svc_nightly done today": "actor:svc_nightly during:2026-11-27",
    "what did usr_7 change": "action:*update,*.change actor:usr_7",
    "what did user usr_7 export in January": (
        "action:*.export,data.export.* actor:usr_7 during:2026-01"
    ),
    "usr_7 exported customers last month": (
        "action:customer.pii.export actor:usr_7 during:2026-10"
    ),
    "usr_7's exports in march 2026": (
        "action:*.export,data.export.* actor:usr_7 during:2026-03"
    ),
    "activity of usr_7": "actor:usr_7",
    "everything by usr_7 since March": "actor:usr_7 during:2026-03-01..",
    "everything by usr_7 or usr_9 until 2026-06-30": (
        "actor:usr_7,usr_9 during:..2026-06-30"
    ),
    "what happened to cust_456 after 2026-03-31": (
        "resource:cust_456 during:2026-04-01.."
    ),
    "what happened yesterday": "during:2026-11-26",
    "everything about cust_456": "resource:cust_456",
    "denied access to cust_456 by compliance staff": (
        "result:denied role:compliance resource:cust_456"
    ),
    "PII of cust_456 seen by usr_7": "pii:yes actor:usr_7 resource:cust_456",
    "failures by svc_1": "result:failure actor:svc_1",
    "access denials by support staff": "result:denied role:support",
    "denied requests from 198.51.100.7 before 2026-02": (
        "result:denied ip:198.51.100.7 during:..2026-01-31"
    ),
    # who may do what
    "role changes by dani@company.com this year": (
        "action:admin.role.change actor:dani@company.com during:2026"
    ),
    "access grants in Q1 2026": (
        "action:admin.role.change,admin.permission.grant during:2026-Q1"
    ),
    "who granted permissions to usr_9 in the last 2 weeks": (
        "action:admin.permission.grant resource:usr_9 during:2026-11-14..2026-11-27"
    ),
    "revoked permissions": "action:admin.permission.revoke",
    "api key creations this quarter": "action:admin.apikey.create during:2026-Q4",
    "who deleted users": "action:admin.user.delete",
    "who deleted usr_9": "action:*.delete,*.erase resource:usr_9",
    "impersonations in 2025": "action:admin.impersonation.start during:2025",
    "settings changed by usr_3 last quarter": (
        "action:admin.config.update actor:usr_3 during:2026-Q3"
    ),
    # the trail, and the system
    "audit log exports by auditors": "action:audit.log.export role:auditor",
    "who looked at the audit trail last month": "action:audit.log.* during:2026-10",
    "bulk deletions": "action:bulk.records.delete",
    "who deployed releases in October": ("action:system.release.deploy during:2026-10"),
    "failed job runs": "action:system.job.run result:failure",
    "data exports in 2026": "action:*.export,data.export.* during:2026",
    "customer.pii.export by usr_7 before 14 March 2026": (
        "action:customer.pii.export actor:usr_7 during:..2026-03-13"
    ),
    "failed logins in stream main": "action:auth.login.failure stream:main",
    "show me everything": "",
}

REFUSED = {  # the words that are pointed at, and a part of the remedy
    "logins by admin": ("admin", "role:admin) or somebody (write actor:admin"),
    "logins by dani": ("dani", "actor:dani; if it is a role, role:dani"),
    "PII access by finance users": ("finance", "role:finance"),
    "usr_7 yesterday": ("usr_7", "actor:usr_7) or whom or what"),
    "events of usr_7": ("usr_7", "or actor:usr_7) or what was done to it"),
    "logins of usr_7": ("usr_7", "or actor:usr_7) or what was done to it"),
    "failed logins for usr_7": ("usr_7", "or resource:usr_7)"),
    "exports of usr_7": ("usr_7", "or actor:usr_7) or what was done to it"),
    "denials of usr_7": ("usr_7", "or actor:usr_7) or what was done to it"),
    "customers": ("customers", "pii:yes), or type:customer"),
    "roles in Q1": ("roles", "write what was done: change"),
    "admin": ("admin", "role:admin or actor:admin"),
    "past week": ("past week", "'last 7 days'"),
    "who saw this customer's data?": ("this", "by an id, such as cust_456"),
    "exported customrs": ("customrs", "did you mean customers?"),
    "falied logins": ("falied", "did you mean failed?"),
    "who exported roles": ("exported", "there are change, create"),
    "who exported customers and deleted users": ("and", "ask for one at a time"),
    "customers deleted viewed": ("viewed", "write or between them"),
    "failed successful logins": ("successful", "two results"),
    "logins yesterday last week": ("last", "leave one out"),
    "logins not by admins": ("not", "-role:admin"),
    "role changes in Q5": ("Q5", "2026-Q1"),
    "logins on 2026-02-30": ("2026-02-30", "2026-03-14"),
    "logins in Febuary": ("Febuary", "did you mean february?"),
    "logins tomorrow": ("tomorrow", "last-7-days"),
    "logins between 2026-05 and 2026-03": ("between 2026-05 and", "swap the two"),
    "logins since": ("since", "today, yesterday"),
    "logins from nowhere": ("nowhere", "from 203.0.113.42"),
    "changes": ("changes", "beside one of: apikey"),
    "access": ("access", "beside one of"),
    "my logins": ("my", "by usr_7"),
    "unauthorised access to customers": ("unauthorised", "did you mean denied?"),
    "which admins were deleted": ("admins", "by admins"),
    "customer.pii.exprt by usr_7": ("customer.pii.exprt", "customer.pii.export?"),
    "exports larger than 100 rows": ("larger", "numbers are not asked for so"),
    "show me": ("me", "failed logins"),
    "logins by": ("by", "by usr_7"),
    "exports of": ("of", "Write an id"),
}


def asked(text: str) -> Any:
    return understand(text, streams=STREAMS, now_us=NOW)


def test_there_are_enough_of_both() -> None:
    assert len(PHRASES) >= 60
    assert len(REFUSED) >= 20


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_becomes_these_filters(phrase: str) -> None:
    found = asked(phrase)
    assert found.canonical == PHRASES[phrase]
    # and these filters ask for the same, at any later time
    assert understand(found.canonical, streams=STREAMS, now_us=0) == found
    for spelled in (phrase.upper(), f"  {phrase} ?"):
        if re.fullmatch("[a-zA-Z ]+", phrase) and "stream" not in phrase:
            assert asked(spelled).canonical == PHRASES[phrase]


@pytest.mark.parametrize("phrase", REFUSED)
def test_what_is_not_understood_is_said_and_not_guessed(phrase: str) -> None:
    word, told = REFUSED[phrase]
    with pytest.raises(QueryError) as caught:
        asked(phrase)
    error = caught.value
    assert told in str(error)
    pointed = phrase[error.at : error.at + error.length]
    assert pointed.rstrip() == word, error


def test_a_year_that_is_not_told_is_the_newest_in_which_it_has_begun() -> None:
    for now, phrase, period in (
        ("2026-03-31", "logins in Q1", "2026-Q1"),
        ("2026-03-31", "logins in Q2", "2025-Q2"),
        ("2026-01-01", "logins in January", "2026-01"),
        ("2025-12-31", "logins in January", "2025-01"),
        ("2026-03-31", "logins on 29 February", "2024-02-29"),
        ("2026-03-31", "logins from November to January", "2025-11..2026-01"),
        ("2026-04-15", "logins from March to May", "2025-03..2025-05"),
        ("2026-04-15", "logins between November and January 2026", "2025-11..2026-01"),
    ):
        now_us = instants.microseconds(f"{now}T12:00:00Z")
        found = understand(phrase, streams={}, now_us=now_us).canonical
        assert found == f"action:auth.login.* during:{period}", phrase


def test_every_action_of_the_tables_is_one_of_the_catalog() -> None:
    known = [*(one.name for one in all_types()), *PRODUCT]
    texts = [
        *(text for pairs in vocabulary.PAIRS.values() for text in pairs.values()),
        *vocabulary.ALONE.values(),
        *vocabulary.TO_ID.values(),
        *vocabulary.LOGINS.values(),
        *vocabulary.DENIED.values(),
    ]
    patterns = {
        value.text
        for text in texts
        for one in filters(parse(text))
        if one.name == "action"
        for value in one.values
    }
    assert len(patterns) > 40
    for pattern in patterns:
        assert any(answers(pattern, name) for name in known), pattern


def filters(query: Query) -> list[Filter]:
    found: list[Filter] = []
    waiting: list[Node] = list(query.nodes)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Filter):
            found.append(one)
        elif isinstance(one, Both | Either):
            waiting += one.nodes
    return found


def answers(pattern: str, name: str) -> bool:
    match glob(pattern):
        case Exactly(value):
            return value == name
        case Span(low, high):
            return low <= name and (high is None or name < high)
        case Pattern(_, _):
            begin, *_, end = pattern.split("*")
            return name.startswith(begin) and name.endswith(end)
        case _:
            return True


WORDS = sorted({*vocabulary.words(), *VOCABULARY, "admin", "usr_7", "cust_456", "by"})
said = st.lists(
    st.sampled_from(WORDS)
    | st.sampled_from(
        ["2026", "Q1", "14", "203.0.113.7", "and", "or", "stream", "main"]
    )
    | st.text("abc'?.,é", max_size=5),
    min_size=1,
    max_size=10,
)


@settings(max_examples=600)
@given(said.map(" ".join))
def test_whatever_is_said_is_understood_or_pointed_at(text: str) -> None:
    try:
        found = asked(text)
    except (QueryError, HiddenError) as error:
        refused = error
    else:
        again = understand(found.canonical, streams=STREAMS, now_us=0)
        assert again == found
        return
    if isinstance(refused, QueryError):
        assert 0 <= refused.at <= len(text)
        assert refused.length >= 1
        assert len(str(refused)) < 700
