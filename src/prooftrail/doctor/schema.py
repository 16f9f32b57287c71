"""Checks of the schema: what differs from this release, sorted by what it guards.

Guarantees: every difference that the fingerprint finds is told by exactly one check,
by name. Does not: see what was altered and put back; verification and anchors do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from prooftrail.doctor.check import Check
from prooftrail.store import files, fingerprint, survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail.store.connect import Connection
    from prooftrail.store.fingerprint import Difference, Facts

MONTHS_AHEAD = 2  # fewer, and the sealer has not run for long

_VERIFY = "run prooftrail verify --anchor DIR: the log may have been altered meanwhile"
_REMEDIES = {
    "logins": "alter or revoke as the table in docs/reference/privileges.md says; "
    + _VERIFY,
    "grants": "revoke or grant as docs/reference/privileges.md says",
    "row security": "create the policy again as 50_policies.sql has it, and force row "
    "security (alter table ... enable row level security, force row level security)",
    "triggers": "create it again as 30_triggers.sql has it, or alter table ... enable "
    "always trigger ... (pg_restore --disable-triggers leaves ORIGIN); then " + _VERIFY,
    "partitions": "give the partition back the bounds of its month, as "
    "prooftrail.ensure_partition makes them; then " + _VERIFY,
    "fingerprint": "put it back as the migrations of this release have it; then "
    + _VERIFY,
}
_FINE = {
    "logins": "the trail's roles are as installed",
    "grants": "as in docs/reference/privileges.md",
    "row security": "enabled and forced, every policy as installed",
    "triggers": "all in place and ENABLE ALWAYS, partitions included",
}


def migrations(link: Connection) -> Iterator[Check]:
    """Compare the applied migrations with this release's."""
    applied = survey.migrations(link)
    known = {step.version: step for step in files.migrations()}
    drifted = [
        number
        for number, digest in sorted(applied.items())
        if number in known and known[number].digest != digest
    ]
    pending = sorted(known.keys() - applied.keys())
    ahead = sorted(applied.keys() - known.keys())
    if drifted:
        yield Check(
            "migrations",
            "fail",
            f"drift: {_numbers(drifted)} applied from other files than this release's",
            "install the release that applied it; the fingerprint says what differs",
        )
    if ahead:
        yield Check(
            "migrations",
            "fail",
            f"{_numbers(ahead)} are newer than this release",
            "upgrade prooftrail",
        )
    if pending:
        yield Check(
            "migrations", "warn", f"{_numbers(pending)} not applied", "prooftrail init"
        )
    if not (drifted or ahead or pending):
        yield Check("migrations", "ok", f"{len(applied)} applied, all of this release")


def compared(found: Facts, prefix: str) -> Iterator[Check]:
    """Tell the differences from this release, each under what it guards."""
    differences = fingerprint.differences(found)
    sorted_out: dict[str, list[Difference]] = {}
    for subject, group in groupby(differences, key=lambda one: one.subject):
        pair = list(group)
        sorted_out.setdefault(_kind(subject, pair), []).extend(pair)
    for name, fine in _FINE.items():
        if name in sorted_out:
            yield Check(
                name, "fail", told(sorted_out.pop(name), prefix), _REMEDIES[name]
            )
        else:
            yield Check(name, "ok", fine)
    if "partitions" in sorted_out:
        yield Check(
            "partitions",
            "fail",
            told(sorted_out["partitions"], prefix),
            _REMEDIES["partitions"],
        )
    yield _summed(differences, sorted_out.get("fingerprint", []), prefix)


def logins(link: Connection, prefix: str) -> Iterator[Check]:
    """Tell which logins cannot reach the database."""
    for login in survey.logins(link, prefix):
        if not login.connect:
            yield Check(
                "logins",
                "fail",
                f"{login.role} may not connect to this database",
                f"grant connect on database ... to {login.role}",
            )


def applications(link: Connection, prefix: str) -> Iterator[Check]:
    """Tell who may write events; whoever may do more stands under grants."""
    roles = survey.applications(link, prefix)
    writer = files.role_name(prefix, "writer")
    yield Check(
        "applications", "ok", "may write events: " + ", ".join([writer, *roles])
    )


def partitions(found: Facts, now_us: int) -> Iterator[Check]:
    """Tell whether there are partitions for the months to come, and all before."""
    months = {
        parent: {
            int(part[-6:-2]) * 12 + int(part[-2:]) - 1
            for part in found.parts
            if part.startswith(f"{parent}_")
        }
        for parent in ("log", "subject")
    }
    moment = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    present = moment.year * 12 + moment.month - 1
    both = months["log"] & months["subject"]
    wanted = set(range(present, present + MONTHS_AHEAD + 1))
    alone = months["log"] ^ months["subject"]
    if alone:
        yield Check(
            "partitions",
            "fail",
            f"{_months(alone)}: only one of log and subject has a partition",
            "somebody dropped or detached one: run prooftrail verify --anchor DIR",
        )
    gaps = set(range(min(both, default=0), max(both, default=0))) - both
    if gaps - alone:
        yield Check(
            "partitions",
            "warn",
            f"none for {_months(gaps - alone)}, between others",
            "expected where nothing was sealed for months; else a partition is gone: "
            "run prooftrail verify --anchor DIR",
        )
    if missing := wanted - both - alone:
        yield Check(
            "partitions",
            "fail" if present in missing else "warn",
            f"none for {_months(missing)}",
            "run prooftrail init, or the sealer: both make the months ahead",
        )
    elif not (alone or gaps):
        yield Check(
            "partitions", "ok", f"{_months({min(both)})} to {_months({max(both)})}"
        )


def told(differences: list[Difference], prefix: str) -> str:
    """Return differences in lines, what only changed as one."""
    lines = []
    for subject, group in groupby(differences, key=lambda one: one.subject):
        pair = list(group)
        lost = [one.detail for one in pair if one.kind == "missing"]
        new = [one.detail for one in pair if one.kind == "unexpected"]
        if len(lost) == len(new) == 1:
            is_now, was = _unlike(new[0], lost[0])
            lines.append(f"changed: {subject}: {is_now}, not {was}")
            continue
        lines += [f"missing: {subject}: {detail}" for detail in lost]
        lines += [f"unexpected: {subject}: {detail}" for detail in new]
    text = "\n".join(lines)
    for login in (*files.LOGINS, files.OWNER):
        text = text.replace(f"<{login}>", files.role_name(prefix, login))
    return text


def _summed(
    differences: list[Difference], others: list[Difference], prefix: str
) -> Check:
    if not differences:
        return Check("fingerprint", "ok", "equals this release")
    count = len({one.subject for one in differences})
    head = f"{count} {'thing differs' if count == 1 else 'things differ'}"
    return Check(
        "fingerprint",
        "fail",
        f"{head} from this release"
        + ("\n" + told(others, prefix) if others else ", told above"),
        _REMEDIES["fingerprint"],
    )


def _kind(subject: str, pair: list[Difference]) -> str:
    word = subject.partition(" ")[0]
    if word == "relation" and len({_row_security(one.detail) for one in pair}) > 1:
        return "row security"
    bound = subject.startswith(("constraint span on", "constraint occurred_span on"))
    if word == "partition" or bound:
        return "partitions"
    return _WORDS.get(word, "fingerprint")


_WORDS = {
    "role": "logins",
    "member": "logins",
    "setting": "logins",
    "grant": "grants",
    "default": "grants",
    "policy": "row security",
    "trigger": "triggers",
    "rule": "triggers",
}


def _row_security(detail: str) -> str:
    return detail.partition(", row security ")[2]


def _unlike(one: str, other: str) -> tuple[str, str]:
    """Return the parts of two details that are not in the other; they are lists."""
    parts, others = one.split(", "), other.split(", ")
    left = [part for part in parts if part not in others]
    right = [part for part in others if part not in parts]
    if left and right:
        return ", ".join(left), ", ".join(right)
    return one, other


def _numbers(versions: list[int]) -> str:
    return ", ".join(f"{version:04d}" for version in versions)


def _months(months: set[int]) -> str:
    return ", ".join(f"{one // 12:04d}-{one % 12 + 1:02d}" for one in sorted(months))
