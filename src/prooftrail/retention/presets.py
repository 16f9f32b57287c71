"""Presets: what frameworks say about how long an audit trail is kept, and how firmly.

Guarantees: every number here is one that the framework, or a named practice, gives;
where none was found, there is none, and nothing fills the gap. Each says how firm its
basis is. A framework that gives two numbers for two sorts of records has two presets,
since which sort an entry is of is for the organisation to say.

Does not: say what anybody has to do. Whether a framework applies, and to which entries,
is for those to decide who answer for it. docs/reference/retention-presets.md is
written from this file.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from prooftrail.errors import ConfigurationError
from prooftrail.retention.period import Period

YEARS = 12  # months


class Firmness(StrEnum):
    """What a number stands on."""

    MANDATED = "mandated"  # the text itself gives it
    INTERPRETATION = "interpretation"  # the text gives it for something near
    CONVENTION = "convention"  # usual practice, from a rule for somebody else
    RECOMMENDATION = "recommendation"  # an authority advises it
    PROPOSED = "proposed"  # no framework gives it: Prooftrail's own proposal
    DEFAULT = "product default"
    SET = "set here"  # by whoever set the policy
    ORGANISATION = "left to the organisation"  # the text asks it to decide
    NONE_FOUND = "none found"  # no number was found
    NOT_ESTABLISHED = "not established"  # a number, and no primary source at hand


class Preset(NamedTuple):
    """One framework, or one sort of records in it.

    `minimum` and `maximum` are periods from an entry's recordedAt on; `online` is how
    much of them it must be at hand without being restored first. None: no number.
    """

    name: str
    minimum: Period | None
    online: Period | None
    maximum: Period | None
    firmness: Firmness
    basis: str


def _years(count: int) -> Period:
    return Period(count * YEARS)


PRESETS: tuple[Preset, ...] = (
    Preset(
        "SOC2",
        Period(13),
        Period(days=90),
        None,
        Firmness.PROPOSED,
        "no number in the Trust Services Criteria (C1.1, P4.2: as the policy says); "
        "proposed: a 12-month period and the auditor's fieldwork",
    ),
    Preset(
        "PCI-DSS",
        Period(12),
        Period(3),
        None,
        Firmness.MANDATED,
        "PCI DSS 4, 10.5.1: 12 months, the last 3 at hand",
    ),
    Preset(
        "HIPAA",
        _years(6),
        None,
        None,
        Firmness.INTERPRETATION,
        "45 CFR 164.316(b)(2) asks it of documentation; read as holding for logs",
    ),
    Preset(
        "HIPAA-DISCLOSURES",
        _years(6),
        None,
        None,
        Firmness.MANDATED,
        "45 CFR 164.528: accounting of disclosures",
    ),
    Preset(
        "SOX",
        _years(7),
        None,
        None,
        Firmness.CONVENTION,
        "17 CFR 210.2-06 binds the accountants' workpapers",
    ),
    Preset(
        "SEC-17A-4",
        _years(6),
        _years(2),
        None,
        Firmness.MANDATED,
        "17 CFR 240.17a-4, for a broker-dealer's records; the audit trail of a record "
        "lives as long as the record",
    ),
    Preset(
        "SEC-17A-4-3Y",
        _years(3),
        _years(2),
        None,
        Firmness.MANDATED,
        "17 CFR 240.17a-4, for the records of which it asks 3 years; the audit trail "
        "of a record lives as long as the record",
    ),
    Preset(
        "NYDFS-500.06",
        _years(5),
        None,
        None,
        Firmness.MANDATED,
        "23 NYCRR 500.06, to reconstruct financial transactions",
    ),
    Preset(
        "NYDFS-500.06-CYBER",
        _years(3),
        None,
        None,
        Firmness.MANDATED,
        "23 NYCRR 500.06, to detect and respond to cybersecurity events",
    ),
    Preset(
        "GLBA",
        None,
        None,
        None,
        Firmness.NONE_FOUND,
        "16 CFR 314.4(c)(8): no number found; proposed where NYDFS-500.06 applies too: "
        "its 5 years",
    ),
    Preset("FFIEC", None, None, None, Firmness.NONE_FOUND, "no number found"),
    Preset(
        "ISO-27001",
        None,
        None,
        None,
        Firmness.ORGANISATION,
        "none: as the organisation's risk assessment says",
    ),
    Preset(
        "NIST-800-53",
        None,
        None,
        None,
        Firmness.ORGANISATION,
        "AU-11: the organisation defines it",
    ),
    Preset(
        "FEDRAMP",
        None,
        Period(days=90),
        None,
        Firmness.ORGANISATION,
        "the organisation defines it; 90 days at hand, and NARA's schedule "
        "(NARA-GRS-3.2)",
    ),
    Preset(
        "OMB-M-21-31",
        Period(30),
        Period(12),
        None,
        Firmness.NOT_ESTABLISHED,
        "12 months active and 18 months cold; one secondary source says that it was "
        "rescinded in 2026 for M-26-14",
    ),
    Preset(
        "NARA-GRS-3.2",
        Period(30),
        None,
        None,
        Firmness.NOT_ESTABLISHED,
        "30 months for cybersecurity logs (72 hours for packet captures); from a "
        "secondary source",
    ),
    Preset(
        "CIS-8.10",
        Period(days=90),
        Period(days=90),
        None,
        Firmness.NOT_ESTABLISHED,
        "CIS Controls 8, 8.10",
    ),
    Preset(
        "GDPR-CNIL",
        Period(6),
        None,
        Period(12),
        Firmness.RECOMMENDATION,
        "CNIL, recommendation 2021-122: 6 to 12 months; up to 3 years for internal "
        "control with the risk documented (GDPR-CNIL-CONTROL); longer where a legal "
        "duty asks it",
    ),
    Preset(
        "GDPR-CNIL-CONTROL",
        Period(6),
        None,
        _years(3),
        Firmness.RECOMMENDATION,
        "CNIL, recommendation 2021-122: up to 3 years for internal control, with the "
        "risk documented; longer where a legal duty asks it",
    ),
    Preset(
        "DORA",
        None,
        None,
        None,
        Firmness.ORGANISATION,
        "RTS, article 12: the entity defines it and justifies it",
    ),
    Preset(
        "NIS2",
        None,
        None,
        None,
        Firmness.ORGANISATION,
        "3.2.5: the entity defines it and justifies it",
    ),
    Preset(
        "21-CFR-11",
        None,
        None,
        None,
        Firmness.MANDATED,
        "no number: as long as the record that the entry is about",
    ),
)

_BY_NAME = {preset.name: preset for preset in PRESETS}


def named(name: str) -> Preset:
    """Return a preset by its name, in any case of letters.

    Raises:
        ConfigurationError: there is none of that name.
    """
    found = _BY_NAME.get(name.upper())
    if found is None:
        near = get_close_matches(name.upper(), _BY_NAME, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"no preset is named {name[:40]!r}: {hint}There are {', '.join(_BY_NAME)}"
        )
    return found
