"""What holds, and the plan, as people and programs read them.

Guarantees: every number stands beside what it is from and how firm that is; conflicts
are told, excused or not; facts only, and no verdict on anybody's duties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from prooftrail.retention import policy, writing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from prooftrail.retention.plan import Month, Share
    from prooftrail.retention.policy import Effective, Ground, Policy
    from prooftrail.store.retention import Stored

NO_DROP = (
    "Nothing can be dropped yet: this release has no way to drop entries, and every "
    "entry stays."
)


ALL_STREAMS = "all streams without a policy of their own"


class Scope(NamedTuple):
    """A policy, and whose it is."""

    stream: str | None  # None: all streams that have none of their own
    policy: Policy
    stored: Stored | None  # None: none was ever set

    @property
    def title(self) -> str:
        """Whose policy it is, and since when, by whom."""
        whose = ALL_STREAMS if self.stream is None else f"stream {self.stream}"
        if self.stored is None:
            return f"{whose}: no policy is set, the product's default holds"
        at = self.stored.set_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        of = "" if self.stored.stream == self.stream else ", that for all streams"
        return f"{whose}: policy {self.stored.id}{of}, set {at} by {self.stored.set_by}"


def described(held: Effective) -> str:
    """Return in a line what holds."""
    told = f"at least {_short(held.minimum)}"
    if held.online is not None:
        told += f", {_short(held.online)} at hand"
    if held.maximum is not None:
        told += f", at most {_short(held.maximum)}"
    if held.legal_obligations:
        told += f", longer by legal obligation: {'; '.join(held.legal_obligations)}"
    return told


def rows(stated: Policy) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield class, least, from where, at hand, most."""
    for name, held in policy.each_class(stated):
        yield (
            name,
            str(held.minimum.period),
            str(held.minimum),
            "not stated" if held.online is None else _short(held.online),
            "not stated" if held.maximum is None else _short(held.maximum),
        )


def remarks(stated: Policy) -> Iterator[str]:
    """Yield the bases of all numbers, the conflicts, and what has no number."""
    every = list(policy.each_class(stated))
    bases: dict[str, str] = {}
    for _, held in every:
        online = () if held.online is None else (held.online,)
        for one in (*held.minimums, *held.maximums, *online):
            bases[one.source] = f"  {one}: {one.basis}"
        for preset in held.unnumbered:
            bases[preset.name] = (
                f"  {preset.name} ({preset.firmness}), gives no minimum: {preset.basis}"
            )
    yield "Basis:"
    yield from (bases[source] for source in sorted(bases))
    if any(held.online for _, held in every):
        yield (
            "At hand means searchable at once; what is older may lie in an archive. "
            "This release keeps everything at hand."
        )
    for name, held in every:
        excuse = "; ".join(held.legal_obligations)
        for conflict in held.conflicts:
            yield f"Conflict, {name}: {conflict}" + (
                f"; kept longer by legal obligation: {excuse}" if excuse else ""
            )


def scope_json(scope: Scope) -> dict[str, Any]:
    """Return what holds as plain values."""
    stored = scope.stored
    return {
        "stream": scope.stream,
        "policyId": None if stored is None else stored.id,
        "setAt": None if stored is None else stored.set_at.isoformat(),
        "setBy": None if stored is None else stored.set_by,
        "ofAllStreams": stored is None or stored.stream is None,
        "policy": writing.plain(scope.policy),
        "classes": [
            {"class": name} | _effective_json(held)
            for name, held in policy.each_class(scope.policy)
        ],
    }


def plan_rows(
    months: list[Month], today: date
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield month, class, entries, earliest, what holds it."""
    for month in months:
        label = f"{month.month:%Y-%m}"
        for share in month.shares:
            yield (
                label,
                " & ".join(share.classes),
                f"{share.entries:,}",
                f"{share.earliest}",
                _holding(share, today),
            )
            label = ""
        if len(month.shares) > 1:
            total = f"{month.entries:,}"
            yield ("", "whole month", total, f"{month.earliest}", "its longest class")


def plan_json(stream: str, months: list[Month], today: date) -> dict[str, Any]:
    """Return a stream's plan as plain values."""
    return {
        "stream": stream,
        "months": [
            {
                "month": f"{month.month:%Y-%m}",
                "entries": month.entries,
                "earliest": f"{month.earliest}",
                "classes": [
                    {
                        "classes": share.classes,
                        "entries": share.entries,
                        "earliest": f"{share.earliest}",
                        "latest": None if share.latest is None else f"{share.latest}",
                        "overdue": _overdue(share, today),
                    }
                    | _effective_json(share.held)
                    for share in month.shares
                ],
            }
            for month in months
        ],
    }


def _holding(share: Share, today: date) -> str:
    least = share.held.minimum
    told = f"{least.period} by {least}"
    if share.earliest <= today:
        told = f"no minimum any more; was {told}"
    most = share.held.maximum
    if most is not None and share.latest is not None:
        told += (
            f"; past the maximum of {most.source} since {share.latest}"
            if _overdue(share, today)
            else f"; {most.source}: until {share.latest} at most"
        )
    if share.held.legal_obligations:
        told += f"; legal obligation: {'; '.join(share.held.legal_obligations)}"
    return told


def _overdue(share: Share, today: date) -> bool:
    return share.latest is not None and share.latest < today


def _short(one: Ground) -> str:
    return f"{one.period} ({one.source})"


def _effective_json(held: Effective) -> dict[str, Any]:
    return {
        "keep": _ground_json(held.minimum),
        "online": None if held.online is None else _ground_json(held.online),
        "max": None if held.maximum is None else _ground_json(held.maximum),
        "minimums": [_ground_json(one) for one in held.minimums],
        "maximums": [_ground_json(one) for one in held.maximums],
        "withoutMinimum": [
            {"source": one.name, "firmness": one.firmness, "basis": one.basis}
            for one in held.unnumbered
        ],
        "legalObligations": held.legal_obligations,
        "conflicts": [
            {
                "minimum": _ground_json(one.minimum),
                "maximum": _ground_json(one.maximum),
                "told": str(one),
            }
            for one in held.conflicts
        ],
    }


def _ground_json(one: Ground) -> dict[str, str]:
    return {
        "period": one.period.code,
        "source": one.source,
        "firmness": one.firmness,
        "basis": one.basis,
    }
