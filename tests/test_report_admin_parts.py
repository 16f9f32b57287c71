"""What the Admin Actions report is made of: roles over time, windows, any event."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import instants
from prooftrail.errors import QuestionError
from prooftrail.reports import (
    admin_acts,
    admin_roster,
    admin_rows,
    admin_sections,
    admin_window,
    handling,
)
from prooftrail.reports.admin_charts import over_time
from prooftrail.reports.admin_findings import KEPT, Findings
from prooftrail.reports.admin_roster import Roster
from prooftrail.reports.admin_tally import LISTED, Tally
from prooftrail.reports.columns import MOST
from prooftrail.reports.document import Table
from prooftrail.search.alerts import Alert
from prooftrail.store.question import ANSWERS, Answer


def us(clock: str) -> int:
    return instants.microseconds(f"2026-03-02T{clock}:00Z")


def item(seq: int, clock: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        "stream": "main",
        "seq": seq,
        "timestamp": f"2026-03-02T{clock}:00Z",
        "action": action,
        "result": "success",
        "actor": {"userId": "usr_root"},
        "resource": {"type": "staff", "id": "usr_2"},
    } | more


def changed(seq: int, clock: str, old: str, new: str) -> dict[str, Any]:
    details = {"old_role": old, "new_role": new}
    return item(seq, clock, "admin.role.change", details=details)


def roster(*items: dict[str, Any]) -> Roster:
    return Roster(iter(reversed(items)))


def test_a_role_is_held_from_the_entry_that_gave_it_to_the_one_that_took_it() -> None:
    made = roster(
        item(1, "09:00", "admin.user.create", details={"role": "support"}),
        changed(2, "10:00", "support", "Admin"),
        changed(3, "12:00", "Admin", "support"),
    )
    assert made.at("usr_2", "admin", us("09:30")) is None
    held = made.at("usr_2", "ADMIN", us("11:00"))
    assert held is not None
    assert held.since is not None
    assert held.until is not None
    assert (held.since.seq, held.until.seq) == (2, 3)
    assert made.at("usr_2", "admin", us("12:30")) is None
    assert made.held_before("usr_2", "admin", us("12:30")) == held
    assert made.held_before("usr_2", "admin", us("11:00")) is None
    assert made.at("usr_2", "support", us("13:00")) is not None
    assert made.at("usr_9", "admin", us("11:00")) is None


def test_the_population_is_who_held_it_at_any_time_of_the_period() -> None:
    made = roster(
        item(1, "09:00", "admin.user.create", details={"role": "admin"}),
        item(2, "10:00", "admin.user.disable", details={"reason": "left"}),
        item(
            3, "11:00", "admin.user.create",
            resource={"type": "staff", "id": "usr_3"}, details={"role": "owner"},
        ),
    )  # fmt: skip

    def held(since: str | None, until: str | None) -> list[str]:
        begin, end = (one if one is None else us(one) for one in (since, until))
        found = made.administrators(begin, end)
        return [one.account for one in found]

    assert held(None, None) == ["usr_2", "usr_3"]
    assert held("10:30", None) == ["usr_3"]
    assert held("09:30", "10:30") == ["usr_2"]
    assert held(None, "08:00") == []


def test_a_role_that_only_ends_is_told_without_a_beginning() -> None:
    made = roster(changed(4, "10:00", "admin", "none"))
    (held,) = made.administrators(None, None)
    assert held.since is None
    assert held.until is not None
    assert made.at("usr_2", "none", us("11:00")) is None


@pytest.mark.parametrize(
    ("more", "again"),
    [
        ({"details": {"fields_changed": ["status"]}}, True),
        ({"changes": [{"field": "status", "after": "active"}]}, True),
        ({"changes": [{"field": "status", "after": "locked"}]}, False),
        ({"details": {"fields_changed": ["email"]}}, False),
    ],
)
def test_an_account_that_is_enabled_again_has_its_role_again(
    more: dict[str, Any],
    again: bool,  # noqa: FBT001
) -> None:
    made = roster(
        item(1, "09:00", "admin.user.create", details={"role": "admin"}),
        item(2, "10:00", "admin.user.disable", details={"reason": "on leave"}),
        item(3, "11:00", "admin.user.update", **more),
    )
    assert made.at("usr_2", "admin", us("10:30")) is None
    assert (made.at("usr_2", "admin", us("11:30")) is not None) is again


def test_beyond_what_is_kept_the_oldest_changes_are_left_out_and_that_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admin_roster, "KEPT", 1)
    made = roster(
        item(1, "09:00", "admin.user.create", details={"role": "admin"}),
        item(2, "10:00", "admin.user.disable", details={"reason": "left"}),
    )
    assert made.cut
    assert made.administrators(None, None) == []


@pytest.mark.parametrize(
    ("stated", "inside", "outside"),
    [
        ("Mon 10:00-11:00", ["10:00", "10:59"], ["09:59", "11:00"]),
        ("sun 22:00-mon 06:00", ["00:00", "05:59"], ["06:00", "21:59"]),
        ("Sat 20:00-Sun 06:00", [], ["00:00", "20:00"]),
        ("Mon 08:00-09:00, Mon 12:00-24:00", ["08:30", "23:59"], ["10:00"]),
        ("Mon 00:00-Sun 24:00", ["00:00", "23:59"], []),
    ],
)
def test_a_window_has_its_beginning_and_not_its_end(
    stated: str, inside: list[str], outside: list[str]
) -> None:
    window = admin_window.read(stated)
    assert all(window.has(us(one)) for one in inside)
    assert not any(window.has(us(one)) for one in outside)


@pytest.mark.parametrize(
    "stated",
    ["", ",", "at night", "Mon 10:00-10:00", "Mon 11:00-10:00", "Xyz 10:00-11:00",
     "Mon 10:60-11:00", "Mon 25:00-26:00", "Mon 10:00", "Mon 10:00-11:00," * 60],
)  # fmt: skip
def test_what_is_no_window_is_refused(stated: str) -> None:
    with pytest.raises(QuestionError, match="change window"):
        admin_window.read(stated)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$protected", "id", "by", "at", "field", "before", "after", "userId",
                 "role", "type", "setting", "permission", "approval", "fields_changed"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)  # fmt: skip
PARTS = (
    *("actor", "resource", "details", "changes"),
    *("authorization", "purpose", "ticket"),
)
ACTIONS = st.sampled_from(
    ["admin.role.change", "admin.user.create", "admin.user.update", "prooftrail.erase",
     "admin.config.update", "system.release.deploy", "audit.capture.change", "x"]
)  # fmt: skip
EVENTS = st.fixed_dictionaries(
    {
        "action": ACTIONS,
        "result": st.sampled_from(["success", "failure", "denied"]),
        "timestamp": st.sampled_from(["2026-03-02T10:00:00Z", "no time"]),
    },
    optional=dict.fromkeys(PARTS, JSON),
)


@given(EVENTS, st.sampled_from(get_args(Answer)))
def test_whatever_an_event_holds_is_a_row(
    event: dict[str, Any], answer: Answer
) -> None:
    whole = event | {"stream": "main", "seq": 3, "eventId": "an id"}
    act = admin_acts.read(whole, answer)
    row = admin_rows.row(act)
    assert len(row) == len(admin_rows.DATA)
    assert all(isinstance(one, str | int | None) for one in row)
    printed = admin_rows.printed(act)
    assert len(printed) == len(admin_rows.COLUMNS)
    assert all(isinstance(one, str) for one in printed)
    tally = Tally(Roster(iter(())), admin_window.read("Mon 10:00-11:00"))
    tally.add(whole, answer)
    assert sum(tally.kinds.values()) == sum(tally.days.values()) == tally.events == 1


def test_a_personal_value_is_told_by_its_class_alone() -> None:
    told = {"class": "contact.email", "commitment": f"sha256:{'ab' * 32}"}
    changes = [{"field": "sender", "before": {"$protected": told}, "after": None}]
    event = item(3, "09:00", "admin.config.update", changes=changes)
    act = admin_acts.read(event, "authorised")
    assert act.changed == "sender: [contact.email, protected] → empty"
    assert "abab" not in repr(act)


@pytest.mark.parametrize(
    ("action", "more", "changes"),
    [
        ("audit.capture.change", {"details": {"change": "started"}}, False),
        ("audit.capture.change", {"details": {"change": "redaction"}}, True),
        ("audit.retention.archive", {"details": {"operation": "sealed"}}, False),
        ("audit.retention.archive", {"details": {"operation": "purged"}}, True),
        ("prooftrail.retention.set", {"actor": {"type": "system"}}, False),
        ("prooftrail.retention.set", {}, True),
        ("admin.config.update", {"actor": {"type": "system"}}, True),
        ("admin.config.update", {"result": "denied"}, False),
        ("admin.user.create", {}, False),
    ],
)
def test_what_a_change_of_settings_or_logging_is(
    action: str,
    more: dict[str, Any],
    changes: bool,  # noqa: FBT001
) -> None:
    act = admin_acts.read(item(3, "09:00", action, **more), "authorised")
    assert act.is_change is changes
    findings = Findings()
    findings.of_act(act)
    assert findings.counts["change"] == changes


def test_a_row_repeats_action_and_result_as_the_event_has_them() -> None:
    name = f"admin.{'x' * 900}"
    act = admin_acts.read(item(3, "09:00", name), "authorised")
    row = dict(zip(admin_rows.DATA, admin_rows.row(act), strict=True))
    assert (row["action"], row["result"]) == (name, "success")
    assert act.kind == "other administration"
    assert len(admin_rows.printed(act)[2]) < 100


def test_every_answer_is_one_that_the_store_knows() -> None:
    assert set(ANSWERS) == set(get_args(Answer))


def test_an_exception_says_how_its_alert_was_handled() -> None:
    findings = Findings()
    for seq in (3, 4):
        grant = item(seq, "09:00", "admin.permission.grant")
        findings.of_act(admin_acts.read(grant, "authorised"))
    details = {"rule": "privilege-escalation", "first_seq": 4}
    closed = {"by": "usr_5", "at": "2026-03-03T10:00:00Z", "disposition": "benign"}
    alert = Alert("an id", "main", "2026-03-02T09:00:05Z", details, None, closed)
    elsewhere = alert._replace(stream="b", details={"first_seq": 3})
    names = [column.name for column in findings.table(()).columns]
    rows = findings.table([alert, elsewhere]).rows
    told = [dict(zip(names, one, strict=True)) for one in rows]
    by = {one["Evidence"]: (one["Status"], one["Owner, date"]) for one in told}
    assert by == {
        "main 3": (handling.NOT_HANDLED, ""),
        "main 4": ("closed: benign", "usr_5, 2026-03-03"),
    }
    assert {one["Severity"] for one in told} == {"medium"}


def test_findings_of_a_rule_are_counted_all_and_kept_in_part() -> None:
    findings = Findings()
    for seq in range(KEPT + 5):
        grant = item(seq, "09:00", "admin.permission.grant")
        findings.of_act(admin_acts.read(grant, "authorised"))
    assert findings.total == findings.counts["segregation"] == KEPT + 5
    table = findings.table(())
    assert len(table.rows) == KEPT
    assert table.caption == f"The gravest {KEPT} of {KEPT + 5}; the rows have all."


def test_beyond_the_types_that_are_told_apart_the_parts_still_add_up() -> None:
    tally = Tally(Roster(iter(())), None)
    for seq in range(admin_sections.TYPES + 30):
        tally.add(item(seq, "09:00", f"admin.own{seq % 105}"), "authorised")
    section = admin_sections.sections(tally, Findings(), None)[0]
    table = section.blocks[0]
    assert isinstance(table, Table)
    assert len(table.rows) == admin_sections.TYPES + 2
    assert table.rows[-2][1] == "5 further types"
    *parts, whole = [int(row[-1]) for row in table.rows]
    assert sum(parts) == whole == admin_sections.TYPES + 30


def test_lists_are_bounded_and_counts_are_not() -> None:
    tally = Tally(Roster(iter(())), None)
    days = [instants.text(day * instants.DAY) for day in range(1_000)]
    for seq, at in enumerate(reversed(days)):
        made = item(seq, "09:00", "admin.permission.grant", timestamp=at)
        tally.add(made, "authorised")
    assert tally.grants == tally.of["grants"] == 1_000
    assert len(tally.listed["grants"]) == LISTED
    drawn = over_time(tally)
    assert drawn is not None
    assert len(drawn.columns) <= MOST
    assert sum(sum(parts) for _, parts in drawn.columns) == 1_000
