"""Access that was given, in the Admin Actions report: by whom, to whom, on what.

Guarantees: whether duties were segregated is what `grants.segregation` says of each.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from prooftrail.grants.segregation import FAILURES
from prooftrail.reports import admin_rows as rows_of
from prooftrail.reports.admin_listed import ENTRY, TIME, WHO, listed
from prooftrail.reports.admin_tally import SELF
from prooftrail.reports.circumstances import counted, second
from prooftrail.reports.counting import KEPT, short
from prooftrail.reports.document import Column, Facts, Section, Table, paragraph

if TYPE_CHECKING:
    from prooftrail.reports.admin_acts import Act
    from prooftrail.reports.admin_tally import Tally

_REQUESTS: Final = paragraph(
    "The request is the ticket that the event states, the approval its own; the time",
    "of a request is not in the trail.",
)


def given(tally: Tally) -> Section:
    """Return each time, with request, approval and implementation."""
    columns = (
        Column("Implemented", "time", 1.15),
        Column("By", share=1),
        Column("What", share=1.9),
        Column("To", share=1),
        Column("Request", share=0.9),
        Column("Approval", share=1.6),
        Column("Lead", share=0.8),
        ENTRY,
    )
    leads = tally.leads
    facts = [
        ("Access was given", f"{tally.grants:,}"),
        (
            "with an approval that names its time",
            f"{len(leads):,}" + (" at least" if len(leads) == KEPT else ""),
        ),
    ]
    if leads:
        least, middle, longest = min(leads), int(median(leads)), max(leads)
        facts.append(
            (
                "Longest, median, shortest lead",
                "; ".join(map(rows_of.lead, (longest, middle, least))),
            )
        )

    def row(act: Act) -> tuple[str, ...]:
        told = act.told
        by = f"by {short(told.approver)}" if told.approver else ""
        stated = ", ".join(filter(None, (short(told.approval_id or ""), by)))
        when = told.approved_at and short(told.approved_at)
        if told.approved_us is not None:
            when = second(told.approved_us)
        at = f" at {when}" if when else ""
        return (
            second(act.us),
            short(act.who),
            f"{short(act.action)}: {short(told.gives or 'not stated')}",
            short(told.to_name or told.to_id or "not named"),
            short(told.ticket or "not stated"),
            f"{stated}{at}" if told.approved else "not stated",
            "" if told.lead_us is None else rows_of.lead(told.lead_us),
            act.entry,
        )

    return Section(
        "Access that was given: request, approval, implementation",
        (
            Facts(tuple(facts)),
            listed(tally, "grants", columns, row, "Nobody was given access."),
            _REQUESTS,
        ),
    )


def segregation(tally: Tally) -> Section:
    """Return what fails, and self-grants and self-approvals by themselves."""
    each = tuple(
        (told, name, f"{tally.fails[name]:,}")
        for name, told in FAILURES.items()
        if tally.fails[name] or name in SELF
    )
    columns = (TIME, WHO, Column("What", share=2), Column("Why", share=2), ENTRY)

    def row(act: Act) -> tuple[str, ...]:
        whom = short(act.told.to_name or act.told.to_id or "not named")
        gives = short(act.told.gives or "not stated")
        what = f"{short(act.action)}: {gives}, to {whom}"
        return (
            second(act.us), short(act.who), what, act.unsegregated, act.entry
        )  # fmt: skip

    return Section(
        "Segregation of duties: self-grants and self-approvals",
        (
            Table(
                (
                    Column("Of what was given", share=3),
                    Column("Name in the rows", "code", 1.6),
                    Column("Grants", "number", 0.8),
                ),
                each,
                caption=f"Of {counted(tally.grants, 'grant')}; one may have several.",
            ),
            listed(
                tally,
                "selves",
                columns,
                row,
                "Nobody gave himself access or approved his own.",
            ),
        ),
    )
