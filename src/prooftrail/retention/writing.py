"""A policy as text: how it is stored, and stated in events.

Guarantees: `read` reads what `text` writes, and nothing else passes for a policy.
"""

from __future__ import annotations

import msgspec

from prooftrail.errors import ConfigurationError
from prooftrail.retention import period, policy
from prooftrail.retention.policy import Policy, Rule


class _Rule(
    msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """A rule as JSON."""

    glob: str = msgspec.field(name="class")
    frameworks: list[str] = []
    keep: str | None = None
    max: str | None = None
    legal_obligation: str | None = None


_DECODER = msgspec.json.Decoder(list[_Rule])


def plain(stated: Policy) -> list[dict[str, object]]:
    """Return a policy as plain values: a list with one object a class."""
    made: list[dict[str, object]] = msgspec.to_builtins(
        [
            _Rule(
                rule.glob,
                list(rule.frameworks),
                rule.keep.code if rule.keep else None,
                rule.most.code if rule.most else None,
                rule.legal_obligation,
            )
            for rule in stated.rules
        ]
    )
    return made


def text(stated: Policy) -> str:
    """Return a policy as JSON text."""
    return msgspec.json.encode(plain(stated)).decode()


def read(stored: str) -> Policy:
    """Read a policy.

    Raises:
        ConfigurationError: it is none that this release knows.
    """
    try:
        rules = _DECODER.decode(stored)
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"the stored retention policy cannot be read ({error}): a newer release "
            "set it, or somebody altered it. Upgrade prooftrail, or run "
            "prooftrail doctor"
        ) from error
    made = policy.UNSET
    for rule in rules:
        made = made.replace(
            policy.check(
                Rule(
                    rule.glob,
                    tuple(rule.frameworks),
                    None if rule.keep is None else period.parse(rule.keep),
                    None if rule.max is None else period.parse(rule.max),
                    rule.legal_obligation,
                )
            )
        )
    return made
