"""Attacks on a part: what is moved out of a period, deleted at its borders, rewritten.

The log of `rig`, with a time of its own for each entry and checkpoints at `CLAIMED`, in
the database and in an anchor; asked for are entries 90 to 109, by their times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.core.merkle import Range
from prooftrail.integrity import segment
from prooftrail.verification import render
from tests.attacks.conftest import prepared
from tests.attacks.forging import altered
from tests.attacks.notes import root, signed, write
from tests.attacks.rig import MAIN, clone, drop, summary
from tests.attacks.saved import Saved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prooftrail.verification.report import Report
    from tests.attacks.forging import Stored
    from tests.attacks.rig import Attacked

__all__ = ["prepared"]  # a fixture

CLAIMED = (40, 80, 120, 160, 204)
FIRST, STOP = 90, 110
STEP_US = 1_000
LATE_US = 500 * STEP_US  # behind all entries


@pytest.fixture(scope="module")
def timed(
    prepared: Attacked, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Saved]:
    """Give each entry a time of its own; whole before any test touches it."""
    made = clone(prepared, tmp_path_factory.mktemp("timed"))
    made.disarm()
    forger = made.forger()
    rows = forger.rows()
    begun = rows[0].recorded_us
    forger.chain(
        0, [row._replace(recorded_us=begun + row.seq * STEP_US) for row in rows]
    )
    made.cover_tracks()
    write(made, *claim(made, *CLAIMED))
    yield Saved(made)
    drop(made)


def claim(attacked: Attacked, *sizes: int) -> list[str]:
    """Sign the log at these sizes, in the database; return the notes."""
    texts = []
    attacked.execute("delete from prooftrail.checkpoint where stream = 1")
    for number, size in enumerate(sizes):
        time_s = 1_790_000_000 + number
        texts.append(signed(attacked, size, root(attacked, size), time_s=time_s))
        held = Range()
        for row in attacked.forger().rows()[: size - 1]:
            held.append(row.leaf)
        attacked.execute(
            "insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)"
            " values (1, %s, %s, %s, %s)",
            (size, time_s * 1_000_000, texts[-1], b"".join(held.peaks)),
        )
    return texts


@pytest.fixture(params=[32, 65_536])
def part(
    timed: Saved, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Part]:
    """Give a log without guards; afterwards it is as it was, and verifies."""
    monkeypatch.setattr(segment, "SIZE", request.param)
    made = Part(timed)
    yield made
    timed.restore()
    assert made.verify().findings == []


class Part:
    def __init__(self, saved: Saved) -> None:
        self.attacked = saved.attacked
        self.forger = saved.attacked.forger()
        self.begun = self.forger.row(0).recorded_us

    def at(self, seq: int) -> int:
        return self.begun + seq * STEP_US

    def verify(
        self, first: int = FIRST, stop: int = STOP, *, anchored: bool = True
    ) -> Report:
        return self.attacked.verify(
            anchored=anchored,
            streams=("main",),
            since_us=self.at(first),
            until_us=self.at(stop),
        )

    def found(self, **how: Any) -> list[tuple[str, int | None]]:
        report = self.verify(**how)
        assert report.verdict.exit_code == (1 if report.findings else 0)
        return [(kind, seq) for _, kind, seq, _ in summary(report)]

    def edit(self, seq: int, recorded_us: int) -> None:
        """Change an entry's bytes and its time, and leave its hashes."""
        row = altered(self.forger.row(seq), frame)._replace(recorded_us=recorded_us)
        self.forger.write(row)

    def forge(
        self,
        first: int,
        stop: int,
        moved: Callable[[Stored], int] = lambda row: row.recorded_us,
    ) -> None:
        """Change events, give them other times, and hash them anew."""
        rows = self.forger.rows(first)[: stop - first]
        self.forger.chain(
            first,
            [altered(row, frame)._replace(recorded_us=moved(row)) for row in rows],
        )

    def rewrite(
        self,
        first: int,
        stop: int = MAIN,
        moved: Callable[[Stored], int] = lambda row: row.recorded_us,
    ) -> None:
        """Forge entries, hash all that follow anew, and delete the checkpoints."""
        self.forge(first, stop, moved)
        self.forger.chain(stop, self.forger.rows(stop))
        self.attacked.cover_tracks()


def frame(event: Any) -> None:
    if not event["action"].startswith("trail."):
        event["actor"]["userId"] = "usr_framed"


def test_a_part_verifies_and_says_what_it_covers(part: Part) -> None:
    for first, stop in ((FIRST, STOP), (0, 1), (1, 96), (95, 97), (96, 128), (64, 96)):
        report = part.verify(first, stop)
        assert report.findings == []
        (main,) = report.streams
        assert (main.start, main.stop, main.entries) == (first, stop, stop - first)
        assert main.root == root(part.attacked, stop)
        claimed = next(size for size in CLAIMED if size > stop)
        assert main.anchored is not None
        assert main.anchored.size == claimed
        assert main.followed is not None
        assert main.followed[1] == claimed
        assert render.self_attested(main) is None


def test_a_part_costs_itself_and_the_way_to_the_next_checkpoints(part: Part) -> None:
    (main,) = part.verify().streams
    # the segment that 90 stands in begins at 64; the checkpoint before that is over 40
    assert main.followed == (40 if segment.SIZE == 32 else 0, 120)
    told = list(render.lines(part.verify()))
    assert told[0] == (
        "main: 20 entries checked (seq 90 to 109), "
        f"{main.compared} checkpoints compared"
    )
    assert told[1] == (
        f"  a part: around it, the headers and links of seq {main.followed[0]} to 119; "
        "nothing else was looked at, nor daily counts, nor ids that stand twice"
    )
    # without an anchor the database's own checkpoint is enough, and attests nothing
    (main,) = part.verify(anchored=False).streams
    assert main.followed is not None
    assert (main.followed[1], render.self_attested(main)) == (120, 90)


def test_an_empty_part_verifies(part: Part) -> None:
    at = part.at(FIRST) + 1
    report = part.attacked.verify(anchored=True, since_us=at, until_us=at + 1)
    assert report.findings == []
    main = report.streams[0]
    assert (main.start, main.stop, main.entries) == (FIRST + 1, FIRST + 1, 0)
    assert next(render.lines(report)) == "main: no entries in this period"


@pytest.mark.parametrize(
    "seqs",
    [(90,), (90, 91, 92), (109,), (107, 108, 109), (95, 100), tuple(range(90, 110))],
)
@pytest.mark.parametrize("away", ["before", "behind", "far before", "far behind"])
@pytest.mark.parametrize("anchored", [True, False])
def test_edited_and_moved_out_by_its_own_time(
    part: Part,
    seqs: tuple[int, ...],
    away: str,
    anchored: bool,  # noqa: FBT001
) -> None:
    moved = {
        "before": part.at(FIRST) - 1,
        "behind": part.at(STOP),
        "far before": part.at(2),
        "far behind": part.at(0) + LATE_US,
    }[away]
    for seq in seqs:
        part.edit(seq, moved)
    assert part.found(anchored=anchored) == [("edited", seq) for seq in seqs]


@pytest.mark.parametrize("seq", [89, 110, 60, 118])
def test_edited_and_moved_in_by_its_own_time(part: Part, seq: int) -> None:
    part.edit(seq, part.at(100))
    assert part.found() == [("edited", seq)]


@pytest.mark.parametrize(
    ("first", "last"),
    [(90, 90), (90, 95), (109, 109), (100, 109), (90, 109), (85, 112), (100, 101)],
)
@pytest.mark.parametrize("anchored", [True, False])
def test_deleted_at_a_border(
    part: Part,
    first: int,
    last: int,
    anchored: bool,  # noqa: FBT001
) -> None:
    part.forger.delete(first, last)
    found = part.found(anchored=anchored)
    assert found[0] == ("deleted", first)
    assert {kind for kind, _ in found} == {"deleted"}


def test_deleted_before_and_behind_up_to_the_checkpoints(part: Part) -> None:
    part.forger.delete(60)
    part.forger.delete(115)
    assert part.found() == [("deleted", 60), ("deleted", 115)]


@pytest.mark.parametrize(
    ("first", "stop"), [(90, 91), (90, 95), (109, 110), (105, 110), (90, 110), (95, 97)]
)
@pytest.mark.parametrize("away", ["before", "behind", "not"])
@pytest.mark.parametrize("anchored", [True, False])
def test_hashed_anew_and_moved_out(
    part: Part,
    first: int,
    stop: int,
    away: str,
    anchored: bool,  # noqa: FBT001
) -> None:
    moved: dict[str, Callable[[Stored], int]] = {
        "before": lambda _: part.at(FIRST) - 1,
        "behind": lambda _: part.at(STOP),
        "not": lambda row: row.recorded_us,
    }
    part.forge(first, stop, moved[away])
    found = part.found(anchored=anchored)
    assert ("rewritten", stop - 1) in found
    # times go back as well where others follow, and those of the subject rows differ
    assert {kind for kind, _ in found} <= {"rewritten", "clock", "projection edited"}


@pytest.mark.parametrize(
    ("first", "stop", "away"),
    [
        (100, STOP, "not"),
        (90, STOP, "before"),
        (90, STOP, "behind"),
        (105, STOP, "behind"),
        (85, STOP, "before"),
        (100, MAIN, "behind"),
        (90, MAIN, "before"),
        (115, MAIN, "not"),
    ],
)
def test_rewritten_with_every_hash(
    part: Part, first: int, stop: int, away: str
) -> None:
    moved: dict[str, Callable[[Stored], int]] = {
        "before": lambda _: part.at(FIRST) - 1,
        "behind": lambda row: max(row.recorded_us, part.at(STOP)),
        "not": lambda row: row.recorded_us,
    }
    part.rewrite(first, stop, moved[away])
    # only what left the database tells, and whoever asks without it is told so
    report = part.verify(anchored=False)
    assert report.findings == []
    (main,) = report.streams
    assert render.self_attested(main) == main.start
    assert part.found()[0] == ("rewritten", 80)


def test_moved_behind_a_part_that_ends_at_a_checkpoint(part: Part) -> None:
    # the checkpoint over 120 fits; only the next one covers what was moved
    part.rewrite(120, 130, lambda _: part.at(130))
    assert part.found(first=100, stop=130) == [("rewritten", 120)]


def test_truncated_behind_the_part(part: Part) -> None:
    part.forger.delete(112, MAIN)
    part.attacked.cover_tracks()
    assert part.found(anchored=False) == []
    assert part.found() == [("truncated", 112)]


@pytest.mark.parametrize(
    ("broken", "size"), [(50, 60), (110, 110)], ids=["before", "behind"]
)
def test_a_checkpoint_that_nobody_signed_ends_no_walk(
    part: Part, broken: int, size: int
) -> None:
    """A stream without keys: whoever writes a row can make it fit a broken chain."""
    attacked = part.attacked
    attacked.execute("update prooftrail.stream set keys = '{}' where number = 1")
    first = altered(part.forger.row(0), keyless)
    part.forger.chain(0, [first, *part.forger.rows(1)[: broken - 1]])
    claim(attacked, size)
    found = summary(part.verify(anchored=False))
    assert ("main", "rewritten", broken - 1, None) in found


def keyless(event: Any) -> None:
    event["details"]["keys"] = []
