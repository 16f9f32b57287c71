"""The catalog: the 47 types, the families beside them, what is refused and how."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prooftrail import Catalog, catalog
from prooftrail.catalog import Detail, EventType, declare, families, product, registry
from prooftrail.core import catalog as core
from prooftrail.errors import ConfigurationError, EventError
from prooftrail.retention import setting
from prooftrail.service import telling

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
STRICT = Catalog(frozenset({"billing.plan.change"}), strict=True)
GIVEN = Path(__file__).parents[2] / "shared" / "catalog.json"
TYPES = catalog.registry.BUILT_IN

needs_given = pytest.mark.skipif(
    not GIVEN.exists(), reason="the list of types is not in ../shared/catalog.json"
)


def own(name: str, **fields: Any) -> EventType:
    given = {"meaning": "It was", "sentence": "{actor} did it"} | fields
    return EventType(name=name, **given)


def test_the_47_types_are_there_in_their_order() -> None:
    assert len(NAMES) == 47
    assert list(TYPES) == NAMES


@needs_given
def test_the_list_that_the_project_was_given_says_the_same() -> None:
    def activity(one: Any) -> dict[str, int]:
        return {
            "class_uid": one.class_uid,
            "activity_id": one.activity_id,
            "type_uid": one.type_uid,
        }

    assert json.loads(GIVEN.read_text()) == [
        {
            "name": one.name,
            "meaning": one.meaning,
            "ocsf_1_8": activity(one.ocsf.v1_8),
            "ocsf_1_9": activity(one.ocsf.v1_9),
        }
        for one in TYPES.values()
        if one.ocsf is not None
    ]


def test_each_constant_is_named_as_its_type() -> None:
    found = {}
    for module in (*registry._GROUPS, product):
        group = module.__name__.rpartition(".")[2]
        for name, value in vars(module).items():
            if isinstance(value, EventType):
                prefix = "prooftrail" if group == "product" else group
                found[f"{prefix}.{name.lower()}"] = value.name.replace(".", "_")
    assert found
    assert {key.replace(".", "_") for key in found} == set(found.values())


@pytest.mark.parametrize("name", NAMES)
def test_each_type_is_complete(name: str) -> None:
    one = TYPES[name]
    assert one.meaning
    assert one.sentence
    assert one.attempt
    assert one.controls
    assert one.ocsf is not None
    assert one.group == name.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("one", [*TYPES.values(), *registry.PRODUCT.values()])
def test_nothing_personal_is_recorded_in_the_background(one: EventType) -> None:
    personal = one.classes or "pii" in one.name
    assert not personal or one.policy in {"closed", "spool"}
    assert "pii" not in one.name or one.classes


def test_what_leaves_ends_or_is_an_administrators_is_closed() -> None:
    closed = {name for name, one in TYPES.items() if one.policy == "closed"}
    ends = re.compile(r"admin\..*|bulk\..*|.*\.(delete|erase|unmask|share)|.*export.*")
    assert {name for name in NAMES if ends.fullmatch(name)} <= closed
    assert "customer.pii.access_request" in closed
    assert {one.policy for name, one in TYPES.items() if name.startswith("auth.")} == {
        "spool"
    }


def test_the_harmless_are_few() -> None:
    assert [one.name for one in TYPES.values() if one.policy == "background"] == [
        "system.job.run"
    ]


@pytest.mark.parametrize("name", [*NAMES, "billing.plan.change"])
def test_a_strict_catalog_takes_what_is_built_in_or_declared(name: str) -> None:
    STRICT.check(name)


@pytest.mark.parametrize(
    "name",
    ["prooftrail.reveal", "aws.s3.GetObject", "http.get.request", "sshd.login.ok"],
)
def test_families_of_the_product_pass_a_strict_catalog(name: str) -> None:
    STRICT.check(name)
    assert catalog.derived(name).name == name
    assert catalog.find(name) == catalog.resolve(name)


def test_a_derived_deletion_is_closed_and_the_rest_is_spooled() -> None:
    assert catalog.derived("http.customers.delete").policy == "closed"
    assert catalog.derived("http.customers.update").policy == "spool"
    with pytest.raises(EventError, match="is of none of the families"):
        catalog.derived("billing.plan.change")


def test_what_the_product_records_by_itself_is_described() -> None:
    for action in (setting.ACTION, telling.FINDING):
        assert catalog.find(action) == registry.PRODUCT[action]
        assert catalog.derived(action) == registry.PRODUCT[action]


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
    Catalog().check(name)
    core.OPEN.check(name)


@pytest.mark.parametrize("name", ["trail.x", "trail.quarantine", "Trail.X", "TRAIL.a"])
@pytest.mark.parametrize("known", [STRICT, Catalog(), core.OPEN])
def test_nobody_but_the_trail_states_trail(name: str, known: core.Catalog) -> None:
    assert core.is_trail(name)
    with pytest.raises(EventError, match="the trail's own statements"):
        known.check(name)
    with pytest.raises(EventError, match="the trail's own statements"):
        own(name)


@pytest.mark.parametrize("name", ["trails.x", "a.trail.x", "trail", "$trail.x", ""])
def test_other_names_are_not_the_trails(name: str) -> None:
    assert not core.is_trail(name)


def test_a_name_is_resolved_where_it_is_written() -> None:
    assert catalog.resolve("customer.pii.export") is catalog.customer.PII_EXPORT
    assert catalog.resolve(catalog.customer.PII_EXPORT) is catalog.customer.PII_EXPORT
    with pytest.raises(EventError, match=r"did you mean 'customer\.pii\.export'"):
        catalog.resolve("customer.pii.exprot")
    with pytest.raises(EventError, match="was not declared"):
        catalog.resolve(own("billing.never.declared"))
    with pytest.raises(EventError, match=r"no event type 'http\.'"):
        catalog.resolve("http.")


def test_an_applications_own_type_is_known_once_it_is_declared() -> None:
    made = own("payout.limit.raise", required=(Detail("limit", "count", "the new"),))
    strict = Catalog(strict=True)
    with pytest.raises(EventError, match="not in the catalog"):
        strict.check(made.name)
    assert declare(made) is made
    assert declare(replace(made)) is made
    strict.check(made.name)
    assert catalog.find(made.name) is catalog.resolve(made) is made
    assert catalog.all_types()[:47] == tuple(TYPES.values())
    assert made in catalog.all_types()[47:]
    with pytest.raises(EventError, match=r"did you mean 'payout\.limit\.raise'"):
        catalog.resolve("payout.limit.rise")


def test_a_name_means_one_thing() -> None:
    declare(own("payout.limit.lower"))
    with pytest.raises(ConfigurationError, match="declared already, and otherwise"):
        declare(own("payout.limit.lower", policy="closed"))
    with pytest.raises(ConfigurationError, match="one of the 47"):
        declare(own("customer.pii.export"))
    with pytest.raises(ConfigurationError, match="made by the product"):
        declare(own("http.customers.update"))
    assert catalog.find("payout.limit.lower") == own("payout.limit.lower")


def test_of_many_threads_one_declares() -> None:
    def one(number: int) -> EventType | None:
        try:
            return declare(own("payout.raced.thing", meaning=f"By {number}"))
        except ConfigurationError:
            return None

    with ThreadPoolExecutor(8) as pool:
        found = [made for made in pool.map(one, range(64)) if made is not None]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"sentence": "{actr} did it"}, "{actr}.*none of its details"),
        ({"attempt": "do {it}"}, "{it}"),
        ({"sentence": "{actor} did [it"}, r"a '\[' without a '\]'"),
        ({"sentence": "{actor} did it]"}, "without its other half"),
        ({"sentence": "{actor did it"}, "without its other half"),
        ({"sentence": "{a b}"}, "write {name}"),
        ({"sentence": "[a [b]]"}, "without its other half"),
        ({"classes": ("contact",), "policy": "background"}, "could be lost"),
        ({"required": (Detail("a", "text", ""),) * 2}, "two details of one name"),
    ],
)
def test_a_type_that_is_not_sound_is_refused(fields: Any, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        own("payout.unsound.type", **fields)


def test_a_detail_is_spelled_in_snake_case_and_its_places_are_pointers() -> None:
    with pytest.raises(ConfigurationError, match="snake_case"):
        Detail("recordCount", "count", "how many")
    with pytest.raises(ConfigurationError, match="/changes/0/before"):
        Detail("record_count", "count", "how many", ("subjects",))


def test_families_say_what_they_are() -> None:
    assert [one.prefix for one in families.FAMILIES] == [
        "http.",
        "aws.",
        "sshd.",
        "prooftrail.",
    ]
    assert all(one.meaning for one in families.FAMILIES)


_TYPED = """
from __future__ import annotations

from prooftrail.catalog import EventType, customer

right: EventType = customer.PII_EXPORT
wrong = customer.PII_EXPROT
"""


def test_the_type_checker_finds_a_typing_error(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(_TYPED)
    root = Path(__file__).parent.parent
    kept = f"--cache-dir={root / '.mypy_cache' / 'typed'}"  # 20 s without it
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", kept, "app.py"],
        cwd=tmp_path,
        env={"MYPYPATH": str(root / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1, done.stdout + done.stderr
    assert errors[0].startswith("app.py:7: error: Module has no attribute")
    assert '"PII_EXPROT"; maybe "PII_EXPORT"' in errors[0]
