"""The code of the how-tos on personal data and on changes does what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db.models import Model

import prooftrail
from prooftrail.capture.personal_fields import fields_of, subject_of
from prooftrail.capture.protection import Personal
from tests.django_app import database  # noqa: F401  configures Django
from tests.recording import recorder
from tests.shop import recorded, url

if TYPE_CHECKING:
    import pytest

    from tests.trail import Trail

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"


def blocks(document: str) -> dict[str, list[str]]:
    """Return the blocks of Python by heading."""
    found = {}
    for part in (HOW_TO / document).read_text().split("\n## ")[1:]:
        heading, text = part.split("\n", 1)
        found[heading] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return found


def run(code: list[str], **given: Any) -> dict[str, Any]:
    """Run blocks one after another, as one module."""
    space: dict[str, Any] = {"__name__": "tests.how_to", **given}
    for one in code:
        exec(compile(one, "how-to", "exec", dont_inherit=True), space)
    return space


def test_the_how_to_of_marks_marks() -> None:
    found = blocks("mark-personal-data.md")
    made = run(found["SQLAlchemy"])
    assert fields_of(made["Customer"]) == {"email": "contact.email"}
    assert fields_of(made["Document"]) == {"title": "identity.document"}
    made = run(found["Django"])
    assert issubclass(made["Client"], Model)
    assert fields_of(made["Client"]) == {"email": "contact.email"}
    assert subject_of(made["Letter"]) == "client"
    made = run(found["pydantic, dataclasses, msgspec"])
    assert isinstance(made["details"]["person"]["email"], Personal)
    run(found["Anything else"])


def test_the_how_to_of_sqlalchemy_leaves_its_three_events(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFTRAIL_WRITER_DSN", trail.login_dsn("writer"))
    trail.superuser().execute(
        "create table account (id text primary key, email text, plan text,"
        " last_seen text); grant all on account to prooftrail_writer"
    )
    with recorder(trail) as own:
        monkeypatch.setattr(
            "prooftrail.capture.process._default.recorder", own, raising=True
        )
        made = run(blocks("record-before-and-after.md")["SQLAlchemy"], url=url(trail))
        events = recorded(trail)
        sessions: Any = made["Session"]
        sessions.kw["bind"].dispose()
    assert len(events) == 3
    added, changed, bulk = events
    assert added["action"] == "prooftrail.data.change"
    assert changed["action"] == bulk["action"] == "customer.pii.update"
    assert changed["resource"] == {"type": "customer", "id": "cust_1"}
    assert changed["changes"] == [{"field": "plan", "before": "free", "after": "pro"}]
    assert bulk["changes"] == [{"field": "plan", "before": "pro", "after": "team"}]
    assert "ann@example.com" not in str(events)


def test_changes_by_hand_are_in_the_event(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recorder(trail) as own:
        monkeypatch.setattr(
            "prooftrail.capture.process._default.recorder", own, raising=True
        )
        with prooftrail.acting("usr_1"):
            run(blocks("record-before-and-after.md")["By hand"])
    (event,) = recorded(trail)
    assert event["changes"] == [{"field": "limits.seats", "before": 3, "after": 10}]


def test_the_how_to_of_django_is_an_app_config() -> None:
    made = run(blocks("record-before-and-after.md")["Django"])
    assert callable(made["ShopConfig"].ready)
