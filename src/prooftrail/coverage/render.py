"""A report as JSON and as rows of a table.

Guarantees: both say the same. Does not: colour, or cut anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prooftrail.coverage.judging import Finding, Report, Row

HEADS = ("Method", "Route", "State", "Events", "Personal data", "Guarded by")


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as an object that JSON can say."""
    return {
        "application": report.application,
        "framework": report.framework,
        "covered": report.exit_code == 0,
        "counts": report.counts,
        "routes": [_route(one) for one in report.rows],
        "findings": [
            {
                "kind": one.kind.value,
                "weight": weight(one),
                "route": one.route,
                "message": one.message,
            }
            for one in report.findings
        ],
    }


def _route(row: Row) -> dict[str, Any]:
    return {
        "method": row.method,
        "route": row.path,
        "state": row.state.value,
        "events": list(row.events),
        "pii": {"fields": list(row.fields), "classes": list(row.classes)},
        "guards": list(row.guards),
        "reason": row.reason,
        "endpoint": row.endpoint,
    }


def cells(row: Row) -> tuple[str, ...]:
    """Return a route as a row under `HEADS`."""
    return (
        row.method,
        row.path,
        row.state.value,
        row.reason if row.reason is not None else ", ".join(row.events) or "-",
        ", ".join(row.fields or row.classes) or "-",
        ", ".join(row.guards) or "-",
    )


def weight(finding: Finding) -> str:
    """Return how much a finding weighs."""
    return "failure" if finding.is_failure else "warning"


def told(finding: Finding) -> str:
    """Return a finding as a line."""
    place = "" if finding.route is None else f"{finding.route}: "
    return f"{weight(finding)}: {place}{finding.message}"


def summed(report: Report) -> str:
    """Return all of it in one line."""
    failures = sum(one.is_failure for one in report.findings)
    warnings = len(report.findings) - failures
    states = ", ".join(f"{n} {state}" for state, n in report.counts.items())
    verdict = "covered" if report.exit_code == 0 else "not covered"
    return (
        f"{report.application} ({report.framework}): {verdict}; "
        f"{_number(len(report.rows), 'route')}{f' ({states})' if states else ''}, "
        f"{_number(failures, 'failure')}, {_number(warnings, 'warning')}"
    )


def _number(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
