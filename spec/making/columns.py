"""Cases of what derives from event bytes: columns, subject rows; and commitments."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from making.events import BARE, PROTECTED, SMALLEST, UUID4, complete
from making.primitives import EXAMPLE, jcs, label

if TYPE_CHECKING:
    from collections.abc import Iterator


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
            {"result": "denied"},
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


def commitments() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield personal values and their commitments."""
    for name, pointer, kind, value in [
        ("email", "/actor/email", "contact.email", "dani@company.com"),
        ("escaped-pointer", "/details/a~1b~0c", "name", "Zoë 😀"),
        ("object", "/changes/0/before", "address", {"zip": "8000", "city": "Zürich"}),
        ("null", "/purpose", "note", None),
    ]:
        salt = sha256(name.encode()).digest()
        stated = jcs([UUID4, pointer, kind, value])
        found = sha256(label("commitment") + salt + stated).hexdigest()
        yield (
            name,
            {
                "title": "A commitment to a personal value",
                "eventId": UUID4,
                "pointer": pointer,
                "class": kind,
                "value": value,
                "saltHex": salt.hex(),
                "commitment": f"sha256:{found}",
            },
        )
