"""The catalog: the 47 names, the families beside them, what is refused and how."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from prooftrail.core import catalog
from prooftrail.errors import EventError

# Stated once more, so that neither list changes alone.
NAMES = """
    auth.login.success auth.login.failure auth.logout auth.password.change
    auth.password.reset auth.mfa.enable auth.mfa.disable auth.account.lock
    customer.pii.view customer.pii.search customer.pii.export customer.pii.create
    customer.pii.update customer.pii.delete customer.pii.unmask customer.pii.share
    customer.pii.erase customer.pii.access_request customer.pii.consent_update
    customer.pii.kyc_update customer.pii.document_upload customer.pii.document_view
    admin.user.create admin.user.update admin.user.disable admin.user.delete
    admin.user.unlock admin.role.change admin.permission.grant admin.permission.revoke
    admin.config.update admin.apikey.create admin.apikey.revoke
    admin.impersonation.start data.export.create data.export.download
    data.import.complete bulk.records.update bulk.records.delete system.access.denied
    system.job.run system.release.deploy audit.log.view audit.log.export
    audit.chain.verify audit.retention.archive audit.capture.change
""".split()  # noqa: SIM905
STRICT = catalog.Catalog(frozenset({"billing.plan.change"}), strict=True)


def test_the_47_names_are_built_in() -> None:
    assert len(NAMES) == 47
    assert frozenset(NAMES) == catalog.BUILT_IN


def test_the_list_that_the_project_was_given_says_the_same() -> None:
    given = Path(__file__).parents[2] / "shared" / "catalog.json"
    if given.exists():  # the test above holds wherever it is not
        assert [item["name"] for item in json.loads(given.read_text())] == NAMES


@pytest.mark.parametrize("name", [*NAMES, "billing.plan.change"])
def test_a_strict_catalog_takes_what_is_built_in_or_declared(name: str) -> None:
    STRICT.check(name)


@pytest.mark.parametrize(
    "name",
    ["prooftrail.reveal", "aws.s3.GetObject", "http.get.request", "sshd.login.ok"],
)
def test_families_of_the_product_pass_a_strict_catalog(name: str) -> None:
    STRICT.check(name)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("customer.pii.exports", "did you mean 'customer.pii.export'"),
        ("billing.plan.changed", "did you mean 'billing.plan.change'"),
        ("awsome.thing", "declare it"),
        ("zzz.zzz", "declare it, or turn the strict catalog off"),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(EventError, match=f"{re.escape(repr(name))}.*{hint}"):
        STRICT.check(name)
    catalog.OPEN.check(name)


@pytest.mark.parametrize("name", ["trail.x", "trail.quarantine", "Trail.X", "TRAIL.a"])
@pytest.mark.parametrize("known", [STRICT, catalog.OPEN])
def test_nobody_but_the_trail_states_trail(name: str, known: catalog.Catalog) -> None:
    assert catalog.is_trail(name)
    with pytest.raises(EventError, match="the trail's own statements"):
        known.check(name)


@pytest.mark.parametrize("name", ["trails.x", "a.trail.x", "trail", "$trail.x", ""])
def test_other_names_are_not_the_trails(name: str) -> None:
    assert not catalog.is_trail(name)
