"""`prooftrail report sample`: the draw by hand, its proof, its record, hostile text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from prooftrail.cli import main
from prooftrail.errors import QuestionError
from prooftrail.reports import sample_items
from prooftrail.reports.sample_reading import Drawing
from prooftrail.sampling import drawing, population
from prooftrail.search import draws, sampled
from prooftrail.signing import report_key
from prooftrail.signing.keys import SigningKeys
from prooftrail.store.question import Question
from prooftrail.store.readers import Readers
from tests.commands import run
from tests.sampled_rig import (
    QUERY,
    SEED,
    by_hand,
    events,
    granting,
    made,
    quarter,
    rig,
    zipped,
)
from tests.sealing import insert, seal
from tests.signing_rig import MASTER, unguarded
from tests.test_reading_commands import key
from tests.trail import now_us

if TYPE_CHECKING:
    from tests.signing_rig import Rig
    from tests.trail import Trail

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to" / "draw-a-sample.md"

__all__ = ["rig"]  # a fixture


def test_the_sample_is_the_one_that_is_drawn_by_hand(rig: Rig, tmp_path: Path) -> None:
    text, rows, files = made(rig, tmp_path / "a.pdf", *quarter("-n", "7"))
    listing = files["population.txt"]
    digest = f"sha256:{sha256(listing).hexdigest()}"
    lines = listing.decode().splitlines()
    assert len(lines) == 40
    assert lines == sorted(lines, key=lambda line: int(line.split()[1]))
    expected = by_hand(SEED, 40, 7)
    assert [(row["draw"], row["position"]) for row in rows] == expected
    for row in rows:
        stream, seq, leaf, at = lines[row["position"]].split()
        assert stream == rig.stream().stream_id.hex()
        assert (int(seq), f"sha256:{leaf}", at) == (
            row["seq"],
            row["checksum"],
            row["timestamp"],
        )
    pure = drawing.draw(SEED, len(population.parse(listing)), 7)
    assert [(one.number, one.position) for one in pure] == expected
    assert "7 of 40 events were drawn." in text
    assert digest in text.replace(" ", "")
    assert "40 events listed one by one, as many as the index counts (40)" in text
    assert f"k = {expected[0][0]:,}; position {expected[0][1]:,} of 0 to 39" in text
    assert "none is missing, and they lead to the signed root" in text
    for number, at in expected[:1]:
        assert f"{number} {sha256(f'{SEED}:{number}'.encode()).hexdigest()[:8]}" in text
        assert f"{at:,}" in text
    assert "compliant" not in text.lower()
    run_json = json.loads(files["run.json"])
    assert run_json["parameters"]["population"] == {"n": 40, "digest": digest}
    assert run_json["parameters"]["seed"] == SEED


def test_the_script_of_the_how_to_draws_the_same(rig: Rig, tmp_path: Path) -> None:
    [script] = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    [seed] = re.findall(r'seed, count = "(.*?)", 25\n', script)
    given = ("--q", QUERY, "--seed", seed, "-n", "25", "--during", "2026-Q1")
    _, rows, files = made(rig, tmp_path / "a.pdf", *given)
    (tmp_path / "population.txt").write_bytes(files["population.txt"])
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = files["population.txt"].decode().splitlines()
    assert done.stdout.splitlines() == [
        f"{row['draw']} {lines[row['position']]}" for row in rows
    ]


def test_each_item_has_who_what_approval_change_and_leaf(
    rig: Rig, tmp_path: Path
) -> None:
    text, rows, files = made(rig, tmp_path / "a.pdf", *quarter("-n", "40"))
    assert "The sample is the whole population, 40 events." in text
    assert [row["draw"] for row in rows] == [None] * 40
    assert text.count("Place in the tree") == 40
    assert "viewer" in text
    assert "editor" in text
    assert text.count("Approved beforehand yes, by somebody else: usr_chief") == 40
    even = next(row for row in rows if row["approval"] == "apr_2")
    assert (even["approvedBy"], even["ticket"]) == ("usr_chief", "SEC-2")
    assert text.count("The approval that it names") == 20
    assert "\x1b" not in text
    assert '#panic("x") $a$ =cmd|x' in text
    for row in rows[:3]:
        assert row["checksum"].removeprefix("sha256:") in text.replace(" ", "")
    assert files["rows.csv"].count(b"\n=") == 0


def test_a_protected_value_is_told_by_its_class() -> None:
    inner = {"class": "contact.email", "commitment": f"sha256:{'5' * 64}"}
    hidden = {"$protected": {**inner, "subject": "usr_1"}}
    item = {
        **granting(1),
        "stream": "main",
        "seq": 7,
        "recordedAt": "2026-02-02T09:00:00.001Z",
        "previousChecksum": "sha256:00",
        "changes": [{"field": "email", "before": hidden, "after": hidden}],
        "details": {"email": hidden},
    }
    member = population.Member(bytes(16), 7, bytes(32), item["timestamp"])
    found = sampled.Population([member], b"", "sha256:1", {bytes(16): "main"})
    drawn = sampled.Drawn(
        sampled.Wanted("s", 1), "", found, drawing.draw("s", 1, 1), [], [], more=False
    )
    one = Drawing(drawn.draws[0], member, "main", item, [])
    told = repr(sample_items.sections([one], drawn, {"main": 8}))
    assert told.count("[protected: contact.email]") == 3
    assert "555" not in told


def test_a_sample_checks_offline_as_report_and_as_files(
    rig: Rig, tmp_path: Path
) -> None:
    own = report_key.create(tmp_path / "key", "Example", lambda n: b"7" * n, now_us())
    (tmp_path / "c.pem").write_bytes(own.certificate_pem())
    path = tmp_path / "a.pdf"
    signed = {"PROOFTRAIL_REPORT_KEY": str(tmp_path / "key")}
    text, rows, files = made(rig, path, *quarter("-n", "5"), env=signed)
    assert "the entries of 5 rows were hashed again" in text
    keys = SigningKeys(MASTER, rig.stream().origin).verification_keys
    given = [part for one in keys for part in ("--key", one.format())]
    done = CliRunner().invoke(
        main,
        [
            "verify",
            "--report",
            str(path),
            "--certificate",
            str(tmp_path / "c.pem"),
            *given,
        ],
    )
    assert done.exit_code == 0, done.output
    assert "5 entries" in done.output
    packed = zipped(tmp_path / "files.zip", files)
    done = CliRunner().invoke(main, ["verify", "--evidence", str(packed), *given])
    assert done.exit_code == 0, done.output
    assert sorted(row["seq"] for row in rows) == [
        json.loads(line)["seq"] for line in files["evidence.jsonl"].splitlines()
    ]


def test_of_several_streams_each_is_proven_beside_the_others(
    rig: Rig, tmp_path: Path
) -> None:
    for name in ("side", "idle"):
        rig.trail.stream(name)
    insert(rig.trail, *(granting(n) for n in range(9)), stream="side")
    seal(rig.trail)
    rig.signer(rig.anchor()).once()
    text, rows, files = made(rig, tmp_path / "a.pdf", *quarter("-n", "30"))
    assert "30 of 49 events were drawn." in text
    assert {row["stream"] for row in rows} == {"main", "side"}
    assert sum(name.startswith("evidence-") for name in files) == 2
    packed = zipped(tmp_path / "files.zip", files)
    given = [
        part
        for stream in rig.trail.made.values()
        for one in SigningKeys(MASTER, stream.origin).verification_keys
        for part in ("--key", one.format())
    ]
    done = CliRunner().invoke(main, ["verify", "--evidence", str(packed), *given])
    assert done.exit_code == 0, done.output
    drawn = [one for one in events(rig.trail) if one["action"] == draws.DRAW]
    told = sorted(one["details"]["population"] for one in drawn)
    assert told == [0, 9, 40]  # each stream is told its own, and no other's


def test_every_draw_is_in_the_trail_and_the_next_one_says_so(
    rig: Rig, tmp_path: Path
) -> None:
    text, _, _ = made(rig, tmp_path / "a.pdf", *quarter("-n", "3"))
    assert "No draw of this population was made before this one." in text
    [drawn] = [one for one in events(rig.trail) if one["action"] == draws.DRAW]
    assert (
        drawn["details"].items()
        >= {
            "seed": SEED,
            "n": 3,
            "draw": 1,
            "population": 40,
            "by_month": False,
        }.items()
    )
    assert drawn["resource"]["id"] == drawn["details"]["digest"]
    assert "admin." in drawn["details"]["query"]
    seal(rig.trail)
    again = ("--q", QUERY, "--seed", "other", "-n", "3", "--during", "2026-Q1")
    text, _, _ = made(rig, tmp_path / "b.pdf", *again)
    assert "1 draw of this population was made before this one." in text
    assert SEED in text
    insert(rig.trail, granting(41))
    seal(rig.trail)
    text, _, files = made(rig, tmp_path / "c.pdf", *again)
    assert len(files["population.txt"].splitlines()) == 41
    assert "No draw of this population was made before this one." in text
    assert "The same query was drawn from 2 times when other events" in text
    numbers = [
        one["details"]["draw"]
        for one in events(rig.trail)
        if one["action"] == draws.DRAW
    ]
    assert numbers == [1]


def test_of_an_altered_log_page_one_says_so_and_nothing_passes(
    rig: Rig, tmp_path: Path
) -> None:
    with unguarded(rig.trail) as superuser:
        superuser.execute("alter table prooftrail.log drop constraint body_is_hash")
        superuser.execute(
            "update prooftrail.log set event = convert_to(replace(convert_from(event,"
            " 'UTF8'), 'usr_chief', 'usr_other'), 'UTF8') where seq = 30"
        )
    text, _, files = made(rig, tmp_path / "a.pdf", *quarter("-n", "40"), code=1)
    assert "The log was altered. Entry 30 of main:" in text
    assert "1 event NOT what was hashed" in text
    packed = zipped(tmp_path / "files.zip", files)
    done = CliRunner().invoke(main, ["verify", "--evidence", str(packed)])
    assert done.exit_code == 1, done.output
    assert "the event is not what the entry's header commits to" in done.output


def test_by_month_each_month_has_its_share(rig: Rig, tmp_path: Path) -> None:
    text, rows, files = made(rig, tmp_path / "a.pdf", *quarter("-n", "9", "--by-month"))
    members = population.parse(files["population.txt"])
    expected = drawing.draw_by_month(SEED, members, 9)
    assert [(row["draw"], row["position"]) for row in rows] == [
        (one.number, one.position) for one in expected
    ]
    for month, positions in population.months(members).items():
        hand = by_hand(
            f"{SEED}:{month}",
            len(positions),
            sum(row["month"] == month for row in rows),
        )
        assert [row["draw"] for row in rows if row["month"] == month] == [
            k for k, _ in hand
        ]
    assert "each month apart" in text
    assert re.search(r"2026-01 14 35\.0 % 3 33\.3 %", text)


def test_a_population_of_nothing_says_so(rig: Rig, tmp_path: Path) -> None:
    given = ("--q", "action:nothing.like.it", "--seed", SEED, "-n", "25")
    text, rows, files = made(rig, tmp_path / "a.pdf", *given)
    assert "Nothing was drawn: no event answers the query." in text
    assert rows == []
    assert files["population.txt"] == b""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seed", "a  b", "-n", "3"), "seed: a seed has 1 to 128"),
        (("--seed", "a", "-n", "0"), "n: 1 to 1,000"),
        (("--seed", "a", "-n", "1001"), "n: 1 to 1,000"),
        (("--seed", "a", "-n", "3", "--q", "rol:x"), "rol"),
    ],
)
def test_what_cannot_be_drawn_is_told_and_nothing_is_recorded(
    trail: Trail, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    token = key(trail, "--role", "auditor")
    path = tmp_path / "a.pdf"
    given = ("report", "sample", "-o", str(path), *arguments)
    done = run(trail, *given, PROOFTRAIL_KEY=token)
    assert done.returncode != 0
    assert words in done.stderr
    assert not path.exists()
    assert draws.DRAW not in {one["action"] for one in events(trail)}


def test_too_large_a_population_is_refused_and_says_what_to_do(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "MOST", 39)
    token = key(rig.trail, "--role", "auditor")
    readers = Readers(rig.trail.login_dsn("reader"))
    streams = {"main": rig.stream().number}
    with (
        readers.reading(token) as connection,
        pytest.raises(QuestionError, match="more than 39 events answer"),
    ):
        sampled.read(connection, Question(), streams)
    readers.close()
