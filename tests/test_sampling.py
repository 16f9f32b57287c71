"""Samples: the same on any machine, each entry as likely as any other."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.errors import FormatError
from prooftrail.sampling import drawing, population
from prooftrail.sampling.drawing import Draw
from prooftrail.sampling.population import Member

SPEC = Path(__file__).parent.parent / "spec" / "sampling.md"

seeds = st.from_regex(r"[!-~]{1,20}( [!-~]{1,20})?", fullmatch=True)


def script() -> str:
    """The Python of the specification."""
    text = SPEC.read_text()
    [found] = re.findall(
        r"(?:^    .*\n)*^    from hashlib.*\n(?:^    .*\n)+", text, re.MULTILINE
    )
    return "".join(line[4:] for line in found.splitlines(keepends=True))


def members(count: int, months: int = 3) -> list[Member]:
    return [
        Member(
            bytes(16),
            seq,
            sha256(b"%d" % seq).digest(),
            f"2026-{1 + seq * months // count:02d}-07T08:09:10Z",
        )
        for seq in range(count)
    ]


def test_the_script_of_the_specification_draws_the_same() -> None:
    assert len(script().splitlines()) <= 15
    done = subprocess.run(
        [sys.executable, "-c", script()], capture_output=True, text=True, check=True
    )
    told = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert told == [tuple(one)[:2] for one in drawing.draw("2026-Q1", 10, 3)]
    assert told == [(1, 2), (2, 9), (5, 4)]


def test_the_example_of_the_specification_is_so() -> None:
    rows = re.findall(
        r"^\| (\d) \| ([0-9a-f]{64}) \| (\d) \|", SPEC.read_text(), re.MULTILINE
    )
    assert len(rows) == 5
    for k, hashed, position in rows:
        assert sha256(f"2026-Q1:{k}".encode()).hexdigest() == hashed
        assert int(hashed, 16) % 10 == int(position)


def test_a_shell_draws_the_same() -> None:
    """By sha256sum and bc: no line of ours, nor of Python's."""
    if not (shutil.which("sha256sum") and shutil.which("awk")):
        pytest.fail("coreutils and awk are part of every system that runs this")
    for one in drawing.draw("by hand", 16, 10):
        hashed = subprocess.run(
            ["sh", "-c", f"printf %s 'by hand:{one.number}' | sha256sum"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert int(hashed[63], 16) == one.position  # of 16: the last digit


@given(seeds, st.integers(0, 60), st.integers(0, 70))
def test_a_sample_has_as_many_as_asked_for_and_none_twice(
    seed: str, size: int, count: int
) -> None:
    found = drawing.draw(seed, size, count)
    positions = [one.position for one in found]
    assert len(set(positions)) == len(found) == min(size, count)
    assert all(0 <= at < size for at in positions)
    assert found == drawing.draw(seed, size, count)
    if count < size:
        numbers = [one.number for one in found]
        assert numbers == sorted(set(numbers))
        assert numbers[:1] in ([], [1])
        # a smaller sample is the beginning of a larger one
        assert drawing.draw(seed, size, max(count - 1, 0)) == found[: max(count - 1, 0)]
    else:
        assert found == [Draw(0, at) for at in range(size)]


def test_every_position_is_as_likely() -> None:
    """Chi-squared over 20,000 samples of 1 of 20: 19 degrees of freedom."""
    size, times = 20, 20_000
    seen = [0] * size
    for number in range(times):
        [one] = drawing.draw(f"seed {number}", size, 1)
        seen[one.position] += 1
    expected = times / size
    chi = sum((found - expected) ** 2 / expected for found in seen)
    assert 4.9 < chi < 45.3  # each end at one in two thousand: the seeds are fixed


def test_every_pair_is_as_likely() -> None:
    seen: dict[tuple[int, ...], int] = {}
    for number in range(9_000):
        pair = tuple(sorted(one.position for one in drawing.draw(f"{number}", 10, 2)))
        seen[pair] = seen.get(pair, 0) + 1
    assert len(seen) == 45
    chi = sum((found - 200) ** 2 / 200 for found in seen.values())
    assert 20 < chi < 85


@pytest.mark.parametrize("seed", ["é", "a\u200b", " ", "", "a\tb", "\x7f", "x" * 129])
def test_a_seed_that_could_be_mistaken_is_refused(seed: str) -> None:
    with pytest.raises(FormatError, match="a seed has 1 to 128"):
        drawing.draw(seed, 10, 3)
    with pytest.raises(FormatError, match="a seed has"):
        drawing.draw_by_month(seed, members(10), 3)


@pytest.mark.parametrize(("size", "count"), [(-1, 0), (0, -1), (2**63, 1)])
def test_numbers_that_are_none_are_refused(size: int, count: int) -> None:
    with pytest.raises(FormatError, match="cannot be drawn"):
        drawing.draw("a", size, count)


@given(seeds, st.integers(1, 60), st.integers(0, 70), st.integers(1, 12))
def test_a_sample_by_month_keeps_each_months_part(
    seed: str, size: int, count: int, months: int
) -> None:
    those = members(size, months)
    found = drawing.draw_by_month(seed, those, count)
    assert len({one.position for one in found}) == len(found) == min(size, count)
    by_month = population.months(those)
    for month, positions in by_month.items():
        drawn = [one for one in found if one.stratum == month]
        assert all(those[one.position].month == month for one in drawn)
        exact = count * len(positions) / size
        assert (
            len(drawn) == len(positions)
            if count >= size
            else abs(len(drawn) - exact) < 1
        )


@given(st.permutations(members(12)))
def test_a_listing_is_the_same_however_it_was_found(those: list[Member]) -> None:
    text = population.listing(those)
    assert text == population.listing(members(12))
    assert population.parse(text) == members(12)


def test_what_cannot_be_listed_is_refused() -> None:
    one = members(1)[0]
    with pytest.raises(FormatError, match="stands twice"):
        population.listing([one, one._replace(time="2026-01-08T00:00:00Z")])
    for other in (
        one._replace(seq=2**53),
        one._replace(seq=-1),
        one._replace(stream_id=b"x"),
        one._replace(leaf=b""),
        one._replace(time="2026-01-07 08:09:10"),
        one._replace(time="2026-01-07T08:09:10Z\n"),
    ):
        with pytest.raises(FormatError, match="no line of a listing"):
            population.listing([other])


@given(st.binary(max_size=200))
def test_whatever_the_bytes_a_listing_reads_or_is_refused(text: bytes) -> None:
    try:
        assert population.listing(population.parse(text)) == text
    except FormatError:
        assert text
