"""The table of routes: which entry a route has, however it is spelled."""

from __future__ import annotations

import pytest

from prooftrail.errors import ConfigurationError
from prooftrail.middleware.routes import Routes, emits

CLOSE, FREEZE = "customer.pii.delete", "admin.config.update"


def _action(routes: Routes, method: str, template: str) -> str:
    return routes.of(method, template).types[0].name


def test_verbs_behind_a_parameter_are_routes_of_their_own() -> None:
    routes = Routes(
        {
            "POST /accounts/{id}:close": CLOSE,
            "POST /accounts/{id}:freeze": FREEZE,
            "POST /customers:batchDelete": "bulk.records.delete",
            "POST /customers:search": "customer.pii.search",
        }
    )
    assert _action(routes, "POST", "/accounts/{account}:close") == CLOSE
    assert _action(routes, "POST", "/accounts/<int:id>:freeze") == FREEZE
    assert _action(routes, "POST", "/customers:batchDelete") == "bulk.records.delete"
    assert _action(routes, "POST", "/customers:search") == "customer.pii.search"
    assert routes.guess("POST", "/accounts/7:close") == (
        "/accounts/{id}:close",
        {"id": "7"},
        None,
        None,
    )


@pytest.mark.parametrize(
    "template",
    ["/a/{id}/b", "/a/{id:int}/b", "/a/:id/b", "/a/<id>/b", r"/a/(?P<id>\d+)/b$"],
)
def test_a_parameter_may_be_spelled_as_any_framework_does(template: str) -> None:
    routes = Routes({f"PUT {template}": FREEZE})
    assert _action(routes, "PUT", "/a/<int:other>/b") == FREEZE
    assert routes.guess("PUT", "/a/7/b").parameters == {"id": "7"}
    assert routes.guess("PUT", "/a/7/8/b").template is None


def test_a_path_is_taken_for_the_route_with_the_fewest_parameters() -> None:
    routes = Routes({"PUT /a/{id}": FREEZE, "PUT /a/me": CLOSE})
    assert routes.guess("PUT", "/a/me").template == "/a/me"


def test_two_entries_that_are_one_route_are_refused_by_name() -> None:
    with pytest.raises(ConfigurationError) as refused:
        Routes({"PUT /customers/{id}": CLOSE, "PUT /customers/{cid}": FREEZE})
    assert "'PUT /customers/{id}'" in str(refused.value)
    assert "'PUT /customers/{cid}'" in str(refused.value)


def test_two_spellings_that_say_the_same_are_no_error() -> None:
    told = emits(FREEZE)
    routes = Routes({"PUT /plans/<int:id>": told, "PUT /plans/<slug>": told})
    assert _action(routes, "PUT", "/plans/{id}") == FREEZE
