"""Cases of what derives from event bytes: columns, subject rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making.events import BARE, PROTECTED, SMALLEST, UUID4, complete
from making.primitives import EXAMPLE, NOW_US, jcs, uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator


UUID7 = uuid7(NOW_US, bytes(8))
UUID8 = "0b8e7c62-6d6f-8c0e-9a55-3f1c2d4b5a69"


def columns() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield events and their projected columns."""
    cases: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("smallest", "What is left out projects to null", {}, {}),
        (
            "anonymous",
            "Nobody projects to null",
            {"actor": {"type": "anonymous"}},
            {"actor": None},
        ),
        (
            "folded",
            "Names are folded, A to Z only; ids are exact",
            {
                "actor": {"userId": "Usr_É", "role": "ADMIN-ÉİK\u212a"},
                "action": "Billing.Plan.CHANGE",
                "resource": {"type": "AWS::S3", "id": "ID-É"},
            },
            {
                "actor": "Usr_É",
                "role": "admin-Éİk\u212a",
                "action": "billing.plan.change",
                "resourceType": "aws::s3",
                "resourceId": "ID-É",
            },
        ),
        (
            "cut",
            "200 characters (code points) are the most",
            {
                "actor": {"userId": "😀" * 201, "role": "R" * 201},
                "action": "a." + "B" * 300,
                "resource": {"type": "T" * 201, "id": "é" * 201},
            },
            {
                "actor": "😀" * 200,
                "role": "r" * 200,
                "action": "a." + "b" * 198,
                "resourceType": "t" * 200,
                "resourceId": "é" * 200,
            },
        ),
        (
            "protected",
            "A protected value projects to null",
            {"actor": {"userId": "usr_1", "role": PROTECTED, "ipAddress": PROTECTED}},
            {},
        ),
        (
            "before-1970",
            "Times are signed",
            {"timestamp": "1969-12-31T23:59:59.9Z"},
            {"occurredUs": -100_000},
        ),
        (
            "pii-action",
            "customer.pii.* is about personal data",
            {"action": "customer.pii.view"},
            {"action": "customer.pii.view", "pii": True},
        ),
        (
            "pii-action-case",
            "In any case",
            {"action": "Customer.PII.View"},
            {"action": "customer.pii.view", "pii": True},
        ),
        (
            "pii-fields",
            "So is what names fields",
            {"pii": {"fields": ["email"]}},
            {"pii": True},
        ),
        (
            "pii-classes",
            "Or classes",
            {"pii": {"classes": ["contact.email"]}},
            {"pii": True},
        ),
        (
            "pii-empty",
            "An empty pii is not",
            {"pii": {"fields": [], "classes": []}},
            {},
        ),
        (
            "result",
            "The result stands as it is",
            {"result": "denied"},
            {"result": "denied", "authority": "denied"},
        ),
    ]
    for name, title, event, found in cases:
        data = jcs(complete(**event)).decode()
        yield name, {"title": title, "eventBytes": data, "columns": {**BARE, **found}}
    for name, given, shown in [
        ("v4", "203.0.113.42", "203.0.113.42"),
        ("v6", "2001:DB8:0:0::1", "2001:db8::1"),
        ("v6-mapped", "::ffff:203.0.113.42", "::ffff:cb00:712a"),
        ("v6-seven-groups", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("leading-zero", "203.0.113.042", None),
        ("three-parts", "203.0.113", None),
        ("256", "203.0.113.256", None),
        ("network", "203.0.113.0/24", None),
        ("port", "203.0.113.42:443", None),
        ("scope", "fe80::1%eth0", None),
        ("two-gaps", "1::2::3", None),
        ("gap-of-nothing", "1::2:3:4:5:6:7:8", None),
        ("brackets", "[2001:db8::1]", None),
        ("space", " 203.0.113.42", None),
        ("host", "localhost", None),
        ("arabic-digits", "\u0662\u0660\u0663.0.113.42", None),
    ]:
        data = jcs(complete(actor={"userId": "usr_1", "ipAddress": given})).decode()
        title = "An address" if shown else "No address projects to null"
        yield (
            f"ip-{name}",
            {"title": title, "eventBytes": data, "columns": {**BARE, "ip": shown}},
        )
    for name, data in [
        ("no-object", "[]"),
        ("no-actor", '{"action":"a.b","result":"success"}'),
        ("no-id", jcs({**SMALLEST, "timestamp": EXAMPLE["timestamp"]}).decode()),
        ("no-time", jcs({**SMALLEST, "eventId": UUID4}).decode()),
        ("subjects-numbers", jcs(complete(subjects=[1])).decode()),
    ]:
        title = "No sealed event has such bytes"
        yield f"refuse-{name}", {"title": title, "eventBytes": data, "refused": True}


def authorities() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield authorizations, and on whose authority each says that it was done."""
    allowed, denied = {"decision": "allowed"}, {"decision": "denied"}
    glass = {"basis": "break_glass"}
    refused: dict[str, Any] = {"result": "denied"}
    for name, title, stated, found, more in [
        ("allowed", "What was allowed is authorised", allowed, "authorised", {}),
        ("by-role", "By whatever", {**allowed, "basis": "role"}, "authorised", {}),
        ("break-glass", "But by breaking glass", {**allowed, **glass},
         "break-glass", {}),
        ("glass-alone", "Also without a decision", glass, "break-glass", {}),
        ("denied", "A decision denies, whatever came of it", denied, "denied", {}),
        ("denied-glass", "And nothing breaks that", {**denied, **glass}, "denied", {}),
        ("refused", "So does a result that is denied", allowed, "denied", refused),
        ("refused-glass", "And nothing breaks that", glass, "denied", refused),
        ("refused-text", "Whatever is stated", "allowed", "denied", refused),
        ("failed", "A failure was authorised or not", allowed, "authorised",
         {"result": "failure"}),
        ("no-decision", "A basis explains nothing", {"basis": "role"},
         "unexplained", {}),
        ("empty", "Nor does nothing", {}, "unexplained", {}),
        ("null", "Nor null", None, "unexplained", {}),
        ("nulls", "Nor nulls", {"decision": None, "basis": None}, "unexplained", {}),
        ("other-keys", "Nor other keys", {"name": "admin", "policy": "roles@7"},
         "unexplained", {}),
        ("case", "Values are exact", {"decision": "Allowed", "basis": "break-glass"},
         "unexplained", {}),
        ("objects", "And texts", {"decision": allowed, "basis": [glass]},
         "unexplained", {}),
        ("text", "What is no object explains nothing", "allowed", "unexplained", {}),
        ("list", "A list is none", [allowed], "unexplained", {}),
        ("true", "True is none", True, "unexplained", {}),
        ("number", "A number is none", 1, "unexplained", {}),
    ]:  # fmt: skip
        data = jcs(complete(authorization=stated, **more)).decode()
        columns = {**BARE, **more, "authority": found}
        yield (
            f"authority-{name}",
            {"title": title, "eventBytes": data, "columns": columns},
        )


def continuations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield parts of events, and the event that each continues."""
    for name, title, of, n, found in [
        ("second", "The second entry continues the first", UUID7, 2, UUID7),
        ("version-8", "An id of any version", UUID8, 1_000_000, UUID8),
        ("beyond-total", "The total is not looked at", UUID7, 2**53 - 1, UUID7),
        ("first", "The first entry is the event itself", UUID4, 1, None),
        ("n-1", "So is one that names another", UUID7, 1, None),
        ("n-0", "Or counts from 0", UUID7, 0, None),
        ("n-negative", "Or below", UUID7, -2, None),
        ("own", "No entry continues itself", UUID4, 2, None),
        ("upper-case", "Ids are written in lower case", UUID7.upper(), 2, None),
        ("no-hyphens", "And with hyphens", UUID7.replace("-", ""), 2, None),
        ("braces", "And nothing else", f"{{{UUID7}}}", 2, None),
        ("newline", "Nor a line's end", f"{UUID7}\n", 2, None),
        ("short", "In full", UUID7[:-1], 2, None),
        ("empty", "And at all", "", 2, None),
        ("digits", "In ASCII digits", f"\uff10{UUID7[1:]}", 2, None),
        ("nil", "Nil is no id", "0" * 8 + "-0000-0000-0000-" + "0" * 12, 2, None),
        ("max", "Nor is Max", "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12, 2, None),
        ("version-9", "Nor version 9", f"{UUID7[:14]}9{UUID7[15:]}", 2, None),
        ("variant", "Nor of another variant", f"{UUID7[:19]}c{UUID7[20:]}", 2, None),
        ("not-an-id", "Nor any other text", "invoice 7", 2, None),
    ]:
        data = jcs(complete(part={"of": of, "n": n, "total": 2})).decode()
        columns = {**BARE, "continues": found}
        yield (
            f"continues-{name}",
            {"title": title, "eventBytes": data, "columns": columns},
        )
    whole = {"of": UUID7, "n": 2, "total": 2}
    own = jcs(complete(part={**whole, "own": [None]})).decode()
    title = "An unknown key is passed over"
    yield (
        "continues-unknown-key",
        {"title": title, "eventBytes": own, "columns": {**BARE, "continues": UUID7}},
    )
    null = jcs(complete(part=None)).decode()
    yield (
        "continues-null",
        {"title": "A part may be null", "eventBytes": null, "columns": BARE},
    )
    for name, part in [
        ("list", [UUID7, 2, 2]),
        ("text", UUID7),
        *((f"no-{key}", {k: v for k, v in whole.items() if k != key}) for key in whole),
        *((f"null-{key}", {**whole, key: None}) for key in whole),
        ("of-number", {**whole, "of": 2}),
        ("n-text", {**whole, "n": "2"}),
        ("n-true", {**whole, "n": True}),
        ("n-fraction", {**whole, "n": {"$number": "2.5"}}),
        ("total-text", {**whole, "total": "2"}),
    ]:
        data = jcs(complete(part=part)).decode()
        title = "No sealed event has such a part"
        yield (
            f"refuse-part-{name}",
            {"title": title, "eventBytes": data, "refused": True},
        )


def subjects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield events and their subject rows."""
    for name, title, given, resource, rows in [
        ("none", "No subjects, no rows", [], None, []),
        ("distinct-sorted", "Distinct, sorted", ["b", "a", "b"], None, ["a", "b"]),
        ("without-resource", "Without resource.id", ["b", "a"], "a", ["b"]),
        (
            "cut",
            "Cut first, then compared",
            ["s" * 250, "s" * 300, "t" * 201],
            "t" * 999,
            ["s" * 200],
        ),
        (
            "order",
            "Sorted by code point, not by UTF-16",
            ["😀", "\uffff", "é", "a", "Z"],
            None,
            ["Z", "a", "é", "\uffff", "😀"],
        ),
        ("case", "Not folded", ["A", "a"], "B", ["A", "a"]),
    ]:
        more = {} if resource is None else {"resource": {"type": "c", "id": resource}}
        data = jcs(complete(subjects=given, **more)).decode()
        yield str(name), {"title": title, "eventBytes": data, "subjects": rows}
