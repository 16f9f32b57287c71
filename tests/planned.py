"""Questions, and the indexes that must serve each."""

from __future__ import annotations

from typing import Any, NamedTuple

from prooftrail.store.question import (
    AnyOf,
    Exactly,
    Network,
    Not,
    Pattern,
    Question,
    Span,
    Term,
)
from tests.searched import BEGIN, DAY

PII = Term("action", (Span("customer.pii.", "customer.pii/"),))
MARCH = (BEGIN + 59 * DAY, BEGIN + 90 * DAY)


class Case(NamedTuple):
    """A question, and the indexes that may give its keys."""

    name: str
    question: Question
    page: set[str]
    counted: set[str]
    index_only: bool = True


def is_(column: Any, value: Any) -> Term:
    return Term(column, (Exactly(value),))


CASES = [
    Case("timeline", Question(), {"log_time"}, {"log_time", "log_action"}),
    Case(
        "an actor's month",
        Question((is_("actor", "usr_12"),), *MARCH),
        {"log_actor"},
        {"log_actor"},
    ),
    Case(
        "personal data by admins",
        Question((is_("role", "admin"), PII), BEGIN, BEGIN + 90 * DAY),
        {"log_time", "log_action"},
        {"log_time", "log_action"},
    ),
    Case(
        "a rare action",
        Question((is_("action", "admin.user.delete"),)),
        {"log_action"},
        {"log_action"},
    ),
    Case(
        "a glob",
        Question((Term("action", (Pattern(Span("a", "b"), "a%.delete"),)),)),
        {"log_action", "log_time"},
        {"log_action", "log_time"},
    ),
    Case(
        "denied by role",
        Question((is_("result", "denied"), is_("role", "support"))),
        {"log_failed"},
        {"log_failed"},
    ),
    Case(
        "failures of an address",
        Question((is_("ip", "198.51.100.7"), is_("result", "failure"))),
        {"log_ip"},
        {"log_ip"},
    ),
    Case("an address", Question((is_("ip", "203.0.113.7"),)), {"log_ip"}, {"log_ip"}),
    Case(
        "a network",
        Question((Term("ip", (Network("198.51.100.0", "198.51.100.7"),)),)),
        {"log_ip"},
        {"log_ip"},
    ),
    Case(
        "a rare type of resource",
        Question((is_("resource_type", "vault"),)),
        {"log_time"},
        {"log_time"},
    ),
    Case(
        "no personal data", Question((is_("pii", False),)), {"log_time"}, {"log_time"}
    ),
    Case(
        "unexplained",
        Question((is_("authorization", "unexplained"),)),
        {"log_time"},
        {"log_time"},
    ),
    Case(
        "break-glass to personal data",
        Question((is_("authorization", "break-glass"), is_("pii", True))),
        {"log_time"},
        {"log_time"},
    ),
    Case(
        "personal data of a customer",
        Question((PII, is_("resource", "cust_456"))),
        {"log_resource", "subject_of"},
        {"log_resource", "subject_of"},
        index_only=False,
    ),
    Case(
        "a timeline without a role",
        Question(conditions=(Not(is_("role", "admin")),)),
        {"log_time"},
        {"log_time", "log_action"},
    ),
    Case(
        "an actor's month, without exports or with a failure",
        Question(
            (is_("actor", "usr_12"),),
            *MARCH,
            conditions=(
                AnyOf(
                    (
                        Not(is_("action", "customer.pii.export")),
                        is_("result", "failure"),
                    )
                ),
            ),
        ),
        {"log_actor"},
        {"log_actor"},
        index_only=False,
    ),
    Case(
        "personal data of a customer, but by somebody",
        Question(
            (is_("resource", "cust_456"),),
            conditions=(
                Not(Term("actor", (Span("usr_1", "usr_2"),))),
                Not(is_("resource", "cust_7")),
            ),
        ),
        {"log_resource", "subject_of"},
        {"log_resource", "subject_of"},
        index_only=False,
    ),
    Case(
        "a rare action, but one of somebody",
        Question(
            (is_("action", "admin.user.delete"),),
            conditions=(Not(is_("role", "support")), Not(is_("ip", "203.0.113.7"))),
        ),
        {"log_action"},
        {"log_action"},
        index_only=False,
    ),
]
