"""A report as one page of HTML, to be kept, printed and handed to an auditor.

Guarantees: self-contained, without script; every text is escaped; states are told by
words, and colour only underlines them. Light, dark and printed.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from prooftrail.coverage import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prooftrail.coverage.judging import Finding, Report, Row

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5a6775; --line: #dfe4ea;
  --ground: #ffffff; --band: #f6f8fa; --good: #1b6e3c; --poor: #a8261d;
  --wait: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa7b4;
  --line: #323c47; --ground: #161b21; --band: #1e252d; --good: #6cc58f;
  --poor: #f0897f; --wait: #e0b35a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 2.5rem 1.5rem 4rem;
  background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; font-weight: 600; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.1rem; font-weight: 600; }
p { margin: .4rem 0; }
.soft { color: var(--soft); }
.verdict { font-size: 1.1rem; font-weight: 600; }
.good { color: var(--good); } .poor { color: var(--poor); }
.wait { color: var(--wait); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; padding-bottom: .5rem; color: var(--soft); }
th, td { text-align: left; vertical-align: baseline; padding: .45rem .75rem .45rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 500; }
th[scope=row], code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
ul { margin: 0; padding: 0; list-style: none; }
li { padding: .5rem 0; border-bottom: 1px solid var(--line); }
li b { font-weight: 600; margin-right: .5rem; }
@media print { body { padding: 0; max-width: none; font-size: 10pt; }
  thead { display: table-header-group; } tr, li { break-inside: avoid; }
  .wide { overflow: visible; } }
"""

_TONES = {
    "captured": "good",
    "derived": "wait",
    "unknown": "wait",
    "missed": "poor",
    "failure": "poor",
    "warning": "wait",
}


def page(report: Report, *, made_at: str) -> str:
    """Return the page.

    Args:
        report: what it shows.
        made_at: the time, for people.
    """
    name = escape(report.application)
    covered = report.exit_code == 0
    verdict = (
        "Covered: every route that changes something or shows personal data is "
        "captured, or excused with a reason."
        if covered
        else "Not covered: see what is found."
    )
    states = ", ".join(f"{n} {state}" for state, n in report.counts.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit coverage of {name}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1>Audit coverage</h1>
<p class="soft"><code>{name}</code>, {escape(report.framework)}, {escape(made_at)}</p>
<p class="verdict {"good" if covered else "poor"}">{verdict}</p>
<p>{len(report.rows)} routes: {escape(states) or "none"}.</p>
</header>
<main>
{_findings(report.findings)}
<h2>Routes</h2>
<div class="wide">
<table>
<thead><tr>{_cells(render.HEADS[:3], "th")}{_cells(render.HEADS[3:], "th")}</tr></thead>
<tbody>
{"".join(_row(one) for one in report.rows)}</tbody>
</table>
</div>
<h2>What this does not say</h2>
<p>Routes were listed from the application as it is declared; none was called. What a
route reads inside, without a model that says so, cannot be seen here; and that an event
is recorded is not that it is right: the application's own tests say that.</p>
</main>
</body>
</html>
"""


def _findings(findings: Iterable[Finding]) -> str:
    items = "".join(
        f'<li><b class="{_TONES[render.weight(one)]}">{render.weight(one)}</b>'
        + (f"<code>{escape(one.route)}</code> " if one.route else "")
        + f"{escape(one.message)}</li>\n"
        for one in sorted(findings, key=lambda one: not one.is_failure)
    )
    return f"<h2>Findings</h2>\n{f'<ul>{items}</ul>' if items else '<p>None.</p>'}"


def _row(row: Row) -> str:
    method, path, state, *others = render.cells(row)
    tone = _TONES.get(state, "soft")
    return (
        f'<tr><td>{escape(method)}</td><th scope="row">{escape(path)}</th>'
        f'<td class="{tone}">{escape(state)}</td>{_cells(others, "td")}</tr>\n'
    )


def _cells(texts: Iterable[str], tag: str) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    return "".join(f"<{tag}{scope}>{escape(one)}</{tag}>" for one in texts)
