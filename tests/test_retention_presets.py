"""The presets: what the requirements' table says, and no number that it does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prooftrail.errors import ConfigurationError
from prooftrail.retention import presets
from prooftrail.retention.presets import PRESETS, Firmness
from tests import presets_reference

ROOT = Path(__file__).parent.parent

# preset: at least, at hand, at most, how firm
TABLE = {
    "SOC2": ("13mo", "90d", None, "proposed"),
    "PCI-DSS": ("1y", "3mo", None, "mandated"),
    "HIPAA": ("6y", None, None, "interpretation"),
    "HIPAA-DISCLOSURES": ("6y", None, None, "mandated"),
    "SOX": ("7y", None, None, "convention"),
    "SEC-17A-4": ("6y", "2y", None, "mandated"),
    "SEC-17A-4-3Y": ("3y", "2y", None, "mandated"),
    "NYDFS-500.06": ("5y", None, None, "mandated"),
    "NYDFS-500.06-CYBER": ("3y", None, None, "mandated"),
    "GLBA": (None, None, None, "none found"),
    "FFIEC": (None, None, None, "none found"),
    "ISO-27001": (None, None, None, "left to the organisation"),
    "NIST-800-53": (None, None, None, "left to the organisation"),
    "FEDRAMP": (None, "90d", None, "left to the organisation"),
    "OMB-M-21-31": ("30mo", "1y", None, "not established"),
    "NARA-GRS-3.2": ("30mo", None, None, "not established"),
    "CIS-8.10": ("90d", "90d", None, "not established"),
    "GDPR-CNIL": ("6mo", None, "1y", "recommendation"),
    "GDPR-CNIL-CONTROL": ("6mo", None, "3y", "recommendation"),
    "DORA": (None, None, None, "left to the organisation"),
    "NIS2": (None, None, None, "left to the organisation"),
    "21-CFR-11": (None, None, None, "mandated"),
}


def test_the_presets_are_those_of_the_table_number_by_number() -> None:
    assert {
        one.name: (
            *(
                length.code if length is not None else None
                for length in (one.minimum, one.online, one.maximum)
            ),
            one.firmness.value,
        )
        for one in PRESETS
    } == TABLE


def test_every_preset_says_what_it_stands_on() -> None:
    for one in PRESETS:
        assert one.basis
        assert one.firmness not in {Firmness.DEFAULT, Firmness.SET}
        assert (one.firmness is Firmness.NONE_FOUND) <= (one.minimum is None)


def test_a_preset_is_found_in_any_case_of_letters() -> None:
    assert presets.named("gdpr-cnil").name == "GDPR-CNIL"


def test_an_unknown_preset_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"did you mean PCI-DSS\?.*NYDFS"):
        presets.named("PCI-DS")


def test_the_page_of_presets_is_what_the_program_has() -> None:
    told = "docs/reference/retention-presets.md is out of date: run make docs"
    assert presets_reference.PLACE.read_text() == presets_reference.text(), told


def test_the_page_explains_each_way_in_which_a_preset_is_firm() -> None:
    assert {one.firmness for one in PRESETS} == set(presets_reference.FIRM)


def test_nothing_is_ever_called_what_an_auditor_concludes() -> None:
    word = re.compile("complian[t]", re.IGNORECASE)
    files = [
        *(ROOT / "src" / "prooftrail" / "retention").rglob("*.py"),
        ROOT / "src" / "prooftrail" / "cli" / "retention.py",
        ROOT / "docs" / "how-to" / "set-retention.md",
        presets_reference.PLACE,
    ]
    assert len(files) > 7
    for path in files:
        assert not word.search(path.read_text()), path
