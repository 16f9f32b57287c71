"""`prooftrail retention plan`: what each month holds, and until when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prooftrail.errors import DatabaseError
from prooftrail.store import connect, retention
from tests.retaining import NO_DROP, shown, told
from tests.signing_rig import Rig, rigs
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.trail import Trail


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def test_plan_counts_each_class_by_month_and_says_what_holds_it(rig: Rig) -> None:
    rig.seal(5)
    told(rig.trail, "set", "--class", "customer.*", "--keep", "10y")
    told(rig.trail, "set", "--framework", "PCI-DSS", "--keep", "1y", "--shorten")
    rig.seal(2)
    now = datetime.fromtimestamp(now_us() / 1e6, UTC)
    month = now.year * 12 + now.month  # of the partition's end
    (stream,) = shown(rig.trail, "plan")["streams"]
    (held,) = stream["months"]
    assert held["month"] == f"{now:%Y-%m}"
    rows = {tuple(one["classes"]): one for one in held["classes"]}
    ends = {
        years: f"{month // 12 + years:04d}-{month % 12 + 1:02d}-01" for years in (1, 10)
    }
    assert {name: (one["entries"], one["earliest"]) for name, one in rows.items()} == {
        ("*",): (3, ends[1]),
        ("customer.*",): (7, ends[10]),
    }
    assert rows[("*",)]["keep"]["source"] == "PCI-DSS"
    assert (held["entries"], held["earliest"]) == (10, ends[10])
    text = told(rig.trail, "plan", "--stream", "main")
    assert "12 months by PCI-DSS" in text
    assert "10 years by set for" in text
    assert "whole month" in text
    assert NO_DROP in text


# Entries as if recorded long ago, their hashes right, their events redacted.
OLD = """
insert into prooftrail.log (stream, seq, recorded_us, kind, stream_id, prev, body, leaf,
  event_id, occurred_us, action, result, pii, authority)
select number, seq, us, 0, stream_id, prev, prev,
       sha256('\\x000100'::bytea || uuid_send(stream_id) || prev || int8send(seq)
              || int8send(us) || prev),
       gen_random_uuid(), us, action, 'success', false, 'unexplained'
  from prooftrail.stream, sha256('') prev,
       (select *, (extract(epoch from at) * 1000000)::bigint as us
          from (values (0, timestamptz '2020-02-01 00:00Z', 'auth.logout'),
                       (1, '2020-02-29 23:59:59.999999Z', 'auth.logout'),
                       (2, '2020-03-01 00:00Z', 'auth.logout'),
                       (3, '2020-03-09 00:00Z', 'customer.pii.view'))
               v (seq, at, action)
       ) rows
 where name = 'old'
"""


def test_plan_goes_by_the_month_of_recording_and_tells_what_is_past_its_maximum(
    rig: Rig,
) -> None:
    rig.trail.stream("old")
    superuser = rig.trail.superuser()
    superuser.execute("alter table prooftrail.log disable trigger link")
    for month in ("2020-02-01", "2020-03-01"):
        superuser.execute("select prooftrail.ensure_partition(%s::date)", (month,))
    superuser.execute(OLD)
    stated = ("--class", "auth.*", "--keep", "1mo", "--max", "1y")
    told(rig.trail, "set", "--stream", "old", *stated, "--shorten")
    (stream,) = shown(rig.trail, "plan", "--stream", "old")["streams"]
    assert [
        (
            month["month"],
            month["earliest"],
            [
                (*one["classes"], one["entries"], one["earliest"], one["latest"])
                for one in month["classes"]
            ],
        )
        for month in stream["months"]
    ] == [
        ("2020-02", "2020-04-01", [("auth.*", 2, "2020-04-01", "2021-02-01")]),
        (
            "2020-03",
            "2027-04-01",
            [
                ("*", 1, "2027-04-01", None),
                ("auth.*", 1, "2020-05-01", "2021-03-01"),
            ],
        ),
    ]
    assert [one["overdue"] for one in stream["months"][1]["classes"]] == [False, True]
    text = " ".join(told(rig.trail, "plan", "--stream", "old").split())
    assert "no minimum any more; was 1" in text
    assert "past the maximum of" in text
    assert NO_DROP in text


def test_plan_reads_no_event(rig: Rig) -> None:
    rig.seal(300)
    superuser = rig.trail.superuser()
    superuser.execute("vacuum analyze prooftrail.log")
    verifier = rig.trail.login("verifier")
    verifier.execute("set enable_seqscan = off")
    text = (
        Path(retention.__file__).parent / "sql" / "retention_counts.sql"
    ).read_text()
    rows = verifier.execute(
        "explain " + text, {"firsts": [0], "stream": rig.stream().number}
    ).fetchall()
    plan = "\n".join(row[0] for row in rows)
    assert "Index Only Scan" in plan
    assert "Seq Scan" not in plan


def test_a_partition_that_is_of_no_month_is_named(rig: Rig) -> None:
    superuser = rig.trail.superuser()
    superuser.execute(
        "create table prooftrail_part.beside (like prooftrail.log including all);"
        "alter table prooftrail.log attach partition prooftrail_part.beside"
        " for values from (0) to (1)"
    )
    link = connect.connect("verifier", dsn=rig.trail.dsn, autocommit=True)
    with pytest.raises(DatabaseError, match="'beside' that is none of a month"):
        retention.held(link, rig.stream().number)
    link.close()
