"""Which resource a request's event is of."""

from __future__ import annotations

import pytest

from prooftrail import catalog
from prooftrail.capture.draft import Draft
from prooftrail.capture.effects import Change, Effect
from prooftrail.middleware.describing import describe
from prooftrail.middleware.routes import Emits, Route


def resource(typed: str, *changed: str, kind: str = "customer") -> dict[str, str]:
    """Return the resource of a DELETE of `typed` that changed rows with these ids."""
    made = Draft(catalog.derived("http.unmatched.read"))
    describe(
        made,
        Emits(),
        Route("/customers/{id}", {"id": typed}),
        method="DELETE",
        ended="success",
        is_secret=lambda _: False,
    )
    for id_ in changed:
        made.affect(Effect("delete", kind, id_, [Change("plan", "pro", None)]))
    return made.stated("success")["resource"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("typed", ["1_0", " 10", "010", "+10"])
def test_the_row_that_was_changed_goes_before_what_was_typed(typed: str) -> None:
    assert resource(typed, "10") == {"type": "customers", "id": "10"}


def test_what_was_typed_stays_where_no_row_of_that_kind_says_otherwise() -> None:
    typed = {"type": "customers", "id": "007"}
    assert resource("007") == typed
    assert resource("007", "8", "9") == typed
    assert resource("007", "8", kind="address") == typed


def test_what_the_handler_says_goes_before_both() -> None:
    made = Draft(catalog.derived("http.unmatched.read"))
    made.on("customer", "7")
    made.affect(Effect("delete", "customer", "10", [Change("plan", "pro", None)]))
    assert made.stated("success")["resource"] == {"type": "customer", "id": "7"}
