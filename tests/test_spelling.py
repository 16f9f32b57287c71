"""What is misspelled is refused at import, with what was meant, without mypy, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings
from flask import Flask

import prooftrail
from prooftrail.errors import ConfigurationError
from prooftrail.integrations.flask import Audit
from prooftrail.middleware.django import AuditMiddleware as DjangoMiddleware
from tests.capturing import with_django  # noqa: F401  configures Django

if TYPE_CHECKING:
    from collections.abc import Callable


def _in_django(**given: Any) -> None:
    with override_settings(PROOFTRAIL=given):
        DjangoMiddleware(lambda _: None)


@pytest.mark.parametrize(
    ("misspelled", "meant"), [("subject", "subjects"), ("detail", "details")]
)
def test_a_place_of_audited_is_known(misspelled: str, meant: str) -> None:
    given: Any = {misspelled: {"a": 1}}
    with pytest.raises(ConfigurationError, match=f"did you mean '{meant}'"):
        prooftrail.audited("customer.pii.view", **given)


@pytest.mark.parametrize(
    "made",
    [
        lambda **given: prooftrail.AuditMiddleware(lambda *_: None, **given),  # type: ignore[arg-type]
        lambda **given: prooftrail.WSGIAuditMiddleware(lambda *_: [], **given),
        lambda **given: Audit(Flask("x"), **given),
        _in_django,
    ],
)
def test_a_setting_of_the_middleware_is_known(made: Callable[..., object]) -> None:
    for misspelled, meant in (
        ("route", "routes"),
        ("trusted_proxy", "trusted_proxies"),
        ("actr", "actor"),
    ):
        with pytest.raises(ConfigurationError, match=f"did you mean '{meant}'"):
            made(**{misspelled: None})


def test_another_type_for_failures_goes_with_one_for_success() -> None:
    with pytest.raises(ConfigurationError, match="what a success emits"):
        prooftrail.emits(failure="auth.login.failure")
