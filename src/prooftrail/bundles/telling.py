"""What came of bundles, as people and programs read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prooftrail.core import instants
from prooftrail.core.harmless import harmless
from prooftrail.errors import EventError
from prooftrail.integrity import verdict
from prooftrail.integrity.verdict import Verdict
from prooftrail.verification import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.bundles.checking import Checked

_VERDICTS = {
    Verdict.VERIFIED: "verified",
    Verdict.TAMPERED: "TAMPERED: what was checked is not what was made",
    Verdict.INCOMPLETE: "could not verify: see what is marked '?'",
}


def conclude(checked: Sequence[Checked]) -> Verdict:
    """Return the verdict over several."""
    return verdict.conclude(found for one in checked for found in one.findings)


def lines(checked: Sequence[Checked]) -> Iterator[str]:
    """Yield what is to be said, line by line; the verdict comes last."""
    for one in checked:
        yield harmless(what(one))
        for note in one.notes:
            yield harmless(f"  {note}")
    findings = [found for one in checked for found in one.findings]
    ordered = sorted(findings, key=lambda found: -found.weight)
    for found in ordered[: render.LISTED]:
        yield harmless(render.line(found))
    more = len(findings) - render.LISTED + sum(one.more for one in checked)
    if more > 0:
        yield f"  … and {more:,} more findings (--json lists them)"
    yield _VERDICTS[conclude(checked)]


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """Return the same as plain values."""
    concluded = conclude(checked)
    return {
        "verdict": concluded.value,
        "exitCode": concluded.exit_code,
        "evidence": [
            {
                "name": one.name,
                "entries": one.entries,
                "firstSeq": one.first,
                "lastSeq": one.last,
                "origin": one.checkpoint.origin if one.checkpoint else None,
                "size": one.checkpoint.size if one.checkpoint else None,
                "signedAt": _time(one),
                "key": one.key.format() if one.key else None,
                "notes": one.notes,
            }
            for one in checked
        ],
        "findings": [
            render.finding(found) for one in checked for found in one.findings
        ],
        "moreFindings": sum(one.more for one in checked),
    }


def what(one: Checked) -> str:
    """Say what was checked, in a line; not harmless yet."""
    told = f"{one.name}: {one.entries:,} entries"
    if one.first is not None:
        told += f" (seq {one.first} to {one.last})"
    if one.checkpoint is not None:
        told += (
            f" under the checkpoint over {one.checkpoint.size:,} "
            f"of {one.checkpoint.origin}"
        )
    if at := _time(one):
        told += f", signed {at}"
    if one.key is not None:
        told += f" by the key {one.key.key_id.hex()} that was given"
    return told


def _time(one: Checked) -> str | None:
    if one.time_s is None:
        return None
    try:
        return instants.text(one.time_s * instants.SECOND)
    except EventError:
        return f"{one.time_s} seconds after 1970"
